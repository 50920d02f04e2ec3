"""How the service does right now: one answer for the status page, the banner, `/readyz` and the operator."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext_lazy as _

from openpaspor.kit import clock
from openpaspor.ledger import links, node, second_copy, worker
from openpaspor.ledger.models import Entry, Parked

SLOW_SEAL = 10.0  # seconds; nothing committed may wait longer for its seal (invariant L8)
NEXT_UPDATE = timedelta(minutes=30)  # status is renewed at least this often during trouble


@dataclass(frozen=True)
class ServiceState:
    """A service state of the common vocabulary, with its three facts in words."""

    level: str  # S0 all running, S2 some delayed, S4 closed
    works: str
    waits: str
    as_of: datetime  # UTC
    next_update: str = ""


@dataclass(frozen=True)
class Readiness:
    """What a load balancer and an operator ask."""

    db: bool
    migrations: bool
    seal_lag_s: float
    unsealed: int
    parked: int
    disk_free_mb: int
    second_copy_age_s: float | None = None  # None: no second copy is asked for, or nothing is in it yet
    lines: tuple[dict[str, object], ...] = ()  # to other nodes: peer, state, unsent

    @property
    def is_ready(self) -> bool:
        return self.db and self.migrations


def readiness() -> Readiness:
    """Look at the database, the log and the disk. Never raises."""
    free = shutil.disk_usage(node.here().home).free // 2**20
    try:
        executor = MigrationExecutor(connection)
        applied = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        return Readiness(
            db=True,
            migrations=applied,
            seal_lag_s=round(worker.seal_lag(), 3),
            unsealed=Entry.objects.unsealed().count(),
            parked=Parked.objects.count(),
            disk_free_mb=free,
            second_copy_age_s=second_copy_age(),
            lines=tuple(
                {"peer": line.peer, "state": line.word, "unsent": line.unsent} for line in links.line_states()
            ),
        )
    except DatabaseError:
        return Readiness(False, False, 0.0, 0, 0, free, second_copy_age())


def second_copy_age() -> float | None:
    """Seconds since all that is here was in the second copy too."""
    copy = second_copy.state()
    return round(copy.age_s, 1) if copy and copy.age_s is not None else None


def _cut_from_the_centre() -> links.LineState | None:
    """The line to the centre, when this is an office and it does not work."""
    if node.here().role != "office":
        return None
    return next((line for line in links.line_states() if line.role == "centre" and not line.is_open), None)


def service_state() -> ServiceState:
    """S0; S1 at an office whose line to the centre is cut; S2 when the log's worker has fallen behind."""
    now = clock.now()
    cut = _cut_from_the_centre()
    if cut is not None:
        since = f"{cut.since:%H.%M} UTC" if cut.since else str(_("the start"))
        return ServiceState(
            "S1",
            str(_("visits, numbers, papers, interviews, photos, printing of what is approved, collection")),
            str(_("approval, and messages to applicants (not connected since %(since)s, %(unsent)s to send)"))
            % {"since": since, "unsent": cut.unsent},
            now,
            next_update=f"{clock.real_now() + NEXT_UPDATE:%H.%M} UTC",
        )
    if worker.seal_lag() <= SLOW_SEAL:
        works = _("applications, appointments, payments, halls, decisions and printing")
        return ServiceState("S0", str(works), "", now)
    return ServiceState(
        "S2",
        str(_("visits, photos and interviews")),
        str(_("status updates, approval and printing")),
        now,
        next_update=f"{clock.real_now() + NEXT_UPDATE:%H.%M} UTC",
    )
