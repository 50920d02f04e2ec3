"""The worker: seal, follow, sweep. A thread of the serving process on SQLite, a process of its own on PostgreSQL."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

from django.db import close_old_connections, connection

from openpaspor.kit import clock

from . import clock_watch, courier, enrol, links, node, refill, second_copy, sweeps
from .follow import copies_alone, follow_all
from .models import Entry, Parked
from .record import work_waits
from .seal import introduce_ourselves, seal_pending

log = logging.getLogger("openpaspor.worker")
PAUSE = 0.1  # seconds between looks when nobody wakes us (entries of other processes)


@dataclass
class Done:
    """What one run of the worker did."""

    sealed: int = 0
    followed: int = 0
    swept: int = 0


def turn(*, force_sweeps: bool = False) -> Done:
    """One turn: look at the clock, sweep what is due, seal what is committed, follow what is sealed."""
    clock_watch.look()
    filling = refill.is_filling()
    swept = 0 if filling else sweeps.run_due(force=force_sweeps)
    sealed = seal_pending()
    has_peers = node.here().role != "everything"
    followed = _follow() if sealed or has_peers or Parked.objects.exists() else 0
    if filling and not refill.waits_for():
        enrol.announce()
    if has_peers and (sealed or followed or links.unchosen()):
        links.queue_news()
        courier.tell_couriers()
    return Done(sealed, followed, swept)


def _follow() -> int:
    """Let followers read. Of a centre that is being filled copies alone: first the state, then who acts on it."""
    if not refill.is_filling():
        return follow_all()
    with copies_alone():
        return follow_all()


def work_until_idle(*, timeout: float = 30, with_sweeps: bool = True) -> Done:
    """Work until nothing is left to seal or follow, or `timeout` seconds passed. For commands and tests."""
    introduce_ourselves()
    total = Done()
    ends = time.monotonic() + timeout
    if with_sweeps and not refill.is_filling():
        total.swept = sweeps.run_due(force=True)
    while time.monotonic() < ends:
        sealed, followed = seal_pending(), _follow()
        links.queue_news()
        total.sealed += sealed
        total.followed += followed
        if not sealed and not followed:
            break
    return total


def say_what_waits() -> None:
    """What was committed before a stop gets its place in the log and on its lines. For a start, before anybody is answered.

    An office that asks for news and is told that there is none prints; a withdrawal must not be sealed only after that.
    """
    while seal_pending():
        pass
    if node.here().role != "everything":
        links.queue_news()


def seal_lag() -> float:
    """Seconds the oldest committed entry has waited for its seal; 0 when none waits."""
    oldest = Entry.objects.unsealed().values_list("recorded_at", flat=True).first()
    return max(0.0, (clock.now() - oldest).total_seconds()) if oldest else 0.0


def work_for_ever(stop: threading.Event) -> None:
    """The worker's life. Trouble with the database is waited out."""
    introduced = False
    keeper: second_copy.Keeper | None = None
    look_for_peers = 0.0
    while not stop.is_set():
        work_waits.wait(PAUSE)
        work_waits.clear()
        try:
            close_old_connections()
            if not introduced:
                introduce_ourselves()
                _follow()
                links.queue_news()
                keeper = second_copy.start_keeping(stop)
                introduced = True
            if keeper is not None:
                keeper.release_if_stuck()
            turn()
            if time.monotonic() >= look_for_peers:
                courier.start_couriers(stop)
                look_for_peers = time.monotonic() + 5
        except Exception:  # noqa: BLE001 - the worker outlives every trouble
            log.exception("the worker met trouble and goes on")
            stop.wait(1)
    connection.close()


def start_worker_thread() -> threading.Event:
    """Start the worker inside this process. Returns the event that stops it."""
    stop = threading.Event()
    threading.Thread(target=work_for_ever, args=(stop,), name="openpaspor-worker", daemon=True).start()
    return stop


def wait_until_followed(application: str, *, seconds: float = 1.0) -> bool:
    """Wait for the worker to have sealed and followed everything said of `application`. False when it took too long."""
    ends = time.monotonic() + seconds
    work_waits.set()
    while time.monotonic() < ends:
        if is_followed(application):
            return True
        time.sleep(0.02)
    return is_followed(application)


def is_followed(application: str) -> bool:
    """True when every entry of `application` is sealed and every follower of its kinds has read it."""
    from .follow import followers
    from .models import Cursor

    entries = Entry.objects.filter(application=application)
    if entries.filter(position__isnull=True).exists():
        return False
    at = dict(Cursor.objects.values_list("follower", "position"))
    tops: dict[str, int] = {}
    for kind, position in entries.values_list("kind", "position"):
        tops[kind] = max(tops.get(kind, 0), position or 0)
    return all(
        at.get(follower.name, 0) >= tops[kind]
        for follower in followers()
        for kind in follower.kinds
        if kind in tops
    )
