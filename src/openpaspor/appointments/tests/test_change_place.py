"""Moving a visit, and a new time after a missed one."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.db import transaction

from openpaspor import journey
from openpaspor.applications import dossier
from openpaspor.applications.actions import Stopped, move, order_stop, tell
from openpaspor.appointments import actions
from openpaspor.appointments.models import BookingState, Pot, SlotFull
from openpaspor.facts.ledger import DoubtDecided
from openpaspor.journey import State
from openpaspor.ledger.models import Entry
from openpaspor.ledger.record import record

from .make import NOW, TOMORROW, WITA, hold, make_application, make_booked, make_slot, miss, settle_down

pytestmark = pytest.mark.django_db
THURSDAY = date(2026, 11, 26)


def move_to(application, slot, *, now=NOW, action_id=""):
    action_id = action_id or f"change-{application.ref}-{slot.pk}-{now.isoformat()}"
    return actions.change_place(application, slot, action_id=action_id, actor="U-1", now=now)


def test_a_visit_moves_and_the_old_place_is_free_again():
    old, new = make_slot(day=THURSDAY, hour=9), make_slot(day=THURSDAY, hour=11)
    application = make_booked(old)

    booking = move_to(application, new)

    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.taken, new.taken) == (0, 1)
    assert (booking.pass_number, application.pass_number) == (2, 2)
    assert (application.state, application.place_starts_at) == (State.BOOKED, new.starts_at)
    assert application.changes_used == 1
    fact = Entry.objects.get(kind="appointments.place_changed").read()
    assert (fact.old_starts_at, fact.starts_at, fact.why) == (old.starts_at, new.starts_at, "changed")


def test_a_lost_race_leaves_the_old_place_standing():
    old, new = make_slot(day=THURSDAY, hour=9), make_slot(day=THURSDAY, hour=11)
    application = make_booked(old)
    hold(make_application(), new)

    with pytest.raises(SlotFull):
        move_to(application, new)

    old.refresh_from_db()
    application.refresh_from_db()
    assert (old.taken, application.place_starts_at, application.changes_used) == (1, old.starts_at, 0)


def test_a_visit_is_moved_once():
    slots = [make_slot(day=THURSDAY, hour=hour) for hour in (9, 10, 11)]
    application = make_booked(slots[0])
    move_to(application, slots[1])

    with pytest.raises(actions.ChangesUsedUp):
        move_to(application, slots[2])


def test_a_double_click_moves_once():
    old, new = make_slot(day=THURSDAY, hour=9), make_slot(day=THURSDAY, hour=11, offered=5)
    application = make_booked(old)

    first = move_to(application, new, action_id="click")
    second = move_to(application, new, action_id="click")

    new.refresh_from_db()
    assert (first.pk, new.taken) == (second.pk, 1)


@pytest.mark.parametrize(
    ("at", "moves"),
    [
        (datetime(2026, 11, 24, 17, 59, tzinfo=WITA), True),
        (datetime(2026, 11, 24, 18, 0, tzinfo=WITA), False),
    ],
)
def test_a_visit_can_be_moved_until_the_evening_before(at, moves):
    old, new = make_slot(day=TOMORROW, hour=9), make_slot(day=THURSDAY, hour=9)
    application = make_booked(old)

    if moves:
        assert move_to(application, new, now=at).state == BookingState.BOOKED
    else:
        with pytest.raises(actions.TooLateToChange):
            move_to(application, new, now=at)


def test_the_same_time_again_is_no_move():
    slot = make_slot(day=THURSDAY, offered=3)
    application = make_booked(slot)

    with pytest.raises(actions.SamePlace):
        move_to(application, slot)

    assert application.changes_used == 0


def test_before_payment_a_visit_is_not_moved():
    application = make_application()
    hold(application, make_slot(day=THURSDAY))

    with pytest.raises(actions.NoPlaceToMove):
        move_to(application, make_slot(day=THURSDAY, hour=10))


def rescue(application, slot, *, now):
    return actions.rescue(application, slot, action_id=f"rescue-{slot.pk}-{now}", actor="U-1", now=now)


def make_missed():
    slot = make_slot(day=TOMORROW, hour=9)
    application = make_booked(slot)
    miss(application, now=slot.starts_at + timedelta(hours=8))
    return application, slot


def test_a_missed_visit_is_made_good_without_paying_again():
    application, slot = make_missed()
    new = make_slot(day=date(2026, 11, 30), pot=Pot.RESCUE)

    booking = rescue(application, new, now=slot.starts_at + timedelta(days=1))

    assert (application.state, booking.pass_number, application.bill_status) == (State.BOOKED, 2, "paid")
    assert application.bookings.get(slot=slot).state == BookingState.MISSED
    slot.refresh_from_db()
    assert slot.taken == 1  # a missed place is used up, not sold again


def test_a_missed_visit_is_made_good_once():
    application, slot = make_missed()
    second = make_slot(day=date(2026, 11, 30), pot=Pot.RESCUE)
    rescue(application, second, now=slot.starts_at + timedelta(days=1))
    miss(application, now=second.starts_at + timedelta(hours=8))

    with pytest.raises(actions.RescueOver):
        rescue(application, make_slot(day=date(2026, 12, 2)), now=second.starts_at + timedelta(days=1))


def test_a_missed_visit_can_be_made_good_for_seven_days():
    application, slot = make_missed()
    new = make_slot(day=date(2026, 12, 7), pot=Pot.RESCUE)

    with pytest.raises(actions.RescueOver):
        rescue(application, new, now=slot.starts_at + timedelta(days=7, seconds=1))
    assert rescue(application, new, now=slot.starts_at + timedelta(days=7)).state == BookingState.BOOKED


def test_a_rescue_works_before_the_worker_has_heard_of_the_miss():
    slot = make_slot(day=TOMORROW)
    application = make_booked(slot)
    with transaction.atomic():
        move(application, journey.MISS, actor="S-1", now=slot.starts_at + timedelta(hours=8))

    booking = rescue(
        application, make_slot(day=date(2026, 11, 27), pot=Pot.RESCUE), now=slot.starts_at + timedelta(days=1)
    )

    assert booking.state == BookingState.BOOKED
    assert application.bookings.get(slot=slot).state == BookingState.MISSED


def test_a_stopped_application_is_not_moved():
    application = make_booked(make_slot(day=THURSDAY))
    order_stop(application, "watch-list", actor="C-1", now=NOW)
    new = make_slot(day=THURSDAY, hour=11)

    with pytest.raises(Stopped):
        move_to(application, new)

    new.refresh_from_db()
    assert new.taken == 0


def test_a_person_with_another_place_is_not_rescued():
    application, slot = make_missed()
    answers = dossier.open_answers(application, actor="worker", why="test", now=NOW)
    hold(make_application(nik=answers.nik), make_slot(day=date(2026, 12, 1)))
    new = make_slot(day=date(2026, 11, 30), pot=Pot.RESCUE)

    with pytest.raises(actions.OneLivePlace):
        rescue(application, new, now=slot.starts_at + timedelta(days=1))

    new.refresh_from_db()
    assert new.taken == 0


def test_the_place_of_a_visitor_who_came_on_the_old_pass_is_given_back_when_somebody_has_looked():
    old, new = make_slot(day=THURSDAY, hour=9), make_slot(day=THURSDAY, hour=11)
    application = make_booked(old)
    move_to(application, new)
    with transaction.atomic():
        tell(application, actor="S-1", now=NOW, place_starts_at=old.starts_at)
        move(application, journey.ARRIVE_OLD_PASS, actor="S-1", now=NOW)
    settle_down(application)
    new.refresh_from_db()
    assert new.taken == 1

    taken = []
    change, visit = ("presence-wins", "entry"), ("presence-wins", "other")
    for code, picked in (change, ("old-pass", "other"), visit, ("old-pass", "entry")):
        decided = DoubtDecided(code=code, application=application.ref, picked=picked)
        with transaction.atomic():
            record(decided, actor="S-2", now=NOW)
        settle_down(application)
        new.refresh_from_db()
        taken.append(new.taken)

    assert taken == [1, 1, 0, 0]
    assert application.state == State.ARRIVED
