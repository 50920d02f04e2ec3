from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from openpaspor import journey
from openpaspor.applications.actions import move, withdraw
from openpaspor.ledger.models import Entry
from openpaspor.ledger.once import KeyReused
from openpaspor.ledger.worker import work_until_idle
from openpaspor.offices.models import Knob
from openpaspor.payments import actions, sweeps
from openpaspor.payments.models import Place, Reason, Receipt, Status

from .make import MORNING, TWO_HOURS, lapse, make_application, make_bill, make_id, make_notice, pay

pytestmark = pytest.mark.django_db
TOO_LATE = MORNING + TWO_HOURS + timedelta(minutes=1)


def test_money_pays_its_bill_and_every_application_of_it():
    first, second = make_application(state="HOLDING"), make_application(state="HOLDING")
    bill = make_bill(first, second)

    receipt = pay(bill)

    bill.refresh_from_db()
    assert (bill.status, bill.paid_at, receipt.place, receipt.bill) == (
        Status.PAID,
        MORNING,
        Place.ALLOCATED,
        bill,
    )
    assert [application.bill_status for application in bill.applications()] == ["paid", "paid"]
    said = Entry.objects.filter(kind="payments.settled").order_by("id")
    assert [entry.application for entry in said] == [first.ref, second.ref]


def test_the_same_notice_again_only_counts():
    bill = make_bill()
    notice = make_notice(bill)

    for _time in range(3):
        receipt = actions.receive_notice(notice, now=MORNING)

    assert (Receipt.objects.count(), receipt.repeats) == (1, 2)
    assert Entry.objects.filter(kind="payments.settled").count() == 1


def test_one_transaction_cannot_tell_two_stories():
    bill = make_bill()
    pay(bill, txn="T-1")

    with pytest.raises(KeyReused):
        pay(bill, txn="T-1", amount_idr=1)

    assert Receipt.objects.get().amount_idr == bill.amount_idr


@pytest.mark.parametrize("difference", [-1, 1])
def test_one_rupiah_off_waits_for_a_person_and_the_applicant_is_told_not_to_pay_again(difference):
    bill = make_bill()

    receipt = pay(bill, amount_idr=bill.amount_idr + difference)

    assert (receipt.place, receipt.reason, receipt.owner) == (Place.UNMATCHED, Reason.WRONG_AMOUNT, "kas")
    bill.refresh_from_db()
    assert (bill.status, bill.applications()[0].bill_status) == (Status.OPEN, "matching")


def test_money_for_a_code_that_was_never_given_is_kept_and_parked():
    receipt = pay(None)

    assert (receipt.place, receipt.reason) == (Place.UNMATCHED, Reason.UNKNOWN_BILL)


def test_a_second_payment_is_parked():
    bill = make_bill()
    pay(bill)

    receipt = pay(bill)

    assert receipt.reason == Reason.ALREADY_PAID
    assert bill.applications()[0].bill_status == "paid"


def test_money_in_another_currency_never_counts_as_rupiah():
    bill = make_bill()

    receipt = pay(bill, currency="USD")

    assert (receipt.reason, receipt.currency, receipt.amount_idr) == (Reason.WRONG_CURRENCY, "USD", 0)


def test_paid_in_time_is_honoured_however_late_the_notice_comes():
    bill = make_bill()
    lapse(bill, now=TOO_LATE)

    receipt = actions.receive_notice(make_notice(bill, paid_at=MORNING), now=MORNING + timedelta(days=3))

    bill.refresh_from_db()
    assert (bill.status, receipt.place) == (Status.PAID, Place.ALLOCATED)
    assert bill.applications()[0].bill_status == "paid"


def test_late_money_is_honoured_while_the_application_still_waits_for_a_place():
    bill = make_bill()
    lapse(bill, now=TOO_LATE)

    receipt = pay(bill, now=TOO_LATE)

    bill.refresh_from_db()
    assert (bill.status, receipt.place) == (Status.PAID, Place.ALLOCATED)


def test_an_open_bill_takes_money_after_its_deadline():
    bill = make_bill()

    pay(bill, now=TOO_LATE)

    bill.refresh_from_db()
    assert bill.status == Status.PAID


def test_money_for_a_lapsed_code_pays_the_new_bill_of_the_same_application():
    application = make_application(state="HOLDING")
    old = make_bill(application)
    lapse(old, now=TOO_LATE)
    application.refresh_from_db()
    move(application, journey.HOLD, actor="test", now=TOO_LATE)
    new = make_bill(application, now=TOO_LATE)

    receipt = actions.receive_notice(make_notice(old, paid_at=MORNING), now=TOO_LATE)

    new.refresh_from_db()
    old.refresh_from_db()
    assert (receipt.bill, new.status, old.status) == (new, Status.PAID, Status.LAPSED)


@pytest.mark.parametrize(
    ("paid_at", "reason"), [(MORNING, Reason.ALREADY_PAID), (TOO_LATE, Reason.BILL_EXPIRED)]
)
def test_money_for_a_lapsed_code_is_parked_when_the_application_was_paid_since(paid_at, reason):
    application = make_application(state="HOLDING")
    old = make_bill(application)
    lapse(old, now=TOO_LATE)
    application.refresh_from_db()
    move(application, journey.HOLD, actor="test", now=TOO_LATE)
    pay(make_bill(application, now=TOO_LATE), now=TOO_LATE)

    receipt = actions.receive_notice(make_notice(old, paid_at=paid_at), now=TOO_LATE)

    assert receipt.reason == reason


def test_the_grace_is_a_knob():
    Knob.objects.create(name="payment_grace_minutes", value=5, valid_from=MORNING)
    application = make_application(state="HOLDING")
    old = make_bill(application)
    lapse(old, now=TOO_LATE)
    application.refresh_from_db()
    move(application, journey.HOLD, actor="test", now=TOO_LATE)
    pay(make_bill(application, now=TOO_LATE), now=TOO_LATE)

    receipt = actions.receive_notice(make_notice(old, paid_at=TOO_LATE), now=TOO_LATE)

    assert receipt.reason == Reason.ALREADY_PAID  # in time, so not "expired"


def test_withdrawing_cancels_the_bill_and_later_money_is_parked():
    application = make_application(state="HOLDING")
    bill = make_bill(application)
    withdraw(application, action_id=make_id(), actor="test", now=MORNING)
    work_until_idle()

    receipt = pay(bill)

    bill.refresh_from_db()
    assert (bill.status, receipt.reason) == (Status.CANCELLED, Reason.CANCELLED)


def test_money_between_the_withdrawal_and_its_reaction_is_parked_too():
    application = make_application(state="HOLDING")
    bill = make_bill(application)
    withdraw(application, action_id=make_id(), actor="test", now=MORNING)

    assert pay(bill).reason == Reason.CANCELLED


def test_one_who_withdraws_does_not_cancel_the_bill_of_the_others():
    first, second = make_application(state="HOLDING"), make_application(state="HOLDING")
    bill = make_bill(first, second)
    withdraw(first, action_id=make_id(), actor="test", now=MORNING)
    work_until_idle()

    bill.refresh_from_db()
    assert bill.status == Status.OPEN


def test_a_bill_after_the_interview_lapses_by_itself_and_money_still_counts():
    counter = make_bill(make_application(state="ENROLLED"), lasts=timedelta(days=7))
    place = make_bill()
    next_week = MORNING + timedelta(days=7, seconds=1)

    assert sweeps.lapse_counter_bills(now=MORNING + timedelta(days=7)) == 0
    assert sweeps.lapse_counter_bills(now=next_week) == 1

    place.refresh_from_db()
    assert place.status == Status.OPEN  # lapses with its place, in the room that keeps places
    pay(counter, now=next_week)
    counter.refresh_from_db()
    assert counter.status == Status.PAID


def test_the_database_itself_keeps_each_receipt_in_one_place():
    bill = make_bill()
    receipt = pay(bill)

    for wrong in (
        {"place": Place.UNMATCHED},
        {"bill": None},
        {"reason": Reason.WRONG_AMOUNT},
        {"place": Place.REFUNDED, "bill": None},
        {"currency": "USD"},
        {"amount_idr": -1},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Receipt.objects.filter(pk=receipt.pk).update(**wrong)


def test_the_database_itself_refuses_the_same_transaction_twice():
    receipt = pay(make_bill())
    receipt.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        receipt.save(force_insert=True)
