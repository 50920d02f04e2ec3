"""The worker's timetable: `@every(seconds=30)` marks a sweep over domain state, safe to run often, late or twice."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from openpaspor.kit import clock

from . import clock_watch, node

log = logging.getLogger("openpaspor.sweeps")


@dataclass
class Sweep:
    """A sweep, how often it runs, and what the operator wants to know of its last run."""

    name: str
    seconds: float
    run: Callable[..., int]
    by_date: bool = False  # it decides by what day or time it is: it rests while the clock is doubted
    site: str = ""  # whose work it is; empty: everybody's
    last_at: datetime | None = None
    last_did: int = 0
    last_trouble: str = ""
    due: float = field(default=0.0)


_sweeps: dict[str, Sweep] = {}


def every(
    *, seconds: float, by_date: bool = False, at: str = ""
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Mark `sweep(*, now) -> int` to be run by the worker every so many seconds, if given only `at` one of the sites.

    `by_date`: something runs out by it, or begins. It rests while this node doubts its clock.
    """

    def mark(function: Callable[..., int]) -> Callable[..., int]:
        room = function.__module__.split(".")[-2]
        name = f"{room}.{function.__name__}"
        _sweeps[name] = Sweep(name, seconds, function, by_date, at)
        return function

    return mark


def sweeps() -> list[Sweep]:
    """Those that run on this node, by its role."""
    us = node.here()
    return [
        sweep
        for sweep in _sweeps.values()
        if us.runs(sweep.name) and (not sweep.site or us.holds(sweep.site))
    ]


def run_due(*, force: bool = False) -> int:
    """Run the sweeps that are due (all of them with `force`). One that fails does not stop the others."""
    did, doubted = 0, clock_watch.is_doubted()
    for sweep in sweeps():
        if sweep.by_date and doubted:
            continue
        if not force and clock.ticks() < sweep.due:
            continue
        sweep.due = clock.ticks() + sweep.seconds
        try:
            sweep.last_did = sweep.run(now=clock.now())
            sweep.last_trouble = ""
        except Exception as trouble:  # noqa: BLE001 - shown to the operator, tried again next time
            log.exception("sweep %s failed", sweep.name)
            sweep.last_trouble = type(trouble).__name__
        sweep.last_at = clock.real_now()
        did += sweep.last_did
    return did
