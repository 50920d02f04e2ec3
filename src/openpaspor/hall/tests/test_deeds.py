"""Arriving, calling and ending, with real rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction

from openpaspor import journey
from openpaspor.applications.actions import move, tell, withdraw
from openpaspor.hall import actions
from openpaspor.hall.models import Counter, DayFull, DayPot, Ticket
from openpaspor.hall.sweeps import close_forgotten_days
from openpaspor.hall.tests.making import (
    NINE,
    make_booked,
    make_draft,
    make_in_state,
    make_officer,
    make_submitted,
    office_of,
    open_counter,
)
from openpaspor.journey import State
from openpaspor.ledger.models import Entry
from openpaspor.ledger.worker import work_until_idle
from openpaspor.offices.models import Knob, Office

pytestmark = pytest.mark.django_db


@pytest.fixture
def denpasar() -> Office:
    return office_of()


def said(kind: str) -> list[dict]:
    return [entry.values for entry in Entry.objects.filter(kind=kind).order_by("id")]


# Arriving


def test_a_booked_visitor_gets_an_appointment_number(denpasar):
    application = make_booked(denpasar, NINE)

    ticket = actions.arrive(application, denpasar, action_id="a1", actor="S-1", now=NINE)

    assert ticket.label == "A 001"
    application.refresh_from_db()
    assert (application.state, application.ticket, application.place_status) == (
        State.ARRIVED,
        "A 001",
        "used",
    )


def test_arriving_twice_gives_the_same_number(denpasar):
    application = make_booked(denpasar, NINE)
    first = actions.arrive(application, denpasar, action_id="a1", actor="S-1", now=NINE)

    assert actions.arrive(application, denpasar, action_id="a1", actor="S-1", now=NINE) == first
    with pytest.raises(actions.AlreadyInLine, match="A 001"):
        actions.arrive(application, denpasar, action_id="a2", actor="S-1", now=NINE)


def test_a_refused_arrival_changes_nothing(denpasar):
    application = make_booked(denpasar, NINE + timedelta(hours=3))
    entries = Entry.objects.count()

    with pytest.raises(actions.TooEarly, match="12.00 WITA.*11.00 WITA"):
        actions.arrive(application, denpasar, action_id="a1", actor="S-1", now=NINE)
    assert (Ticket.objects.count(), Entry.objects.count()) == (0, entries)


def test_another_office_and_another_day_are_refused_with_what_to_do(denpasar):
    application = make_booked(denpasar, NINE + timedelta(days=1))

    with pytest.raises(actions.AnotherDay, match="25 November 2026, 09.00 WITA"):
        actions.arrive(application, denpasar, action_id="a1", actor="S-1", now=NINE)
    with pytest.raises(actions.WrongOffice, match="Denpasar"):
        actions.arrive(application, office_of("AMBON"), action_id="a2", actor="S-1", now=NINE)
    with pytest.raises(actions.AppointmentPassed, match="25 November"):
        actions.arrive(application, denpasar, action_id="a3", actor="S-1", now=NINE + timedelta(days=2))


def test_a_visitor_marked_missed_this_morning_is_still_received_today(denpasar):
    application = make_booked(denpasar, NINE)
    actions.end_day(denpasar, action_id="e1", actor="S-9", now=NINE + timedelta(hours=2))
    application.refresh_from_db()
    assert application.state == State.MISSED

    ticket = actions.arrive(application, denpasar, action_id="a1", actor="S-1", now=NINE + timedelta(hours=3))

    application.refresh_from_db()
    assert (ticket.label, application.state) == ("A 001", State.ARRIVED)


@pytest.mark.parametrize(
    ("office", "moment", "day"),
    [
        ("DENPASAR", datetime(2026, 11, 24, 15, 59, 59, tzinfo=UTC), date(2026, 11, 24)),
        ("DENPASAR", datetime(2026, 11, 24, 16, 0, tzinfo=UTC), date(2026, 11, 25)),
        ("BANDA-ACEH", datetime(2026, 11, 24, 16, 59, 59, tzinfo=UTC), date(2026, 11, 24)),
        ("BANDA-ACEH", datetime(2026, 11, 24, 17, 0, tzinfo=UTC), date(2026, 11, 25)),
        ("AMBON", datetime(2026, 11, 24, 14, 59, 59, tzinfo=UTC), date(2026, 11, 24)),
        ("AMBON", datetime(2026, 12, 31, 15, 0, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_a_number_belongs_to_the_day_on_the_offices_own_wall(office, moment, day):
    ticket = actions.issue_walk_in(office_of(office), action_id="w1", actor="S-1", now=moment)

    assert (ticket.day, ticket.number) == (day, 1)


def test_numbers_start_again_each_day_and_are_one_series_a_line(denpasar):
    labels = [
        actions.issue_walk_in(
            denpasar, action_id=f"w{n}", actor="S-1", now=NINE + timedelta(hours=9 * n)
        ).label
        for n in range(3)
    ]
    priority = actions.issue_walk_in(denpasar, action_id="p", actor="S-1", now=NINE, priority="sick")

    assert (labels, priority.label) == (["B 001", "B 002", "B 001"], "P 001")


def test_walk_in_places_run_out(denpasar):
    actions.set_day_pot(denpasar, NINE.date(), "B", 1, action_id="p", actor="S-1", now=NINE)
    actions.issue_walk_in(denpasar, action_id="w1", actor="S-1", now=NINE)

    with pytest.raises(DayFull):
        actions.issue_walk_in(denpasar, action_id="w2", actor="S-1", now=NINE)
    assert (
        actions.issue_walk_in(denpasar, action_id="w3", actor="S-1", now=NINE, priority="elderly").label
        == "P 001"
    )


def test_lowering_the_places_turns_nobody_away_who_has_a_number(denpasar):
    for n in range(3):
        actions.issue_walk_in(denpasar, action_id=f"w{n}", actor="S-1", now=NINE)

    pot = actions.set_day_pot(denpasar, NINE.date(), "B", 1, action_id="p", actor="S-1", now=NINE)

    assert (pot.offered, pot.capacity, pot.taken, pot.left) == (1, 3, 3, 0)
    assert said("hall.day_pot_set")[-1] == {
        "office": "DENPASAR",
        "day": "2026-11-24",
        "series": "B",
        "offered": 1,
    }


def test_a_full_day_leaves_the_application_where_it_was(denpasar):
    application = make_submitted()
    actions.set_day_pot(denpasar, NINE.date(), "B", 0, action_id="p", actor="S-1", now=NINE)

    with pytest.raises(DayFull):
        actions.issue_walk_in(denpasar, action_id="w", actor="S-1", now=NINE, application=application)
    application.refresh_from_db()
    assert (application.state, application.office) == (State.SUBMITTED, None)


def test_a_submitted_application_comes_in_with_a_walk_in_place(denpasar):
    application = make_submitted()

    ticket = actions.give_number(application, denpasar, action_id="w", actor="S-1", now=NINE, priority="")

    application.refresh_from_db()
    assert (ticket.label, application.state, application.ticket) == ("B 001", State.ARRIVED, "B 001")
    assert DayPot.objects.get(series="B").taken == 1


def test_a_draft_is_told_what_to_do(denpasar):
    with pytest.raises(actions.NotExpected, match="not sent yet|belum dikirim"):
        actions.give_number(make_draft(), denpasar, action_id="a", actor="S-1", now=NINE, priority="")


@pytest.mark.parametrize(
    ("state", "label"), [(State.INCOMPLETE, "A 001"), (State.ASKED, "A 001"), (State.READY, "C 001")]
)
def test_whoever_comes_back_gets_a_number_of_the_right_line(denpasar, state, label):
    application = make_in_state(denpasar, state)
    known = {"action_id": "a", "actor": "S-1", "now": NINE + timedelta(days=3), "priority": ""}

    assert actions.give_number(application, denpasar, **known).label == label
    application.refresh_from_db()
    assert application.state == state


def test_a_passport_is_collected_at_its_own_office(denpasar):
    application = make_in_state(denpasar, State.READY)

    with pytest.raises(actions.WrongShelf, match="Denpasar"):
        actions.give_number(
            application, office_of("AMBON"), action_id="a", actor="S-1", now=NINE, priority=""
        )


@pytest.mark.parametrize("state", [State.ENROLLED, State.REVIEW, State.APPROVED, State.PRINTED])
def test_nobody_queues_for_what_needs_no_visit(denpasar, state):
    application = make_in_state(denpasar, state)

    with pytest.raises(actions.NotExpected):
        actions.give_number(application, denpasar, action_id="a", actor="S-1", now=NINE, priority="")


# Counters and calls


def test_a_counter_calls_holds_and_brings_back(denpasar):
    ticket = actions.issue_walk_in(denpasar, action_id="w1", actor="S-1", now=NINE)
    counter = open_counter(denpasar)
    called = actions.call_next(counter, action_id="c1", actor="S-1", now=NINE)
    assert called == ticket

    with pytest.raises(actions.CounterBusy, match="B 001"):
        actions.call_next(counter, action_id="c2", actor="S-1", now=NINE)
    actions.hold_ticket(called, "2", action_id="h1", actor="S-1", now=NINE, at=counter)
    with pytest.raises(actions.NothingToCall):
        actions.call_next(counter, action_id="c3", actor="S-1", now=NINE)
    actions.resume(called, action_id="r1", actor="S-1", now=NINE)
    assert actions.call_next(counter, action_id="c4", actor="S-1", now=NINE) == ticket


def test_two_counters_never_call_the_same_number(denpasar):
    for number in range(2):
        actions.issue_walk_in(denpasar, action_id=f"w{number}", actor="S-1", now=NINE)

    first = actions.call_next(open_counter(denpasar, 1), action_id="c1", actor="S-1", now=NINE)
    second = actions.call_next(open_counter(denpasar, 2), action_id="c2", actor="S-2", now=NINE)

    assert first != second


def test_a_second_and_third_call_say_so(denpasar):
    actions.issue_walk_in(denpasar, action_id="w1", actor="S-1", now=NINE)
    ticket = actions.call_next(open_counter(denpasar), action_id="c1", actor="S-1", now=NINE)

    for n in range(2):
        ticket = actions.recall(ticket, action_id=f"r{n}", actor="S-1", now=NINE)

    assert ticket.is_last_call
    assert [one.get("again", False) for one in said("hall.ticket_called")] == [False, True, True]


def test_a_counter_that_is_taken_is_refused(denpasar):
    open_counter(denpasar, 1)

    with pytest.raises(actions.CounterTaken, match="1"):
        open_counter(denpasar, 1, make_officer())


def test_an_officer_who_moves_leaves_the_old_counter(denpasar):
    officer = make_officer()
    open_counter(denpasar, 1, officer)

    open_counter(denpasar, 2, officer)

    assert [one.number for one in Counter.objects.filter(officer=officer)] == [2]
    assert len(said("hall.counter_closed")) == 1


def test_a_number_is_handed_to_another_counter_and_keeps_its_label(denpasar):
    actions.issue_walk_in(denpasar, action_id="w1", actor="S-1", now=NINE)
    first, second = open_counter(denpasar, 1), open_counter(denpasar, 2)
    ticket = actions.call_next(first, action_id="c1", actor="S-1", now=NINE)

    actions.transfer(ticket, action_id="t1", actor="S-1", now=NINE, counter=second, at=first)

    assert (ticket.label, ticket.counter, ticket.state) == ("B 001", second, "called")
    with pytest.raises(actions.TicketMoved, match="2"):
        actions.no_show(ticket, action_id="n1", actor="S-1", now=NINE, at=first)


def test_a_number_is_not_handed_to_a_busy_or_closed_counter(denpasar):
    for number in range(2):
        actions.issue_walk_in(denpasar, action_id=f"w{number}", actor="S-1", now=NINE)
    first, second = open_counter(denpasar, 1), open_counter(denpasar, 2)
    ticket = actions.call_next(first, action_id="c1", actor="S-1", now=NINE)
    other = actions.call_next(second, action_id="c2", actor="S-2", now=NINE)

    with pytest.raises(actions.CounterBusy, match=other.label):
        actions.transfer(ticket, action_id="t1", actor="S-1", now=NINE, counter=second)
    actions.finish_ticket(other, action_id="f", actor="S-2", now=NINE)
    actions.close_counter(second, action_id="x", actor="S-2", now=NINE)
    with pytest.raises(actions.CounterNotOpen):
        actions.transfer(ticket, action_id="t2", actor="S-1", now=NINE, counter=second)


def test_a_wrong_line_is_put_right_and_the_place_by_time_is_kept(denpasar):
    ticket = actions.issue_walk_in(denpasar, action_id="w1", actor="S-1", now=NINE)
    later = actions.issue_walk_in(
        denpasar, action_id="w2", actor="S-1", now=NINE + timedelta(minutes=5), priority="sick"
    )

    actions.transfer(ticket, action_id="t1", actor="S-1", now=NINE, series="P")

    assert (ticket.label, ticket.line, ticket.line_since) == ("B 001", "P", NINE)
    called = actions.call_next(open_counter(denpasar), action_id="c", actor="S-1", now=later.issued_at)
    assert called == ticket


def test_a_no_show_can_be_undone_for_five_minutes(denpasar):
    actions.issue_walk_in(denpasar, action_id="w1", actor="S-1", now=NINE)
    ticket = actions.call_next(open_counter(denpasar), action_id="c1", actor="S-1", now=NINE)
    actions.no_show(ticket, action_id="n1", actor="S-1", now=NINE)

    with pytest.raises(actions.UndoTooLate):
        actions.undo_no_show(ticket, action_id="u1", actor="S-1", now=NINE + timedelta(minutes=6))
    actions.undo_no_show(ticket, action_id="u2", actor="S-1", now=NINE + timedelta(minutes=4))
    assert Ticket.objects.in_line().get() == ticket


def test_after_a_no_show_a_new_number_is_given_and_the_old_one_does_not_come_back(denpasar):
    application = make_booked(denpasar, NINE)
    ticket = actions.arrive(application, denpasar, action_id="a1", actor="S-1", now=NINE)
    actions.call_next(open_counter(denpasar), action_id="c1", actor="S-1", now=NINE)
    actions.no_show(ticket, action_id="n1", actor="S-1", now=NINE)

    fresh = actions.give_number(
        application, denpasar, action_id="a2", actor="S-1", now=NINE + timedelta(minutes=1), priority=""
    )

    assert fresh.label == "A 002"
    with pytest.raises(actions.AlreadyInLine, match="A 002"):
        actions.undo_no_show(ticket, action_id="u", actor="S-1", now=NINE + timedelta(minutes=2))


def test_each_office_says_how_late_is_late(denpasar):
    Knob.objects.create(name="late_minutes", office=denpasar, value=5, valid_from=NINE - timedelta(days=1))
    late = make_booked(denpasar, NINE - timedelta(minutes=10))
    actions.arrive(late, denpasar, action_id="a1", actor="S-1", now=NINE)
    on_time = make_booked(denpasar, NINE + timedelta(minutes=5))
    expected = actions.arrive(on_time, denpasar, action_id="a2", actor="S-1", now=NINE + timedelta(minutes=1))

    called = actions.call_next(
        open_counter(denpasar), action_id="c", actor="S-1", now=NINE + timedelta(minutes=6)
    )

    assert called == expected


# Following the application


def test_the_number_ends_when_the_case_leaves_the_counter(denpasar):
    application = make_booked(denpasar, NINE)
    ticket = actions.arrive(application, denpasar, action_id="a1", actor="S-1", now=NINE)
    actions.call_next(open_counter(denpasar), action_id="c1", actor="S-1", now=NINE)
    move(application, journey.ENROL, actor="S-1", now=NINE + timedelta(minutes=10))

    work_until_idle(with_sweeps=False)

    ticket.refresh_from_db()
    assert ticket.state == "served"


def test_the_next_call_need_not_wait_for_the_worker(denpasar):
    application = make_booked(denpasar, NINE)
    first = actions.arrive(application, denpasar, action_id="a1", actor="S-1", now=NINE)
    second = actions.issue_walk_in(denpasar, action_id="w1", actor="S-1", now=NINE)
    counter = open_counter(denpasar)
    actions.call_next(counter, action_id="c1", actor="S-1", now=NINE)
    move(application, journey.ENROL, actor="S-1", now=NINE + timedelta(minutes=10))

    called = actions.call_next(counter, action_id="c2", actor="S-1", now=NINE + timedelta(minutes=10))

    first.refresh_from_db()
    assert (called, first.state) == (second, "served")
    work_until_idle(with_sweeps=False)


def test_whoever_owes_papers_and_came_back_is_not_ended_by_the_next_call(denpasar):
    application = make_in_state(denpasar, State.INCOMPLETE)
    tomorrow = NINE + timedelta(days=1)
    actions.give_number(application, denpasar, action_id="a", actor="S-1", now=tomorrow, priority="")
    counter = open_counter(denpasar)
    actions.call_next(counter, action_id="c1", actor="S-1", now=tomorrow)

    with pytest.raises(actions.CounterBusy):
        actions.call_next(counter, action_id="c2", actor="S-1", now=tomorrow)
    work_until_idle(with_sweeps=False)
    assert Ticket.objects.live().count() == 1


def test_whoever_gives_up_while_waiting_has_left(denpasar):
    application = make_booked(denpasar, NINE)
    ticket = actions.arrive(application, denpasar, action_id="a1", actor="S-1", now=NINE)

    withdraw(application, action_id="x", actor="A-1", now=NINE + timedelta(minutes=5))
    work_until_idle(with_sweeps=False)

    ticket.refresh_from_db()
    assert (ticket.state, ticket.reason) == ("left", "withdrawn")


@pytest.mark.parametrize("typed", ["B 001", "B001", "b1"])
def test_a_walk_in_written_up_at_the_counter_keeps_its_number(denpasar, typed):
    ticket = actions.issue_walk_in(denpasar, action_id="w1", actor="S-1", now=NINE)
    application = make_submitted()
    tell(application, actor="S-1", now=NINE, office=denpasar.code, ticket=typed)
    move(application, journey.WALK_IN, actor="S-1", now=NINE)

    work_until_idle(with_sweeps=False)

    ticket.refresh_from_db()
    application.refresh_from_db()
    assert (ticket.application, application.ticket) == (application, "B 001")


def test_a_number_that_is_none_hurts_nobody(denpasar):
    application = make_submitted()
    tell(application, actor="S-1", now=NINE, office=denpasar.code, ticket="kosong")
    move(application, journey.WALK_IN, actor="S-1", now=NINE)

    work_until_idle(with_sweeps=False)

    application.refresh_from_db()
    assert (application.ticket, Ticket.objects.count()) == ("kosong", 0)


# The end of the day


def test_the_end_of_the_day_marks_who_did_not_come(denpasar):
    absent = make_booked(denpasar, NINE)
    tomorrow = make_booked(denpasar, NINE + timedelta(days=1))
    actions.issue_walk_in(denpasar, action_id="w1", actor="S-1", now=NINE)
    open_counter(denpasar)

    ended = actions.end_day(denpasar, action_id="e1", actor="S-9", now=NINE + timedelta(hours=8))

    assert (ended.served, ended.left, ended.missed) == (0, 1, 1)
    absent.refresh_from_db()
    tomorrow.refresh_from_db()
    assert (absent.state, tomorrow.state) == (State.MISSED, State.BOOKED)
    assert not Counter.objects.filter(officer__isnull=False).exists()


def test_whoever_misses_also_the_visit_that_made_good_a_missed_one_is_told_apart(denpasar):
    twice = make_booked(denpasar, NINE)
    with transaction.atomic():
        move(twice, journey.MISS, actor="S-1", now=NINE + timedelta(hours=8))
        move(twice, journey.RESCUE, actor="U-1", now=NINE + timedelta(hours=9))
        tell(twice, actor="U-1", now=NINE + timedelta(hours=9), place_starts_at=NINE + timedelta(days=1))
    once = make_booked(denpasar, NINE + timedelta(days=1))

    actions.end_day(denpasar, action_id="e1", actor="S-9", now=NINE + timedelta(days=1, hours=8))

    twice.refresh_from_db()
    once.refresh_from_db()
    assert (once.reason, twice.reason) == ("did-not-come", "did-not-come-again")


def test_a_day_ended_too_early_misses_nobody_who_is_still_to_come(denpasar):
    later = make_booked(denpasar, NINE + timedelta(hours=4))

    ended = actions.end_day(denpasar, action_id="e1", actor="S-9", now=NINE + timedelta(hours=1))

    later.refresh_from_db()
    assert (ended.missed, later.state) == (0, State.BOOKED)
    ticket = actions.arrive(later, denpasar, action_id="a", actor="S-1", now=NINE + timedelta(hours=4))
    assert ticket.label == "A 001"


def test_whoever_was_sent_home_keeps_the_visit_and_gets_a_new_number(denpasar):
    application = make_booked(denpasar, NINE)
    actions.arrive(application, denpasar, action_id="a1", actor="S-1", now=NINE)
    actions.end_day(denpasar, action_id="e1", actor="S-9", now=NINE + timedelta(hours=8))
    application.refresh_from_db()
    assert (application.state, application.ticket) == (State.ARRIVED, "")

    again = actions.give_number(
        application, denpasar, action_id="a2", actor="S-1", now=NINE + timedelta(days=1), priority=""
    )

    assert (again.label, again.day) == ("A 001", date(2026, 11, 25))


def test_a_day_that_nobody_ended_ends_after_midnight_at_the_office(denpasar):
    absent = make_booked(denpasar, NINE)
    ticket = actions.issue_walk_in(denpasar, action_id="w1", actor="S-1", now=NINE)
    counter = open_counter(denpasar)

    assert close_forgotten_days(now=datetime(2026, 11, 24, 15, 59, tzinfo=UTC)) == 0
    assert close_forgotten_days(now=datetime(2026, 11, 24, 16, 1, tzinfo=UTC)) == 1
    assert close_forgotten_days(now=datetime(2026, 11, 24, 16, 3, tzinfo=UTC)) == 0
    absent.refresh_from_db()
    ticket.refresh_from_db()
    counter.refresh_from_db()
    assert (absent.state, ticket.state, counter.is_open) == (State.MISSED, "left", True)
    assert said("hall.day_ended")[-1]["day"] == "2026-11-24"
