"""The two clocks.

`now()` is the *domain* clock: what day it is for appointments, bills and queues. In a demo it may be moved.
`real_now()` is the wall clock: sign-in codes, sessions, TOTP and signatures use it and it cannot be moved.
Only the edges (views, workers, commands) look at a clock; actions get `now` as an argument.
"""

from __future__ import annotations

import functools
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

_since_boot: Callable[[], float] = (  # also while the machine sleeps, where it can tell
    functools.partial(time.clock_gettime, time.CLOCK_BOOTTIME)
    if hasattr(time, "CLOCK_BOOTTIME")
    else time.monotonic
)
_played: Callable[[], tuple[datetime, float]] | None = None
_offset_file: Path | None = None
_cached: tuple[float, timedelta] = (-1.0, timedelta(0))
_checked_at = 0.0


def use_file(path: Path | None) -> None:
    """Let the domain clock be moved by the offset that `path` holds; None takes the power away again."""
    global _offset_file, _cached, _checked_at
    _offset_file = path
    _cached, _checked_at = (-1.0, timedelta(0)), 0.0


def play(clocks: Callable[[], tuple[datetime, float]] | None) -> None:
    """Take wall clock (UTC) and ticks from `clocks()` instead of the machine (simulations); None gives them back."""
    global _played
    _played = clocks


def real_now() -> datetime:
    """The wall clock, UTC."""
    return _played()[0] if _played else datetime.now(UTC)


def ticks() -> float:
    """Seconds that only rise, whatever the wall clock does; between two of them lies a length of time."""
    return _played()[1] if _played else _since_boot()


def offset() -> timedelta:
    """How far the domain clock stands from the wall clock. Re-read at most every 50 ms."""
    global _cached, _checked_at
    if _offset_file is None:
        return timedelta(0)
    ticks = time.monotonic()
    if ticks - _checked_at < 0.05:
        return _cached[1]
    _checked_at = ticks
    try:
        changed = _offset_file.stat().st_mtime_ns
        if changed != _cached[0]:
            seconds = json.loads(_offset_file.read_text())["offset_s"]
            _cached = (changed, timedelta(seconds=seconds))
    except FileNotFoundError:
        _cached = (-1.0, timedelta(0))
    return _cached[1]


def now() -> datetime:
    """The domain clock, UTC."""
    return real_now() + offset()


def set_to(moment: datetime) -> None:
    """Move the domain clock so that it is `moment` now; it keeps ticking. Only with a clock file (demo)."""
    if _offset_file is None:
        raise RuntimeError("this installation has no movable clock")
    global _checked_at
    seconds = (moment - real_now()).total_seconds()
    aside = _offset_file.with_suffix(".new")
    aside.write_text(json.dumps({"offset_s": seconds}))
    os.replace(aside, _offset_file)
    _checked_at = 0.0


def is_movable() -> bool:
    """True when this installation may move its domain clock."""
    return _offset_file is not None
