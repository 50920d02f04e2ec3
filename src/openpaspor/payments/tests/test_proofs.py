"""A receipt that a bank has signed is taken at a counter without any line, and confirmed or refused afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest

from openpaspor.accounts.models import Role
from openpaspor.applications import agreement
from openpaspor.applications.actions import tell
from openpaspor.applications.models import Application
from openpaspor.applications.rules import blockers
from openpaspor.kit import base45, clock
from openpaspor.ledger import follow, node
from openpaspor.ledger.models import Entry, NodeRecord
from openpaspor.ledger.seal import introduce_ourselves, seal_pending
from openpaspor.payments import actions, gateways, proof_actions, sweeps
from openpaspor.payments.gateways.demo import bank
from openpaspor.payments.models import (
    Bill,
    BillLine,
    Deliver,
    ProofState,
    Purpose,
    Receipt,
    ShownProof,
    Status,
)

from .make import MORNING, make_application, make_bill, make_id, make_notice, make_office, make_staff, pay

pytestmark = pytest.mark.django_db
ROOMS = frozenset({"ledger", "accounts", "applications", "payments"})


def walk_in_bill() -> Bill:
    return make_bill(make_application(state="ENROLLED"), lasts=timedelta(days=7))


def receipt_of(bill: Bill, **changes: object) -> str:
    """The visitor pays; the bank's notice does not reach us."""
    told = {"code": bill.code, "amount_idr": bill.amount_idr, **changes}
    row = bank.pay(
        told["code"], told["amount_idr"], paid_at=MORNING, deliver=Deliver.NEVER, action_id=make_id()
    )
    return bank.proof_of(row)


def show(bill: Bill, text: str) -> ShownProof:
    (application,) = bill.applications()
    return proof_actions.show_proof(application, text, action_id=make_id(), actor="S-1", now=MORNING)


def status_of(bill: Bill) -> str:
    return Application.objects.get(bill_code=bill.code).bill_status


def test_a_signed_receipt_is_taken_to_be_confirmed_and_the_print_waits():
    bill = walk_in_bill()

    proof = show(bill, receipt_of(bill))

    assert (proof.state, status_of(bill)) == (ProofState.WAITING, "matching")
    bill.refresh_from_db()
    assert bill.status == Status.OPEN
    row = Application.objects.get(bill_code=bill.code)
    assert blockers(row)[0].code == "PAY_MATCH"
    row.state, row.serial = "APPROVED", "X0000001"
    assert blockers(row)[0].code == "PAY_MATCH"
    told = Entry.objects.get(kind="payments.proof_shown")
    assert (told.application, told.values["bill"]) == (row.ref, bill.code)


def test_a_scanner_may_type_small_letters_and_a_line_end():
    bill = walk_in_bill()

    assert show(bill, receipt_of(bill).lower() + "\r\n").code == bill.code


def test_a_second_showing_of_the_same_press_is_the_same_proof():
    bill = walk_in_bill()
    (application,), text = bill.applications(), receipt_of(bill)
    same = {"action_id": "one-press", "actor": "S-1", "now": MORNING}

    first = proof_actions.show_proof(application, text, **same)

    assert proof_actions.show_proof(application, text, **same) == first


def altered(text: str) -> str:
    raw = bytearray(base45.decode(text.removeprefix("BD1:")))
    raw[raw.index(b'"amount_idr":') + 13] ^= 1
    return "BD1:" + base45.encode(bytes(raw))


def a_notice_as_receipt(bill: Bill) -> str:
    """What the bank signed as a notice, dressed as a receipt."""
    from openpaspor.payments.gateways.demo import keys

    row = bank.pay(bill.code, bill.amount_idr, paid_at=MORNING, deliver=Deliver.NEVER, action_id=make_id())
    body = bank.notice_of(row)
    return "BD1:" + base45.encode(bytes.fromhex(keys.sign(body)) + body)


@pytest.mark.parametrize(
    "forge",
    [
        lambda bill: altered(receipt_of(bill)),
        lambda bill: "BD1:" + base45.encode(bytes(64) + b"{}"),
        lambda bill: "BD1:not base45 {}",
        lambda bill: "XY9:" + receipt_of(bill)[4:],
        lambda bill: receipt_of(bill)[:-3],
        a_notice_as_receipt,
    ],
    ids=["altered", "forged", "garbled", "unknown bank", "cut short", "a notice"],
)
def test_what_no_bank_signed_is_refused_and_changes_nothing(forge):
    bill = walk_in_bill()

    with pytest.raises(gateways.BadProof):
        show(bill, forge(bill))

    assert status_of(bill) == "open" and not ShownProof.objects.exists()


def test_a_receipt_of_another_bill_of_another_sum_or_shown_before_is_refused():
    bill, other = walk_in_bill(), walk_in_bill()

    with pytest.raises(proof_actions.ProofOfAnother):
        show(bill, receipt_of(other))
    with pytest.raises(proof_actions.ProofOfAnotherSum):
        show(bill, receipt_of(bill, amount_idr=bill.amount_idr - 1))
    text = receipt_of(bill)
    show(bill, text)
    with pytest.raises(proof_actions.ProofUsed):
        show(bill, text)

    assert status_of(other) == "open" and ShownProof.objects.count() == 1


def test_nothing_is_taken_for_a_bill_that_is_paid():
    bill = walk_in_bill()
    text = receipt_of(bill)
    pay(bill)

    with pytest.raises(proof_actions.NothingToPay):
        show(bill, text)


def test_the_banks_own_word_confirms_it():
    bill = walk_in_bill()
    proof = show(bill, receipt_of(bill))

    pay(bill, now=MORNING + timedelta(hours=3))
    seal_pending()
    follow.follow_all()

    proof.refresh_from_db()
    assert (proof.state, status_of(bill)) == (ProofState.CONFIRMED, "paid")


def test_a_bill_that_lapses_meanwhile_does_not_ask_for_the_money_again():
    bill = walk_in_bill()
    show(bill, receipt_of(bill))

    actions.lapse_bill(bill, actor="worker", now=bill.due_at + timedelta(days=1))

    assert status_of(bill) == "matching"


def test_one_that_never_comes_goes_to_the_money_desk_which_refuses_it(client):
    bill = walk_in_bill()
    proof = show(bill, receipt_of(bill))
    ShownProof.objects.update(shown_at=clock.now() - timedelta(days=4))
    client.force_login(make_staff(Role.KAS))
    shown = client.get("/kas/?bahasa=en").content.decode()
    assert proof.provider_txn in shown and "ask the bank" in shown

    assert client.post(f"/kas/bukti/{proof.pk}/tolak/", {"nonce": "nonce-refuse"}).status_code == 302

    proof.refresh_from_db()
    assert (proof.state, status_of(bill)) == (ProofState.REFUSED, "open")
    assert proof.provider_txn not in client.get("/kas/").content.decode()


def test_at_the_counter_it_is_one_field_and_one_sentence(client):
    bill = walk_in_bill()
    (application,) = bill.applications()
    client.force_login(make_staff(Role.OFFICER, make_office()))
    path = f"/petugas/tagihan/{application.ref}/"

    refused = client.post(path + "?bahasa=en", {"nonce": "nonce-proof-1", "proof": "BD1:nothing"})
    assert refused.status_code == 422 and "not signed by a bank we know" in refused.content.decode()

    taken = client.post(
        path + "?bahasa=id", {"nonce": "nonce-proof-2", "proof": receipt_of(bill)}, follow=True
    )

    assert "menunggu dipastikan" in taken.content.decode()


def test_a_case_of_another_office_is_not_there(client):
    (application,) = walk_in_bill().applications()
    other = type(make_office()).objects.get(pk="JAYAPURA")
    client.force_login(make_staff(Role.OFFICER, other))

    assert client.get(f"/petugas/tagihan/{application.ref}/").status_code == 404


def test_the_banks_slip_carries_the_receipt(client):
    bill = walk_in_bill()
    text = receipt_of(bill)
    txn = gateways.read_proof(text).txn

    assert text in client.get(f"/demo/bank/struk/{txn}/").content.decode().replace("&quot;", '"')


# --- between nodes ----------------------------------------------------------------------------------------


@pytest.fixture
def office(tmp_path):
    return node.Node(
        name="denpasar", role="office", home=tmp_path / "office", offices=("DENPASAR",), demo=True, rooms=ROOMS
    )  # fmt: skip


@pytest.fixture
def portal(tmp_path, office):
    us = node.Node(name="portal", role="portal", home=tmp_path / "portal", demo=True, rooms=ROOMS)
    with node.standing_at(office):
        introduce_ourselves()
    with node.standing_at(us):
        introduce_ourselves()
    return us


def opened_at_the_office(office: node.Node, portal: node.Node) -> str:
    """A walk-in's bill, as its facts reach the portal's database: of the office's rows nothing is there."""
    with node.standing_at(office):
        bill = walk_in_bill()
        seal_pending()
    BillLine.objects.all().delete()
    Bill.objects.all().delete()
    return bill.code


def test_the_portal_keeps_the_bills_of_an_office_so_that_money_finds_them(office, portal):
    code = opened_at_the_office(office, portal)

    with node.standing_at(portal):
        follow.follow_all()
        bill = Bill.objects.get(code=code)
        assert (bill.issued_by, bill.purpose, bill.status) == ("denpasar", Purpose.COUNTER, Status.OPEN)
        assert sum(line.amount_idr for line in bill.lines.all()) == bill.amount_idr
        pay(bill)

    bill.refresh_from_db()
    assert bill.status == Status.PAID and status_of(bill) == "paid"


def test_money_that_came_before_its_bill_is_counted_when_the_bill_comes(office, portal):
    code = opened_at_the_office(office, portal)

    with node.standing_at(portal):
        early = actions.receive_notice(make_notice(code=code, amount_idr=950_000), now=MORNING)
        assert early.reason == "unknown-bill"
        assert sweeps.seat_early_money(now=MORNING) == 0
        follow.follow_all()
        bill = Bill.objects.get(code=code)
        Receipt.objects.update(amount_idr=bill.amount_idr)
        assert sweeps.seat_early_money(now=MORNING) == 1

    bill.refresh_from_db()
    assert bill.status == Status.PAID


def test_only_the_node_that_opened_a_bill_lets_it_lapse(office, portal):
    code = opened_at_the_office(office, portal)
    late = MORNING + timedelta(days=30)

    with node.standing_at(portal):
        follow.follow_all()
        assert sweeps.lapse_counter_bills(now=late) == 0
    with node.standing_at(office):
        assert sweeps.lapse_counter_bills(now=late) == 1

    assert Bill.objects.get(code=code).status == Status.LAPSED


def test_an_office_may_say_that_it_saw_a_receipt_and_not_that_a_bill_is_paid(office, portal):
    from openpaspor.ledger import authority

    speaker = NodeRecord.objects.get(node="denpasar")
    assert not authority.forbids(speaker, "payments.proof_shown", {"application": "OP-1"})
    assert not authority.forbids(speaker, "payments.bill_lapsed", {"application": "OP-1"})
    assert authority.forbids(speaker, "payments.settled", {"application": "OP-1"})
    assert authority.forbids(speaker, "payments.proof_refused", {"application": "OP-1"})


def test_a_bill_that_is_paid_stays_paid_whatever_an_office_says_that_had_not_heard(office, portal):
    with node.standing_at(office):
        bill = walk_in_bill()
        seal_pending()
    with node.standing_at(portal):
        pay(bill)
        seal_pending()
    paid = Entry.objects.filter(kind="applications.told", node="portal")
    assert paid.get().values["changes"] == [f'bill_code="{bill.code}"', 'bill_status="paid"']
    Application.objects.update(bill_status="open")
    with node.standing_at(office):
        text = receipt_of(bill)
        (application,) = bill.applications()
        later = MORNING + timedelta(hours=1)
        proof_actions.show_proof(application, text, action_id=make_id(), actor="S-1", now=later)
        follow.follow_all()
        assert status_of(bill) == "paid"  # the office hears of the money

    Application.objects.update(bill_status="paid")
    with node.standing_at(portal):
        follow.follow_all()
        assert status_of(bill) == "paid"  # the portal hears of the receipt


def test_a_bill_is_paid_also_by_the_word_of_a_portal_whose_clock_is_behind(office, portal):
    """It says so at a time at which, by the clock of the office, the bill was not there yet."""
    with node.standing_at(office):
        application = make_application(state="ENROLLED")
        tell(application, bill_code="82611", bill_status="open", actor="S-1", now=MORNING)
    with node.standing_at(portal):
        tell(application, bill_status="paid", actor="S-2", now=MORNING - timedelta(minutes=50))

    opened, paid = Entry.objects.filter(kind="applications.told").order_by("pk")
    assert "bill_status" in agreement.is_said_later(opened, opened.read())
    assert "bill_status" not in agreement.is_said_later(paid, paid.read())
