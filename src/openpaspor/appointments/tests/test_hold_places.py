"""Choosing a time: who gets a place, and who is told why not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from openpaspor.applications.actions import MoveRefused
from openpaspor.appointments import actions
from openpaspor.appointments.models import Booking, BookingState, Pot, SlotClosed, SlotFull
from openpaspor.journey import State
from openpaspor.ledger.models import Entry
from openpaspor.offices.models import Booklet
from openpaspor.payments.models import Bill

from .make import NOW, TOMORROW, WITA, hold, make_application, make_booked, make_draft, make_office, make_slot

pytestmark = pytest.mark.django_db


def test_a_held_place_waits_two_hours_for_its_money():
    slot, application = make_slot(), make_application()

    booking = hold(application, slot)

    slot.refresh_from_db()
    application.refresh_from_db()
    assert (slot.taken, booking.state, application.state) == (1, BookingState.HELD, State.HOLDING)
    assert booking.held_until == NOW + timedelta(hours=2) == Bill.objects.get(code=booking.bill).due_at
    assert (application.place_status, application.place_starts_at, application.office_id) == (
        "held",
        slot.starts_at,
        "DENPASAR",
    )


def test_a_place_on_short_notice_is_due_when_it_starts():
    slot = make_slot(hour=9, pot=Pot.SAME_DAY)
    two_hours_and_a_minute_before = datetime(2026, 11, 25, 6, 59, tzinfo=WITA)
    application = make_application(same_day=True)

    booking = hold(application, slot, now=two_hours_and_a_minute_before)

    assert booking.held_until == datetime(2026, 11, 25, 8, 59, tzinfo=WITA) < slot.starts_at


def test_the_last_place_cannot_be_held_twice():
    slot = make_slot(offered=1)
    hold(make_application(), slot)
    late = make_application()

    with pytest.raises(SlotFull):
        hold(late, slot)

    late.refresh_from_db()
    slot.refresh_from_db()
    assert (late.state, slot.taken) == (State.SUBMITTED, 1)
    assert not Bill.objects.of(late).exists()


def test_a_double_click_gives_one_booking():
    slot, application = make_slot(offered=5), make_application()

    first = hold(application, slot, action_id="one-click")
    second = hold(application, slot, action_id="one-click")

    slot.refresh_from_db()
    assert (first.pk, slot.taken, Bill.objects.count()) == (second.pk, 1, 1)


def test_a_second_tab_is_told_that_a_place_is_held_already():
    slot, application = make_slot(offered=5), make_application()
    hold(application, slot)

    with pytest.raises(actions.AlreadyHolding):
        hold(application, make_slot(hour=10))

    slot.refresh_from_db()
    assert slot.taken == 1


def test_one_person_holds_one_place_even_with_two_applications():
    nik = "5171014503990003"
    slot = make_slot(offered=5)
    hold(make_application(nik=nik), slot)

    with pytest.raises(actions.OneLivePlace):
        hold(make_application(nik=nik), slot)


def test_a_family_gets_all_its_places_or_none():
    slot = make_slot(offered=2)
    family = [make_application() for _person in range(3)]
    wishes = [actions.Wish(person, slot, party="keluarga") for person in family]

    with pytest.raises(SlotFull):
        actions.hold_places(wishes, action_id="family", actor="U-1", now=NOW)

    slot.refresh_from_db()
    assert slot.taken == 0
    assert not Booking.objects.exists()


def test_one_party_shares_one_bill_and_strangers_do_not():
    slot = make_slot(offered=3)
    mother, child, stranger = (make_application() for _person in range(3))
    wishes = [
        actions.Wish(mother, slot, party="keluarga"),
        actions.Wish(child, make_slot(hour=10), party="keluarga"),
        actions.Wish(stranger, slot),
    ]

    bookings = actions.hold_places(wishes, action_id="several", actor="U-1", now=NOW)

    bills = [booking.bill for booking in bookings]
    assert bills[0] == bills[1] != bills[2]
    slot.refresh_from_db()
    assert slot.taken == 2


def test_an_online_place_is_sold_until_the_evening_before():
    slot = make_slot(day=TOMORROW, offered=5)
    application = make_application()
    six_in_the_evening = datetime(2026, 11, 24, 18, 0, tzinfo=WITA)

    with pytest.raises(SlotClosed):
        hold(application, slot, now=six_in_the_evening)
    hold(application, slot, now=six_in_the_evening - timedelta(seconds=1))

    slot.refresh_from_db()
    assert slot.taken == 1


def test_a_place_for_another_booklet_or_pot_is_refused():
    electronic = make_application()

    with pytest.raises(actions.NotForThis):
        hold(electronic, make_slot(booklet=Booklet.REGULAR))
    with pytest.raises(actions.NotForThis):
        hold(electronic, make_slot(pot=Pot.SAME_DAY))
    with pytest.raises(actions.NotForThis):
        hold(electronic, make_slot(pot=Pot.RESCUE))


def test_a_lost_passport_is_not_booked_online():
    with pytest.raises(actions.InPersonOnly):
        hold(make_application(kind="lost"), make_slot())


def test_a_draft_cannot_take_a_place():
    slot = make_slot()

    with pytest.raises(MoveRefused):
        hold(make_draft(), slot)

    slot.refresh_from_db()
    assert slot.taken == 0


def test_a_paid_place_is_booked_with_pass_number_one():
    application = make_booked(make_slot())

    booking = application.bookings.get()
    assert (booking.state, booking.pass_number) == (BookingState.BOOKED, 1)
    assert (application.place_status, application.pass_number) == ("booked", 1)
    assert Entry.objects.filter(kind="appointments.place_booked", application=application.ref).count() == 1
    assert Entry.objects.filter(kind="applications.dossier_sealed", application=application.ref).exists()


@pytest.mark.parametrize(
    ("code", "zone", "utc_hour"),
    [("MEDAN", "Asia/Jakarta", 2), ("DENPASAR", "Asia/Makassar", 1), ("JAYAPURA", "Asia/Jayapura", 0)],
)
def test_nine_in_the_morning_is_another_moment_in_each_zone(code, zone, utc_hour):
    slot = make_slot(make_office(code, zone), hour=9)
    application = make_application()

    hold(application, slot)

    application.refresh_from_db()
    assert application.place_starts_at == datetime(2026, 11, 25, utc_hour, tzinfo=UTC)
    assert application.office.local(application.place_starts_at).hour == 9
