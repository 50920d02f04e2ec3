"""Whatever comes in whatever order: every rupiah ends in exactly one place, and no bill is paid without money."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openpaspor.applications.actions import withdraw
from openpaspor.kit.refused import Refused
from openpaspor.ledger.models import Entry
from openpaspor.payments import actions, api
from openpaspor.payments.gateways import demo
from openpaspor.payments.gateways.demo import bank
from openpaspor.payments.models import BankTransaction, Bill, Deliver, Place, Receipt, RefundReason, Status

from .make import MORNING, TWO_HOURS, lapse, make_application, make_bill, make_id

pytestmark = pytest.mark.django_db
BILLS = 3
AFTER = MORNING + TWO_HOURS + timedelta(minutes=1)

pays = st.tuples(
    st.just("pay"),
    st.integers(0, BILLS),  # one past the last: a code nobody was given
    st.sampled_from([0, 0, 0, -1, 1]),
    st.sampled_from([MORNING, AFTER]),
    st.sampled_from(list(Deliver)),
)
others = st.tuples(
    st.sampled_from(["lapse", "withdraw", "cancel", "place", "refund", "again", "renotify"]),
    st.integers(0, BILLS - 1),
)
settles = st.tuples(st.just("settle"))
deeds = st.lists(st.one_of(pays, pays, others, settles), max_size=10)


class Story:
    """Three bills, a bank, and a desk that does what it is told."""

    def __init__(self) -> None:
        self.bills = [make_bill() for _bill in range(BILLS - 1)]
        self.bills.append(make_bill(make_application(state="ENROLLED"), lasts=timedelta(days=7)))

    def do(self, deed: tuple) -> None:
        name, *rest = deed
        try:
            with transaction.atomic():
                getattr(self, name)(*rest)
        except Refused:
            pass  # a clear no, and nothing has changed

    def pay(self, number, difference, paid_at, deliver) -> None:
        known = number < BILLS
        code = self.bills[number].code if known else "820200101000001"
        owed = self.bills[number].amount_idr if known else 650_000
        row = bank.pay(code, owed + difference, paid_at=paid_at, deliver=deliver)
        bank.tell_at_once(row, api.straight_in(AFTER))

    def renotify(self, number) -> None:
        """An honest notice of the newest payment that was told before, again."""
        row = BankTransaction.objects.filter(told__gt=0).exclude(deliver=Deliver.BAD_SIGNATURE).last()
        if row:
            bank.tell(row, api.straight_in(AFTER))

    def lapse(self, number) -> None:
        lapse(Bill.objects.get(pk=self.bills[number].pk), now=AFTER)

    def withdraw(self, number) -> None:
        application = self.bills[number].applications()[0]
        withdraw(application, action_id=make_id(), actor="test", now=AFTER)

    def cancel(self, number) -> None:
        actions.cancel_bill(Bill.objects.get(pk=self.bills[number].pk), actor="worker", now=AFTER)

    def again(self, number) -> None:
        application = self.bills[number].applications()[0]
        self.bills[number] = actions.renew_bill(application, action_id=make_id(), actor="test", now=AFTER)

    def place(self, number) -> None:
        stray = Receipt.objects.unmatched().first()
        if stray:
            actions.place_money([stray], self.bills[number], action_id=make_id(), actor="S-1", now=AFTER)

    def refund(self, number) -> None:
        stray = Receipt.objects.unmatched().first()
        if stray:
            actions.ask_refund(stray, RefundReason.NOT_OURS, action_id=make_id(), actor="S-1", now=AFTER)
            actions.agree_refund(stray, action_id=make_id(), actor="S-2", now=AFTER)

    def settle(self) -> None:
        statement = demo.read_statement("bank.csv", bank.statement().encode())
        actions.read_settlement(statement, actor="S-1", now=AFTER)


def check(story: Story) -> None:
    no_bill_is_paid_without_money()
    no_money_pays_an_unpaid_bill()
    every_application_knows_what_its_bill_is()
    story.settle()
    what_the_bank_took_is_what_we_have()
    no_bill_is_paid_without_money()


def no_bill_is_paid_without_money() -> None:
    for bill in Bill.objects.filter(status=Status.PAID):
        assert bill.receipts.aggregate(sum=Sum("amount_idr"))["sum"] == bill.amount_idr
        assert all(receipt.raw for receipt in bill.receipts.all())
    settled = Entry.objects.filter(kind="payments.settled").values_list("application", flat=True)
    assert sorted(settled) == sorted(
        application.ref
        for bill in Bill.objects.filter(status=Status.PAID)
        for application in bill.applications()
    )


def no_money_pays_an_unpaid_bill() -> None:
    assert not Receipt.objects.filter(place=Place.ALLOCATED).exclude(bill__status=Status.PAID).exists()


def every_application_knows_what_its_bill_is() -> None:
    for bill in Bill.objects.filter(status=Status.PAID):
        assert {application.bill_status for application in bill.applications()} == {"paid"}


def what_the_bank_took_is_what_we_have() -> None:
    took = list(BankTransaction.objects.order_by("txn").values_list("txn", "amount_idr"))
    assert list(Receipt.objects.order_by("provider_txn").values_list("provider_txn", "amount_idr")) == took
    assert not Receipt.objects.exclude(settled_idr__isnull=False).exists()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds)
def test_every_rupiah_ends_in_exactly_one_place(told):
    with transaction.atomic():
        story = Story()
        for deed in told:
            story.do(deed)
        check(story)
        transaction.set_rollback(True)
