"""Who may apply for what: age, marriage, and how long the old passport still lasts. Pure.

Sources: Permenkumham 8/2014 and 18/2022 (ten years from 17 on or when married; a child is under 17).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

ADULT_FROM = 17  # years
RENEW_WITHIN_MONTHS = 6  # before the old passport ends
OLDEST = 130  # years; an earlier birth date is a slip of the finger
NATION = ZoneInfo("Asia/Jakarta")  # where an applicant without an office is counted


class Known(Protocol):
    """The answers that decide."""

    @property
    def born(self) -> date | None: ...
    @property
    def civil_status(self) -> str: ...
    @property
    def old_reason(self) -> str: ...
    @property
    def old_expires_on(self) -> date | None: ...


def today(now: datetime) -> date:
    """The calendar day at which ages are counted."""
    return now.astimezone(NATION).date()


def age(born: date, on: date) -> int:
    """Whole years. Somebody born on 29 February has their birthday on 1 March in other years."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def is_adult(born: date, civil_status: str, on: date) -> bool:
    """17 or older, or married (also once: a marriage makes an adult for good)."""
    return age(born, on) >= ADULT_FROM or civil_status in ("married", "divorced", "widowed")


def renewable_from(expires_on: date) -> date:
    """The first day on which a passport that ends on `expires_on` may be replaced."""
    months = expires_on.year * 12 + expires_on.month - 1 - RENEW_WITHIN_MONTHS
    year, month = divmod(months, 12)
    day = expires_on.day
    while True:
        try:
            return date(year, month + 1, day)
        except ValueError:
            day -= 1


def obstacle(kind: str, known: Known, on: date) -> str:
    """Why these answers cannot become this kind of application: a code, or nothing."""
    if known.born is not None:
        adult = is_adult(known.born, known.civil_status, on)
        if kind == "child" and adult:
            return "child-too-old"
        if kind != "child" and not adult:
            return "adult-too-young"
    if known.old_reason == "expired" and known.old_expires_on and renewable_from(known.old_expires_on) > on:
        return "passport-still-valid"
    return ""


def years_allowed(kind: str) -> tuple[int, ...]:
    """Validity one may choose: ten years for adults only."""
    return (5,) if kind == "child" else (10, 5)


def priority_by_age(born: date, on: date, *, elderly_from: int, child_below: int) -> str:
    """The priority line somebody belongs to by age alone."""
    years = age(born, on)
    if years >= elderly_from:
        return "elderly"
    return "small-child" if years < child_below else ""
