"""What the appointment desk says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from .base import Fact


@dataclass(frozen=True, kw_only=True)
class PlaceHeld(Fact):
    """An applicant holds a place in a slot while paying for it."""

    name = "appointments.place_held"

    application: str
    office: str
    starts_at: datetime
    held_until: datetime
    bill: str = ""


@dataclass(frozen=True, kw_only=True)
class PlaceBooked(Fact):
    """A place is confirmed and its visit pass issued."""

    name = "appointments.place_booked"

    application: str
    office: str
    starts_at: datetime
    pass_number: int
    why: str  # chosen, reseated (late money), rescued


@dataclass(frozen=True, kw_only=True)
class PlaceChanged(Fact):
    """A confirmed place was exchanged for another one; the old pass no longer counts."""

    name = "appointments.place_changed"

    application: str
    office: str
    starts_at: datetime
    pass_number: int
    old_office: str
    old_starts_at: datetime
    why: str  # changed (by the applicant), day-closed (by us)


@dataclass(frozen=True, kw_only=True)
class PlaceFreed(Fact):
    """A place went back on sale and its applicant has none now."""

    name = "appointments.place_freed"

    application: str
    office: str
    starts_at: datetime
    reason: str  # unpaid, given-up, withdrawn, day-closed
    paid: bool = False  # the money stays: choosing again costs nothing


@dataclass(frozen=True, kw_only=True)
class CalendarOpened(Fact):
    """Places of some days are on sale."""

    name = "appointments.calendar_opened"

    office: str
    days: tuple[str, ...]  # local days, ISO
    places: int


@dataclass(frozen=True, kw_only=True)
class QuotaSet(Fact):
    """The head of an office set how many people may come on a day out of one pot. Cancels nobody."""

    name = "appointments.quota_set"

    office: str
    day: date
    pot: str
    booklet: str
    offered: int
    before: int
    taken: int


@dataclass(frozen=True, kw_only=True)
class UnsoldHandedOver(Fact):
    """The day list is closed: the online places of a day that nobody bought are sold no more and pass to the office."""

    name = "appointments.unsold_handed_over"
    urgent = True

    office: str
    day: date
    places: int  # people
    slots: tuple[str, ...]  # those with places: "2026-12-03T01:00:00.000000Z electronic 2"


@dataclass(frozen=True, kw_only=True)
class DayClosed(Fact):
    """An office takes nobody in on that day. Who was booked was moved, or may choose again without paying."""

    name = "appointments.day_closed"

    office: str
    day: date
    reason: str
    moved: int
    choosing_again: int


@dataclass(frozen=True, kw_only=True)
class BlanksShort(Fact):
    """An office has no booklets of one kind before a day. Without a day: it has them again."""

    name = "appointments.blanks_short"

    office: str
    booklet: str
    until: date | None = None
