"""When money counts, what a billing code looks like, and which day it is at the treasury. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from openpaspor.kit import references

TREASURY = timezone(timedelta(hours=7), "WIB")  # the state treasury keeps Jakarta time
CODE_SHAPE = re.compile(r"8[0-9]{14}\Z")
LAST_OF_A_DAY = 99_999  # of one node; the whole country opens some 20,000 bills
DAY = timedelta(days=1)


def treasury_day(moment: datetime) -> date:
    """The day of the treasury's calendar on which a moment falls."""
    return moment.astimezone(TREASURY).date()


def treasury_midnight(day: date) -> datetime:
    """The moment, UTC, at which a day of the treasury begins."""
    return datetime(day.year, day.month, day.day, tzinfo=TREASURY).astimezone(UTC)


def make_code(day: date, issuer: str, number: int) -> str:
    """`8YYMMDDIIINNNNN`: 8 says "not a tax" to every bank, then the day, who gave it out, and a number of that day.

    `issuer` is the node's code of two symbols, so that no two nodes ever make the same.
    """
    if not 1 <= number <= LAST_OF_A_DAY:
        raise ValueError("a node has 99,999 billing codes a day")
    return f"8{day:%y%m%d}{references.number_of(issuer):03d}{number:05d}"


def read_code(typed: str) -> str:
    """The code as people write it, with spaces, dots or dashes, in its plain form."""
    return re.sub(r"[\s.\-]", "", typed)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What a bank says it took, after its signature was checked or as a line of its settlement file."""

    provider: str
    txn: str  # the bank's own number of this payment
    code: str  # as the payer typed it
    amount_idr: int  # in the smallest unit of `currency`
    currency: str = "IDR"
    paid_at: datetime  # by the bank's clock
    raw: bytes = b""  # as it came
    signature: str = ""  # hex


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A settlement file whose totals balance. `numbers` gives the treasury's number (NTPN) by transaction."""

    provider: str
    name: str
    digest: str  # SHA-256, hex
    lines: tuple[Notice, ...]
    numbers: dict[str, str]


@dataclass(frozen=True)
class Owed:
    """What the bill of a code looks like when money comes for it."""

    status: str  # open, paid, exempt, lapsed, cancelled
    amount_idr: int
    due_at: datetime
    is_wanted: bool  # one of its applications still goes on
    paid_elsewhere: bool = False  # its application has another bill on which nothing is owed


def trouble_with(money: Notice, owed: Owed | None, *, grace: timedelta) -> str:
    """Why this money cannot be counted towards this bill; nothing when it can.

    An open bill takes money whatever the hour, for the place is still kept. A lapsed one takes it too, in time or
    late, unless the application was paid by another bill since: "paid but expired" does not exist.
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
    if owed.paid_elsewhere:
        return "bill-already-paid" if money.paid_at <= owed.due_at + grace else "bill-expired"
    return ""
