"""What holds in a print room. Pure: no database, no clock."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from django.utils.translation import gettext_lazy as _

from openpaspor.kit.refused import Refused

SERIAL = re.compile(r"([A-Z])(\d{7})", re.ASCII)  # one letter and seven digits, printed and as a bar code
OLD_NUMBER = re.compile(r"[A-Z]{1,2}\d{6,7}", re.ASCII)  # every format of books still about
REMINDER_DAYS = (1, 7, 20, 27)  # days on the shelf (experience guide §11)
LONGEST_RANGE = 5000  # booklets in one delivery: a carton, not a slip of the finger
SHELVES, PLACES = 20, 25  # of one rack
RACKS = {"electronic": "BDFH", "regular": "ACEG"}  # letters, so that a hand never goes to the wrong kind
CHECKS = ("photo", "data", "chip", "cover")  # what is looked at before a booklet goes to the shelf


class SerialInvalid(Refused):
    code = "serial-invalid"
    message = _("This is not a booklet serial. A serial is one letter and seven digits; scan it.")
    status = 422


class RangeInvalid(Refused):
    code = "range-invalid"
    message = _("These serials do not follow each other. Scan the first and the last booklet of one box.")
    status = 422


@dataclass(frozen=True)
class SerialRange:
    """Serials that follow each other under one letter."""

    first: str
    last: str

    @property
    def count(self) -> int:
        return int(self.last[1:]) - int(self.first[1:]) + 1

    def __iter__(self) -> Iterator[str]:
        letter, start = self.first[0], int(self.first[1:])
        return (f"{letter}{number:07d}" for number in range(start, start + self.count))


def read_serial(scanned: str) -> str:
    """A serial as scanned or typed, without blanks, in capitals. Raises SerialInvalid."""
    text = "".join(scanned.split()).replace("-", "").upper()
    if not SERIAL.fullmatch(text):
        raise SerialInvalid()
    return text


def looks_like_a_serial(scanned: str) -> bool:
    return bool(SERIAL.fullmatch("".join(scanned.split()).upper()))


def serial_range(first: str, last: str) -> SerialRange:
    """The booklets from `first` to `last`, both included. Raises SerialInvalid or RangeInvalid."""
    serials = SerialRange(read_serial(first), read_serial(last))
    if serials.first[0] != serials.last[0] or not 1 <= serials.count <= LONGEST_RANGE:
        raise RangeInvalid()
    return serials


def expiry(issued: date, years: int) -> date:
    """The same day `years` later; a passport of 29 February ends on the 28th, never later than the law allows."""
    try:
        return issued.replace(year=issued.year + years)
    except ValueError:
        return issued.replace(year=issued.year + years, day=28)


class Row(Protocol):
    """The columns of the application row that printing depends on."""

    state: str
    stop_order: str
    bill_status: str
    serial: str


def print_obstacle(row: Row, *, has_packet: bool) -> str:
    """Code of what keeps an application from the printer, most serious first; empty when nothing does."""
    if row.state != "APPROVED":
        return "not-approved"
    if row.stop_order:
        return "stop-order"
    if not has_packet:
        return "no-packet"
    if row.bill_status == "matching":
        return "matching"
    if row.bill_status not in ("paid", "exempt"):
        return "not-paid"
    return "" if row.serial else "no-booklet"


def next_rack(booklet: str, taken: Container[str]) -> str:
    """The first free place for a booklet of this kind, `B-07-03`: rack, shelf, place; empty when all are taken."""
    for letter in RACKS[booklet]:
        for shelf in range(1, SHELVES + 1):
            for place in range(1, PLACES + 1):
                code = f"{letter}-{shelf:02d}-{place:02d}"
                if code not in taken:
                    return code
    return ""


def reminder_due(shelved_on: date, today: date, last: int) -> int:
    """The reminder that is due today, as its number of days, or 0. After a pause only the newest one counts."""
    waited = (today - shelved_on).days
    due = max((day for day in REMINDER_DAYS if day <= waited), default=0)
    return due if due > last else 0


def next_reminder(shelved_on: date, last: int, collect_by: date) -> date | None:
    """The day of the next reminder, if one still comes before the last day."""
    days = (shelved_on + timedelta(days=day) for day in REMINDER_DAYS if day > last)
    return next((day for day in days if day <= collect_by), None)


def old_passport(kind: str, *, had_one: bool) -> str:
    """What must happen to an earlier passport at the hand-over: "show" it, "declared-lost", or nothing."""
    if kind == "lost":
        return "declared-lost"
    return "show" if kind in ("adult-replace", "damaged") or had_one else ""


def read_old_number(scanned: str) -> str:
    """The number of an old passport, typed or out of its machine-readable lines; empty when it is none."""
    text = "".join(scanned.split()).upper()
    if len(text) >= 44:
        text = text[-44:][:9].replace("<", "")
    return text if OLD_NUMBER.fullmatch(text) else ""


def days_left(stock: int, used: int, over_days: int) -> int | None:
    """How many days the stock lasts at the pace of the last `over_days` days; None while nothing is used."""
    return stock * over_days // used if used else None
