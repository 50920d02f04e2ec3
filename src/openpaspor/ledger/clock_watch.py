"""Is the clock of this machine right? While a node doubts it nothing runs out here, and what it says is marked.

What we hold to be right is an anchor: a wall time and the ticks at that moment, in `clock-trusted.json` beside the database
(and never in a backup of it). Ticks only rise, so the anchor says what time it must be now. Where the wall clock says
another time by more than BOUND, `ledger.clock_doubted` is recorded; what the node says from there to
`ledger.clock_trusted` may bear a wrong time. Each signed answer of the centre sets the anchor anew. After a boot we only
know that it cannot be earlier than the anchor. A doubt ends by itself when both agree again, or when somebody at the
machine confirms the date.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from django.db import transaction

from openpaspor.facts.base import format_moment, parse_moment
from openpaspor.facts.ledger import ClockDoubted, ClockTrusted
from openpaspor.kit import clock

from . import node
from .record import record

log = logging.getLogger("openpaspor.clock")
BOUND = timedelta(minutes=2)  # a clock that is kept right by the network is never so far off
_one_at_a_time = threading.Lock()  # worker, couriers and pages of this process
MOVED_EVERY = 30.0  # seconds after which the anchor follows a clock that is right


@dataclass(frozen=True)
class Anchor:
    """A wall time that was right, and where our log and the ticks stood then."""

    at: str  # UTC
    ticks: float  # seconds
    boot: str  # of the machine; ticks of another boot say nothing
    epoch: int = 0  # of our log, and
    seq: int = 0  # its last sealed entry
    doubted: bool = False  # since then the wall clock has left it

    @property
    def off(self) -> timedelta | None:
        """How far the wall clock is ahead of what it must be; None where nothing tells."""
        gone, since = clock.ticks() - self.ticks, clock.real_now() - parse_moment(self.at)
        if self.boot == _boot() and gone >= 0:
            return since - timedelta(seconds=gone)
        if self.doubted:
            return None  # it was wrong before the boot, and nothing says that it is right now
        return min(since, timedelta(0))  # a machine may have been off for long, but time does not go back


def look() -> bool:
    """Compare the clocks, and say so when a doubt begins or ends. Returns whether the clock is doubted. For the worker."""
    us = node.here()
    if us.demo and us.role == "everything":
        return False  # a demo lives on machines that sleep and are stopped
    with _one_at_a_time:
        return _look(us.home)


def _look(home: Path) -> bool:
    kept = _read(home)
    if kept is None:
        _set_anchor()
        return False
    off, epoch = kept.off, node.here().epoch
    if (
        kept.doubted and kept.epoch != epoch
    ):  # the log of a new epoch says it too: a backup may have lost the other
        _doubt(replace(kept, epoch=epoch, seq=0), off or timedelta(0))
        return True
    if off is not None and abs(off) > BOUND and not kept.doubted:
        _doubt(kept, off)
        return True
    if kept.doubted and off is not None and abs(off) <= BOUND:
        _trust(actor="worker", now=clock.now())
        return False
    if not kept.doubted and (kept.boot != _boot() or abs(clock.ticks() - kept.ticks) > MOVED_EVERY):
        _set_anchor()
    return kept.doubted


def is_doubted() -> bool:
    """Whether this node doubts its clock, as the worker last saw it."""
    kept = _read(node.here().home)
    return kept is not None and kept.doubted


def hear(at: str) -> None:
    """The centre has just said what time it is (UTC): that is the anchor from now on. `look` judges our clock by it."""
    home = node.here().home
    heard = Anchor(at, clock.ticks(), _boot())
    with _one_at_a_time:
        kept = _read(home)
        if kept is None or not _agree(kept, heard):
            _write(home, replace(kept or heard, at=heard.at, ticks=heard.ticks, boot=heard.boot))


def _agree(kept: Anchor, heard: Anchor) -> bool:
    """Whether an anchor says nothing new: every message over a busy line brings one."""
    gone = heard.ticks - kept.ticks
    apart = parse_moment(heard.at) - parse_moment(kept.at) - timedelta(seconds=gone)
    return kept.boot == heard.boot and 0 <= gone < MOVED_EVERY and abs(apart) < timedelta(seconds=10)


def confirm(*, actor: str, now: datetime) -> None:
    """Somebody at the machine says that its date and time are right."""
    with _one_at_a_time:
        if is_doubted():
            _trust(actor=actor, now=now)


def _doubt(kept: Anchor, off: timedelta) -> None:
    with transaction.atomic():
        after = kept.seq if kept.epoch == node.here().epoch else 0
        doubted = ClockDoubted(off_s=round(off.total_seconds()), after_seq=after)
        record(doubted, actor="worker", now=clock.now())
    log.warning("the clock is %s s off what it must be", doubted.off_s)
    _write(node.here().home, replace(kept, doubted=True))


def _trust(*, actor: str, now: datetime) -> None:
    with transaction.atomic():
        record(ClockTrusted(), actor=actor, now=now)
    _set_anchor()


def _set_anchor() -> None:
    us = node.here()
    seq, _digest = us.remembered_head() or (0, "")
    _write(us.home, Anchor(format_moment(clock.real_now()), clock.ticks(), _boot(), us.epoch, seq))


@cache
def _boot() -> str:
    """Which boot of the machine this is; empty where it does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _read(home: Path) -> Anchor | None:
    try:
        return Anchor(**json.loads((home / "clock-trusted.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _write(home: Path, anchor: Anchor) -> None:
    aside = home / "clock-trusted.new"
    try:
        aside.write_text(json.dumps(asdict(anchor)))
        os.replace(aside, home / "clock-trusted.json")
    except OSError as trouble:  # a full disk stops no worker
        log.warning("the anchor of the clock cannot be written: %s", trouble)
