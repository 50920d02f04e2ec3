"""Who is called next, and how long the others wait. Pure: tickets in line and the turns so far in, one ticket out.

The order (experience guide §7), in the words that hang on the wall: *priority and appointments are called in turn*.

- Of two lines that both have somebody, **one of priority is called for every two others**, and never two of priority in a
  row while anybody else waits. The count of turns is the hall's, not a counter's; an empty line forfeits its turn.
- Among the others: first whoever has waited **beyond the ceiling**; then **overdue appointments**, the earliest time first;
  then appointments whose time is near, or that came back with papers; walk-ins and collection **fill the gaps**, and they take
  one turn, not two, before priority comes again; people far ahead of their time come last.
- **Late visitors** (after the grace of their booked time) are served like everybody in the appointment line, by when they
  came; they no longer go before those who were on time. Being late costs the head start, never the visit.
- Within the priority line an overdue appointment goes first, so that nobody with a booked time waits longer for having said
  that she is pregnant.

Together: a priority visitor waits for at most two others per priority visitor in front (collection, which mostly has
counters of its own, apart). Whoever has waited beyond the ceiling is called before everybody who came later, but for that
one priority visitor in three. Nobody is forgotten.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

OTHERS_PER_PRIORITY = 2
EARLY = timedelta(minutes=15)  # an appointment counts as due from this long before its time
# Until so long after the booked time a late visitor keeps the head start; the office's knob `late_minutes` decides.
GRACE = timedelta(minutes=30)


class Series(StrEnum):
    """The letter on a ticket, and the line it stands in."""

    APPOINTMENT = "A"
    WALK_IN = "B"
    PRIORITY = "P"
    COLLECTION = "C"


@dataclass(frozen=True)
class Waiting:
    """One ticket in line."""

    pk: int
    line: str  # letter
    since: datetime  # when it took its place in line
    due_at: datetime | None = None  # the booked time, for appointments

    def has_come_late(self, grace: timedelta) -> bool:
        return self.due_at is not None and self.since > self.due_at + grace

    def is_overdue(self, now: datetime, grace: timedelta) -> bool:
        """Its booked time has come, and it was there for it."""
        return self.due_at is not None and self.due_at <= now and not self.has_come_late(grace)

    def is_due(self, now: datetime) -> bool:
        """In the appointment line and not far ahead of its time."""
        return self.line == Series.APPOINTMENT and (self.due_at is None or self.due_at - EARLY <= now)


def next_ticket(
    waiting: Iterable[Waiting],
    *,
    turns: str,
    now: datetime,
    ceiling: timedelta,
    grace: timedelta = GRACE,
    serves: Iterable[str] = "ABPC",
) -> Waiting | None:
    """The ticket to call, or None. `turns` are the lines called so far today, oldest first."""
    served = set(serves)
    in_line = sorted((one for one in waiting if one.line in served), key=_by_arrival)
    priority = [one for one in in_line if one.line == Series.PRIORITY]
    others = [one for one in in_line if one.line != Series.PRIORITY]
    first = _first_other(others, now, ceiling, grace) if others else None
    if not priority:
        return first
    if first is None or _is_turn_of_priority(turns, others, first, now, ceiling, grace):
        return _first_of_priority(priority, now, grace)
    return first


def _by_arrival(one: Waiting) -> tuple[datetime, int]:
    return one.since, one.pk


def _first_other(others: Sequence[Waiting], now: datetime, ceiling: timedelta, grace: timedelta) -> Waiting:
    """The first of a line-up in order of arrival, without the priority line."""
    if _is_forgotten(others[0], now, ceiling):
        return others[0]
    overdue = [one for one in others if one.is_overdue(now, grace)]
    if overdue:
        return min(overdue, key=lambda one: (one.due_at, *_by_arrival(one)))
    due = [one for one in others if one.is_due(now)]
    gaps = [one for one in others if one.line != Series.APPOINTMENT]
    return (due or gaps or others)[0]


def _first_of_priority(priority: Sequence[Waiting], now: datetime, grace: timedelta) -> Waiting:
    overdue = [one for one in priority if one.is_overdue(now, grace)]
    return min(overdue, key=lambda one: (one.due_at, *_by_arrival(one))) if overdue else priority[0]


def _is_forgotten(one: Waiting, now: datetime, ceiling: timedelta) -> bool:
    return now - one.since > ceiling


def _is_turn_of_priority(
    turns: str, others: Sequence[Waiting], first: Waiting, now: datetime, ceiling: timedelta, grace: timedelta
) -> bool:
    """Whether the priority line is called before `first` of the others."""
    if any(one.line != Series.COLLECTION for one in others):
        turns = turns.replace(Series.COLLECTION, "")  # collection mostly has counters of its own
    since = len(turns) - 1 - turns.rfind(Series.PRIORITY)
    if since >= OTHERS_PER_PRIORITY:
        return True
    if turns.endswith(Series.PRIORITY):
        return False
    if _is_forgotten(first, now, ceiling) or first.is_overdue(now, grace):
        return False
    return Series.PRIORITY not in turns or not first.is_due(now)


def people_before(ticket: Waiting, waiting: Iterable[Waiting]) -> int:
    """How many of the same line wait in front."""
    return sum(one.line == ticket.line and _by_arrival(one) < _by_arrival(ticket) for one in waiting)


def turns_ahead(line: str, in_front: int, waiting: Iterable[Waiting]) -> int:
    """How many calls of the hall come before somebody with `in_front` people in front in the same line, at most."""
    lines = [one.line for one in waiting]
    others = sum(one != line for one in lines)
    if line == Series.PRIORITY:
        collection = lines.count(Series.COLLECTION)
        return in_front + min(others - collection, OTHERS_PER_PRIORITY * (in_front + 1)) + collection
    if line != Series.APPOINTMENT:
        return in_front + others
    priority = lines.count(Series.PRIORITY)
    return in_front + min(priority, 1 + in_front // OTHERS_PER_PRIORITY)


@dataclass(frozen=True)
class WaitRange:
    """An estimate as people can use it: from, to, in minutes."""

    low: int
    high: int


def wait_range(turns: int, *, counters: int, minutes_a_visit: float) -> WaitRange | None:
    """A rounded, slightly pessimistic range; None while no counter is open. Never a false exact minute."""
    if not counters:
        return None
    likely = (turns + 1) * minutes_a_visit / counters
    low = int(likely * 0.7) // 5 * 5
    return WaitRange(low, max(low + 5, math.ceil(likely * 1.3 / 5) * 5))


def counters_needed(people: int, *, minutes_left: float, minutes_a_visit: float) -> int:
    """Counters that serve so many people before closing; after closing, one for as long as somebody is left."""
    if not people:
        return 0
    if minutes_left <= minutes_a_visit:
        return 1
    return math.ceil(people * minutes_a_visit / minutes_left)
