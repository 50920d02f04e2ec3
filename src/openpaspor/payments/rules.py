"""When money counts, what a billing code looks like, and which day it is at the treasury. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

TREASURY = timezone(timedelta(hours=7), "WIB")  # the state treasury keeps Jakarta time
CODE_SHAPE = re.compile(r"8[0-9]{14}\Z")
LAST_OF_A_DAY = 999_999


def treasury_day(moment: datetime) -> date:
    """The day of the treasury's calendar on which a moment falls."""
    return moment.astimezone(TREASURY).date()


def treasury_midnight(day: date) -> datetime:
    """The moment, UTC, at which a day of the treasury begins."""
    return datetime(day.year, day.month, day.day, tzinfo=TREASURY).astimezone(UTC)


def make_code(day: date, number: int) -> str:
    """`8YYYYMMDDNNNNNN`: 8 says "not a tax" to every bank, then the day and a number of that day."""
    if not 1 <= number <= LAST_OF_A_DAY:
        raise ValueError("a day has 999,999 billing codes")
    return f"8{day:%Y%m%d}{number:06d}"


def read_code(typed: str) -> str:
    """The code as people write it, with spaces, dots or dashes, in its plain form."""
    return re.sub(r"[\s.\-]", "", typed)


@dataclass(frozen=True)
class Money:
    """What a bank says it took."""

    amount_idr: int
    currency: str
    paid_at: datetime


@dataclass(frozen=True)
class Owed:
    """What the bill of a code looks like when money comes for it."""

    status: str  # open, paid, exempt, lapsed, cancelled
    amount_idr: int
    due_at: datetime
    is_wanted: bool  # one of its applications still goes on
    has_newer: bool = False  # its application has another bill that is open or settled


def trouble_with(money: Money, owed: Owed | None, *, grace: timedelta) -> str:
    """Why this money cannot be counted towards this bill; nothing when it can.

    An open bill takes money whatever the hour, for the place is still kept. A lapsed one takes what was paid in time
    by the bank's clock, however late we hear of it, and late money too as long as nothing else was opened since:
    "paid but expired" does not exist.
    """
    if owed is None:
        return "unknown-bill"
    if money.currency != "IDR":
        return "wrong-currency"
    if owed.status in ("paid", "exempt"):
        return "bill-already-paid"
    if owed.status == "cancelled" or not owed.is_wanted:
        return "application-cancelled"
    if money.amount_idr != owed.amount_idr:
        return "wrong-amount"
    in_time = money.paid_at <= owed.due_at + grace
    if owed.status == "lapsed" and owed.has_newer:
        return "bill-already-paid" if in_time else "bill-expired"
    return ""
