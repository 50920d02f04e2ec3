"""What the hall says. Tickets are named by office, local day and label ("P 012"), never by a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from .base import Fact


@dataclass(frozen=True, kw_only=True)
class TicketIssued(Fact):
    """Somebody got a number, with or without an application."""

    name = "hall.ticket_issued"

    office: str
    day: date
    ticket: str
    application: str = ""
    priority: str = ""
    pass_number: int = 0  # of the visit pass whose one arrival this is; 0 when it opens none


@dataclass(frozen=True, kw_only=True)
class PassNotJoined(Fact):
    """A visitor was let in on the pass alone, and the application that came later does not allow the arrival: a person looks."""

    name = "hall.pass_not_joined"

    application: str
    office: str
    pass_number: int
    reason: str  # another-office, another-day, no-place, already-arrived, arrived-elsewhere, ended, or why a move was refused


@dataclass(frozen=True, kw_only=True)
class PassLookedAt(Fact):
    """Somebody looked after a visitor who was let in on the pass alone and whose application does not fit, or never came."""

    name = "hall.pass_looked_at"

    application: str
    office: str
    pass_number: int
    reason: str = ""  # as in hall.pass_not_joined, or number-over; empty: the application never came


@dataclass(frozen=True, kw_only=True)
class OldPassHonoured(Fact):
    """A visitor was let in on a pass whose visit had been moved, before the office heard of that. The place moved to is still taken."""

    name = "hall.old_pass_honoured"

    application: str
    office: str  # where the visitor came
    pass_number: int
    newer_pass: int
    place_office: str
    place_starts_at: datetime


@dataclass(frozen=True, kw_only=True)
class TicketCalled(Fact):
    """A number was called to a counter; `again` for a recall."""

    name = "hall.ticket_called"
    urgent = True

    office: str
    day: date
    ticket: str
    counter: int
    application: str = ""
    again: bool = False


@dataclass(frozen=True, kw_only=True)
class TicketChanged(Fact):
    """A ticket was held, put back in line, moved to another line, ended or brought back."""

    name = "hall.ticket_changed"

    office: str
    day: date
    ticket: str
    state: str
    reason: str = ""
    application: str = ""


@dataclass(frozen=True, kw_only=True)
class CounterOpened(Fact):
    """An officer sat down at a counter."""

    name = "hall.counter_opened"

    office: str
    counter: int


@dataclass(frozen=True, kw_only=True)
class CounterClosed(Fact):
    """An officer got up from a counter."""

    name = "hall.counter_closed"

    office: str
    counter: int


@dataclass(frozen=True, kw_only=True)
class DayPotSet(Fact):
    """How many walk-in or priority visitors an office takes on a day."""

    name = "hall.day_pot_set"

    office: str
    day: date
    series: str
    offered: int


@dataclass(frozen=True, kw_only=True)
class DayEnded(Fact):
    """The hall's end of day: how many were served, carried over, and did not come."""

    name = "hall.day_ended"

    office: str
    day: date
    served: int
    left: int
    missed: int
