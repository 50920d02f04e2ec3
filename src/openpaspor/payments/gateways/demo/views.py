"""The demo bank's counter: `/demo/bank/`. Nobody finds it outside a demo."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from openpaspor.accounts.permissions import demo_only
from openpaspor.facts.base import format_moment
from openpaspor.kit import clock, qr

from ... import api, rules
from ...forms import BankForm
from ...models import BankTransaction, Bill, Deliver, Status
from . import bank

_calls_ourselves = threading.Lock()


@contextmanager
def _a_way_to_our_door(url: str) -> Iterator[bank.Post]:
    """Over HTTP as a bank would, but only one request at a time may wait for another of this server.

    Were all its threads to wait for a free one, nobody would be answered. The others go through the same door without a wire.
    """
    if not _calls_ourselves.acquire(blocking=False):
        yield api.straight_in(clock.now())
        return
    try:
        yield bank.over_http(url)
    finally:
        _calls_ourselves.release()


@never_cache
@demo_only
@require_GET
def counter(request: HttpRequest) -> HttpResponse:
    """Choose or type a bill, pay it, and decide how we hear of it."""
    code = rules.read_code(request.GET.get("code", ""))[:32]
    bill = Bill.objects.filter(code=code).first() if code else None
    initial = {"code": code, "amount_idr": bill.amount_idr if bill else "", "deliver": Deliver.NOW}
    return _counter_page(request, BankForm(initial=initial), bill)


def _counter_page(
    request: HttpRequest, form: BankForm, bill: Bill | None, *, status: int = 200
) -> HttpResponse:
    page: dict[str, Any] = {
        "form": form,
        "bill": bill,
        "open_bills": Bill.objects.filter(status=Status.OPEN).order_by("due_at")[:30],
        "book": BankTransaction.objects.order_by("-pk")[:12],
        "waiting": len(bank.waiting()),
    }
    if status != 200:
        page["refusal"] = {"code": next(iter(form.errors.as_data().values()))[0].code}
    return render(request, "payments/bank.html", page, status=status)


def _wants_json(request: HttpRequest) -> bool:
    return request.content_type == "application/json" or "application/json" in request.headers.get(
        "accept", ""
    )


def _typed(request: HttpRequest) -> Any:
    """The fields of the form, or of a JSON object."""
    if request.content_type != "application/json":
        return request.POST
    try:
        said = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        return {}
    return {name: str(value) for name, value in said.items()} if isinstance(said, dict) else {}


@csrf_exempt  # play money, and only on this machine
@demo_only
@require_POST
def pay(request: HttpRequest) -> HttpResponse:
    """Pay by form or by JSON `{code, amount_idr, paid_at, deliver}`."""
    form = BankForm(_typed(request))
    if not form.is_valid():
        if _wants_json(request):
            wrong = {
                field: [error.code for error in errors] for field, errors in form.errors.as_data().items()
            }
            return JsonResponse({"code": "payment-not-readable", "errors": wrong}, status=422)
        return _counter_page(request, form, None, status=422)
    row = bank.pay(
        form.cleaned_data["code"],
        form.cleaned_data["amount_idr"],
        paid_at=form.cleaned_data["paid_at"] or clock.now(),
        deliver=form.cleaned_data["deliver"],
        action_id=f"bank:{form.action_id}",
        tell_url=request.build_absolute_uri(reverse("payments:notice", args=["demo"])),
    )
    with _a_way_to_our_door(row.tell_url) as way:
        bank.tell_at_once(row, way)
    row.refresh_from_db()
    if _wants_json(request):
        return JsonResponse(_told(row))
    return redirect("payments:bank_slip", txn=row.txn)


def _told(row: BankTransaction) -> dict[str, Any]:
    return {
        "transaction": row.txn,
        "code": row.code,
        "amount_idr": row.amount_idr,
        "paid_at": format_moment(row.paid_at),
        "deliver": row.deliver,
        "notices_sent": row.told,
        "answer": row.answer,
        "tell_at": format_moment(row.tell_at) if row.tell_at else None,
    }


@never_cache
@demo_only
@require_GET
def slip(request: HttpRequest, txn: str) -> HttpResponse:
    """The bank's own slip, with the way back to the payer's page."""
    row = get_object_or_404(BankTransaction, txn=txn)
    bill = Bill.objects.filter(code=row.code).first()
    payer = bill.applications()[0] if bill else None
    proof = bank.proof_of(row)
    picture = qr.svg(proof, label=gettext("Receipt of the demo bank as a square code"))
    shown = {"row": row, "bill": bill, "payer": payer, "proof": proof, "qr": picture}
    return render(request, "payments/bank_slip.html", shown)


@csrf_exempt
@demo_only
@require_POST
def deliver(request: HttpRequest) -> HttpResponse:
    """Send every notice that was kept back, now."""
    sent = 0
    for row in bank.waiting():
        with _a_way_to_our_door(row.tell_url) as way:
            sent += bool(bank.tell(row, way))
    if _wants_json(request):
        return JsonResponse({"sent": sent, "waiting": len(bank.waiting())})
    text = ngettext("%(count)s notice was delivered.", "%(count)s notices were delivered.", sent)
    messages.success(request, text % {"count": sent})
    return redirect("payments:bank")


@demo_only
@require_GET
def settlement(request: HttpRequest) -> HttpResponse:
    """The settlement file as CSV; `?day=2026-11-24` for one day of the treasury."""
    day = _day(request.GET.get("day", ""))
    if day is None:
        text, name = bank.statement(), "settlement.csv"
    else:
        starts = rules.treasury_midnight(day)
        text, name = bank.statement(day_starts=starts, day_ends=starts + rules.DAY), f"settlement-{day}.csv"
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
