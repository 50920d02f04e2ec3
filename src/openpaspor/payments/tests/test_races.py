"""Money and deadline at the same moment: one wins, and both tell the same story afterwards."""

import threading

import pytest
from django.db import connection, transaction

from openpaspor import journey
from openpaspor.applications.actions import MoveRefused, move
from openpaspor.applications.models import Application
from openpaspor.ledger.models import Entry
from openpaspor.payments import actions
from openpaspor.payments.models import Bill, Receipt, Status

from .make import MORNING, TWO_HOURS, make_application, make_bill, make_notice

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def at_once(*deeds):
    """Run the deeds in threads of their own; returns what each refused with."""
    refusals: list[Exception] = []

    def run(deed):
        try:
            deed()
        except (actions.BillSettled, MoveRefused) as refusal:
            refusals.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refusals


def make_held_bill() -> Bill:
    with transaction.atomic():
        return make_bill(make_application(state="HOLDING"))


def test_one_notice_delivered_eight_times_at_once_counts_once():
    bill = make_held_bill()
    notice = make_notice(bill)

    refused = at_once(*[lambda: actions.receive_notice(notice, now=MORNING)] * 8)

    assert refused == []
    assert Receipt.objects.get().repeats == 7
    assert Entry.objects.filter(kind="payments.settled").count() == 1


def test_two_payments_of_one_bill_at_once_pay_it_once_and_the_other_is_parked():
    bill = make_held_bill()
    notices = [make_notice(bill) for _payment in range(4)]

    at_once(*[lambda notice=notice: actions.receive_notice(notice, now=MORNING) for notice in notices])

    assert sorted(Receipt.objects.values_list("place", "reason")) == [
        ("allocated", ""),
        *[("unmatched", "bill-already-paid")] * 3,
    ]


@pytest.mark.parametrize("turn", range(3))
def test_money_and_deadline_at_once_end_with_a_paid_bill_in_any_case(turn):
    bill = make_held_bill()
    application = bill.applications()[0]
    deadline = MORNING + TWO_HOURS

    def lapse():
        with transaction.atomic():
            row = Application.objects.get(pk=application.pk)
            move(row, journey.LAPSE, actor="worker", now=deadline)
            actions.lapse_bill(Bill.objects.get(pk=bill.pk), actor="worker", now=deadline)

    at_once(lapse, lambda: actions.receive_notice(make_notice(bill), now=deadline))

    bill.refresh_from_db()
    application.refresh_from_db()
    assert (bill.status, application.bill_status) == (Status.PAID, "paid")
