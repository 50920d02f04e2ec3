"""Several officers at once, on the real database."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from openpaspor.hall import actions, desk
from openpaspor.hall.models import DayFull, DayPot, PassArrival, Ticket
from openpaspor.hall.tests.making import NINE, make_booked, make_officer, office_of, open_counter, pass_of
from openpaspor.kit.refused import Refused
from openpaspor.ledger.models import Entry

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def all_at_once(deeds: list[Callable[[], object]]) -> list[object]:
    """Run each in a thread of its own; returns what each gave, or its refusal."""
    results: list[object] = [None] * len(deeds)
    ready = threading.Barrier(len(deeds))

    def run(place: int) -> None:
        try:
            ready.wait()
            results[place] = deeds[place]()
        except Refused as refusal:
            results[place] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_eight_counters_that_press_at_once_call_eight_numbers_by_the_rule():
    office = office_of()
    for n in range(12):
        actions.issue_walk_in(
            office, action_id=f"w{n}", actor="S-1", now=NINE, priority="sick" if n < 6 else ""
        )
    counters = [open_counter(office, number) for number in range(1, 9)]

    called = all_at_once(
        [
            lambda counter=counter: actions.call_next(
                counter, action_id=f"c{counter.pk}", actor="S-1", now=NINE
            )
            for counter in counters
        ]
    )

    assert len({one.pk for one in called}) == 8
    said = Entry.objects.filter(kind="hall.ticket_called").order_by("id")
    turns = "".join(entry.values["ticket"][0] for entry in said)
    assert len(turns) == 8
    assert "PP" not in turns


def test_one_press_that_arrives_twice_calls_one_number():
    office = office_of()
    for n in range(2):
        actions.issue_walk_in(office, action_id=f"w{n}", actor="S-1", now=NINE)
    counter = open_counter(office)

    called = all_at_once(
        [lambda: actions.call_next(counter, action_id="c", actor="S-1", now=NINE) for _twice in range(2)]
    )

    assert called[0] == called[1]
    assert Ticket.objects.filter(state="called").count() == 1


def test_the_last_walk_in_place_is_given_once_and_numbers_have_no_hole():
    office = office_of()
    actions.set_day_pot(office, NINE.date(), "B", 5, action_id="pot", actor="S-1", now=NINE)

    results = all_at_once(
        [
            lambda n=n: actions.issue_walk_in(office, action_id=f"w{n}", actor="S-1", now=NINE)
            for n in range(10)
        ]
    )

    assert sum(isinstance(one, DayFull) for one in results) == 5
    assert sorted(one.number for one in results if isinstance(one, Ticket)) == [1, 2, 3, 4, 5]
    assert DayPot.objects.get(series="B").taken == 5


def test_one_visitor_received_at_two_desks_gets_one_number():
    office = office_of()
    application = make_booked(office, NINE)

    results = all_at_once(
        [
            lambda n=n: actions.arrive(
                type(application).objects.get(pk=application.pk),
                office,
                action_id=f"a{n}",
                actor="S-1",
                now=NINE,
            )
            for n in range(4)
        ]
    )

    assert sum(isinstance(one, Ticket) for one in results) == 1
    assert {type(one) for one in results} == {Ticket, actions.AlreadyInLine}


def test_two_officers_who_want_one_counter_do_not_share_it():
    office = office_of()
    people = [make_officer() for _one in range(4)]

    results = all_at_once([lambda person=person: open_counter(office, 1, person) for person in people])

    assert sum(isinstance(one, actions.CounterTaken) for one in results) == 3


def test_one_pass_at_two_counters_opens_one_arrival():
    office = office_of()
    shown = desk.read_pass(pass_of(make_booked(office, NINE)), NINE)

    given = all_at_once(
        [
            lambda n=n: actions.issue_on_pass(
                shown, None, office, action_id=f"p{n}", actor=f"S-{n}", now=NINE, priority="sick" if n else ""
            )
            for n in range(2)
        ]
    )

    assert [type(one) for one in given].count(actions.AlreadyInLine) == 1
    assert (PassArrival.objects.count(), Ticket.objects.count()) == (1, 1)
