"""When an office takes people in: its days, its hours, and the moment from which a week's places are on sale."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta

from . import policy
from .models import ClosedDay, Office
from .workdays import is_working_day

HOURS = ("opens_minute", "closes_minute", "slot_minutes")
RELEASE = ("release_weekday", "release_minute", "release_weeks")
Read = Callable[[str, str], int]  # (knob, office code) → value; `policy.table` makes it


def moment(office: Office, day: date, minute: int = 0) -> datetime:
    """A minute of a local day at this office, as UTC."""
    return datetime.combine(day, time(), office.tz).astimezone(UTC) + timedelta(minutes=minute)


def today(office: Office, now: datetime) -> date:
    """The day it is at this office."""
    return office.local(now).date()


def closed_days(office: Office | str, start: date, end: date) -> dict[date, str]:
    """The days between two, both included, that this office closed besides weekends and holidays, with the reason."""
    return dict(ClosedDay.objects.filter(office=office, day__range=(start, end)).values_list("day", "reason"))


def is_open(office: Office, day: date) -> bool:
    """Whether this office takes people in on that local day."""
    return is_working_day(day, closed_days(office, day, day))


def open_days(office: Office, start: date, count: int) -> list[date]:
    """The next `count` days from `start` on, included, on which this office takes people in."""
    closed = closed_days(office, start, start + timedelta(days=7 * count + 60))
    days: list[date] = []
    day = start
    while len(days) < count:
        if is_working_day(day, closed):
            days.append(day)
        day += timedelta(days=1)
    return days


def arrival_times(office: Office, day: date, read: Read) -> list[datetime]:
    """The moments at which people are asked to come on that day, UTC. The last one leaves a whole slot before closing."""
    opens, closes, length = (read(name, office.code) for name in HOURS)
    return [moment(office, day, minute) for minute in range(opens, closes - length + 1, length)]


def release_of(office: Office, day: date, read: Read) -> datetime:
    """The moment, UTC, from which places of the week of `day` are on sale: by default Friday 14.00 of the week before."""
    weekday, minute, weeks = (read(name, office.code) for name in RELEASE)
    monday = day - timedelta(days=day.weekday())
    return moment(office, monday - timedelta(weeks=weeks) + timedelta(days=weekday), minute)


def released_through(office: Office, now: datetime, read: Read) -> date:
    """The last day of the last week whose release has passed."""
    sunday = today(office, now) - timedelta(days=today(office, now).weekday() + 1)
    while release_of(office, sunday + timedelta(days=1), read) <= now:
        sunday += timedelta(weeks=1)
    return sunday


def reader(now: datetime, *more: str) -> Read:
    """Hours and release times of every office, read in one query."""
    return policy.table(*HOURS, *RELEASE, *more, now=now)


def days_between(start: date, end: date) -> Iterable[date]:
    return (start + timedelta(days=number) for number in range((end - start).days + 1))
