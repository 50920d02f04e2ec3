"""Pages of the print room and the hand-over. A page that shows a file opens it once, through the dossier."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openpaspor.accounts.models import Role
from openpaspor.accounts.permissions import staff
from openpaspor.applications import dossier
from openpaspor.applications.answers import Answers
from openpaspor.applications.models import Application, Kind
from openpaspor.applications.personalisation import portrait_of, years_valid
from openpaspor.facts.adjudication import APPROVAL_WITHDRAWN
from openpaspor.journey import State
from openpaspor.kit import clock
from openpaspor.kit.refused import Refused
from openpaspor.ledger.store import AttachmentMissing
from openpaspor.ledger.sync import sync_of
from openpaspor.ui.forms import ActionForm
from openpaspor.ui.refusals import refused_page

from . import actions, desk, forms, packets, personalisation, rules
from .models import (
    BatchState,
    Booklet,
    BookletState,
    HandOver,
    ProposalState,
    Receiver,
    SpoilProposal,
    SpoilReason,
    StockBatch,
)
from .printers import printer

ENDED_SHOWN = timedelta(days=30)


def _known(request: HttpRequest, form: ActionForm) -> dict[str, Any]:
    """Who does it, by which press, and when."""
    return {"action_id": form.action_id, "actor": request.user.actor_code, "now": clock.now()}


def _file(request: HttpRequest, ref: str) -> Application:
    """An application of this office that has come to the print room; others do not exist.

    Raises ApprovalWithdrawn for one that has just gone back to review.
    """
    rows = Application.objects.select_related("office").filter(office=request.posting.office)
    if rows.filter(ref=ref, state=State.REVIEW, reason=APPROVAL_WITHDRAWN).exists():
        raise packets.ApprovalWithdrawn()
    return get_object_or_404(rows.in_state(*desk.IN_ROOM), ref=ref)


def _open(request: HttpRequest, application: Application, why: str, what: str) -> Answers:
    """The one look of a page."""
    return dossier.open_answers(
        application,
        actor=request.user.actor_code,
        why=why,
        what=what,
        now=clock.now(),
        office=request.posting.office_id or "",
    )


# The queue


@never_cache
@require_GET
@staff(Role.PRINT)
def queue(request: HttpRequest) -> HttpResponse:
    """What can be printed, what waits for inspection, and what keeps the rest. Codes only, nobody's name."""
    office, scanned, now = request.posting.office, request.GET.get("q", "")[:600], clock.now()
    found = desk.find(scanned, office, now) if scanned.strip() else None
    if found is not None:
        hand = f"?buku={rules.read_serial(scanned)}" if rules.looks_like_a_serial(scanned) else ""
        return redirect(f"{reverse('issuance:case', args=[found.ref])}{hand}")
    waiting = desk.queue_of(office)
    context = {
        "office": office,
        "queue": waiting,
        "synced": sync_of(one.ref for one in waiting.printed[: desk.SHOWN]),
        "stock": desk.stock_of(office, now),
        "today": office.local(now).date(),
        "unknown": bool(scanned.strip()),
        "shown": desk.SHOWN,
        "stops": desk.stops_of(office),
        "line": desk.line_to_centre(),
    }
    return render(request, "issuance/queue.html", context, status=404 if context["unknown"] else 200)


@never_cache
@require_GET
@staff(Role.PRINT, Role.HEAD)
def stops(request: HttpRequest) -> HttpResponse:
    """The stop list: what is printed and must not leave the house, why, and how it ends."""
    return _stops_page(request)


def _stops_page(request: HttpRequest, refusal: Refused | None = None) -> HttpResponse:
    office = request.posting.office
    context = {
        "office": office,
        "stops": desk.stops_of(office),
        "may_print": request.posting.role == Role.PRINT,
        "refusal": refusal,
    }
    return render(request, "issuance/stops.html", context, status=refusal.status if refusal else 200)


@require_POST
@staff(Role.PRINT, Role.HEAD)
def cancel(request: HttpRequest, ref: str) -> HttpResponse:
    """Ask that the booklet of a withdrawn approval be cancelled; a second person has to agree."""
    booklet = Booklet.objects.of(_file(request, ref)).select_related("application").first()
    if booklet is None:
        raise Http404
    try:
        actions.propose_spoil(booklet, SpoilReason.WITHDRAWN, **_known(request, ActionForm(request.POST)))
    except Refused as refusal:
        return _stops_page(request, refusal)
    messages.success(request, _("Noted. A second person has to agree."))
    return redirect("issuance:stops")


# One booklet: print and inspect


@never_cache
@require_GET
@staff(Role.PRINT)
def case(request: HttpRequest, ref: str) -> HttpResponse:
    return _case_page(request, _file(request, ref))


def _case_page(
    request: HttpRequest, application: Application, *, refusal: Refused | None = None, **bound: ActionForm
) -> HttpResponse:
    """The file and its next deed. `bound` are forms that came back; what was scanned is kept."""
    application.refresh_from_db()
    answers = _open(request, application, "print", "issuance:case")
    unknown = actions.unknown_job(application)
    job, booklet = actions.job_of(application), Booklet.objects.of(application).first()
    has_packet = packets.for_version(application) is not None
    obstacle = desk.obstacle_of(application, has_packet)
    faulty = next((form for form in bound.values() if form.errors), None)
    context = {
        "application": application,
        "office": application.office,
        "synced": sync_of([application.ref]),
        "answers": answers,
        "name": personalisation.visual_name(answers),
        "years": years_valid(application.kind, application.years),
        "booklet": booklet,
        "job": job,
        "portrait": portrait_of(application),
        "unknown_job": unknown,
        "in_journal": unknown and printer().journal(str(unknown.pk)),
        "outcome_form": forms.OutcomeForm(),
        "withdrawn": packets.is_withdrawn(application),
        "proposal": booklet and booklet.proposals.filter(state=ProposalState.OPEN).first(),
        "obstacle": obstacle,
        "obstacle_words": desk.OBSTACLES.get(obstacle, ""),
        "refusal": refusal,
        "faults": refusal.details.get("faults", ()) if refusal else (),
        "form": faulty,
        "scan_form": bound.get("scan_form")
        or forms.ScanForm(initial={"serial": request.GET.get("buku", "")[:12]}),
        "inspect_form": bound.get("inspect_form") or forms.InspectForm(),
        "wrong_form": bound.get("wrong_form") or forms.WrongForm(auto_id="id_wrong_%s"),
        "next": desk.next_to_print(application.office) if application.state == State.READY else None,
    }
    status = refusal.status if refusal else 422 if faulty else 200
    return render(request, "issuance/case.html", context, status=status)


@require_POST
@staff(Role.PRINT)
def print_page(request: HttpRequest, ref: str) -> HttpResponse:
    """The booklet was scanned: print into it, or stop hard."""
    application, form = _file(request, ref), forms.ScanForm(request.POST)
    if not form.is_valid():
        return _case_page(request, application, scan_form=form)
    try:
        actions.print_booklet(application, form.cleaned_data["serial"], **_known(request, form))
    except actions.WrongBooklet as refusal:
        scanned = Booklet.objects.filter(
            serial=form.cleaned_data["serial"], office=application.office
        ).first()
        return refused_page(
            request,
            refusal,
            "issuance/stop.html",
            application=application,
            scanned=scanned,
            typed=form.cleaned_data["serial"],
        )
    except Refused as refusal:
        return _case_page(request, application, refusal=refusal)
    return redirect("issuance:case", ref=ref)


@require_POST
@staff(Role.PRINT)
def resolve(request: HttpRequest, ref: str) -> HttpResponse:
    """Somebody looked at the booklet of which nobody knew whether it is printed."""
    application, form = _file(request, ref), forms.OutcomeForm(request.POST)
    job = actions.unknown_job(application)
    if job is None or not form.is_valid():
        return _case_page(request, application, refusal=actions.PrintKnown() if job is None else None)
    try:
        actions.resolve_print(job, printed=form.cleaned_data["outcome"] == "printed", **_known(request, form))
    except Refused as refusal:
        return _case_page(request, application, refusal=refusal)
    messages.success(request, _("Noted."))
    return redirect("issuance:case", ref=ref)


@require_POST
@staff(Role.PRINT)
def inspect(request: HttpRequest, ref: str) -> HttpResponse:
    """The lines were read back and four things looked at: to the shelf."""
    application, form = _file(request, ref), forms.InspectForm(request.POST)
    if not form.is_valid():
        return _case_page(request, application, inspect_form=form)
    try:
        actions.pass_inspection(application, form.cleaned_data["lines"], **_known(request, form))
    except Refused as refusal:
        return _case_page(request, application, refusal=refusal, inspect_form=form)
    return redirect("issuance:case", ref=ref)


@require_POST
@staff(Role.PRINT)
def report_wrong(request: HttpRequest, ref: str) -> HttpResponse:
    """Something is wrong with the booklet: a second person is asked to write it off."""
    application, form = _file(request, ref), forms.WrongForm(request.POST, auto_id="id_wrong_%s")
    if not form.is_valid():
        return _case_page(request, application, wrong_form=form)
    booklet = Booklet.objects.of(application).select_related("application").first()
    if booklet is None:
        raise Http404
    try:
        actions.propose_spoil(
            booklet,
            form.cleaned_data["reason"],
            wrong=tuple(form.cleaned_data["wrong"]),
            **_known(request, form),
        )
    except Refused as refusal:
        return _case_page(request, application, refusal=refusal)
    messages.success(request, _("Reported. A second person has to agree before a new booklet is reserved."))
    return redirect("issuance:case", ref=ref)


@never_cache
@require_GET
@staff(Role.PRINT)
def page(request: HttpRequest, ref: str) -> HttpResponse:
    """The data page as it was printed. Opening it is a look of its own."""
    application = _file(request, ref)
    job = actions.job_of(application)
    if job is None:
        raise Http404
    answers = _open(request, application, "print", "issuance:page")
    pdf = personalisation.page_of(job, answers)
    headers = {
        "Content-Disposition": f'inline; filename="{job.booklet.serial}.pdf"',
        "Cache-Control": "no-store",
    }
    return HttpResponse(pdf, content_type="application/pdf", headers=headers)


@never_cache
@require_GET
@staff(Role.PRINT)
def photo(request: HttpRequest, ref: str) -> HttpResponse:
    return _portrait(request, _file(request, ref), "print")


def _portrait(request: HttpRequest, application: Application, why: str) -> HttpResponse:
    """The photo of the holder. Opening it is a look of its own."""
    portrait = portrait_of(application)
    if portrait is None:
        raise Http404
    try:
        plain = dossier.open_attachment(
            portrait,
            actor=request.user.actor_code,
            why=why,
            now=clock.now(),
            office=request.posting.office_id or "",
        )
    except AttachmentMissing:
        raise Http404 from None
    return HttpResponse(plain, content_type=portrait.content_type, headers={"Cache-Control": "no-store"})


# Stock


@never_cache
@require_GET
@staff(Role.PRINT, Role.HEAD)
def stock(request: HttpRequest) -> HttpResponse:
    return _stock_page(request)


def _stock_page(request: HttpRequest, *, refusal: Refused | None = None, **bound: ActionForm) -> HttpResponse:
    office = request.posting.office
    batches = StockBatch.objects.filter(office=office)
    faulty = next((form for form in bound.values() if form.errors), None)
    context = {
        "office": office,
        "stock": desk.stock_of(office, clock.now()),
        "states": BookletState,
        "stops": desk.stops_of(office),
        "waiting": batches.filter(state=BatchState.COUNTED).order_by("counted_at"),
        "received": batches.filter(state=BatchState.RECEIVED).order_by("-confirmed_at")[:8],
        "proposals": SpoilProposal.objects.filter(booklet__office=office, state=ProposalState.OPEN)
        .select_related("booklet__application")
        .order_by("proposed_at"),
        "me": request.user.actor_code,
        "refusal": refusal,
        "form": faulty,
        "count_form": bound.get("count_form") or forms.CountInForm(auto_id="id_count_%s"),
        "spoil_form": bound.get("spoil_form") or forms.SpoilForm(auto_id="id_spoil_%s"),
    }
    status = refusal.status if refusal else 422 if faulty else 200
    return render(request, "issuance/stock.html", context, status=status)


@require_POST
@staff(Role.PRINT, Role.HEAD)
def count_in(request: HttpRequest) -> HttpResponse:
    form = forms.CountInForm(request.POST, auto_id="id_count_%s")
    if not form.is_valid():
        return _stock_page(request, count_form=form)
    typed = form.cleaned_data
    try:
        batch = actions.count_in(
            request.posting.office, typed["kind"], typed["first"], typed["last"], **_known(request, form)
        )
    except Refused as refusal:
        return _stock_page(request, refusal=refusal, count_form=form)
    messages.success(
        request,
        _("%(count)s booklets noted. A second person counts them before they are in stock.")
        % {"count": batch.count},
    )
    return redirect("issuance:stock")


@never_cache
@require_http_methods(["GET", "POST"])
@staff(Role.PRINT, Role.HEAD)
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """The second count of a delivery, by somebody who is not told the first one."""
    counted = get_object_or_404(StockBatch, pk=pk, office=request.posting.office)
    form = forms.SecondCountForm(request.POST if request.method == "POST" else None)
    context = {
        "batch": counted,
        "office": counted.office,
        "form": form,
        "mine": counted.counted_by == request.user.actor_code,
    }
    if form.is_bound and form.is_valid():
        try:
            actions.confirm_batch(counted, form.cleaned_data["counted"], **_known(request, form))
        except Refused as refusal:
            return refused_page(request, refusal, "issuance/batch.html", **context)
        messages.success(request, _("In stock: %(count)s booklets.") % {"count": counted.count})
        return redirect("issuance:stock")
    return render(request, "issuance/batch.html", context, status=422 if form.errors else 200)


@require_POST
@staff(Role.PRINT, Role.HEAD)
def drop_batch(request: HttpRequest, pk: int) -> HttpResponse:
    counted = get_object_or_404(StockBatch, pk=pk, office=request.posting.office)
    try:
        actions.drop_batch(counted, **_known(request, ActionForm(request.POST)))
    except Refused as refusal:
        return _stock_page(request, refusal=refusal)
    messages.success(request, _("The count is given up. The box can be counted in again."))
    return redirect("issuance:stock")


@require_POST
@staff(Role.PRINT, Role.HEAD)
def spoil_stock(request: HttpRequest) -> HttpResponse:
    """Ask that a booklet be written off, by its serial."""
    form = forms.SpoilForm(request.POST, auto_id="id_spoil_%s")
    if not form.is_valid():
        return _stock_page(request, spoil_form=form)
    rows = Booklet.objects.filter(office=request.posting.office).select_related("application")
    booklet = rows.filter(serial=form.cleaned_data["serial"]).first()
    if booklet is None:
        form.add_error("serial", _("This office has no booklet of that serial."))
        return _stock_page(request, spoil_form=form)
    try:
        actions.propose_spoil(booklet, form.cleaned_data["reason"], **_known(request, form))
    except Refused as refusal:
        return _stock_page(request, refusal=refusal, spoil_form=form)
    messages.success(request, _("Noted. A second person has to agree."))
    return redirect("issuance:stock")


@require_POST
@staff(Role.PRINT, Role.HEAD)
def spoil(request: HttpRequest, pk: int) -> HttpResponse:
    """The second person's word on a booklet that somebody wants written off."""
    proposal = get_object_or_404(SpoilProposal, pk=pk, booklet__office=request.posting.office)
    form = forms.VerdictForm(request.POST)
    if not form.is_valid():
        return _stock_page(request)
    try:
        actions.decide_spoil(
            proposal, agreed=form.cleaned_data["verdict"] == "agree", **_known(request, form)
        )
    except Refused as refusal:
        return _stock_page(request, refusal=refusal)
    written_off = proposal.state == ProposalState.AGREED
    messages.success(request, _("Written off.") if written_off else _("Declined. The booklet stays."))
    return redirect("issuance:stock")


# Shelf and hand-over


@never_cache
@require_GET
@staff(Role.PRINT, Role.OFFICER)
def shelf(request: HttpRequest) -> HttpResponse:
    """What lies on the shelf, by place. A scan opens the hand-over."""
    office, scanned, now = request.posting.office, request.GET.get("q", "")[:600], clock.now()
    found = desk.find(scanned, office, now) if scanned.strip() else None
    if found is not None and found.state in (State.READY, State.COLLECTED):
        return redirect("issuance:handover", ref=found.ref)
    rows = desk.shelf_of(office, now)
    context = {
        "office": office,
        "rows": rows[: desk.SHOWN],
        "synced": sync_of(row.application.ref for row in rows[: desk.SHOWN]),
        "total": len(rows),
        "found": found,
        "unknown": bool(scanned.strip()) and found is None,
    }
    return render(request, "issuance/shelf.html", context, status=404 if context["unknown"] else 200)


@never_cache
@require_http_methods(["GET", "POST"])
@staff(Role.PRINT, Role.OFFICER)
def handover(request: HttpRequest, ref: str) -> HttpResponse:
    """Whose passport it is, and what must be seen before it leaves the house."""
    application = _file(request, ref)
    if request.method == "GET":
        return _handover_page(request, application)
    old = _old_passport(application)
    form = forms.HandOverForm(request.POST, child=application.kind == Kind.CHILD, old=old)
    if not form.is_valid():
        return _handover_page(request, application, form=form)
    typed = form.cleaned_data
    shown = actions.Shown(
        to=typed.get("to") or Receiver.HOLDER,
        nik=typed["nik"],
        card_agrees=typed["card_agrees"],
        old_number=typed.get("old_number", ""),
        signed=typed["signed"],
    )
    try:
        actions.hand_over(application, shown, **_known(request, form))
    except Refused as refusal:
        return _handover_page(request, application, form=form, refusal=refusal)
    return redirect("issuance:handover", ref=ref)


def _old_passport(application: Application, answers: Answers | None = None) -> str:
    answers = answers or dossier.open_answers(application, actor="worker", why="handover", now=clock.now())
    return rules.old_passport(application.kind, had_one=bool(answers.old_number))


def _handover_page(
    request: HttpRequest,
    application: Application,
    *,
    form: forms.HandOverForm | None = None,
    refusal: Refused | None = None,
) -> HttpResponse:
    application.refresh_from_db()
    answers = _open(request, application, "handover", "issuance:handover")
    old = _old_passport(application, answers)
    assert application.office
    today = application.office.local(clock.now()).date()
    context = {
        "application": application,
        "office": application.office,
        "synced": sync_of([application.ref]),
        "answers": answers,
        "name": personalisation.visual_name(answers),
        "booklet": Booklet.objects.of(application).first(),
        "portrait": portrait_of(application),
        "old": old,
        "left": (application.collect_by - today).days if application.collect_by else None,
        "withdrawn": packets.is_withdrawn(application),
        "handed": HandOver.objects.filter(application=application).select_related("booklet").first(),
        "form": form or forms.HandOverForm(child=application.kind == Kind.CHILD, old=old),
        "refusal": refusal,
        "may_print": request.posting.role == Role.PRINT,
    }
    wrong = form is not None and bool(form.errors)
    status = refusal.status if refusal else 422 if wrong else 200
    return render(request, "issuance/handover.html", context, status=status)


@never_cache
@require_GET
@staff(Role.PRINT, Role.OFFICER)
def handover_photo(request: HttpRequest, ref: str) -> HttpResponse:
    return _portrait(request, _file(request, ref), "handover")


@never_cache
@require_GET
@staff(Role.PRINT, Role.OFFICER)
def uncollected(request: HttpRequest) -> HttpResponse:
    """Who has not come yet, the longest waiting first; and what was cancelled lately."""
    office, now = request.posting.office, clock.now()
    rows = sorted(desk.shelf_of(office, now), key=lambda row: (row.left, row.booklet.rack))
    context = {
        "office": office,
        "rows": [row for row in rows if row.waited > 0][: desk.SHOWN],
        "ended": desk.ended_lately(office, now - ENDED_SHOWN)[: desk.SHOWN],
    }
    return render(request, "issuance/uncollected.html", context)


@require_POST
@staff(Role.PRINT, Role.OFFICER)
def remind(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the reminder once more, and once a day at most, however often somebody presses."""
    office, now = request.posting.office, clock.now()
    booklet = get_object_or_404(Booklet.objects.on_shelf(office).select_related("application"), pk=pk)
    day = (office.local(now).date() - booklet.shelved_on).days
    known = _known(request, ActionForm(request.POST)) | {"action_id": f"remind:{booklet.serial}:{day}"}
    if actions.remind(booklet, day, asked=True, **known):
        messages.success(request, _("The holder of %(rack)s is reminded.") % {"rack": booklet.rack})
    else:
        messages.info(
            request, _("The holder of %(rack)s was reminded today already.") % {"rack": booklet.rack}
        )
    return redirect("issuance:uncollected")
