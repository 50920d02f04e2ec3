"""What a passport costs on a day: dated rows of `fees.csv`, never constants. Whole rupiah."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from openpaspor.kit.refused import Refused

FILE = Path(__file__).with_name("fees.csv")
KINDS = ("adult-new", "adult-replace", "child", "lost", "damaged")
BOOKLETS = ("regular", "electronic")
YEARS = (5, 10)  # validity
_PENALTIES = {"lost": "penalty-lost", "damaged": "penalty-damaged"}


class FeeUnknown(Refused):
    code = "fee-unknown"
    message = _("There is no fee for this on that day.")
    status = 422


class YearsNotForChildren(FeeUnknown):
    code = "fee-years-not-for-children"
    message = _("A child's passport is valid for 5 years.")


class SameDayNotForThis(FeeUnknown):
    code = "fee-same-day-not-for-this"
    message = _("Same-day service is not for lost or damaged passports.")


@dataclass(frozen=True)
class FeeRow:
    """One item in force between two days, both included."""

    item: str
    booklet: str
    years: int | None
    valid_from: date
    valid_to: date | None
    amount_idr: int
    source: str


@dataclass(frozen=True)
class FeeLine:
    item: str  # passport, same-day, penalty-lost, penalty-damaged, penalty-force-majeure
    amount_idr: int
    source: str


@dataclass(frozen=True)
class Fee:
    amount_idr: int
    source: str  # the rule, such as "PP 45/2024"
    lines: tuple[FeeLine, ...]


def fee(
    kind: str, booklet: str, years: int, on: date, *, same_day: bool = False, penalty: str | None = None
) -> Fee:
    """The fee of one application on a day. Raises FeeUnknown where no rule covers it.

    `penalty` replaces the one of the kind: "force-majeure" for a passport lost or damaged in a disaster.
    """
    if kind not in KINDS:
        raise FeeUnknown()
    if kind == "child" and years != 5:
        raise YearsNotForChildren()
    if same_day and kind in _PENALTIES:
        raise SameDayNotForThis()
    lines = [_line("passport", on, booklet, years)]
    if same_day:
        lines.append(_line("same-day", on))
    if kind in _PENALTIES:
        lines.append(_line(f"penalty-{penalty}" if penalty else _PENALTIES[kind], on))
    elif penalty:
        raise FeeUnknown()
    sources = dict.fromkeys(line.source for line in lines)
    return Fee(sum(line.amount_idr for line in lines), ", ".join(sources), tuple(lines))


@cache
def rows() -> tuple[FeeRow, ...]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(_row(fields) for fields in csv.DictReader(file))


def _line(item: str, on: date, booklet: str = "", years: int | None = None) -> FeeLine:
    for row in rows():
        same_thing = (row.item, row.booklet, row.years) == (item, booklet, years)
        if same_thing and row.valid_from <= on and (row.valid_to is None or on <= row.valid_to):
            return FeeLine(item, row.amount_idr, row.source)
    raise FeeUnknown()


def _row(fields: dict[str, str]) -> FeeRow:
    return FeeRow(
        item=fields["item"],
        booklet=fields["booklet"],
        years=int(fields["years"]) if fields["years"] else None,
        valid_from=date.fromisoformat(fields["valid_from"]),
        valid_to=date.fromisoformat(fields["valid_to"]) if fields["valid_to"] else None,
        amount_idr=int(fields["amount_idr"]),
        source=fields["source"],
    )
