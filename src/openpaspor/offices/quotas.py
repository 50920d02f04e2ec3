"""Places a day by class of office, pot and kind of booklet.

DEMO FIGURES: every row of `quotas.csv` is made up, near the few loads that were published. An office that joins
brings its own figures; its head may set each day anew below the ceiling.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("quotas.csv")


@dataclass(frozen=True)
class Quota:
    daily: int  # people a day
    ceiling: int  # people a day; the head of office may not go above


NONE = Quota(0, 0)


def quota(office_class: str, pot: str, booklet: str) -> Quota:
    """What an office of this class offers in one pot for one kind of booklet."""
    return _rows().get((office_class, pot, booklet), NONE)


def makes(office_class: str, booklet: str) -> bool:
    """False where offices of this class cannot make that kind of passport at all."""
    return any(
        row.ceiling
        for (kind, _pot, offered), row in _rows().items()
        if (kind, offered) == (office_class, booklet)
    )


@cache
def _rows() -> dict[tuple[str, str, str], Quota]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return {
            (row["office_class"], row["pot"], row["booklet"]): Quota(int(row["daily"]), int(row["ceiling"]))
            for row in csv.DictReader(file)
        }
