"""The money desk (`/kas/`) and the second persons: unmatched money, settlement files, refunds, exemptions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openpaspor.accounts.models import Role
from openpaspor.accounts.permissions import staff
from openpaspor.applications.models import Application
from openpaspor.kit import clock
from openpaspor.kit.refused import Refused
from openpaspor.ui.forms import ActionForm
from openpaspor.ui.refusals import refused_page

from . import actions, gateways, rules
from .forms import DecisionForm, ExemptionForm, PlaceForm, RefundForm, SettlementForm, find_bills
from .models import (
    Bill,
    Difference,
    DifferenceKind,
    DifferenceReason,
    DifferenceStatus,
    Exemption,
    ExemptionStatus,
    NoticeCount,
    Outcome,
    Receipt,
    SettlementFile,
)
from .proof_views import late_since, proofs_to_confirm

DAYS_SHOWN = 7
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@dataclass(frozen=True)
class Wrong:
    """Marks a page whose form was not accepted with the code of its first error."""

    code: str


def wrong(form: Any) -> Wrong:
    """The mark for a form that was not accepted."""
    for errors in form.errors.as_data().values():
        return Wrong(errors[0].code or "invalid")
    return Wrong("invalid")


@dataclass(frozen=True)
class Day:
    """What came on one day of the treasury, by our receipts and by the banks' own lists."""

    day: date
    count: int
    received_idr: int
    settled_idr: int
    unsettled: int  # receipts that no settlement file has named yet, and nobody has explained
    explained_idr: int  # of the difference, what people have settled

    @property
    def difference_idr(self) -> int:
        return self.received_idr - self.settled_idr

    @property
    def adds_up(self) -> bool:
        return self.difference_idr == self.explained_idr


def last_days(now: datetime, count: int = DAYS_SHOWN) -> list[Day]:
    """The last days, newest first, as far as any money came."""
    today = rules.treasury_day(now)
    days = (today - timedelta(days=back) for back in range(count))
    return [told for told in map(_day, days) if told.count]


def _day(day: date) -> Day:
    starts = rules.treasury_midnight(day)
    rows = Receipt.objects.filter(paid_at__gte=starts, paid_at__lt=starts + timedelta(days=1))
    sums = rows.aggregate(count=Count("pk"), received=Sum("amount_idr"), settled=Sum("settled_idr"))
    explained = Difference.objects.filter(status=DifferenceStatus.SETTLED, receipt__in=rows).filter(
        Q(kind=DifferenceKind.SUM) | Q(kind=DifferenceKind.MISSING, receipt__settled_idr=None)
    )
    explained = explained.exclude(reason=DifferenceReason.BANK_SUM)
    unsettled = rows.filter(settled_idr=None).exclude(differences__in=explained).count()
    return Day(
        day, sums["count"], sums["received"] or 0, sums["settled"] or 0, unsettled, -explained.gap_idr()
    )


@never_cache
@staff(Role.KAS)
@require_GET
def kas(request: HttpRequest) -> HttpResponse:
    """Unmatched money, oldest first, and how the last days add up."""
    unmatched = Receipt.objects.unmatched()
    oldest = unmatched.first()
    now = clock.now()
    page = {
        "page": Paginator(unmatched, 25).get_page(request.GET.get("halaman")),
        "total_idr": unmatched.aggregate(total=Sum("amount_idr"))["total"] or 0,
        "oldest": oldest,
        "differences": Difference.objects.unsettled().count(),
        "second_wanted": unmatched.exclude(refund_asked_by="").count(),
        "days": last_days(now),
        "not_believed": NoticeCount.objects.filter(day=rules.treasury_day(now)).order_by("outcome"),
        "proofs": proofs_to_confirm()[:50],
        "late_since": late_since(),
        "typed": "",
    }
    return render(request, "payments/kas.html", page)


@never_cache
@staff(Role.KAS)
@require_GET
def bills(request: HttpRequest) -> HttpResponse:
    """Find a bill by its code, or the bills of a reference."""
    typed = request.GET.get("q", "").strip()[:40]
    found = find_bills(typed) if typed else []
    page = {"typed": typed, "found": [_bill_card(bill) for bill in found]}
    return render(request, "payments/kas_bills.html", page, status=404 if typed and not found else 200)


@dataclass(frozen=True)
class BillCard:
    """A bill with what belongs to it."""

    bill: Bill
    lines: list[Any]
    receipts: list[Receipt]
    stray: list[Receipt]  # unmatched money that came under its code
    renewable: str  # reference for which a new code can be made


def _bill_card(bill: Bill) -> BillCard:
    applications = bill.applications()
    is_last = all(Bill.objects.of(row).first() == bill for row in applications)
    return BillCard(
        bill,
        list(bill.lines.select_related("application")),
        list(bill.receipts.order_by("paid_at")),
        list(Receipt.objects.unmatched().filter(code=bill.code)),
        applications[0].ref if is_last and bill.may_be_renewed() else "",
    )


@staff(Role.KAS)
@require_POST
def renew(request: HttpRequest, ref: str) -> HttpResponse:
    """A new code for somebody who stands at the counter without one."""
    application, form = get_object_or_404(Application, ref=ref), ActionForm(request.POST)
    fresh = actions.renew_bill(application, action_id=form.action_id, actor=_actor(request), now=clock.now())
    messages.success(request, _("The new billing code is %(code)s.") % {"code": fresh.code})
    return redirect(f"{reverse('payments:kas_bills')}?q={fresh.code}")


def _actor(request: HttpRequest) -> str:
    return str(request.user.actor_code)  # type: ignore[union-attr]


def _money_page(
    request: HttpRequest, receipt: Receipt, *, status: int = 200, refusal: Any = None, **forms: Any
) -> HttpResponse:
    bill = Bill.objects.filter(code=receipt.code).first()
    page = {
        "receipt": receipt,
        "card": _bill_card(bill) if bill else None,
        "place_form": PlaceForm(
            receipt=receipt, initial={"bill": bill.code if bill and not bill.is_paid else ""}
        ),
        "refund_form": RefundForm(),
        "differences": receipt.differences.select_related("receipt").order_by("pk"),  # type: ignore[attr-defined]
        "is_same_person": receipt.refund_asked_by == _actor(request),
        "refusal": refusal,
        **forms,
    }
    return render(request, "payments/kas_money.html", page, status=status)


@never_cache
@staff(Role.KAS)
@require_GET
def money(request: HttpRequest, pk: int) -> HttpResponse:
    """One receipt: what came, what it could be for, and what can be done with it."""
    return _money_page(request, get_object_or_404(Receipt, pk=pk))


def _done(request: HttpRequest, receipt: Receipt, deed: Callable[[], object], said: str) -> HttpResponse:
    """Do one deed with a receipt and come back to its page, or show the page with the refusal."""
    try:
        deed()
    except Refused as refusal:
        receipt.refresh_from_db()
        return _money_page(request, receipt, status=refusal.status, refusal=refusal)
    messages.success(request, said)
    return redirect("payments:kas_money", pk=receipt.pk)


@staff(Role.KAS)
@require_POST
def take_up(request: HttpRequest, pk: int) -> HttpResponse:
    receipt, form = get_object_or_404(Receipt, pk=pk), ActionForm(request.POST)
    return _done(
        request,
        receipt,
        lambda: actions.take_up(receipt, action_id=form.action_id, actor=_actor(request), now=clock.now()),
        _("You look after this money now."),
    )


@staff(Role.KAS)
@require_POST
def place(request: HttpRequest, pk: int) -> HttpResponse:
    receipt = get_object_or_404(Receipt, pk=pk)
    form = PlaceForm(request.POST, receipt=receipt)
    if not form.is_valid():
        return _money_page(request, receipt, status=422, refusal=wrong(form), place_form=form, form=form)
    together = [receipt, *form.cleaned_data["also"]]
    bill = form.cleaned_data["bill"]
    return _done(
        request,
        receipt,
        lambda: actions.place_money(
            together, bill, action_id=form.action_id, actor=_actor(request), now=clock.now()
        ),
        _("The money is counted towards bill %(code)s, which is paid now.") % {"code": bill.code},
    )


@staff(Role.KAS)
@require_POST
def ask_refund(request: HttpRequest, pk: int) -> HttpResponse:
    receipt, form = get_object_or_404(Receipt, pk=pk), RefundForm(request.POST)
    if not form.is_valid():
        return _money_page(request, receipt, status=422, refusal=wrong(form), refund_form=form, form=form)
    reason = form.cleaned_data["reason"]
    return _done(
        request,
        receipt,
        lambda: actions.ask_refund(
            receipt, reason, action_id=form.action_id, actor=_actor(request), now=clock.now()
        ),
        _("Noted. A second person has to agree."),
    )


@staff(Role.KAS)
@require_POST
def drop_refund(request: HttpRequest, pk: int) -> HttpResponse:
    receipt, form = get_object_or_404(Receipt, pk=pk), ActionForm(request.POST)
    return _done(
        request,
        receipt,
        lambda: actions.drop_refund(
            receipt, action_id=form.action_id, actor=_actor(request), now=clock.now()
        ),
        _("The money is not given back. It stays here."),
    )


@staff(Role.KAS)
@require_POST
def agree_refund(request: HttpRequest, pk: int) -> HttpResponse:
    receipt, form = get_object_or_404(Receipt, pk=pk), ActionForm(request.POST)
    return _done(
        request,
        receipt,
        lambda: actions.agree_refund(
            receipt, action_id=form.action_id, actor=_actor(request), now=clock.now()
        ),
        _("The money is marked as given back."),
    )


# Settlement files


@never_cache
@staff(Role.KAS)
@get_or_post
def settlements(request: HttpRequest) -> HttpResponse:
    """Files read so far, and a place to hand in another one."""
    form = SettlementForm(request.POST, request.FILES) if request.method == "POST" else SettlementForm()
    if request.method == "POST":
        if not form.is_valid():
            return _settlements_page(request, form, status=422, refusal=wrong(form))
        try:
            file = _read_upload(form, _actor(request))
        except Refused as refusal:
            return _settlements_page(request, SettlementForm(), status=refusal.status, refusal=refusal)
        return redirect("payments:settlement", pk=file.pk)
    return _settlements_page(request, form)


def _read_upload(form: SettlementForm, actor: str) -> SettlementFile:
    """Ask every bank we listen to whether this is its file; the first that can read it is right."""
    upload = form.cleaned_data["file"]
    raw = upload.read()
    trouble: Refused = gateways.StatementNotReadable(line=1)
    for provider in gateways.open_providers():
        try:
            statement = gateways.find(provider).read_statement(upload.name, raw)
        except Refused as refusal:
            trouble = refusal
            continue
        return actions.read_settlement(statement, actor=actor, now=clock.now())
    raise trouble


def _settlements_page(
    request: HttpRequest, form: SettlementForm, *, status: int = 200, refusal: Any = None
) -> HttpResponse:
    files = SettlementFile.objects.annotate(count=Count("lines")).order_by("-pk")
    page = {
        "form": form,
        "refusal": refusal,
        "page": Paginator(files, 20).get_page(request.GET.get("halaman")),
        "days": last_days(clock.now()),
    }
    return render(request, "payments/settlements.html", page, status=status)


@dataclass(frozen=True)
class OutcomeSum:
    """How many lines of a file ended one way, and their sum."""

    outcome: Outcome
    count: int
    total_idr: int


@never_cache
@staff(Role.KAS)
@require_GET
def settlement(request: HttpRequest, pk: int) -> HttpResponse:
    """What became of each line of one file, where it differs from what we know, and how its total comes about."""
    file = get_object_or_404(SettlementFile, pk=pk)
    sums = {
        row["outcome"]: row
        for row in file.lines.values("outcome")
        .annotate(count=Count("pk"), total=Sum("amount_idr"))
        .order_by()  # type: ignore[attr-defined]
    }
    lines = file.lines.select_related("receipt")  # type: ignore[attr-defined]
    only = request.GET.get("hanya", "")
    if only in Outcome.values:
        lines = lines.filter(outcome=only)
    page = {
        "file": file,
        "sums": [
            OutcomeSum(outcome, sums[outcome]["count"], sums[outcome]["total"])
            for outcome in Outcome
            if outcome in sums
        ],
        "count": sum(row["count"] for row in sums.values()),
        "only": only,
        "page": Paginator(lines, 50).get_page(request.GET.get("halaman")),
        "differences": file.differences.select_related("receipt").order_by("pk")[:100],  # type: ignore[attr-defined]
        "balance": file.balance(),
    }
    return render(request, "payments/settlement.html", page)


# The second person at an office


@never_cache
@staff(Role.HEAD, Role.OFFICER)
@get_or_post
def exemptions(request: HttpRequest) -> HttpResponse:
    """Officers and heads propose; a head who did not propose decides."""
    office = request.posting.office_id or ""  # type: ignore[attr-defined]
    form = (
        ExemptionForm(request.POST, office=office)
        if request.method == "POST"
        else ExemptionForm(office=office)
    )
    if request.method == "POST":
        if not form.is_valid():
            return _exemptions_page(request, form, status=422, refusal=wrong(form))
        try:
            actions.propose_exemption(
                form.cleaned_data["ref"],
                form.cleaned_data["ground"],
                action_id=form.action_id,
                actor=_actor(request),
                now=clock.now(),
            )
        except Refused as refusal:
            return _exemptions_page(request, form, status=refusal.status, refusal=refusal)
        messages.success(request, _("Proposed. A head of office who did not propose it decides."))
        return redirect("payments:exemptions")
    return _exemptions_page(request, form)


def _exemptions_page(
    request: HttpRequest, form: ExemptionForm, *, status: int = 200, refusal: Any = None
) -> HttpResponse:
    posting = request.posting  # type: ignore[attr-defined]
    rows = Exemption.objects.filter(application__office=posting.office).select_related("application")
    page = {
        "form": form,
        "refusal": refusal,
        "waiting": rows.filter(status=ExemptionStatus.PROPOSED).order_by("pk"),
        "decided": rows.exclude(status=ExemptionStatus.PROPOSED).order_by("-pk")[:20],
        "may_decide": posting.role == Role.HEAD,
        "me": _actor(request),
        "office": posting.office,
    }
    return render(request, "payments/exemptions.html", page, status=status)


@staff(Role.HEAD)
@require_POST
def decide_exemption(request: HttpRequest, pk: int) -> HttpResponse:
    posting = request.posting  # type: ignore[attr-defined]
    exemption = get_object_or_404(Exemption, pk=pk, application__office=posting.office)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return refused_page(request, actions.ExemptionDecided())
    try:
        actions.decide_exemption(
            exemption,
            granted=form.is_granted,
            action_id=form.action_id,
            actor=_actor(request),
            now=clock.now(),
        )
    except Refused as refusal:
        fresh = ExemptionForm(office=posting.office_id or "")
        return _exemptions_page(request, fresh, status=refusal.status, refusal=refusal)
    messages.success(request, _("Granted: nothing is to be paid.") if form.is_granted else _("Declined."))
    return redirect("payments:exemptions")
