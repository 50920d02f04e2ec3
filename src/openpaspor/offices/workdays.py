"""Working days, holidays and the three time zones. Offices close on weekends, national holidays and *cuti bersama*."""

from __future__ import annotations

import csv
from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

HOLIDAYS = Path(__file__).parent / "data" / "holidays.csv"
OFFICES = Path(__file__).parent / "data" / "offices.csv"

# No daylight saving. Short name → zone; a moment is UTC inside and is shown in its office's zone.
ZONES = {"WIB": ZoneInfo("Asia/Jakarta"), "WITA": ZoneInfo("Asia/Makassar"), "WIT": ZoneInfo("Asia/Jayapura")}


@dataclass(frozen=True)
class Holiday:
    day: date
    name: str
    kind: str  # libur_nasional or cuti_bersama
    status: str  # official (by decree), fixed (every year) or estimate (moving, decree not out)


def is_working_day(day: date, closed: Container[date] = ()) -> bool:
    """Whether offices work on this day; `closed` are the days on which this one office is closed besides."""
    return day.weekday() < 5 and holiday_on(day) is None and day not in closed


def add_working_days(day: date, count: int, closed: Container[date] = ()) -> date:
    """The `count`-th working day after `day`. Zero gives `day` itself, or the next working day if it is none."""
    if count < 0:
        raise ValueError("Working days are counted forward.")
    while count == 0 and not is_working_day(day, closed):
        day += timedelta(days=1)
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day, closed)
    return day


def holiday_on(day: date) -> Holiday | None:
    """The holiday of a day. In years without a list only the fixed dates are known."""
    listed, fixed = _holidays()
    if any(known.year == day.year for known in listed):
        return listed.get(day)
    return fixed.get((day.month, day.day))


def is_sure(day: date) -> bool:
    """False where the year's decree is not out, so that a date counted over it may still move."""
    year = [holiday for known, holiday in _holidays()[0].items() if known.year == day.year]
    return bool(year) and all(holiday.status != "estimate" for holiday in year)


def local(moment: datetime, zone: str) -> datetime:
    """A moment on the wall clock of WIB, WITA or WIT."""
    return moment.astimezone(ZONES[zone])


def local_day(moment: datetime, zone: str) -> date:
    """The day it is there: 16.00 UTC is still today in Jakarta and already tomorrow in Jayapura."""
    return local(moment, zone).date()


def moment_at(day: date, at: time, zone: str) -> datetime:
    """A wall-clock time of a zone as UTC."""
    return datetime.combine(day, at, ZONES[zone]).astimezone(UTC)


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """The first moment of a local day and of the next one, in UTC."""
    return moment_at(day, time.min, zone), moment_at(day + timedelta(days=1), time.min, zone)


@cache
def office_codes() -> frozenset[str]:
    with OFFICES.open(encoding="utf-8", newline="") as file:
        return frozenset(row["code"] for row in csv.DictReader(file))


@cache
def _holidays() -> tuple[dict[date, Holiday], dict[tuple[int, int], Holiday]]:
    with HOLIDAYS.open(encoding="utf-8", newline="") as file:
        read = [
            Holiday(date.fromisoformat(row["date"]), row["name"], row["kind"], row["status"])
            for row in csv.DictReader(file)
        ]
    fixed = {(holiday.day.month, holiday.day.day): holiday for holiday in read if holiday.status == "fixed"}
    return {holiday.day: holiday for holiday in read}, fixed
