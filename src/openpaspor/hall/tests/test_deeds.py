"""Arriving, calling and ending, with real rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from openpaspor import journey
from openpaspor.accounts.models import User
from openpaspor.applications.actions import move, start_application, submit, tell
from openpaspor.applications.answers import Answers
from openpaspor.applications.models import Application
from openpaspor.hall import actions
from openpaspor.hall.models import Counter, DayFull, Ticket
from openpaspor.journey import State
from openpaspor.ledger.worker import work_until_idle
from openpaspor.offices.models import Office

pytestmark = pytest.mark.django_db
NINE = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # 09.00 WITA, a Tuesday


@pytest.fixture
def denpasar() -> Office:
    return Office.objects.get(pk="DENPASAR")


def make_booked(office: Office, at: datetime, name: str = "SUHARTO") -> Application:
    """An application with a confirmed place, made by the moves themselves."""
    number = Application.objects.count()
    application = start_application(
        "adult-replace", action_id=f"start-{number}", actor="A-1", now=NINE, answers=Answers(full_name=name)
    )
    submit(application, action_id=f"submit-{number}", actor="A-1", now=NINE)
    tell(application, actor="A-1", now=NINE, office=office.code, place_starts_at=at, place_status="booked")
    move(application, journey.HOLD, actor="A-1", now=NINE)
    move(application, journey.BOOK, actor="worker", now=NINE)
    return application


def make_officer(number: int = 1) -> User:
    return User.objects.create(code=f"S-{number}", login=f"officer{number}", joined_at=NINE)


def open_counter(office: Office, number: int = 1, officer: User | None = None) -> Counter:
    officer = officer or make_officer(number)
    return actions.open_counter(
        office, number, officer, action_id=f"open-{number}", actor=officer.code, now=NINE
    )


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


def test_another_office_and_another_day_are_refused_with_what_to_do(denpasar):
    application = make_booked(denpasar, NINE + timedelta(days=1))

    with pytest.raises(actions.AnotherDay, match="25 November 2026, 09.00 WITA"):
        actions.arrive(application, denpasar, action_id="a1", actor="S-1", now=NINE)
    with pytest.raises(actions.WrongOffice, match="Denpasar"):
        actions.arrive(application, Office.objects.get(pk="AMBON"), action_id="a2", actor="S-1", now=NINE)


def test_walk_in_places_run_out(denpasar):
    actions.set_day_pot(denpasar, NINE.date(), "B", 1, action_id="p", actor="S-1", now=NINE)
    actions.issue_walk_in(denpasar, action_id="w1", actor="S-1", now=NINE)

    with pytest.raises(DayFull):
        actions.issue_walk_in(denpasar, action_id="w2", actor="S-1", now=NINE)
    assert (
        actions.issue_walk_in(denpasar, action_id="w3", actor="S-1", now=NINE, priority="elderly").label
        == "P 001"
    )


def test_a_counter_calls_holds_and_brings_back(denpasar):
    ticket = actions.issue_walk_in(denpasar, action_id="w1", actor="S-1", now=NINE)
    counter = open_counter(denpasar)
    called = actions.call_next(counter, action_id="c1", actor="S-1", now=NINE)
    assert called == ticket

    with pytest.raises(actions.CounterBusy):
        actions.call_next(counter, action_id="c2", actor="S-1", now=NINE)
    actions.hold_ticket(called, "2", action_id="h1", actor="S-1", now=NINE)
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


def test_a_counter_that_is_taken_is_refused(denpasar):
    open_counter(denpasar, 1)

    with pytest.raises(actions.CounterTaken):
        actions.open_counter(denpasar, 1, make_officer(2), action_id="o2", actor="S-2", now=NINE)


def test_a_no_show_can_be_undone_for_five_minutes(denpasar):
    actions.issue_walk_in(denpasar, action_id="w1", actor="S-1", now=NINE)
    ticket = actions.call_next(open_counter(denpasar), action_id="c1", actor="S-1", now=NINE)
    actions.no_show(ticket, action_id="n1", actor="S-1", now=NINE)

    with pytest.raises(actions.UndoTooLate):
        actions.undo_no_show(ticket, action_id="u1", actor="S-1", now=NINE + timedelta(minutes=6))
    actions.undo_no_show(ticket, action_id="u2", actor="S-1", now=NINE + timedelta(minutes=4))
    assert Ticket.objects.in_line().get() == ticket


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


def test_the_number_ends_when_the_case_leaves_the_counter(denpasar):
    application = make_booked(denpasar, NINE)
    ticket = actions.arrive(application, denpasar, action_id="a1", actor="S-1", now=NINE)
    actions.call_next(open_counter(denpasar), action_id="c1", actor="S-1", now=NINE)
    move(application, journey.ENROL, actor="S-1", now=NINE + timedelta(minutes=10))

    work_until_idle(with_sweeps=False)

    ticket.refresh_from_db()
    assert ticket.state == "served"
