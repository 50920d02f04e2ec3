"""Following the log: copies store what was said, reactions call an action where the thing is held."""

from __future__ import annotations

import contextlib
import contextvars
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Q, QuerySet

from openpaspor.facts import Fact, FactUnknown
from openpaspor.kit import clock
from openpaspor.kit.faults import fault

from . import node, turns
from .models import Cursor, Entry, Parked

log = logging.getLogger("openpaspor.ledger")
BATCH = 200
TRIES = 5
BACK_OFF = timedelta(seconds=2)  # doubled at each failure, up to an hour
LONGEST_WAIT = timedelta(minutes=5)  # between looks at what only waits; most of it is woken (`retry_soon`)


class Later(Exception):
    """Not yet: an earlier version of the same application has not come. Waits without limit, and is no failure."""


@dataclass(frozen=True)
class Follower:
    """A function that reads some kinds of entries, and its name in the cursor table."""

    name: str
    kinds: tuple[str, ...]
    take: Callable[[Entry], None]
    reaction: bool


_followers: dict[str, Follower] = {}
_copies_alone: contextvars.ContextVar[bool] = contextvars.ContextVar("copies_alone", default=False)
_unchanged: contextvars.ContextVar[dict[Any, Any] | None] = contextvars.ContextVar("unchanged", default=None)


def followers() -> list[Follower]:
    """Those that run on this node, by its role."""
    us, reactions = node.here(), not _copies_alone.get()
    return [
        follower
        for follower in _followers.values()
        if us.runs(follower.name) and (reactions or not follower.reaction)
    ]


@contextlib.contextmanager
def copies_alone() -> Iterator[None]:
    """Let only copies read, for the length of the block; reactions find their entries afterwards.

    For history that comes back after a restore: a reaction reads the present state, so the state must be there first.
    """
    token = _copies_alone.set(True)
    try:
        yield
    finally:
        _copies_alone.reset(token)


def unchanged() -> dict[Any, Any]:
    """What followers have read of this window since one of them last wrote anything; a room's keys are its own.

    A dozen reactions ask for the same row, and nearly all of them find that there is nothing to do.
    """
    kept = _unchanged.get()
    return {} if kept is None else kept


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    """Keep what is read, inside a transaction, until any statement runs that may write."""
    kept: dict[Any, Any] = {}

    def forget_when_written(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if not sql.startswith(("SELECT", "SAVEPOINT", "RELEASE")):
            kept.clear()
        return execute(sql, *rest)

    token = _unchanged.set(kept)
    try:
        with connection.execute_wrapper(forget_when_written):
            yield
    finally:
        _unchanged.reset(token)


def pass_over(room: str, position: int) -> None:
    """Let the followers of one room never read what stands up to `position`."""
    for follower in followers():
        if follower.name.partition(".")[0] == room:
            _set_cursor(follower, position)


def _add(
    function: Callable[..., Any], kinds: tuple[type[Fact], ...], take: Callable[[Entry], None], reaction: bool
) -> None:
    room = function.__module__.split(".")[-2]
    name = f"{room}.{function.__name__}"
    _followers[name] = Follower(name, tuple(kind.name for kind in kinds), take, reaction)


def copies(*kinds: type[Fact]) -> Callable[[Callable[[Any, Entry], None]], Callable[[Any, Entry], None]]:
    """Mark `function(fact, entry)` as a copy: runs on every node that gets the entry, moves and records nothing."""

    def mark(function: Callable[[Any, Entry], None]) -> Callable[[Any, Entry], None]:
        _add(function, kinds, lambda entry: function(entry.read(), entry), reaction=False)
        return function

    return mark


def reacts(
    *kinds: type[Fact], holder: Callable[[Entry], Any]
) -> Callable[[Callable[[Any, Entry], None]], Callable[[Any, Entry], None]]:
    """Mark `function(thing, entry)` as a reaction.

    `holder(entry)` gives the thing the reaction acts on (fresh from the database) when this node holds it, else
    None and nothing happens. The reaction reads the present state, never the fact.
    """

    def mark(function: Callable[[Any, Entry], None]) -> Callable[[Any, Entry], None]:
        def take(entry: Entry) -> None:
            thing = holder(entry)
            if thing is not None:
                function(thing, entry)

        _add(function, kinds, take, reaction=True)
        return function

    return mark


def follow_all() -> int:
    """Let every follower read what is new, and retry what is parked and due. Returns entries taken."""
    return _read_news() + _retry_due()


def unread() -> int:
    """How many sealed entries some follower has not read yet."""
    return _after(dict(Cursor.objects.values_list("follower", "position"))).count()


def _after(at: dict[str, int]) -> QuerySet[Entry]:
    """What stands in the log after the place up to which every follower has read."""
    low = min((at.get(follower.name, 0) for follower in followers()), default=0)
    return Entry.objects.standing().filter(position__gt=low)


def _read_news() -> int:
    """Two small queries when nothing is new; otherwise window after window, all followers together.

    What is written meanwhile is for the next turn.
    """
    taken = 0
    while True:
        at = dict(Cursor.objects.values_list("follower", "position"))
        window = list(_after(at)[:BATCH]) if followers() else []
        if not window:
            return taken
        turns.give_way()
        taken += _together(window, at) if _may_go_together(window) else _apart(window, at)
        if len(window) < BATCH:
            return taken


def _may_go_together(window: list[Entry]) -> bool:
    """True when nothing is parked of the applications that these entries speak of."""
    return not Parked.objects.filter(application__in={entry.application for entry in window} - {""}).exists()


def _mine(follower: Follower, window: list[Entry], at: dict[str, int]) -> list[Entry]:
    read = at.get(follower.name, 0)
    return [entry for entry in window if entry.kind in follower.kinds and (entry.position or 0) > read]


def _together(window: list[Entry], at: dict[str, int]) -> int:
    """Every follower takes its part of the window, in one transaction with all cursors; on any trouble, one by one."""
    taken = 0
    try:
        with transaction.atomic(), _reading():
            for follower in followers():
                for entry in _mine(follower, window, at):
                    follower.take(entry)
                    taken += 1
            fault("ledger.before_cursor")
            _advance(window[-1].position or 0, at)
    except Exception:  # noqa: BLE001 - found again and named one by one
        return _apart(window, at)
    fault("ledger.after_cursor")
    return taken


def _apart(window: list[Entry], at: dict[str, int]) -> int:
    """As `_together`, but each follower and entry by itself, so that trouble stops only what it must."""
    taken = 0
    with transaction.atomic(), _reading():
        parked = set(Parked.objects.values_list("follower", "application"))
        for follower in followers():
            for entry in _mine(follower, window, at):
                if not _one(follower, entry, is_behind=(follower.name, entry.application) in parked):
                    parked.add((follower.name, entry.application))
                taken += 1
        _advance(window[-1].position or 0, at)
        _wake_what_waited_for(window)
    return taken


def _advance(position: int, at: dict[str, int]) -> None:
    """Everybody has read what is theirs up to `position`, so that nobody looks through it again."""
    missing = [
        Cursor(pk=follower.name, position=position) for follower in followers() if follower.name not in at
    ]
    Cursor.objects.bulk_create(missing, ignore_conflicts=True)
    names = [follower.name for follower in followers()]
    Cursor.objects.filter(follower__in=names, position__lt=position).update(position=position)


def _set_cursor(follower: Follower, position: int) -> None:
    if not Cursor.objects.filter(pk=follower.name).update(position=position):
        Cursor.objects.create(pk=follower.name, position=position)


def _all(follower: Follower, entries: list[Entry]) -> bool:
    """Take some entries together. False when there was trouble, and then none was taken."""
    try:
        with transaction.atomic():
            for entry in entries:
                follower.take(entry)
    except Exception:  # noqa: BLE001 - whose it is, is found out one by one
        return False
    return True


def _one(follower: Follower, entry: Entry, *, is_behind: bool) -> bool:
    """Take one entry, or park it. False when it was parked."""
    if entry.application and is_behind:
        _park(follower, entry, "behind", tries=0)
        return False
    try:
        with transaction.atomic():
            follower.take(entry)
    except Exception as trouble:  # noqa: BLE001 - parked with its cause
        patient = isinstance(trouble, Later | FactUnknown)
        _park(follower, entry, _cause(trouble), tries=0 if patient else 1)
        return False
    return True


def _cause(trouble: Exception) -> str:
    code = getattr(trouble, "code", "")
    return f"{type(trouble).__name__} {code if isinstance(code, str) else ''}".strip()[:200]


def _retry_at(tries: int) -> datetime:
    return clock.real_now() + min(BACK_OFF * 2 ** min(tries, 12), timedelta(hours=1))


def _look_again_at(parked_at: datetime) -> datetime:
    """When to look again at what waits for something else to come: in half as long again as it has waited."""
    now = clock.real_now()
    return now + max(BACK_OFF, min((now - parked_at) / 2, LONGEST_WAIT))


def _park(follower: Follower, entry: Entry, cause: str, *, tries: int) -> None:
    """Keep the entry for later; whatever of its application waits behind it waits as long."""
    now = clock.real_now()
    retry_at = _retry_at(tries)
    _row, made = Parked.objects.update_or_create(
        follower=follower.name,
        entry=entry,
        defaults={
            "application": entry.application,
            "cause": cause,
            "tries": tries,
            "retry_at": retry_at,
        },
        create_defaults={
            "application": entry.application,
            "cause": cause,
            "tries": tries,
            "retry_at": retry_at,
            "parked_at": now,
        },
    )
    if cause == "behind":
        return
    Parked.objects.filter(follower=follower.name, application=entry.application, cause="behind").update(
        tries=tries, retry_at=retry_at
    )
    if made and tries:  # what only waits for an earlier part is no trouble
        log.warning("parked %s for %s: %s", entry, follower.name, cause)


def _retry_due() -> int:
    due = Parked.objects.filter(retry_at__lte=clock.real_now(), tries__lt=TRIES)
    waiting = set(due.values_list("follower", flat=True).distinct())
    return sum(
        retry(follower, due.filter(follower=follower.name))
        for follower in followers()
        if follower.name in waiting
    )


def retry(follower: Follower, parked: QuerySet[Parked]) -> int:
    """Try parked entries again, each application in its order and only up to its first failure. Returns successes."""
    done = 0
    tried: set[str] = set()
    for row in parked.select_related("entry").order_by("entry__position"):
        if row.application in tried:
            continue
        tried.add(row.application)
        turns.give_way()
        done += _retry_application(follower, row)
    return done


@transaction.atomic
def _retry_application(follower: Follower, row: Parked) -> int:
    """In order, up to the first failure. What an entry waits for may stand behind it, having come over another line.

    One commit for all of it: after a cut hundreds of applications wait for their files, each with a dozen entries.
    """
    queue = Parked.objects.filter(follower=follower.name).select_related("entry").order_by("entry__position")
    queue = queue.filter(application=row.application) if row.application else queue.filter(pk=row.pk)
    done, goes_on = 0, True
    while goes_on:
        goes_on = False
        for waiting in queue.all():
            try:
                with transaction.atomic():
                    follower.take(waiting.entry)
                    waiting.delete()
            except (Later, FactUnknown) as trouble:
                _wait_on(waiting, _cause(trouble))
                continue
            except Exception as trouble:  # noqa: BLE001 - stays parked with its newest cause
                _park(follower, waiting.entry, _cause(trouble), tries=waiting.tries + 1)
                return done
            done, goes_on = done + 1, True
    return done


def _wait_on(row: Parked, cause: str) -> None:
    """It waits still, and what is behind it as long; no failure."""
    both = Q(pk=row.pk) | Q(follower=row.follower, application=row.application, cause="behind")
    Parked.objects.filter(both).update(tries=row.tries, retry_at=_look_again_at(row.parked_at))
    if row.cause != cause:
        Parked.objects.filter(pk=row.pk).update(cause=cause)


def retry_parked(application: str = "") -> int:
    """An operator's "try again now", for one application or for all. Returns entries that went through."""
    done = 0
    for follower in followers():
        parked = Parked.objects.filter(follower=follower.name)
        done += retry(follower, parked.filter(application=application) if application else parked)
    return done


def _wake_what_waited_for(window: list[Entry]) -> None:
    """Something came of an application: what only waits of it may go through now, whatever follower it waits with."""
    came = {entry.application for entry in window} - {""}
    Parked.objects.filter(application__in=came, tries=0).update(retry_at=clock.real_now())


def retry_soon(application: str) -> None:
    """What this application waited for has come: its parked entries are due at the worker's next turn."""
    Parked.objects.filter(application=application, tries__lt=TRIES).update(retry_at=clock.real_now())


def run_reactions_again(application: str, *, but: str) -> None:
    """Custody came: every reaction (but the one that asks) sees the application's past entries again.

    Each deed is done once anyway.
    """
    top = Entry.objects.aggregate(top=Max("position"))["top"] or 0
    past = list(Entry.objects.standing().filter(application=application, position__lte=top))
    for follower in followers():
        if follower.reaction and follower.name != but:
            mine = [entry for entry in past if entry.kind in follower.kinds]
            if mine and not _all(follower, mine):
                for entry in mine:
                    _one(follower, entry, is_behind=False)
