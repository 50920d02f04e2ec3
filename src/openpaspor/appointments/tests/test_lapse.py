"""A hold without money ends, and money that comes late is honoured all the same."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from openpaspor.appointments import actions, sweeps
from openpaspor.appointments.models import BookingState, Why
from openpaspor.journey import State
from openpaspor.ledger.models import Entry
from openpaspor.payments.models import Bill, Status

from .make import NOW, hold, make_application, make_booked, make_slot, pay, settle_down, withdraw

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=2, minutes=1)


def test_a_hold_without_money_ends_and_nothing_is_typed_again():
    slot, application = make_slot(), make_application()
    booking = hold(application, slot)

    assert sweeps.free_lapsed_holds(now=LATER) == 1

    for row in (slot, application, booking):
        row.refresh_from_db()
    assert (slot.taken, application.state, booking.state) == (0, State.SUBMITTED, BookingState.LAPSED)
    assert Bill.objects.get(code=booking.bill).status == Status.LAPSED
    assert (application.place_status, application.place_starts_at) == ("freed", None)
    assert hold(application, slot, now=LATER).state == BookingState.HELD


def test_the_sweep_frees_a_place_once():
    slot, application = make_slot(offered=3), make_application()
    hold(make_application(), slot, now=LATER)
    hold(application, slot)

    sweeps.free_lapsed_holds(now=LATER)
    sweeps.free_lapsed_holds(now=LATER)

    slot.refresh_from_db()
    assert slot.taken == 1
    assert Entry.objects.filter(kind="appointments.place_freed").count() == 1


def test_a_hold_does_not_lapse_to_the_second_of_its_deadline():
    application = make_application()
    booking = hold(application, make_slot())

    assert sweeps.free_lapsed_holds(now=booking.held_until) == 0


def test_a_place_paid_before_the_sweep_is_booked_not_freed():
    slot, application = make_slot(), make_application()
    hold(application, slot)
    pay(application, paid_at=NOW + timedelta(hours=1, minutes=59), now=LATER)

    sweeps.free_lapsed_holds(now=LATER)

    application.refresh_from_db()
    assert application.state == State.BOOKED


def test_money_paid_in_time_but_told_late_gets_the_same_place_back():
    slot, application = make_slot(), make_application()
    hold(application, slot)
    sweeps.free_lapsed_holds(now=LATER)

    pay(application, paid_at=NOW + timedelta(minutes=5), now=LATER + timedelta(hours=1))

    slot.refresh_from_db()
    assert (application.state, application.place_starts_at, slot.taken) == (State.BOOKED, slot.starts_at, 1)
    assert application.bookings.get(state="booked").why == Why.RESEATED


def test_late_money_gets_the_nearest_later_place_when_its_own_is_gone():
    slot, next_hour = make_slot(hour=9), make_slot(hour=11)
    make_slot(hour=14)
    application = make_application()
    hold(application, slot)
    sweeps.free_lapsed_holds(now=LATER)
    hold(make_application(), slot, now=LATER)

    pay(application, now=LATER + timedelta(minutes=5))

    assert (application.state, application.place_starts_at) == (State.BOOKED, next_hour.starts_at)


def test_late_money_without_any_place_left_keeps_its_worth():
    slot, application = make_slot(), make_application()
    hold(application, slot)
    sweeps.free_lapsed_holds(now=LATER)
    hold(make_application(), slot, now=LATER)
    pay(application, now=LATER + timedelta(minutes=5))
    assert (application.state, application.bill_status) == (State.SUBMITTED, "paid")

    hold(application, make_slot(day=date(2026, 11, 27)), now=LATER + timedelta(hours=1))

    assert application.state == State.BOOKED
    assert Bill.objects.of(application).count() == 1


def test_a_held_place_can_be_given_up_to_choose_another():
    slot, application = make_slot(), make_application()
    hold(application, slot)

    actions.give_up(application, action_id="give-up", actor="U-1", now=NOW)

    slot.refresh_from_db()
    assert (slot.taken, application.state) == (0, State.SUBMITTED)
    with pytest.raises(actions.NoPlaceToMove):
        actions.give_up(application, action_id="again", actor="U-1", now=NOW)


def test_withdrawing_frees_a_held_and_a_booked_place():
    slot = make_slot(offered=2)
    held, booked = make_application(), make_booked(slot)
    hold(held, slot)

    withdraw(held)
    withdraw(booked)

    slot.refresh_from_db()
    assert slot.taken == 0
    assert (held.place_status, booked.place_status) == ("freed", "freed")


def test_the_worker_may_follow_twice_without_freeing_twice():
    slot = make_slot(offered=2)
    make_booked(slot)
    booked = make_booked(slot)
    withdraw(booked)

    actions.free_place(booked, action_id="once-more", actor="worker", now=NOW)
    settle_down(booked)

    slot.refresh_from_db()
    assert slot.taken == 1


def test_late_money_of_somebody_with_another_place_is_kept_for_a_choice():
    nik = "5171014503990003"
    slot, first = make_slot(offered=3), make_application(nik=nik)
    hold(first, slot)
    sweeps.free_lapsed_holds(now=LATER)
    hold(make_application(nik=nik), slot, now=LATER)

    pay(first, now=LATER + timedelta(minutes=5))

    assert (first.state, first.bill_status) == (State.SUBMITTED, "paid")
