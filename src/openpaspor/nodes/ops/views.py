"""The operator's page, the public status page and the machine-readable answers behind both."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openpaspor.accounts.models import Role
from openpaspor.accounts.permissions import staff
from openpaspor.applications import eligibility
from openpaspor.applications.models import Application
from openpaspor.hall.advice import STATE_WORDS
from openpaspor.journey import State
from openpaspor.kit import clock
from openpaspor.ledger import clock_watch, conflicts, links, node, second_copy, sync
from openpaspor.ledger.follow import retry_parked
from openpaspor.ledger.models import Conflict, Entry, Parked
from openpaspor.ledger.sweeps import sweeps
from openpaspor.nodes.service import readiness, service_state, silent_offices
from openpaspor.offices.models import Office
from openpaspor.ui.forms import ActionForm


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. No database is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether this process can serve, and how the log stands."""
    ready = readiness()
    return JsonResponse(asdict(ready), status=200 if ready.is_ready else 503)


@cache_control(max_age=10, public=True)
@require_safe
def status_json(request: HttpRequest) -> HttpResponse:
    state, silent = service_state(), silent_offices()
    return JsonResponse(
        {
            "schema": 1,
            "state": "S2" if silent and state.level == "S0" else state.level,
            "works": state.works,
            "waits": state.waits or (str(NEWS_WAITS) if silent else ""),
            "as_of": state.as_of.isoformat(),
            "offices_not_connected": [one.office.pk for one in silent if not one.without_centre],
            "offices_without_centre": [one.office.pk for one in silent if one.without_centre],
        }
    )


@cache_control(max_age=10, public=True)
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    now, centre_cut = clock.now(), links.cut_line("centre")
    state = service_state()
    shown = {
        "state": state,
        "news_waits": NEWS_WAITS,
        "place": state.line.place if state.line else eligibility.NATION,
        "silent": silent_offices(),
        "next_update": sync.next_update(now),
        "centre_cut": centre_cut,
        "centre_since": sync.by_domain_clock(centre_cut.since) if centre_cut else None,
    }
    return render(request, "nodes/status.html", shown)


NEWS_WAITS = _("News from the offices listed below, approval and printing there")
ROLES: dict[str, Any] = {
    "everything": _("everything on one machine"),
    "portal": _("pages for applicants"),
    "office": _("an office"),
    "centre": _("the centre"),
}
CAUSES: dict[str, Any] = {
    "Later": _("An earlier part has not come yet."),
    "behind": _("Waits behind an earlier entry of its application."),
    "FactUnknown": _("This version does not know it yet. Update first."),
}


COPY_TROUBLE: dict[str, Any] = {
    "no-folder": _("The folder is not there. Connect the disk or the box; the rest follows by itself."),
    "full": _("The disk of the second copy is full. Make room; the rest follows by itself."),
    "not-writable": _("The folder cannot be written to. Make it writable; the rest follows by itself."),
    "not-ours": _(
        "The folder holds entries that this installation does not know. Stop here and read: when a box is lost."
    ),
    "unreadable": _("The copy cannot be continued. The log of this server says why."),
    "": _("It is older than ten seconds."),
}


def copy_trouble() -> Any:
    """What is wrong with the second copy, in words, or nothing."""
    copy = second_copy.state()
    return COPY_TROUBLE.get(copy.trouble, copy.trouble) if copy and copy.is_late else ""


@dataclass(frozen=True)
class Held:
    """A parked entry with its cause in words."""

    row: Parked

    @property
    def says(self) -> Any:
        return CAUSES.get(self.row.cause, self.row.cause)


LINES: dict[str, Any] = {
    "open": _("connected"),
    "cut": _("not connected; it tries by itself"),
    "quarantined": _("stopped: somebody has to look"),
}
DOUBTS: dict[str, Any] = {
    "no-authority": _("A node said what it may not say. Nobody acts on it."),
    "revoked": _("A node that was sent away said this afterwards. Nobody acts on it."),
    "old-term": _(
        "This application was moved on at two places. What stands comes from the place that held the file."
    ),
    "equal-terms": _(
        "Two places moved this application on at once. What stands comes from the place that held the file."
    ),
    "arrived-twice": _(
        "The visitor was received at two places. The earlier arrival counts; find out what was done at the other."
    ),
    "not-missed": _(
        "An office had not heard that this visit was moved and noted it as missed. Nothing is to be done."
    ),
    "not-expired": _(
        "An office had not heard that somebody acted in time and noted the time as over. Nothing is to be done."
    ),
    "built-on-void": _("This followed a move that does not count."),
    "old-pass": _(
        "The visitor came on an old pass before the office heard that the visit had been moved. The visit counts."
    ),
    "presence-wins": _(
        "The visitor came before the office heard of this change. The visit counts, this move does not."
    ),
    "given-back": _(
        "This office did this after the backup from which it was put back. Only the word of it is left: look what is really there."
    ),
    "fork": _("A log has two pasts: its node was copied or set back. Its line is stopped."),
}


@dataclass(frozen=True)
class Line:
    """A line to another node, in words."""

    state: links.LineState

    @property
    def says(self) -> Any:
        return LINES[self.state.word]


@dataclass(frozen=True)
class Doubt:
    """Something that a person has to look at, in words."""

    row: Conflict

    @property
    def says(self) -> Any:
        return DOUBTS.get(self.row.code, self.row.code)


@dataclass(frozen=True)
class StateCount:
    """How many applications are in one state."""

    words: Any
    count: int


def by_state() -> list[StateCount]:
    counts = {
        row["state"]: row["count"]
        for row in Application.objects.values("state").annotate(count=Count("id")).order_by()
    }
    return [StateCount(STATE_WORDS[state], counts[state]) for state in State if state in counts]


def office_here(request: HttpRequest) -> Office | None:
    """The office that a page of this node is about; an operator has none, and sees that of the node."""
    posting = request.posting  # type: ignore[attr-defined]
    return posting.office or Office.objects.filter(pk__in=node.here().offices).first()


@never_cache
@staff(Role.OFFICER, Role.HEAD, Role.OPS)
@require_http_methods(["GET", "HEAD", "POST"])
def clock_of_node(request: HttpRequest) -> HttpResponse:
    """What time this machine says it is; somebody confirms it while the node doubts it."""
    if request.method == "POST":
        clock_watch.confirm(actor=request.user.actor_code, now=clock.now())  # type: ignore[union-attr]
        return redirect("nodes:clock")
    context = {"real_now": clock.real_now(), "place": office_here(request) or eligibility.NATION}
    return render(request, "nodes/clock.html", context)


@never_cache
@staff(Role.OPS)
def ops(request: HttpRequest) -> HttpResponse:
    """Symptoms first: what waits, since when, and the button that helps."""
    ready, here = readiness(), node.here()
    context = {
        "ready": ready,
        "role": ROLES.get(here.role, here.role),
        "second_copy": second_copy.state(),
        "copy_trouble": copy_trouble(),
        "disk_free_gb": round(ready.disk_free_mb / 1024, 1),
        "state": service_state(),
        "node": here,
        "head": Entry.objects.sealed().last(),
        "parked": [Held(row) for row in Parked.objects.select_related("entry")[:100]],
        "lines": [Line(state) for state in links.line_states()],
        "conflicts": [
            Doubt(row) for row in Conflict.objects.filter(seen_at=None).select_related("entry")[:100]
        ],
        "sweeps": sorted(sweeps(), key=lambda sweep: sweep.name),
        "by_state": by_state(),
        "real_now": clock.real_now(),
        "place": office_here(request) or eligibility.NATION,
        "form": ActionForm(),
    }
    return render(request, "nodes/ops.html", context)


@require_POST
@staff(Role.OPS)
def retry(request: HttpRequest) -> HttpResponse:
    done = retry_parked(request.POST.get("application", ""))
    text = ngettext("%(done)s entry went through.", "%(done)s entries went through.", done) % {"done": done}
    messages.info(request, text)
    return redirect("nodes:ops")


@require_POST
@staff(Role.OPS)
def seen(request: HttpRequest, conflict: int) -> HttpResponse:
    """Somebody looked at what two nodes said and takes care of it."""
    actor = request.user.actor_code  # type: ignore[union-attr]
    if conflicts.decide(conflict, "", actor=actor, now=clock.now()):
        messages.info(request, _("Taken off the list. The log keeps it."))
    return redirect("nodes:ops")


@require_POST
@staff(Role.OPS)
def lift(request: HttpRequest, peer: str) -> HttpResponse:
    """The line to a node that was stopped is opened again."""
    if links.lift_quarantine(peer):
        messages.info(request, _("The line is open again."))
    return redirect("nodes:ops")
