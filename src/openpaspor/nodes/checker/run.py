"""The list of invariants, and running them in one reading transaction."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

SHOWN = 20  # offending keys in the answer


@dataclass
class Found:
    """What one check saw: rows looked at, and the keys that offend."""

    rows: int = 0
    offending: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Check:
    """One invariant and the function that looks."""

    id: str
    promise: str
    look: Callable[[], Found]
    may_be_empty: bool = False


@dataclass(frozen=True)
class Result:
    """The verdict on one invariant: pass, fail or na."""

    id: str
    status: str
    rows: int
    offending: list[str]
    why: str = ""


CHECKS: dict[str, Check] = {}

WAITS_FOR = {  # not applicable yet, and the room or work each waits for
    "S4": "soak runs", "S5": "client ledgers", "S6": "client ledgers", "S7": "client ledgers",
    "W1": "gate", "W2": "gate", "W3": "gate", "W4": "gate", "W5": "gate",
    "P1": "settlement files of a quiet run", "P5": "client ledgers", "P6": "client ledgers", "P8": "B2 holds it",
    "A3": "a log of what was shown", "A4": "other nodes", "A5": "other nodes", "A7": "worklists of every room",
    "A8": "fuzzy matching", "A9": "soak runs",
    "Q2": "soak runs", "Q3": "a constraint of the database holds it", "Q4": "soak runs", "Q5": "soak runs",
    "Q6": "other nodes", "Q7": "other nodes",
    "B3": "history of postings", "B4": "a printer's journal", "B6": "a register of passports", "B7": "chip data",
    "B8": "other nodes",
    "L4": "witnessed heads", "L5": "other nodes", "L6": "other nodes", "L8": "a running worker", "L9": "other nodes",
    "L11": "the canary test holds it",
    "Y1": "other nodes", "Y2": "the kill tests hold it", "Y3": "other nodes", "Y4": "other nodes", "Y5": "other nodes",
    "Y6": "other nodes",
    "K1": "other nodes", "K2": "other nodes", "K3": "break-glass", "K4": "key rotation", "K5": "client ledgers",
    "R1": "backup", "R2": "backup", "R3": "a second release", "R4": "backup",
}  # fmt: skip


def check(
    id: str, promise: str, *, may_be_empty: bool = False
) -> Callable[[Callable[[], Found]], Callable[[], Found]]:
    """Mark a function as the check of one invariant."""

    def mark(look: Callable[[], Found]) -> Callable[[], Found]:
        CHECKS[id] = Check(id, promise, look, may_be_empty)
        return look

    return mark


def rows(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """The rows of one plain SELECT."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def count(sql: str, *parameters: Any) -> int:
    return int(rows(sql, *parameters)[0][0])


def load() -> None:
    """Import the modules that hold the checks."""
    for part in ("log", "journey", "places", "money", "hall", "booklets"):
        importlib.import_module(f"openpaspor.nodes.checker.{part}")


def run_checks(only: Iterable[str] = ()) -> list[Result]:
    """Run the checks, all of them or `only` some, inside one transaction that is never committed."""
    load()
    wanted = set(only) or {*CHECKS, *WAITS_FOR}
    with transaction.atomic():
        results = [_verdict(CHECKS[id]) for id in sorted(CHECKS) if id in wanted]
        transaction.set_rollback(True)
    waiting = [Result(id, "na", 0, [], f"waits for {why}") for id, why in WAITS_FOR.items() if id in wanted]
    return sorted(results + waiting, key=lambda result: (result.id[0], int(result.id[1:])))


def _verdict(check: Check) -> Result:
    found = check.look()
    if found.offending:
        return Result(
            check.id, "fail", found.rows, [str(key) for key in found.offending[:SHOWN]], check.promise
        )
    if not found.rows and not check.may_be_empty:
        return Result(check.id, "fail", 0, ["checked nothing"], check.promise)
    return Result(check.id, "pass", found.rows, [], check.promise)
