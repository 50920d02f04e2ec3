"""Rules of the appointment desk that need no database and no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

REGIONS = {  # the parts of the country, from the west, by the first word of their provinces
    "sumatra": ("Aceh", "Sumatera", "Riau", "Kepulauan", "Jambi", "Bengkulu", "Lampung"),
    "jawa": ("Banten", "DKI", "Jawa", "DI"),
    "bali-nusa-tenggara": ("Bali", "Nusa"),
    "kalimantan-sulawesi": ("Kalimantan", "Sulawesi", "Gorontalo"),
    "maluku-papua": ("Maluku", "Papua"),
}


def region_of(province: str) -> str:
    """The part of the country a province lies in; nothing for one we do not know."""
    first = province.partition(" ")[0]
    return next((region for region, words in REGIONS.items() if first in words), "")


def spread(people: int, taken: Sequence[int]) -> list[int]:
    """A day's people over its hours, evenly, so that as many as can be of those who have a place keep a quota.

    `taken` are the people who already have a place, hour by hour; odd ones go to early hours.
    """
    offered = [0] * len(taken)
    for _person in range(people if taken else 0):
        uncovered = [hour for hour, booked in enumerate(taken) if offered[hour] < booked]
        offered[min(uncovered or range(len(taken)), key=offered.__getitem__)] += 1
    return offered


def due_at(*, now: datetime, window_minutes: int, starts_at: datetime) -> datetime:
    """Until when a held place waits for its money: the payment window, but never beyond the visit itself."""
    return min(now + timedelta(minutes=window_minutes), starts_at)


def nearness(wanted: Moment, other: Moment) -> tuple[date, timedelta]:
    """Sorts other times by how well they stand in for a wanted one: the earliest day, on it the closest hour."""
    return other.day, abs((other.starts_at - wanted.starts_at) - (other.day - wanted.day))


class Moment(Protocol):
    """A moment at one office, with its local day."""

    starts_at: datetime
    day: date


class NoPlace(StrEnum):
    """Why an office has no place to offer."""

    NOT_MADE = "not-made"  # the office cannot make this kind of passport
    NO_BLANKS = "no-blanks"  # it has no booklets of this kind before a day
    NOT_RELEASED = "not-released"  # its calendar opens at a moment
    CLOSED = "closed"  # the days that are on sale are all closed
    FULL = "full"  # until the last day on sale


@dataclass(frozen=True)
class Answer:
    """Why there is no place, with the day or the moment the reason ends."""

    reason: NoPlace
    until: date | None = None
    opens_at: datetime | None = None


def why_none(
    *,
    is_made: bool,
    short_until: date | None,
    today: date,
    through: date | None,
    is_open_meanwhile: bool,
    opens_at: datetime,
) -> Answer:
    """The one reason that explains an office without a place, weightiest first.

    `through` is the last day on sale; `is_open_meanwhile` says whether it is open on any day from tomorrow to then;
    from `opens_at` on more days can be chosen.
    """
    if not is_made:
        return Answer(NoPlace.NOT_MADE)
    if short_until and short_until > today and (through is None or short_until > through):
        return Answer(NoPlace.NO_BLANKS, until=short_until)
    if through is None or through <= today:
        return Answer(NoPlace.NOT_RELEASED, opens_at=opens_at)
    reason = NoPlace.FULL if is_open_meanwhile else NoPlace.CLOSED
    return Answer(reason, until=through, opens_at=opens_at)
