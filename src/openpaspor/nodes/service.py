"""How the service does right now: one answer for the status page, the banner, `/readyz` and the operator."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from openpaspor.applications import eligibility
from openpaspor.kit import clock
from openpaspor.ledger import follow, links, node, second_copy, sync, worker
from openpaspor.ledger.models import Entry, Link, Parked
from openpaspor.nodes import machine
from openpaspor.offices.models import Office
from openpaspor.ui.templatetags.ui import clock_time

SLOW_SEAL = 10.0  # seconds; nothing committed may wait longer for its seal (invariant L8)


@dataclass(frozen=True)
class ServiceState:
    """A service state of the common vocabulary, with its three facts in words."""

    level: str  # S0 all running, S2 some delayed, S4 closed
    works: str
    waits: str
    as_of: datetime  # UTC
    next_update: str = ""
    next_at: datetime | None = None  # the same as a moment, UTC, for a page that tells times of one office
    line: Line | None = None  # of an office to the centre


@dataclass(frozen=True)
class Readiness:
    """What a load balancer and an operator ask."""

    db: bool
    migrations: bool
    seal_lag_s: float
    unsealed: int
    unread: int  # sealed entries that some follower, or the choice for a line, has not read yet
    parked: int
    disk_free_mb: int
    can_write: bool  # to the folder of this installation
    second_copy_age_s: float | None = None  # None: no second copy is asked for, or nothing is in it yet
    lines: tuple[dict[str, object], ...] = ()  # to other nodes: peer, state, unsent

    @property
    def is_ready(self) -> bool:
        return self.db and self.migrations and self.can_write


def readiness() -> Readiness:
    """Look at the database, the log and the disk. Never raises."""
    home = node.here().home
    free = shutil.disk_usage(home).free // 2**20
    can_write = machine.trouble_with_writing(home) is None
    try:
        applied = _tables_fit()
        return Readiness(
            db=True,
            migrations=applied,
            seal_lag_s=round(worker.seal_lag(), 3),
            unsealed=Entry.objects.unsealed().count(),
            unread=max(follow.unread(), links.unchosen()),
            parked=Parked.objects.count(),
            disk_free_mb=free,
            can_write=can_write,
            second_copy_age_s=second_copy_age(),
            lines=tuple(
                {"peer": line.peer, "state": line.word, "unsent": line.unsent} for line in links.line_states()
            ),
        )
    except DatabaseError:
        return Readiness(False, False, 0.0, 0, 0, 0, free, can_write, second_copy_age())


_fitted = False


def _tables_fit() -> bool:
    """Whether the tables are those of this program. Once they are, they stay so as long as it runs: looking costs 50 ms."""
    global _fitted
    if not _fitted:
        executor = MigrationExecutor(connection)
        _fitted = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    connection.ensure_connection()
    return _fitted


def second_copy_age() -> float | None:
    """Seconds since all that is here was in the second copy too."""
    copy = second_copy.state()
    return round(copy.age_s, 1) if copy and copy.age_s is not None else None


@dataclass(frozen=True)
class SilentOffice:
    """An office that is not connected to the portal, or only to the portal and not to the centre."""

    office: Office
    since: datetime  # UTC by the domain clock
    without_centre: bool = False


def silent_offices() -> list[SilentOffice]:
    """What applicants are told of offices that are cut off; by name."""
    silent, cut = links.silent_offices(), links.offices_without_centre()
    since = cut | silent
    rows = Office.objects.filter(pk__in=since).order_by("name")
    return [SilentOffice(row, since[row.pk] + clock.offset(), row.pk not in silent) for row in rows]


@dataclass(frozen=True)
class LineToPortal:
    """An office's line to the pages for applicants."""

    is_open: bool
    since: datetime | None  # the last signed answer, UTC by the domain clock; None: none yet
    waiting: int  # records of ours that have not gone over it


def line_to_portal() -> LineToPortal | None:
    """None where there is no portal, or nobody told us of it."""
    link = sync.link_to("portal")
    if link is None:
        return None
    at = sync.by_domain_clock(link.answered_at)
    return LineToPortal(links.word_of(link) == "open", at, max(0, link.queued - link.confirmed))


@dataclass(frozen=True)
class Line:
    """An office's line to the centre, as its pages speak of it."""

    link: Link
    word: str  # open, cut, quarantined
    place: Office  # in whose zone times are shown
    backlog: sync.Backlog
    portal: LineToPortal | None = None

    @property
    def is_open(self) -> bool:
        return self.word == "open"

    @property
    def sync(self) -> sync.Sync:
        """The sync word of this node as a whole."""
        return sync.node_sync(self.link, self.backlog.entries, is_open=self.is_open)

    @property
    def since(self) -> datetime | None:
        """The last signed answer of the centre, by the domain clock; None: none yet."""
        return sync.by_domain_clock(self.link.answered_at)


def line_to_centre() -> Line | None:
    """An office's line to the centre; None elsewhere, and while nobody told us of a centre."""
    us = node.here()
    link = sync.link_to_centre() if us.role == "office" else None
    if link is None:
        return None
    place = Office.objects.get(pk=us.offices[0])
    return Line(link, links.word_of(link), place, sync.backlog(link), line_to_portal())


def service_state(line: Line | None = None) -> ServiceState:
    """S0; S1 at an office whose line to the centre is cut; S2 when the log's worker has fallen behind."""
    now = clock.now()
    line = line or line_to_centre()
    if line is not None and not line.is_open:
        since = clock_time(line.since, line.place) if line.since else str(_("the start"))
        files = line.backlog.files
        if not files:
            waits = str(_("approval, and messages to applicants (not connected since %(since)s)"))
            if line.portal and line.portal.is_open:
                waits = str(_("approval (not connected since %(since)s)"))
        elif line.portal and line.portal.is_open:
            waits = ngettext(
                "approval (not connected since %(since)s, %(files)s file to send)",
                "approval (not connected since %(since)s, %(files)s files to send)",
                files,
            )
        else:
            waits = ngettext(
                "approval, and messages to applicants (not connected since %(since)s, %(files)s file to send)",
                "approval, and messages to applicants (not connected since %(since)s, %(files)s files to send)",
                files,
            )
        return ServiceState(
            "S1",
            str(_("visits, numbers, papers, interviews, photos, printing of what is approved, collection")),
            waits % {"since": since, "files": files},
            now,
            next_update=clock_time(sync.next_update(now), line.place),
            line=line,
        )
    if links.centre_is_silent():
        return ServiceState(
            "S2",
            str(
                _(
                    "applications, appointments, payments, visits at the offices and printing of what is approved: your appointment stands"
                )
            ),
            str(_("news from the centre, and new approvals")),
            now,
            next_update=clock_time(sync.next_update(now), eligibility.NATION),
            next_at=sync.next_update(now),
        )
    if worker.seal_lag() <= SLOW_SEAL:
        if silent_offices():
            works = _(
                "applications, appointments, payments, visits at all offices; decisions and printing where the office is connected"
            )
        else:
            works = _("applications, appointments, payments, halls, decisions and printing")
        return ServiceState("S0", str(works), "", now, line=line)
    place = Office.objects.filter(pk__in=node.here().offices).first() or eligibility.NATION
    return ServiceState(
        "S2",
        str(_("visits, photos and interviews")),
        str(_("status updates, approval and printing")),
        now,
        next_update=clock_time(sync.next_update(now), place),
        line=line,
    )
