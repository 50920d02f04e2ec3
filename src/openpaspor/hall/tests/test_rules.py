"""The order of calling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from openpaspor.hall.rules import Waiting, next_ticket

NINE = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
CEILING = timedelta(minutes=90)


def waiting(pk: int, series: str, *, since: int = 10, due: int | None = None) -> Waiting:
    """A ticket that has waited `since` minutes; `due` minutes ago was its appointment."""
    due_at = None if due is None else NINE - timedelta(minutes=due)
    return Waiting(pk, series, NINE - timedelta(minutes=since), due_at)


def called(line: list[Waiting], turns: str = "", serves: str = "ABPC") -> str:
    chosen = next_ticket(line, turns=turns, now=NINE, ceiling=CEILING, serves=serves)
    return f"{chosen.series}{chosen.pk}" if chosen else ""


def test_nobody_waits():
    assert called([]) == ""


def test_an_overdue_appointment_comes_before_priority():
    assert called([waiting(1, "P"), waiting(2, "A", due=5)], turns="P") == "A2"


def test_priority_comes_once_for_two_appointments():
    line = [waiting(1, "P"), waiting(2, "A", due=-5), waiting(3, "A", due=-5), waiting(4, "A", due=-5)]

    assert called(line, turns="PA") == "A2"
    assert called(line, turns="PAA") == "P1"


def test_an_empty_line_forfeits_its_turn():
    assert called([waiting(2, "A", due=-5), waiting(3, "B")], turns="PAA") == "A2"


def test_walk_ins_fill_the_gaps():
    assert called([waiting(1, "B"), waiting(2, "A", due=-60)]) == "B1"
    assert called([waiting(1, "B"), waiting(2, "A", due=-10)]) == "A2"


def test_whoever_waits_beyond_the_ceiling_comes_first():
    assert called([waiting(1, "A", due=30), waiting(2, "B", since=91)]) == "B2"


def test_a_counter_calls_only_the_lines_it_serves():
    assert called([waiting(1, "P"), waiting(2, "C")], serves="C") == "C2"


tickets = st.lists(
    st.tuples(st.sampled_from("ABPC"), st.integers(0, 120), st.integers(-120, 120)), min_size=1, max_size=30
)


@given(tickets)
def test_everybody_is_called_in_the_end_and_priority_never_waits_for_more_than_two_appointments(people):
    line = [
        waiting(pk, series, since=since % 80, due=due if series == "A" else None)
        for pk, (series, since, due) in enumerate(people)
    ]
    turns = ""
    while line:
        chosen = next_ticket(line, turns=turns, now=NINE, ceiling=CEILING)
        assert chosen is not None
        if chosen.series == "A" and any(one.series == "P" for one in line):
            assert not (turns + "A").endswith("AAA")
        turns += chosen.series
        line.remove(chosen)
    assert len(turns) == len(people)
