"""The applicant's bill and receipt."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from openpaspor.applications import dossier
from openpaspor.applications.models import Application, BillStatus
from openpaspor.journey import State
from openpaspor.kit import clock, paper
from openpaspor.ledger.worker import wait_until_followed
from openpaspor.ui.forms import ActionForm

from . import actions, rules
from .models import Bill, Place, Receipt, Status

JAKARTA = "Asia/Jakarta"  # the zone of somebody who has no office yet


def _mine(request: HttpRequest, ref: str) -> Application:
    rows = Application.objects.of(request.user).select_related("office", "account")  # type: ignore[arg-type]
    return get_object_or_404(rows, ref=ref)


def _bill_of(application: Application) -> Bill | None:
    """The bill an applicant thinks of: the live one, else the last."""
    return Bill.objects.live_for(application) or Bill.objects.of(application).first()


def _state_of(application: Application, bill: Bill | None) -> str:
    """What the page is about: open, matching, paid, exempt, lapsed, cancelled or none."""
    if application.bill_status == BillStatus.EXEMPT:
        return "exempt"
    if bill is None:
        return "none"
    if application.bill_status == BillStatus.MATCHING and not bill.is_paid:
        return "matching"
    return bill.status


def _page(application: Application, bill: Bill | None, **more: Any) -> dict[str, Any]:
    return {
        "application": application,
        "bill": bill,
        "bill_state": _state_of(application, bill),
        "place": application.office or JAKARTA,
        "now": clock.now(),
        **more,
    }


@never_cache
@login_required
@require_GET
def bill(request: HttpRequest, ref: str) -> HttpResponse:
    """P13: what is to be paid until when, and whether the money has come."""
    application = _mine(request, ref)
    owed = _bill_of(application)
    if owed and owed.is_paid and application.state in (State.HOLDING, State.SUBMITTED):
        if not wait_until_followed(ref):  # the place is confirmed by the room that keeps it
            wait = {
                "wait_for": _("Your payment is here. We are confirming your place."),
                "wait_url": request.path,
            }
            return render(request, "ui/wait.html", {"application": application, **wait})
        application = _mine(request, ref)
    page = _page(application, owed, checked="periksa" in request.GET)
    return render(request, "payments/bill.html", page)


@never_cache
@login_required
@require_GET
def bill_state(request: HttpRequest, ref: str) -> HttpResponse:
    """The live piece of the bill page: stays as it is, or asks the browser to load the page anew."""
    application = _mine(request, ref)
    page = _page(application, _bill_of(application))
    answer = render(request, "payments/_live.html", page)
    if request.GET.get("state") != page["bill_state"]:
        answer.headers["HX-Refresh"] = "true"
    return answer


@login_required
@require_POST
def renew(request: HttpRequest, ref: str) -> HttpResponse:
    application = _mine(request, ref)
    form = ActionForm(request.POST)
    actions.renew_bill(application, action_id=form.action_id, actor=request.user.actor_code, now=clock.now())  # type: ignore[union-attr]
    return redirect("payments:bill", ref=ref)


def _receipts(application: Application) -> tuple[Bill, list[Receipt]]:
    """The settled bill of an application and the money that paid it; 404 while nothing is settled."""
    settled = Bill.objects.live_for(application)
    if settled is None or not settled.is_paid:
        raise Http404
    return settled, list(settled.receipts.filter(place=Place.ALLOCATED).order_by("paid_at"))


@never_cache
@login_required
@require_GET
def receipt(request: HttpRequest, ref: str) -> HttpResponse:
    application = _mine(request, ref)
    settled, receipts = _receipts(application)
    page = _page(application, settled, receipts=receipts)
    return render(request, "payments/receipt.html", page)


@never_cache
@login_required
@require_GET
def receipt_pdf(request: HttpRequest, ref: str) -> HttpResponse:
    application = _mine(request, ref)
    settled, receipts = _receipts(application)
    if settled.status != Status.PAID or not settled.paid_at:
        raise Http404
    now = clock.now()
    answers = dossier.open_answers(
        application,
        actor=request.user.actor_code,
        why="receipt",
        what="payments:receipt_pdf",
        now=now,  # type: ignore[union-attr]
    )
    office = application.office
    zone = office.zone if office else "WIB"
    local = office.local(settled.paid_at) if office else settled.paid_at.astimezone(rules.TREASURY)
    sheet = paper.Receipt(
        number=receipts[-1].ntpn or receipts[-1].provider_txn,
        bill_code=settled.code,
        name=answers.full_name,
        paid_at=local,
        zone=zone,
        channel=_channel(receipts[-1]),
        bank_reference=", ".join(row.provider_txn for row in receipts),
        lines=tuple(
            paper.ReceiptLine(line.application.ref, line.label, line.amount_idr)
            for line in settled.lines.select_related("application")
        ),
        made_at=now,
    )
    language = "en" if get_language() == "en" else "id"
    answer = HttpResponse(paper.receipt_pdf(sheet, language), content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="{settled.code}.pdf"'
    return answer


def _channel(receipt: Receipt) -> str:
    return _("Demo bank") if receipt.provider == "demo" else receipt.provider
