"""At a counter: the bill of a case, and the receipt that a bank has signed. At the money desk: those still to be confirmed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from openpaspor.accounts.models import Role
from openpaspor.accounts.permissions import staff
from openpaspor.applications.models import Application
from openpaspor.kit import clock
from openpaspor.kit.refused import Refused
from openpaspor.offices import policy
from openpaspor.ui.forms import ActionForm

from . import proof_actions
from .forms import ProofForm
from .models import ShownProof


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.OFFICER)
def proof(request: HttpRequest, ref: str) -> HttpResponse:
    """What is to be paid, and the receipt as a scanner types it. Works without any line."""
    office = request.posting.office  # type: ignore[attr-defined]
    application = get_object_or_404(Application.objects.select_related("office"), ref=ref, office=office)
    form = ProofForm(request.POST or None)
    shown: dict[str, Any] = {"application": application, "office": office, "form": form}
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            proof_actions.show_proof(
                application,
                form.cleaned_data["proof"],
                action_id=form.action_id,
                actor=request.user.actor_code,  # type: ignore[union-attr]
                now=clock.now(),
            )
        except Refused as refusal:
            shown["refusal"], status = refusal, refusal.status
        else:
            messages.success(request, _("Receipt taken: to be confirmed by the bank. The visit goes on."))
            return redirect("payments:proof", ref=ref)
    elif form.errors:
        status = 422
    application.refresh_from_db()
    shown["proofs"] = ShownProof.objects.filter(application=application).order_by("pk")
    return render(request, "payments/proof.html", shown, status=status)


def proofs_to_confirm() -> QuerySet[ShownProof]:
    """Receipts shown at offices of which no bank has spoken yet, oldest first."""
    return ShownProof.objects.waiting().select_related("application__office")


def late_since() -> Any:
    """The moment before which a receipt should have been confirmed: a person asks the bank then."""
    now = clock.now()
    return now - timedelta(days=policy.value("proof_days", now=now))


@require_POST
@staff(Role.KAS)
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    """The bank knows of no such payment."""
    row = get_object_or_404(ShownProof, pk=pk)
    form = ActionForm(request.POST)
    proof_actions.refuse_proof(
        row,
        action_id=form.action_id,
        actor=request.user.actor_code,  # type: ignore[union-attr]
        now=clock.now(),
    )
    messages.info(request, _("Written down. The bill is to be paid again."))
    return redirect("payments:kas")
