"""The operator's page, the public status page and the machine-readable answers behind both."""

from __future__ import annotations

from dataclasses import asdict

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_POST, require_safe

from openpaspor.accounts.models import Role
from openpaspor.accounts.permissions import staff
from openpaspor.applications.models import Application
from openpaspor.kit import clock
from openpaspor.ledger import node
from openpaspor.ledger.follow import retry_parked
from openpaspor.ledger.models import Entry, Parked
from openpaspor.ledger.sweeps import sweeps
from openpaspor.nodes.service import readiness, service_state
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
    state = service_state()
    return JsonResponse(
        {
            "schema": 1,
            "state": state.level,
            "works": state.works,
            "waits": state.waits,
            "as_of": state.as_of.isoformat(),
        }
    )


@cache_control(max_age=10, public=True)
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    return render(request, "nodes/status.html", {"state": service_state()})


@never_cache
@staff(Role.OPS)
def ops(request: HttpRequest) -> HttpResponse:
    """Symptoms first: what waits, since when, and the button that helps."""
    context = {
        "ready": readiness(),
        "state": service_state(),
        "node": node.here(),
        "head": Entry.objects.sealed().last(),
        "parked": Parked.objects.select_related("entry")[:100],
        "sweeps": sorted(sweeps(), key=lambda sweep: sweep.name),
        "by_state": Application.objects.values("state").annotate(count=Count("id")).order_by("state"),
        "real_now": clock.real_now(),
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
