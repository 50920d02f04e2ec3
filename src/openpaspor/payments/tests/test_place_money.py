from datetime import timedelta

import pytest

from openpaspor.applications.actions import withdraw
from openpaspor.ledger.models import Entry
from openpaspor.payments import actions
from openpaspor.payments.models import Place, RefundReason, Status

from .make import MORNING, TWO_HOURS, lapse, make_bill, make_id, pay

pytestmark = pytest.mark.django_db


def place(receipts, bill, actor="S-KAS"):
    return actions.place_money(receipts, bill, action_id=make_id(), actor=actor, now=MORNING)


def ask(receipt, actor="S-KAS"):
    return actions.ask_refund(receipt, RefundReason.WRONG_SUM, action_id=make_id(), actor=actor, now=MORNING)


def agree(receipt, actor):
    return actions.agree_refund(receipt, action_id=make_id(), actor=actor, now=MORNING)


def test_money_with_a_wrong_code_is_counted_towards_the_right_bill():
    bill = make_bill()
    stray = pay(None, amount_idr=bill.amount_idr)

    place([stray], bill)

    bill.refresh_from_db()
    stray.refresh_from_db()
    assert (bill.status, stray.place, stray.bill, stray.owner) == (Status.PAID, Place.ALLOCATED, bill, "")
    assert bill.applications()[0].bill_status == "paid"
    assert Entry.objects.filter(kind="payments.money_placed", actor="S-KAS").exists()


def test_two_payments_that_add_up_pay_the_bill_together():
    bill = make_bill()
    parts = [pay(bill, amount_idr=bill.amount_idr - 1), pay(bill, amount_idr=1)]

    place(parts, bill)

    bill.refresh_from_db()
    assert bill.status == Status.PAID
    assert sum(receipt.amount_idr for receipt in bill.receipts.all()) == bill.amount_idr


def test_money_that_does_not_add_up_is_refused_and_nothing_changes():
    bill = make_bill()
    short = pay(bill, amount_idr=bill.amount_idr - 1)

    with pytest.raises(actions.WrongSum):
        place([short], bill)

    short.refresh_from_db()
    assert short.place == Place.UNMATCHED


def test_money_is_placed_on_a_lapsed_bill_but_never_on_a_paid_one_or_an_ended_application():
    lapsed, paid, ended = make_bill(), make_bill(), make_bill()
    lapse(lapsed, now=MORNING + TWO_HOURS + timedelta(minutes=1))
    pay(paid)
    withdraw(ended.applications()[0], action_id=make_id(), actor="test", now=MORNING)

    place([pay(None, amount_idr=lapsed.amount_idr)], lapsed)

    lapsed.refresh_from_db()
    assert lapsed.status == Status.PAID
    for bill in (paid, ended):
        with pytest.raises(actions.BillNotPayable):
            place([pay(None, amount_idr=bill.amount_idr)], bill)


def test_the_same_money_is_not_placed_twice():
    first, second = make_bill(), make_bill()
    stray = pay(None, amount_idr=first.amount_idr)
    place([stray], first)

    with pytest.raises(actions.AlreadyPlaced):
        place([stray], second)


def test_giving_money_back_needs_a_second_person():
    bill = make_bill()
    short = pay(bill, amount_idr=bill.amount_idr - 1)
    ask(short, "S-1")

    with pytest.raises(actions.SamePerson):
        agree(short, "S-1")
    refunded = agree(short, "S-2")

    assert (refunded.place, refunded.refund_asked_by, refunded.refund_agreed_by) == (
        Place.REFUNDED,
        "S-1",
        "S-2",
    )
    assert bill.applications()[0].bill_status == "open"  # nothing is being matched any more


def test_an_applicant_is_still_being_matched_while_other_money_of_theirs_waits():
    bill = make_bill()
    first, _second = pay(bill, amount_idr=5), pay(bill, amount_idr=7)
    ask(first, "S-1")

    agree(first, "S-2")

    assert bill.applications()[0].bill_status == "matching"


def test_nothing_is_given_back_that_nobody_asked_for_or_that_was_taken_back():
    stray = pay(None)
    with pytest.raises(actions.NoRefundAsked):
        agree(stray, "S-2")
    ask(stray, "S-1")

    actions.drop_refund(stray, action_id=make_id(), actor="S-1", now=MORNING)

    with pytest.raises(actions.NoRefundAsked):
        agree(stray, "S-2")


def test_somebody_looks_after_unmatched_money():
    stray = pay(None)

    actions.take_up(stray, action_id=make_id(), actor="S-KAS", now=MORNING)

    stray.refresh_from_db()
    assert stray.owner == "S-KAS"
