"""The list of invariants, and running them in one reading transaction."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction

from .clients import read_deeds
from .databases import Country, Database, database, this_one

SHOWN = 20  # offending keys in the answer
NOTHING = "checked nothing"
ALWAYS, QUIET, NIGHTLY = "A", "Q", "N"


@dataclass
class Found:
    """What one check saw: rows looked at, and the keys that offend."""

    rows: int = 0
    offending: list[str] = field(default_factory=list)


class CannotJudge(Exception):
    """What this check needs was not given, or has not happened. The text ends the sentence "waits for …"."""


@dataclass(frozen=True)
class Check:
    """One invariant and the function that looks at the country."""

    id: str
    promise: str
    look: Callable[[Country], Found]
    when: str
    at: tuple[str, ...]  # roles whose databases hold the rows
    may_be_empty: bool


@dataclass(frozen=True)
class Result:
    """The verdict on one invariant: pass, fail or na."""

    id: str
    status: str
    rows: int
    offending: list[str]
    why: str = ""
    seconds: float = 0.0

    @property
    def saw_nothing(self) -> bool:
        """It failed only because there was nothing to look at."""
        return self.offending == [NOTHING]


CHECKS: dict[str, Check] = {}
PARTS = ("places", "money", "journey", "hall", "booklets", "log", "sync", "people", "recovery")

WAITS_FOR = {  # not applicable yet, and the work each waits for
    "S4": "a run beside which the sweeps go on",
    "W1": "the room gate", "W2": "the room gate", "W3": "the room gate", "W4": "the room gate", "W5": "the room gate",
    "P1": "a run that ends with the bank's whole list", "P5": "late notices in the client ledger",
    "P6": "a history of the banks' keys", "P8": "nothing more: B2 holds it",
    "A8": "fuzzy matching of persons",
    "L11": "nothing more: the canary test holds it",
    "K3": "break-glass",
    "R4": "nothing more: the restore drill holds it",
}  # fmt: skip


def across(
    id: str, promise: str, *, when: str = ALWAYS, at: tuple[str, ...] = (), may_be_empty: bool = False
) -> Callable[[Callable[[Country], Found]], Callable[[Country], Found]]:
    """Mark a function as the check of one invariant over all databases at once.

    `at` names the roles whose databases hold the rows; where none of them is given and nothing was found to look at, the
    check could not judge.
    """

    def mark(look: Callable[[Country], Found]) -> Callable[[Country], Found]:
        CHECKS[id] = Check(id, promise, look, when, at, may_be_empty)
        return look

    return mark


def check(
    id: str, promise: str, *, when: str = ALWAYS, at: tuple[str, ...] = (), may_be_empty: bool = False
) -> Callable[[Callable[[Database], Found]], Callable[[Database], Found]]:
    """Mark a function as the check of one invariant in one database; it looks at each."""

    def mark(look: Callable[[Database], Found]) -> Callable[[Database], Found]:
        def look_at_all(country: Country) -> Found:
            found = Found()
            for one in country.databases:
                seen = look(one)
                found.rows += seen.rows
                named = f"{one.name}: " if len(country.databases) > 1 else ""
                found.offending += [f"{named}{key}" for key in seen.offending]
            return found

        across(id, promise, when=when, at=at, may_be_empty=may_be_empty)(look_at_all)
        return look

    return mark


def load() -> None:
    """Import the modules that hold the checks."""
    for part in PARTS:
        importlib.import_module(f"openpaspor.nodes.checker.{part}")


def run_checks(
    only: Iterable[str] = (),
    *,
    others: Iterable[Any] = (),
    clients: Iterable[Path | str] = (),
    always: bool = False,
    empty: Iterable[str] = (),
) -> list[Result]:
    """Run the checks, all of them or `only` some, inside one transaction that is never committed.

    `others` are the databases of further nodes: a `Database`, a connection, or a place as `databases.opened` takes it
    (CannotLook when there is none). `clients` are client ledgers (`clients.py`). `always` leaves out what holds only
    once everything is quiet. `empty` are ids for which this scenario has no rows, so that none is no failure.
    """
    load()
    wanted = set(only) or {*CHECKS, *WAITS_FOR}
    expected_empty = set(empty)
    country = Country([this_one(), *map(database, others)], read_deeds(clients))
    with transaction.atomic():
        results = [
            _verdict(one, country, one.may_be_empty or one.id in expected_empty)
            for one in CHECKS.values()
            if one.id in wanted and (one.when == ALWAYS or not always)
        ]
        transaction.set_rollback(True)
    waiting = [Result(id, "na", 0, [], f"waits for {why}") for id, why in WAITS_FOR.items() if id in wanted]
    return sorted(results + waiting, key=lambda result: (result.id[0], int(result.id[1:])))


def _verdict(check: Check, country: Country, may_be_empty: bool) -> Result:
    began = time.monotonic()
    try:
        found = check.look(country)
        if not found.rows and not found.offending and check.at and not country.of(*check.at):
            raise CannotJudge(f"the database of a node that is {' or '.join(check.at)}")
    except CannotJudge as need:
        return Result(check.id, "na", 0, [], f"waits for {need}")
    seconds = round(time.monotonic() - began, 3)
    offending = [str(key) for key in found.offending[:SHOWN]]
    if not found.rows and not may_be_empty:
        offending = offending or [NOTHING]
    status = "fail" if offending else "pass"
    return Result(check.id, status, found.rows, offending, check.promise, seconds)
