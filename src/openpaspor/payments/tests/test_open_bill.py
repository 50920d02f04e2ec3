import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from openpaspor import journey
from openpaspor.applications.actions import move
from openpaspor.applications.models import Kind
from openpaspor.ledger.models import Entry
from openpaspor.payments import actions, rules
from openpaspor.payments.models import Bill, Purpose, Status

from .make import MORNING, TWO_HOURS, lapse, make_application, make_bill, make_id, pay

pytestmark = pytest.mark.django_db


def test_a_bill_has_the_lines_of_the_fee_table_and_tells_its_application():
    application = make_application(Kind.DAMAGED, state="HOLDING")

    bill = make_bill(application)

    assert [(line.item, line.amount_idr, line.source) for line in bill.lines.all()] == [
        ("passport", 950_000, "PP 45/2024"),
        ("penalty-damaged", 500_000, "PP 45/2024"),
    ]
    application.refresh_from_db()
    assert (application.bill_status, application.bill_code) == ("open", bill.code)
    assert (application.bill_amount_idr, application.bill_due_at) == (1_450_000, MORNING + TWO_HOURS)


def test_force_majeure_takes_the_penalty_away():
    bill = make_bill(make_application(Kind.LOST, state="HOLDING"), penalty="force-majeure")

    assert bill.amount_idr == 950_000


def test_one_bill_for_a_family_has_a_line_for_each_of_them():
    first, second = make_application(state="HOLDING"), make_application(Kind.CHILD, state="HOLDING")

    bill = make_bill(second, first)

    assert bill.amount_idr == 950_000 + 650_000
    assert bill.applications() == [first, second]
    said = Entry.objects.get(kind="payments.bill_opened").values
    assert said["applications"] == [first.ref, second.ref]


def test_codes_count_up_from_the_day_at_the_treasury():
    evening_in_jakarta = datetime(2026, 11, 24, 16, 59, tzinfo=UTC)
    midnight_in_jakarta = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)

    codes = [make_bill(now=moment).code for moment in (MORNING, evening_in_jakarta, midnight_in_jakarta)]

    assert codes == ["826112400000001", "826112400000002", "826112500000001"]
    assert all(rules.CODE_SHAPE.match(code) for code in codes)


def test_an_application_never_has_two_live_bills():
    application = make_application(state="HOLDING")
    make_bill(application)

    with pytest.raises(actions.BillAlreadyOpen):
        make_bill(application)


def test_a_bill_after_the_interview_is_told_from_one_that_keeps_a_place():
    assert make_bill().purpose == Purpose.PLACE
    assert make_bill(make_application(state="ENROLLED")).purpose == Purpose.COUNTER


def test_a_lapsed_bill_tells_its_application_and_lapses_once():
    bill = make_bill()

    lapse(bill, now=MORNING + TWO_HOURS)
    lapse(bill, now=MORNING + TWO_HOURS)

    (application,) = bill.applications()
    assert (bill.status, application.bill_status) == (Status.LAPSED, "lapsed")
    assert Entry.objects.filter(kind="payments.bill_lapsed").count() == 1


def test_a_paid_bill_cannot_lapse():
    bill = make_bill()
    pay(bill)

    with pytest.raises(actions.BillSettled):
        actions.lapse_bill(bill, actor="worker", now=MORNING + TWO_HOURS)


def test_a_cancelled_bill_is_no_longer_owed_and_a_paid_one_stays_paid():
    opened, paid = make_bill(), make_bill()
    pay(paid)

    actions.cancel_bill(opened, actor="worker", now=MORNING)
    actions.cancel_bill(paid, actor="worker", now=MORNING)

    assert (opened.status, paid.status) == (Status.CANCELLED, Status.PAID)
    assert opened.applications()[0].bill_status == ""


def test_a_lapsed_counter_bill_is_renewed_with_a_new_code_once():
    application = make_application(state="ENROLLED")
    old = make_bill(application, lasts=timedelta(days=7))
    later = MORNING + timedelta(days=8)
    lapse(old, now=later)
    action_id = make_id()

    fresh = actions.renew_bill(application, action_id=action_id, actor="test", now=later)
    again = actions.renew_bill(application, action_id=action_id, actor="test", now=later)

    assert fresh == again != old
    assert fresh.due_at == later + timedelta(days=7)
    application.refresh_from_db()
    assert (application.bill_status, application.bill_code) == ("open", fresh.code)


def test_a_bill_that_lapses_while_its_money_is_being_matched_says_so_still():
    bill = make_bill()
    pay(bill, amount_idr=bill.amount_idr - 1)

    lapse(bill, now=MORNING + TWO_HOURS)

    assert (bill.status, bill.applications()[0].bill_status) == (Status.LAPSED, "matching")


def test_who_came_without_paying_the_bill_of_the_lapsed_place_gets_a_new_code():
    application = make_application(state="HOLDING")
    lapse(make_bill(application), now=MORNING + TWO_HOURS)
    application.refresh_from_db()
    move(application, journey.WALK_IN, actor="test", now=MORNING + TWO_HOURS)

    fresh = actions.renew_bill(application, action_id=make_id(), actor="test", now=MORNING + TWO_HOURS)

    assert (fresh.purpose, fresh.status) == (Purpose.COUNTER, Status.OPEN)


def test_a_bill_for_a_place_is_not_renewed_without_a_place():
    bill = make_bill()
    lapse(bill, now=MORNING + TWO_HOURS)

    with pytest.raises(actions.NothingToRenew):
        actions.renew_bill(bill.applications()[0], action_id=make_id(), actor="test", now=MORNING)


def test_the_live_bill_of_an_application_is_the_newest_open_or_paid_one():
    application = make_application(state="HOLDING")
    lapsed = make_bill(application)
    lapse(lapsed, now=MORNING + TWO_HOURS)
    assert Bill.objects.live_for(application) is None

    fresh = make_bill(application, now=MORNING + TWO_HOURS)

    assert Bill.objects.live_for(application) == fresh


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_eight_desks_at_once_never_give_the_same_code():
    with transaction.atomic():
        wanting = [make_application(state="HOLDING") for _desk in range(8)]
    codes: list[str] = []

    def open_one(application):
        with transaction.atomic():
            codes.append(make_bill(application).code)
        connection.close()

    desks = [threading.Thread(target=open_one, args=(application,)) for application in wanting]
    for desk in desks:
        desk.start()
    for desk in desks:
        desk.join()

    assert sorted(codes) == [f"8261124000{number:05d}" for number in range(1, 9)]
