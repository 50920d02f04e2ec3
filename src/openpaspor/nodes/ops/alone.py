"""An office alone: how its line is and what may be done meanwhile, and what two nodes said that cannot both stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from openpaspor.accounts.models import Role
from openpaspor.accounts.permissions import staff
from openpaspor.accounts.sessions import STAFF_SECONDS
from openpaspor.applications.agreement import place_left_over
from openpaspor.applications.branches import OLD_PASS, PRESENCE
from openpaspor.applications.models import Application
from openpaspor.facts.base import parse_moment
from openpaspor.hall.advice import STATE_WORDS
from openpaspor.journey import WITHDRAW
from openpaspor.kit import clock
from openpaspor.ledger import conflicts, links, node, sync
from openpaspor.ledger.models import Conflict, Entry
from openpaspor.nodes.service import line_to_centre, service_state
from openpaspor.offices.models import Office
from openpaspor.ui.templatetags.ui import when_short

from .views import DOUBTS, office_here

AT_THE_OFFICE = (Role.OFFICER, Role.HEAD, Role.PRINT)

MAY = (
    _("Receive visitors, with or without a booking, priority first, and call them."),
    _("Check papers, interview and take photos. Everything is saved in this office."),
    _("Open bills, and take a receipt that a bank has signed. It stays to be confirmed."),
    _("Print what the centre has approved and sent to this office already."),
    _("Hand over what is on the shelf, take papers back, hold a case."),
)
MAY_NOT = (
    _("Approve or refuse: only the centre decides."),
    _("Print without an approval that has arrived here: it comes by itself with the line."),
    _("Settle money: the money desk does, when the bank's own word has come."),
    _("Raise the places of a day above the ceiling that the centre set."),
)


# The line


@never_cache
@require_GET
@staff(*AT_THE_OFFICE, Role.OPS)
def offline(request: HttpRequest) -> HttpResponse:
    """Since when, what waits, what may be done; it looks again by itself and blocks nothing."""
    line = line_to_centre()
    said = sync.said_since_whole(line.link) if line and line.is_open and line.backlog.entries else 0
    shown = {
        "line": line,
        "office": line.place if line else office_here(request),
        "service_state": service_state(line),
        "whole_at": sync.by_domain_clock(line.link.whole_at) if line else None,
        "received": max(0, said - line.backlog.entries) if line else 0,
        "said": said,
        "may": MAY,
        "may_not": MAY_NOT,
        "session_hours": STAFF_SECONDS // 3600,
    }
    return render(request, "nodes/offline.html", shown)


@never_cache
@require_GET
def line_state(request: HttpRequest) -> HttpResponse:
    """The banner alone, for pages that stay open for long: a cut shows on them within ten seconds. For boards too."""
    return render(request, "nodes/_line_state.html")


@require_POST
@staff(*AT_THE_OFFICE, Role.OPS)
def try_line(request: HttpRequest) -> HttpResponse:
    """Call centre and portal now; the page shows by itself what came of it."""
    for link in filter(None, (sync.link_to("centre"), sync.link_to("portal"))):
        links.try_now(link.peer)
    messages.info(request, _("We are calling. This page shows what comes of it."))
    return redirect("nodes:offline")


# Needs a look

LABELS: dict[str, Any] = {
    "target": _("What happened"),
    "office": _("Office"),
    "starts_at": _("Time of the visit"),
    "pass_number": _("Pass number"),
    "version": _("Step"),
    "reason": _("Reason"),
}


PLACES: dict[str, Any] = {"portal": _("On the pages for applicants"), "centre": _("At the centre")}


@dataclass(frozen=True)
class Side:
    """What one of the two said."""

    pick: str  # entry or other
    entry: Entry
    stands: bool

    @property
    def is_ours(self) -> bool:
        return self.entry.node == node.here().name

    @property
    def place(self) -> Any:
        """Where it was said, as people call it."""
        record = links.newest_records().get(self.entry.node)
        if record and record.role == "office":
            named = Office.objects.filter(pk__in=record.offices).first()
            return named.name if named else self.entry.node
        return PLACES.get(record.role, self.entry.node) if record else self.entry.node

    @property
    def is_the_applicant(self) -> bool:
        return self.entry.actor.startswith("A-")

    def values(self) -> dict[str, Any]:
        said = self.entry.values
        office = Office.objects.filter(pk=said.get("office", "")).first()
        if "target" in said:
            said["target"] = STATE_WORDS.get(said["target"], said["target"])
        if office:
            said["office"] = office.name
        if "starts_at" in said:
            said["starts_at"] = when_short(parse_moment(said["starts_at"]), office)
        return said


@dataclass(frozen=True)
class Row:
    """One thing on which the two differ."""

    label: Any
    values: tuple[Any, ...]


@dataclass(frozen=True)
class LeftOver:
    """A place that is taken and that nobody will use."""

    office: Office | None
    starts_at: datetime


@dataclass(frozen=True)
class Doubt:
    """One conflict: the two sides and what is suggested."""

    row: Conflict
    sides: tuple[Side, ...]

    @property
    def says(self) -> Any:
        return DOUBTS.get(self.row.code, self.row.code)

    @property
    def left_over(self) -> LeftOver | None:
        """The place that was sold meanwhile: it is given back when somebody has looked and the visit stands."""
        found = place_left_over(self.row)
        return LeftOver(Office.objects.filter(pk=found[0]).first(), found[1]) if found else None

    @property
    def suggested(self) -> str:
        """What stands; but whoever stood in the hall was there, whatever was said elsewhere."""
        arrived = self.row.entry and self.row.entry.values.get("move") in PRESENCE
        return "entry" if arrived or self.row.code == OLD_PASS else "other"

    def rows(self) -> Iterator[Row]:
        said = [side.values() for side in self.sides]
        for key, label in LABELS.items():
            values = tuple(one.get(key, "–") for one in said)
            if set(values) != {"–"} and (len(set(values)) > 1 or key == "target"):
                yield Row(label, values)


def _doubt(row: Conflict) -> Doubt:
    visit_stands = row.code == OLD_PASS  # elsewhere what is listed does not stand
    sides = [Side("other", row.other, not visit_stands)] if row.other else []
    sides += [Side("entry", row.entry, visit_stands)] if row.entry else []
    return Doubt(row, tuple(sorted(sides, key=lambda side: not side.is_ours)))


def _open_doubts(office: Office | None) -> Any:
    """Of applications of this office, oldest first; and those of no application, which an operator looks after."""
    mine = Application.objects.filter(office=office).values("ref")
    rows = Conflict.objects.filter(Q(application="") | Q(application__in=mine), seen_at=None)
    return rows.select_related("entry", "other").order_by("found_at", "pk")


@never_cache
@require_GET
@staff(*AT_THE_OFFICE)
def doubts(request: HttpRequest) -> HttpResponse:
    """One by one, the two side by side. What waits here holds up nothing else."""
    office = office_here(request)
    rows = [_doubt(row) for row in _open_doubts(office)[:100]]
    shown = {
        "office": office,
        "doubts": [row for row in rows if row.row.application],
        "of_the_node": [row for row in rows if not row.row.application],
    }
    return render(request, "nodes/doubts.html", shown)


@require_POST
@staff(Role.OFFICER, Role.HEAD)
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody says which of the two is right; that is recorded."""
    office, picked = office_here(request), request.POST.get("picked", "")
    row = Conflict.objects.filter(pk=pk).first()
    if row is None or picked not in ("entry", "other"):
        raise Http404
    if not Application.objects.filter(ref=row.application, office=office).exists():
        raise Http404
    now: datetime = clock.now()
    actor = request.user.actor_code  # type: ignore[union-attr]
    if not conflicts.decide(pk, picked, office=office.pk if office else "", actor=actor, now=now):
        messages.info(request, _("Somebody has looked at this in the meantime."))
    elif picked == "other":
        messages.info(request, _("Written down. What stands goes on as it is."))
    elif row.entry and row.entry.values.get("move") == WITHDRAW.name:
        messages.info(
            request, _("Written down. The application is withdrawn, unless the centre has it already.")
        )
    else:
        messages.info(request, _("Written down. What stands does not change by itself: go on in the case."))
    return redirect("nodes:doubts")
