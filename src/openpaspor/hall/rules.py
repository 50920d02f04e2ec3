"""Who is called next. Pure: waiting tickets and the turns so far in, one ticket out.

Order (experience guide §7): whoever waits beyond the ceiling; overdue appointments; then priority and appointments in
the ratio 1 : 2; walk-ins fill the gaps; people who came early for a later appointment last. An empty line forfeits its
turn, and the count of turns is the hall's, not a counter's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

APPOINTMENTS_PER_PRIORITY = 2
EARLY = timedelta(minutes=15)  # an appointment counts as due from this long before its time


class Series(StrEnum):
    """The letter on a ticket."""

    APPOINTMENT = "A"
    WALK_IN = "B"
    PRIORITY = "P"
    COLLECTION = "C"


@dataclass(frozen=True)
class Waiting:
    """One ticket in line."""

    pk: int
    series: str
    issued_at: datetime
    due_at: datetime | None = None  # the booked time, for appointments


def next_ticket(
    waiting: Sequence[Waiting],
    *,
    turns: str,
    now: datetime,
    ceiling: timedelta,
    serves: Iterable[str] = "ABPC",
) -> Waiting | None:
    """The ticket to call, or None. `turns` are the letters called so far today, oldest first."""
    served = set(serves)
    line = sorted((one for one in waiting if one.series in served), key=lambda one: (one.issued_at, one.pk))
    if not line:
        return None
    forgotten = [one for one in line if now - one.issued_at > ceiling]
    if forgotten:
        return forgotten[0]
    overdue = sorted(
        (one for one in line if one.due_at and one.due_at <= now), key=lambda one: (one.due_at, one.pk)
    )
    if overdue and not _priority_is_owed(turns, line):
        return overdue[0]
    due = [one for one in line if one.due_at and one.due_at - EARLY <= now]
    priority = [one for one in line if one.series == Series.PRIORITY]
    if priority and (not due or _appointments_since_priority(turns) >= APPOINTMENTS_PER_PRIORITY):
        return priority[0]
    if due:
        return due[0]
    others = [one for one in line if one.series in (Series.WALK_IN, Series.COLLECTION)]
    return (others or line)[0]


def _appointments_since_priority(turns: str) -> int:
    relevant = [letter for letter in turns if letter in "AP"]
    count = 0
    for letter in reversed(relevant):
        if letter == Series.PRIORITY:
            return count
        count += 1
    return APPOINTMENTS_PER_PRIORITY  # nobody of the priority line was called yet: its turn comes first


def _priority_is_owed(turns: str, line: Sequence[Waiting]) -> bool:
    """Even overdue appointments let one priority visitor in after every two of theirs, so that neither line starves."""
    waits = any(one.series == Series.PRIORITY for one in line)
    return waits and _appointments_since_priority(turns) >= APPOINTMENTS_PER_PRIORITY and turns.endswith("AA")


def people_before(ticket: Waiting, waiting: Sequence[Waiting]) -> int:
    """How many of the same line wait in front."""
    return sum(
        one.series == ticket.series and (one.issued_at, one.pk) < (ticket.issued_at, ticket.pk)
        for one in waiting
    )
