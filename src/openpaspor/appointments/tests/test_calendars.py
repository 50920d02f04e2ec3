"""Opening days, setting pots, closing a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from openpaspor.applications.actions import order_stop
from openpaspor.appointments import actions, calendar_actions, rules, sweeps
from openpaspor.appointments.models import Booking, Calendar, Pot, Slot, SlotClosed, SlotFull, Why
from openpaspor.journey import State
from openpaspor.ledger.models import Entry
from openpaspor.offices import calendars
from openpaspor.offices.models import Booklet, ClosedDay
from openpaspor.payments.models import Bill, Status

from .make import (
    NOW,
    TODAY,
    TOMORROW,
    WITA,
    hold,
    make_application,
    make_booked,
    make_office,
    make_slot,
    pay,
    settle_down,
)

pytestmark = pytest.mark.django_db
THURSDAY, FRIDAY = date(2026, 11, 26), date(2026, 11, 27)


def open_day(office, day, action_id="open"):
    return calendar_actions.open_calendar(office, day, action_id=action_id, actor="S-1", now=NOW)


def places(office, day, pot=Pot.ONLINE, booklet=Booklet.ELECTRONIC):
    slots = Slot.objects.filter(office=office, day=day, pot=pot, booklet_kind=booklet)
    return [slot.offered for slot in slots.order_by("starts_at")]


def test_a_day_opens_with_the_quota_of_its_class_over_its_hours():
    office = make_office()

    open_day(office, TOMORROW)

    assert places(office, TOMORROW) == [15] * 7
    assert sum(places(office, TOMORROW, Pot.RESCUE, Booklet.REGULAR)) == 4
    hours = Slot.objects.filter(office=office, day=TOMORROW).values_list("starts_at", flat=True)
    assert (min(hours), max(hours)) == (
        datetime(2026, 11, 25, 8, tzinfo=WITA),
        datetime(2026, 11, 25, 14, tzinfo=WITA),
    )


def test_opening_a_day_twice_changes_nothing():
    office = make_office()
    open_day(office, TOMORROW)
    hold(
        make_application(),
        Slot.objects.filter(office=office, pot=Pot.ONLINE, booklet_kind="electronic").first(),
    )
    before = list(Slot.objects.order_by("pk").values())

    open_day(office, TOMORROW, action_id="again")

    assert list(Slot.objects.order_by("pk").values()) == before


def test_the_same_request_after_a_day_was_closed_gives_the_same_answer():
    office = make_office()
    request = {"action_id": "release", "actor": "S-1"}
    places_before = calendar_actions.open_calendars([office], 3, now=NOW, **request)
    calendar_actions.close_day(office, TOMORROW, "flood", action_id="flood", actor="S-1", now=NOW)

    again = calendar_actions.open_calendars([office], 3, now=NOW + timedelta(days=1), **request)

    assert again == places_before


@pytest.mark.parametrize("day", [date(2026, 11, 28), date(2026, 12, 25), date(2026, 12, 24)])
def test_weekends_holidays_and_collective_leave_have_no_places(day):
    office = make_office()

    assert open_day(office, day) == 0
    assert not Slot.objects.exists()


def test_working_days_are_counted_over_weekends_and_closed_days():
    office = make_office()
    ClosedDay.objects.create(office=office, day=FRIDAY, reason="flood")

    calendar_actions.open_calendars([office], 4, action_id="o", actor="S-1", now=NOW)

    days = Slot.objects.order_by("day").values_list("day", flat=True).distinct()
    assert list(days) == [TODAY, TOMORROW, THURSDAY, date(2026, 11, 30)]
    assert Calendar.objects.get(pk=office.pk).through == date(2026, 11, 30)


def test_many_offices_open_in_their_own_zones():
    medan = make_office("MEDAN", "Asia/Jakarta")
    jayapura = make_office("JAYAPURA", "Asia/Jayapura")
    late_evening_in_jakarta = datetime(2026, 11, 24, 16, 30, tzinfo=UTC)  # 25 November already in Jayapura

    calendar_actions.open_calendars(
        [medan, jayapura], 1, action_id="o", actor="S-1", now=late_evening_in_jakarta
    )

    assert set(Slot.objects.filter(office=medan).values_list("day", flat=True)) == {date(2026, 11, 24)}
    assert set(Slot.objects.filter(office=jayapura).values_list("day", flat=True)) == {date(2026, 11, 25)}


@pytest.mark.parametrize("day", [date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 31), date(2027, 1, 4)])
def test_the_local_day_of_a_slot_holds_over_month_and_year_ends(day):
    for code, zone in (
        ("MEDAN", "Asia/Jakarta"),
        ("DENPASAR", "Asia/Makassar"),
        ("JAYAPURA", "Asia/Jayapura"),
    ):
        office = make_office(code, zone)
        open_day(office, day, action_id=f"open-{code}")
        for slot in Slot.objects.filter(office=office):
            assert office.local(slot.starts_at).date() == slot.day == day
            assert slot.sells_until < slot.starts_at


def test_fridays_release_opens_the_week_after():
    office = make_office()
    open_day(office, FRIDAY)
    just_before = datetime(2026, 11, 27, 13, 59, tzinfo=WITA)

    sweeps.release_calendars(now=just_before)
    assert Calendar.objects.get(pk=office.pk).through == date(2026, 11, 29)
    sweeps.release_calendars(now=just_before + timedelta(minutes=1))

    assert Calendar.objects.get(pk=office.pk).through == date(2026, 12, 6)
    assert places(office, date(2026, 12, 4)) == [15] * 7
    assert not places(office, date(2026, 12, 7))


def test_a_release_is_at_its_hour_in_every_zone():
    read = calendars.reader(NOW)
    moments = {
        zone: calendars.release_of(make_office(zone[-4:].upper(), zone), date(2026, 12, 2), read)
        for zone in ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")
    }

    assert [moment.hour for moment in moments.values()] == [7, 6, 5]
    assert {moment.date() for moment in moments.values()} == {FRIDAY}


def set_pot(office, people, *, day=TOMORROW, booklet="electronic", action_id=""):
    action_id = action_id or f"pot-{day}-{people}"
    return calendar_actions.set_pot(
        office, day, Pot.ONLINE, booklet, people, action_id=action_id, actor="S-1", now=NOW
    )


def test_lowering_a_quota_cancels_nobody_and_sells_nothing_more():
    slot = make_slot(offered=3)
    booked = [make_booked(slot) for _visitor in range(3)]

    set_pot(slot.office, 1)

    slot.refresh_from_db()
    assert (slot.taken, slot.capacity) == (3, 3)
    assert {Booking.objects.get(application=one).state for one in booked} == {"booked"}
    with pytest.raises(SlotFull):
        hold(make_application(), slot)
    fact = Entry.objects.get(kind="appointments.quota_set").read()
    assert (fact.before, fact.offered, fact.taken) == (3, 1, 3)


def test_after_a_place_is_given_back_the_lower_quota_bites():
    slot = make_slot(offered=2)
    make_booked(slot)
    held = make_application()
    hold(held, slot)
    Slot.objects.filter(pk=slot.pk).update(offered=1)

    actions.give_up(held, action_id="g", actor="U-1", now=NOW)

    slot.refresh_from_db()
    assert (slot.offered, slot.taken, slot.capacity) == (1, 1, 1)


def test_a_head_stays_below_the_ceiling_of_the_centre():
    office = make_office()
    open_day(office, TOMORROW)

    with pytest.raises(calendar_actions.AboveCeiling):
        set_pot(office, 161)
    set_pot(office, 160)

    assert sum(places(office, TOMORROW)) == 160


def test_a_quota_gives_hours_back_that_had_none():
    office = make_office(office_class="I Non TPI")
    open_day(office, TOMORROW)

    calendar_actions.set_pot(
        office, TOMORROW, Pot.SAME_DAY, Booklet.REGULAR, 7, action_id="p", actor="S-1", now=NOW
    )

    assert places(office, TOMORROW, Pot.SAME_DAY, Booklet.REGULAR) == [1] * 7


@pytest.mark.parametrize(
    ("people", "taken", "offered"),
    [
        (7, [0] * 7, [1] * 7),
        (10, [0] * 7, [2, 2, 2, 1, 1, 1, 1]),
        (4, [3, 0, 0], [3, 1, 0]),
        (9, [5, 0, 0], [5, 2, 2]),
        (2, [5, 5], [1, 1]),
        (0, [1, 2], [0, 0]),
        (5, [], []),
    ],
)
def test_a_days_people_are_spread_over_its_hours(people, taken, offered):
    assert rules.spread(people, taken) == offered


def close(office, day, *, now=NOW, action_id="close"):
    return calendar_actions.close_day(office, day, "flood", action_id=action_id, actor="S-1", now=now)


def test_closing_a_day_moves_visits_to_the_nearest_day_at_the_same_hour():
    nine, eleven = make_slot(day=THURSDAY, hour=9), make_slot(day=THURSDAY, hour=11)
    first, second = make_booked(nine), make_booked(eleven)
    make_slot(day=FRIDAY, hour=9)
    friday_eleven = make_slot(day=FRIDAY, hour=11)
    plan = calendar_actions.closing_preview(nine.office, THURSDAY, now=NOW)

    moved, again = close(nine.office, THURSDAY)

    first.refresh_from_db()
    second.refresh_from_db()
    assert (moved, again) == (2, 0)
    assert first.place_starts_at == nine.starts_at + timedelta(days=1)
    assert second.place_starts_at == friday_eleven.starts_at
    assert [slot.starts_at for _visit, slot in plan] == [first.place_starts_at, second.place_starts_at]
    assert (first.changes_used, first.bill_status, first.pass_number) == (0, "paid", 2)


def test_who_was_moved_by_us_may_move_once_more_free():
    slot = make_slot(day=THURSDAY)
    make_slot(day=FRIDAY)
    monday = make_slot(day=date(2026, 11, 30))
    application = make_booked(slot)
    close(slot.office, THURSDAY)
    application.refresh_from_db()

    actions.change_place(application, monday, action_id="c", actor="U-1", now=NOW)

    assert (application.place_starts_at, application.changes_used) == (monday.starts_at, 0)


def test_without_any_free_time_the_visitor_chooses_again_without_paying():
    slot = make_slot(day=THURSDAY)
    application = make_booked(slot)

    assert close(slot.office, THURSDAY) == (0, 1)

    application.refresh_from_db()
    assert (application.state, application.place_starts_at, application.bill_status) == (
        State.SUBMITTED,
        None,
        "paid",
    )
    freed = Entry.objects.get(kind="appointments.place_freed").read()
    assert (freed.reason, freed.paid) == ("day-closed", True)
    hold(application, make_slot(day=FRIDAY))
    assert application.state == State.BOOKED
    assert Bill.objects.count() == 1


def test_a_held_place_of_a_closed_day_lapses_and_its_money_is_seated_later():
    slot = make_slot(day=THURSDAY)
    application = make_application()
    booking = hold(application, slot)
    close(slot.office, THURSDAY)
    application.refresh_from_db()
    assert application.state == State.SUBMITTED
    assert Bill.objects.get(code=booking.bill).status == Status.LAPSED
    friday = make_slot(day=FRIDAY)

    pay(application, paid_at=NOW + timedelta(minutes=5))

    assert (application.state, application.place_starts_at) == (State.BOOKED, friday.starts_at)


def test_money_that_came_a_moment_before_the_closing_is_honoured():
    slot = make_slot(day=THURSDAY)
    friday = make_slot(day=FRIDAY)
    application = make_application()
    booking = hold(application, slot)
    Bill.objects.filter(code=booking.bill).update(status=Status.PAID, paid_at=NOW)

    assert close(slot.office, THURSDAY) == (1, 0)

    application.refresh_from_db()
    assert application.place_starts_at == friday.starts_at


def test_a_stopped_application_loses_its_place_without_holding_up_the_others():
    slot = make_slot(day=THURSDAY, offered=2)
    make_slot(day=FRIDAY, offered=2)
    stopped, other = make_booked(slot), make_booked(slot)
    order_stop(stopped, "watch-list", actor="C-1", now=NOW)

    assert close(slot.office, THURSDAY) == (1, 1)

    stopped.refresh_from_db()
    other.refresh_from_db()
    assert (stopped.state, other.state) == (State.SUBMITTED, State.BOOKED)


def test_a_closed_day_sells_nothing_and_is_closed_once():
    slot = make_slot(day=THURSDAY, offered=5)
    close(slot.office, THURSDAY)

    with pytest.raises(SlotClosed):
        hold(make_application(), slot)
    with pytest.raises(calendar_actions.NotAWorkingDay):
        close(slot.office, THURSDAY, action_id="again")
    assert close(slot.office, THURSDAY) == (0, 0)  # the same click


def test_a_day_that_is_over_is_not_closed():
    with pytest.raises(calendar_actions.DayOver):
        close(make_office(), date(2026, 11, 23))


def test_the_closed_visits_know_what_took_their_stead():
    slot = make_slot(day=THURSDAY)
    make_slot(day=FRIDAY)
    application = make_booked(slot)

    close(slot.office, THURSDAY)
    settle_down(application)

    new = application.bookings.get(state="booked")
    assert (new.why, new.instead_of.slot_id, new.instead_of.reason) == (Why.DAY_CLOSED, slot.pk, "day-closed")


def test_booklets_that_are_short_stop_sales_until_their_day():
    slot, later = make_slot(day=THURSDAY), make_slot(day=FRIDAY)
    office = slot.office
    calendar_actions.say_short(office, "electronic", FRIDAY, action_id="s", actor="S-1", now=NOW)

    with pytest.raises(SlotClosed):
        hold(make_application(), slot)
    hold(make_application(), later)

    calendar_actions.say_short(office, "electronic", None, action_id="a", actor="S-1", now=NOW)
    hold(make_application(), slot)
