"""Differences between the banks' lists and our receipts (`/kas/selisih/`): why, who looks after them, how they ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from openpaspor.accounts.models import Role
from openpaspor.accounts.permissions import staff
from openpaspor.kit import clock
from openpaspor.kit.refused import Refused
from openpaspor.ui.forms import ActionForm

from . import difference_actions as actions
from .desk_views import wrong
from .forms import DifferenceForm
from .models import Difference, DifferenceStatus


@never_cache
@staff(Role.KAS)
@require_GET
def differences(request: HttpRequest) -> HttpResponse:
    """What does not add up yet, oldest first, and what was settled last."""
    rows = Difference.objects.select_related("file", "receipt")
    page = {
        "page": Paginator(rows.unsettled(), 25).get_page(request.GET.get("halaman")),
        "gap_idr": rows.unsettled().gap_idr(),
        "second_wanted": rows.filter(status=DifferenceStatus.PROPOSED).count(),
        "settled": rows.filter(status=DifferenceStatus.SETTLED).order_by("-settled_at", "-pk")[:20],
    }
    return render(request, "payments/differences.html", page)


def _find(pk: int) -> Difference:
    return get_object_or_404(Difference.objects.select_related("file", "receipt__bill", "line"), pk=pk)


def _me(request: HttpRequest) -> str:
    return str(request.user.actor_code)  # type: ignore[union-attr]


def _page(
    request: HttpRequest, row: Difference, *, status: int = 200, refusal: Any = None, **forms: Any
) -> HttpResponse:
    page = {
        "difference": row,
        "explain_form": DifferenceForm(difference=row),
        "is_same_person": row.proposed_by == _me(request),
        "refusal": refusal,
        **forms,
    }
    return render(request, "payments/difference.html", page, status=status)


@never_cache
@staff(Role.KAS)
@require_GET
def difference(request: HttpRequest, pk: int) -> HttpResponse:
    """One difference: what we know, what the list says, and what can be done about it."""
    return _page(request, _find(pk))


def _done(
    request: HttpRequest, row: Difference, deed: Callable[..., Difference], **known: Any
) -> HttpResponse:
    """Do one deed and come back to the page, or show the page with the refusal."""
    try:
        done = deed(row, actor=_me(request), now=clock.now(), **known)
    except Refused as refusal:
        return _page(request, _find(row.pk), status=refusal.status, refusal=refusal)
    said = {
        DifferenceStatus.OPEN: _("The reason does not hold. The difference is open again."),
        DifferenceStatus.PROPOSED: _("Noted. A second person has to agree."),
        DifferenceStatus.SETTLED: _("This difference is settled."),
    }
    messages.success(request, said[DifferenceStatus(done.status)])
    return redirect("payments:difference", pk=row.pk)


@staff(Role.KAS)
@require_POST
def explain(request: HttpRequest, pk: int) -> HttpResponse:
    row = _find(pk)
    form = DifferenceForm(request.POST, difference=row)
    if not form.is_valid():
        return _page(request, row, status=422, refusal=wrong(form), explain_form=form, form=form)
    return _done(request, row, actions.explain, reason=form.cleaned_data["reason"], action_id=form.action_id)


@staff(Role.KAS)
@require_POST
def agree(request: HttpRequest, pk: int) -> HttpResponse:
    return _done(request, _find(pk), actions.agree, action_id=ActionForm(request.POST).action_id)


@staff(Role.KAS)
@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    return _done(request, _find(pk), actions.drop, action_id=ActionForm(request.POST).action_id)
