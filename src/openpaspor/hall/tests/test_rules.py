"""The order of calling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from openpaspor.hall.rules import (
    Waiting,
    WaitRange,
    counters_needed,
    next_ticket,
    people_before,
    turns_ahead,
    wait_range,
)

NINE = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
CEILING = timedelta(minutes=90)


def waiting(pk: int, series: str, *, since: int = 10, due: int | None = None) -> Waiting:
    """A ticket that has waited `since` minutes; `due` minutes ago was its appointment."""
    due_at = None if due is None else NINE - timedelta(minutes=due)
    return Waiting(pk, series, NINE - timedelta(minutes=since), due_at)


def called(line: list[Waiting], turns: str = "", serves: str = "ABPC") -> str:
    chosen = next_ticket(line, turns=turns, now=NINE, ceiling=CEILING, serves=serves)
    return f"{chosen.line}{chosen.pk}" if chosen else ""


def test_nobody_waits():
    assert called([]) == ""


def test_an_overdue_appointment_comes_before_priority():
    assert called([waiting(1, "P"), waiting(2, "A", due=5)], turns="P") == "A2"


def test_priority_comes_once_for_two_appointments():
    line = [waiting(1, "P"), waiting(2, "A", due=-5), waiting(3, "A", due=-5), waiting(4, "A", due=-5)]

    assert called(line, turns="PA") == "A2"
    assert called(line, turns="PAA") == "P1"


def test_priority_opens_the_day_unless_an_appointment_is_overdue():
    assert called([waiting(1, "P"), waiting(2, "A", due=-5)]) == "P1"
    assert called([waiting(1, "P"), waiting(2, "A", due=5)]) == "A2"


def test_overdue_appointments_do_not_starve_priority():
    assert called([waiting(1, "P"), waiting(2, "A", due=5)], turns="AA") == "P1"


def test_two_of_priority_are_never_called_in_a_row_while_somebody_else_waits():
    assert called([waiting(1, "P"), waiting(2, "B")], turns="P") == "B2"
    assert called([waiting(1, "P"), waiting(2, "B")], turns="PB") == "P1"
    assert called([waiting(1, "P"), waiting(2, "A", due=-60)], turns="P") == "A2"
    assert called([waiting(1, "P")], turns="PP") == "P1"


def test_collection_at_its_own_counter_takes_no_turn_from_the_others():
    line = [waiting(1, "P"), waiting(2, "A", due=-5)]

    assert called(line, turns="PCCC") == "A2"
    assert called([waiting(1, "P"), waiting(2, "C")], turns="PC") == "P1"


def test_an_empty_line_forfeits_its_turn():
    assert called([waiting(2, "A", due=-5), waiting(3, "B")], turns="PAA") == "A2"


def test_walk_ins_fill_the_gaps():
    assert called([waiting(1, "B"), waiting(2, "A", due=-60)]) == "B1"
    assert called([waiting(1, "B"), waiting(2, "A", due=-10)]) == "A2"


def test_whoever_comes_back_with_papers_stands_in_the_appointment_line_by_when_they_came():
    assert called([waiting(1, "B"), waiting(2, "A")]) == "A2"
    assert called([waiting(1, "A", since=5), waiting(2, "A", since=6)]) == "A2"


def test_a_late_visitor_is_served_but_not_before_those_who_were_on_time():
    late = waiting(1, "A", since=10, due=60)  # came fifty minutes after the time
    on_time = waiting(2, "A", since=5, due=1)

    assert called([late, on_time]) == "A2"
    assert called([late, waiting(3, "B", since=20)]) == "A1"
    assert (
        called([waiting(4, "A", since=35, due=60), on_time]) == "A4"
    )  # within the grace: overdue since longer


def test_a_booked_visitor_loses_nothing_by_standing_in_the_priority_line():
    assert called([waiting(1, "P", since=30), waiting(2, "P", since=10, due=5)]) == "P2"


def test_whoever_waits_beyond_the_ceiling_comes_first():
    assert called([waiting(1, "A", due=30), waiting(2, "B", since=91)]) == "B2"


def test_a_counter_calls_only_the_lines_it_serves():
    assert called([waiting(1, "P"), waiting(2, "C")], serves="C") == "C2"


tickets = st.lists(
    st.tuples(st.sampled_from("ABPC"), st.integers(0, 120), st.integers(-120, 120)), min_size=1, max_size=30
)


@given(tickets)
def test_everybody_is_called_and_priority_is_bounded_both_ways(people):
    line = [
        waiting(pk, series, since=since, due=due if series == "A" else None)
        for pk, (series, since, due) in enumerate(people)
    ]
    turns = ""
    while line:
        chosen = next_ticket(line, turns=turns, now=NINE, ceiling=CEILING)
        assert chosen is not None
        others = [one for one in line if one.line in "AB"]
        priority = [one for one in line if one.line == "P"]
        if chosen.line == "P":  # never two in a row past an ordinary visitor
            assert not (others and turns.replace("C", "").endswith("P"))
        elif chosen.line in "AB":  # and never more than two ordinary ones past a priority visitor
            ordinary = (turns + chosen.line).replace("C", "")
            assert not (priority and "P" not in ordinary[-3:] and len(ordinary) >= 3)
        turns += chosen.line
        line.remove(chosen)
    assert len(turns) == len(people)


def test_people_before_counts_the_same_line_only():
    line = [waiting(1, "B", since=30), waiting(2, "P", since=20), waiting(3, "B", since=10)]

    assert people_before(line[2], line) == 1
    assert people_before(line[0], line) == 0


@given(tickets, st.sampled_from("ABPC"))
def test_the_turns_ahead_are_never_promised_too_few_for_whoever_is_due(people, series):
    line = [waiting(pk, one, since=since % 80) for pk, (one, since, _due) in enumerate(people)]
    mine = waiting(999, series, since=-1)
    turns, called_before = "", 0
    standing = [*line, mine]
    while (chosen := next_ticket(standing, turns=turns, now=NINE, ceiling=CEILING)) is not mine:
        assert chosen is not None
        turns, called_before = turns + chosen.line, called_before + 1
        standing.remove(chosen)

    assert called_before <= turns_ahead(series, people_before(mine, line), line)


def test_an_estimate_is_a_rounded_range_and_needs_an_open_counter():
    assert wait_range(4, counters=2, minutes_a_visit=12) == WaitRange(20, 40)
    assert wait_range(0, counters=4, minutes_a_visit=4) == WaitRange(0, 5)
    assert wait_range(4, counters=0, minutes_a_visit=12) is None


def test_the_counters_a_day_needs():
    assert counters_needed(0, minutes_left=60, minutes_a_visit=12) == 0
    assert counters_needed(11, minutes_left=60, minutes_a_visit=12) == 3
    assert counters_needed(11, minutes_left=-5, minutes_a_visit=12) == 1
