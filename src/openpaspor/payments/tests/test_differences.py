"""Where a bank's list and our receipts disagree, two people settle it, and the page of the file adds up."""

import pytest
from django.test import Client

from openpaspor.accounts.models import Role
from openpaspor.kit import clock
from openpaspor.ledger.models import Entry
from openpaspor.payments import actions, desk_views, difference_actions
from openpaspor.payments.gateways import demo
from openpaspor.payments.gateways.demo import bank
from openpaspor.payments.models import Difference, DifferenceReason, Place, Status

from .make import MORNING, make_bill, make_id, make_staff, pay, pay_at_bank

pytestmark = pytest.mark.django_db

ONE, TWO = "S-ONE", "S-TWO"


def read(text: str):
    return actions.read_settlement(demo.read_statement("list.csv", text.encode()), actor=ONE, now=MORNING)


def explain(difference, reason, actor=ONE):
    return difference_actions.explain(difference, reason, action_id=make_id(), actor=actor, now=MORNING)


def agree(difference, actor=TWO):
    return difference_actions.agree(difference, action_id=make_id(), actor=actor, now=MORNING)


def make_short_line(less: int = 7):
    """A paid bill of which the bank's list says a little less."""
    bill = make_bill()
    pay_at_bank(bill.code, bill.amount_idr)
    file = read(bank.statement().replace(str(bill.amount_idr), str(bill.amount_idr - less)))
    return bill, file, Difference.objects.get()


def facts(*names: str) -> list[str]:
    return list(Entry.objects.filter(kind__in=names).order_by("pk").values_list("kind", flat=True))


def test_a_difference_has_an_owner_and_the_file_says_how_its_total_comes_about():
    bill, file, difference = make_short_line()

    assert (difference.kind, difference.gap_idr, difference.owner) == ("sum", -7, ONE)
    balance = file.balance()
    assert (balance.ours_idr, balance.open_idr, balance.unexplained_idr) == (bill.amount_idr, -7, 0)


def test_money_needs_two_people():
    _bill, file, difference = make_short_line()
    proposed = explain(difference, DifferenceReason.BANK_PAYS)

    with pytest.raises(actions.SamePerson):
        agree(proposed, actor=ONE)
    done = agree(proposed)

    assert (done.status, done.proposed_by, done.settled_by) == ("settled", ONE, TWO)
    assert (file.balance().open_idr, file.balance().settled_idr, file.balance().unexplained_idr) == (0, -7, 0)
    (today,) = desk_views.last_days(MORNING)
    assert today.adds_up and today.explained_idr == 7


def test_every_step_is_a_fact():
    *_others, difference = make_short_line()
    explain(difference, DifferenceReason.LOSS)
    difference_actions.drop(difference, action_id=make_id(), actor=TWO, now=MORNING)
    agree(explain(difference, DifferenceReason.BANK_PAYS))

    said = [f"payments.difference_{step}" for step in ("found", "proposed", "dropped", "proposed", "settled")]
    assert facts(*said) == said


def test_what_the_list_says_is_taken_over_and_pays_the_bill_like_a_notice():
    bill = make_bill()
    pay_at_bank(bill.code, bill.amount_idr - 1)
    file = read(bank.statement().replace(str(bill.amount_idr - 1), str(bill.amount_idr)))

    agree(explain(Difference.objects.get(), DifferenceReason.BANK_SUM))

    bill.refresh_from_db()
    assert bill.status == Status.PAID
    assert bill.receipts.get().amount_idr == file.total_idr == bill.amount_idr
    assert bill.applications()[0].bill_status == "paid"
    assert (file.balance().ours_idr, file.balance().unexplained_idr) == (file.total_idr, 0)


def test_what_the_list_says_of_a_code_frees_the_bill_that_was_not_meant():
    meant, other = make_bill(), make_bill()
    pay_at_bank(other.code, other.amount_idr - 1)
    text = bank.statement().replace(other.code, meant.code)
    read(text.replace(str(meant.amount_idr - 1), str(meant.amount_idr)))

    agree(explain(Difference.objects.get(), DifferenceReason.BANK_SUM))

    assert meant.applications()[0].bill_status == "paid"
    assert other.applications()[0].bill_status == "open"


def test_money_that_counts_is_not_taken_back_by_a_list():
    *_others, difference = make_short_line()

    with pytest.raises(difference_actions.ReasonDoesNotFit):
        explain(difference, DifferenceReason.BANK_SUM)

    assert difference.receipt.place == Place.ALLOCATED


def test_a_code_read_differently_needs_one_person():
    bill = make_bill()
    pay_at_bank(bill.code, bill.amount_idr)
    read(bank.statement().replace(bill.code, "820260101000009"))

    done = explain(Difference.objects.get(), DifferenceReason.BANK_MISTAKE)

    assert (done.kind, done.status, done.settled_by) == ("code", "settled", ONE)


def test_a_line_that_stands_twice_waits_for_a_reason():
    bill = make_bill()
    pay_at_bank(bill.code, bill.amount_idr, "never")
    head, line, _total = bank.statement().splitlines()

    file = read("\n".join([head, line, line, f"TOTAL,2,{2 * bill.amount_idr},,,,", ""]))

    difference = Difference.objects.get()
    assert (difference.kind, difference.gap_idr) == ("twice", bill.amount_idr)
    assert (file.balance().open_idr, file.balance().unexplained_idr) == (bill.amount_idr, 0)


def test_what_is_missing_settles_itself_when_a_later_list_names_it():
    early, late, third = make_bill(), make_bill(), make_bill()
    for bill in (early, late, third):
        pay_at_bank(bill.code, bill.amount_idr)
    whole = bank.statement()
    head, first, second, last, _total = whole.splitlines()
    total = early.amount_idr + third.amount_idr
    read("\n".join([head, first, last, f"TOTAL,2,{total},,,,", ""]))
    assert Difference.objects.get().kind == "missing"

    read(whole)

    settled = Difference.objects.get()
    assert (settled.status, settled.reason) == ("settled", "later-list")
    assert second.split(",")[0] == settled.receipt.provider_txn


def test_money_the_bank_never_took_is_explained_by_two_people():
    bill, other = make_bill(), make_bill()
    pay_at_bank(bill.code, bill.amount_idr)
    pay(other)
    read(bank.statement())

    agree(explain(Difference.objects.get(), DifferenceReason.LOSS))

    (today,) = desk_views.last_days(MORNING)
    assert (today.unsettled, today.adds_up) == (0, True)


def sit_down() -> Client:
    client = Client()
    client.force_login(make_staff(Role.KAS))
    return client


def test_two_cashiers_settle_a_difference_on_its_page():
    clock.set_to(MORNING)
    *_others, difference = make_short_line()
    here = f"/kas/selisih/{difference.pk}/"
    first, second = sit_down(), sit_down()
    assert here in first.get("/kas/selisih/").content.decode()

    assert first.post(f"{here}jelaskan/", {}).status_code == 422
    first.post(f"{here}jelaskan/", {"reason": "bank-pays"})
    refused = first.post(f"{here}setuju/", {})
    assert (refused.status_code, "Orang kedua" in refused.content.decode()) == (409, True)
    second.post(f"{here}setuju/", {})

    shown = second.get(here).content.decode()
    assert "Bank menutup selisihnya" in shown and "disetujui" in shown
    assert "Semuanya cocok" in second.get("/kas/selisih/").content.decode()


def test_only_the_cash_desk_comes_in():
    client = Client()
    client.force_login(make_staff(Role.OPS))

    assert client.get("/kas/selisih/").status_code == 403
