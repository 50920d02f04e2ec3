"""The adjudicator's desk, and the two pages on which an applicant speaks to the centre."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openpaspor.accounts.models import Role
from openpaspor.accounts.permissions import staff
from openpaspor.applications import documents, dossier, eligibility, interview, reasons
from openpaspor.applications import rules as waiting
from openpaspor.applications.models import Application, Attachment
from openpaspor.applications.papers import PAPERS
from openpaspor.journey import State
from openpaspor.kit import clock, references
from openpaspor.kit.refused import Refused
from openpaspor.ledger.store import AttachmentMissing
from openpaspor.ui.forms import ActionForm

from . import actions, forms, rules
from .models import Case, Decision, Result, Status, StopByCentre, Verdict

RECENT = 8  # decisions of one's own that the queue shows
REVOCABLE = (State.APPROVED, State.PRINTED, State.READY)


def _actor(request: HttpRequest) -> str:
    return request.user.actor_code  # type: ignore[union-attr]


# The queue


@require_GET
@staff(Role.ADJUDICATOR)
def queue(request: HttpRequest) -> HttpResponse:
    return _queue_page(request)


def _queue_page(request: HttpRequest, refusal: Refused | None = None, **more: Any) -> HttpResponse:
    """My case, what waits, and my last decisions. No names and no pictures in lists."""
    now, actor = clock.now(), _actor(request)
    open_cases = Case.objects.waiting()
    mine = Decision.objects.filter(Q(made_by=actor) | Q(second_by=actor)).select_related("case__application")
    page = {
        "now": now,
        "mine": Case.objects.claimed_by_now(actor, now=now).select_related("application").first(),
        "free": Case.objects.free_for(actor, now=now).count(),
        "waiting": open_cases.count(),
        "for_second": Decision.objects.filter(status=Status.WAITS).count(),
        "overdue": open_cases.filter(promised_on__lt=actions.today(now)).count(),
        "next_promised": open_cases.exclude(promised_on=None).order_by("promised_on").first(),
        "offices": open_cases.values("application__office__name").annotate(n=Count("pk")).order_by("-n", "application__office__name")[:10],
        "decisions": [_with_undo(row, actor, now) for row in mine.order_by("-made_at", "-pk")[:RECENT]],
        "refusal": refusal,
        "zone": "Asia/Jakarta",
        **more,
    }  # fmt: skip
    return render(request, "adjudication/queue.html", page, status=refusal.status if refusal else 200)


def _with_undo(decision: Decision, actor: str, now: datetime) -> Decision:
    """Mark a decision that its maker can still take back, and from when it counts on the centre's clock."""
    pending = decision.status == Status.PENDING and bool(
        decision.effective_at and decision.effective_at > now
    )
    later = decision.second_at is not None and decision.second_at > decision.made_at
    mine = decision.made_by == actor or (decision.second_by == actor and later)
    if decision.effective_at:
        decision.counts_at = f"{decision.effective_at.astimezone(actions.CENTRE_ZONE):%H.%M.%S} WIB"  # type: ignore[attr-defined]
    decision.can_be_taken_back = mine and (pending or decision.status == Status.WAITS)  # type: ignore[attr-defined]
    return decision


@require_POST
@staff(Role.ADJUDICATOR)
def take(request: HttpRequest) -> HttpResponse:
    """The queue gives the next case."""
    form = ActionForm(request.POST)
    try:
        case = actions.take(action_id=form.action_id, actor=_actor(request), now=clock.now())
    except actions.NothingWaits as refusal:
        return _queue_page(request, refusal)
    return redirect("adjudication:case", ref=case.application.ref)


@require_GET
@staff(Role.ADJUDICATOR)
def find(request: HttpRequest) -> HttpResponse:
    """Open a case by its reference: one's own, or one that is decided."""
    try:
        ref = str(references.parse(request.GET.get("ref", "")))
    except Refused as refusal:
        return _queue_page(request, refusal)
    if not Case.objects.filter(application__ref=ref).exists():
        return _queue_page(request, NotAtTheCentre())
    return redirect("adjudication:case", ref=ref)


class NotAtTheCentre(Refused):
    code = "not-at-the-centre"
    message = _("The centre has no case with this reference.")
    status = 404


# One case


def _case(ref: str) -> Case:
    return get_object_or_404(Case.objects.select_related("application__office"), application__ref=ref)


@require_GET
@staff(Role.ADJUDICATOR)
def case(request: HttpRequest, ref: str) -> HttpResponse:
    return _case_page(request, _case(ref))


def _may_open(file: Case, actor: str, now: datetime) -> bool:
    """The case on one's table, one's own decision, or a case that is decided; never somebody else's open one."""
    if file.is_with(actor, now) or file.application.state != State.REVIEW:
        return True
    mine = Decision.objects.filter(Q(made_by=actor) | Q(second_by=actor), case=file, round=file.round)
    return mine.filter(status=Status.PENDING).exists()


def _case_page(
    request: HttpRequest, file: Case, *, form: ActionForm | None = None, refusal: Refused | None = None
) -> HttpResponse:
    """Facts, pictures, flags, and the decision. A second person does not see the first opinion."""
    now, actor = clock.now(), _actor(request)
    file.refresh_from_db()
    application = file.application
    application.refresh_from_db()
    if not _may_open(file, actor, now):
        return _queue_page(request, refusal or actions.NotYours())
    answers = dossier.open_answers(application, actor=actor, why="review", what="adjudication:case", now=now)
    checks = list(file.checks.order_by("pk"))  # type: ignore[attr-defined]
    deciding = file.is_with(actor, now) and application.state == State.REVIEW
    last = Decision.objects.filter(case=file).exclude(status=Status.WAITS).order_by("-pk").first()
    page = {
        "now": now,
        "case": file,
        "application": application,
        "office": application.office,
        "answers": answers,
        "age": eligibility.age(answers.born, actions.today(now)) if answers.born else None,
        "interview": _what_was_said(answers.interview),
        "passed": [row for row in checks if row.result == Result.PASS],
        "flags": [_explained(row) for row in checks if row.result == Result.FLAG],
        "unchecked": [_explained(row) for row in checks if row.result == Result.UNCHECKED],
        "check_names": [rules.CHECKS.get(row.code, row.code) for row in checks if row.result == Result.PASS],
        "pictures": _pictures(application),
        "deciding": deciding,
        "decision": _with_undo(last, actor, now) if last and not deciding else None,
        "earlier": _earlier(file) if file.objection else None,
        "form": form or forms.DecideForm(),
        "skip_form": forms.SkipForm(auto_id="id_skip_%s"),
        "revocable": application.state in REVOCABLE and not application.stop_order,
        "stop": StopByCentre.objects.filter(application=application, lifted_by="").first(),
        "actor": actor,
        "waits": waiting.blockers(application),
        "refusal": refusal,
        "zone": "Asia/Jakarta",
    }
    status = refusal.status if refusal else 422 if form and form.errors else 200
    return render(request, "adjudication/case.html", page, status=status)


def _explained(check: Any) -> dict[str, Any]:
    return {
        "name": rules.CHECKS.get(check.code, check.code),
        "text": rules.DETAILS.get(check.detail, check.detail),
        "others": [ref for ref in check.others.split(",") if ref],
    }


def _pictures(application: Application) -> list[dict[str, Any]]:
    """The papers, the photo of the visitor and the old passport apart."""
    live = Attachment.objects.filter(application=application).live()
    return [{"code": row.kind, "name": PAPERS[row.kind].name if row.kind in PAPERS else ""} for row in live]


def _what_was_said(said: dict[str, str]) -> dict[str, Any]:
    """The interview in the order of its questions, and apart from it the applicant's own words to the centre."""
    asked = [code for code in interview.QUESTIONS if said.get(code)]
    return {
        "said": [interview.told(code, said[code]) for code in asked],
        "note": said.get("note", ""),
        "answers": [text for code, text in said.items() if code.startswith("answer-")],
        "objections": [text for code, text in said.items() if code.startswith("objection-")],
    }


def _earlier(file: Case) -> Decision | None:
    """The refusal that is objected to."""
    return (
        Decision.objects.filter(case=file, status=Status.EFFECTIVE, verdict=Verdict.REFUSE)
        .order_by("-pk")
        .first()
    )


@require_GET
@staff(Role.ADJUDICATOR)
def paper(request: HttpRequest, ref: str, paper: str) -> HttpResponse:
    """One picture. Opening it is a look of its own."""
    file, now = _case(ref), clock.now()
    if not _may_open(file, _actor(request), now):
        raise Http404
    picture = Attachment.objects.filter(application=file.application, kind=paper).live().last()
    if picture is None:
        raise Http404
    try:
        plain = dossier.open_attachment(picture, actor=_actor(request), why="review", now=now)
    except AttachmentMissing:
        raise Http404 from None
    return HttpResponse(plain, content_type=picture.content_type, headers={"Cache-Control": "no-store"})


@require_POST
@staff(Role.ADJUDICATOR)
def decide(request: HttpRequest, ref: str) -> HttpResponse:
    file, now = _case(ref), clock.now()
    form = forms.DecideForm(request.POST)
    if not form.is_valid():
        return _case_page(request, file, form=form)
    try:
        decision = actions.decide(
            file,
            form.verdict_chosen,
            form.reasons,
            until=form.until(actions.today(now)),
            action_id=form.action_id,
            actor=_actor(request),
            now=now,
        )
    except Refused as refusal:
        return _case_page(request, file, form=form, refusal=refusal)
    messages.success(request, _said_of(decision, _actor(request)))
    return redirect("adjudication:queue")


def _said_of(decision: Decision, actor: str) -> str:
    """What the adjudicator reads after deciding. Only now does a second person learn of the first opinion."""
    if decision.second_by == actor and decision.made_by != actor:
        if decision.status == Status.SPLIT:
            return gettext("You and the first person disagree. A third person decides this case.")
        return gettext("You and the first person agree.")
    if decision.status == Status.WAITS:
        return gettext("Decided. A second person must now look at this case.")
    return gettext("Decided.")


@require_POST
@staff(Role.ADJUDICATOR)
def skip(request: HttpRequest, ref: str) -> HttpResponse:
    file = _case(ref)
    form = forms.SkipForm(request.POST)
    if not form.is_valid():
        return _case_page(request, file)
    try:
        actions.skip(
            file,
            form.cleaned_data["reason"],
            action_id=form.action_id,
            actor=_actor(request),
            now=clock.now(),
        )
    except Refused as refusal:
        return _queue_page(request, refusal)
    messages.info(request, gettext("Passed on. Somebody else gets this case."))
    return redirect("adjudication:queue")


@require_POST
@staff(Role.ADJUDICATOR)
def take_back(request: HttpRequest, number: int) -> HttpResponse:
    decision = get_object_or_404(Decision.objects.select_related("case__application"), pk=number)
    form = ActionForm(request.POST)
    try:
        actions.take_back(decision, action_id=form.action_id, actor=_actor(request), now=clock.now())
    except Refused as refusal:
        return _queue_page(request, refusal)
    messages.success(request, gettext("Taken back."))
    file = decision.case
    file.refresh_from_db()
    if file.is_with(_actor(request), clock.now()):
        return redirect("adjudication:case", ref=file.application.ref)
    return redirect("adjudication:queue")


@require_POST
@staff(Role.ADJUDICATOR)
def revoke(request: HttpRequest, ref: str) -> HttpResponse:
    """Withdraw an approval, or stop a print that is already made."""
    file, form = _case(ref), ActionForm(request.POST)
    try:
        actions.revoke(file.application, action_id=form.action_id, actor=_actor(request), now=clock.now())
    except Refused as refusal:
        return _case_page(request, file, refusal=refusal)
    messages.success(
        request,
        gettext(
            "The approval is withdrawn. What is not printed comes back for review; what is printed stays at the office."
        ),
    )
    return redirect("adjudication:queue")


@require_POST
@staff(Role.ADJUDICATOR)
def lift(request: HttpRequest, ref: str) -> HttpResponse:
    """Lift a stop that another adjudicator ordered."""
    file, form = _case(ref), ActionForm(request.POST)
    try:
        actions.lift_our_stop(
            file.application, action_id=form.action_id, actor=_actor(request), now=clock.now()
        )
    except Refused as refusal:
        return _case_page(request, file, refusal=refusal)
    messages.success(request, gettext("The stop is lifted."))
    return redirect("adjudication:case", ref=ref)


# The applicant's pages


@require_http_methods(["GET", "POST"])
@login_required
def answer(request: HttpRequest, ref: str) -> HttpResponse:
    """Answer what the centre asked."""
    application = get_object_or_404(Application.objects.of(request.user), ref=ref)  # type: ignore[arg-type]
    form = forms.AnswerForm(request.POST or None, request.FILES or None)
    refusal: Refused | None = None
    if request.method == "POST" and form.is_valid():
        try:
            photo = form.cleaned_data["photo"]
            actions.answer(
                application,
                form.cleaned_data["text"],
                documents.cleaned(photo.read()) if photo else b"",
                action_id=form.action_id,
                actor=_actor(request),
                now=clock.now(),
            )
            messages.success(request, gettext("We have your answer. The centre goes on with your file."))
            return redirect("applications:status", ref=ref)
        except Refused as trouble:
            refusal = trouble
    application.refresh_from_db()
    asked = reasons.read(application.asked)
    page = {
        "application": application,
        "form": form,
        "asked": asked,
        "refusal": refusal,
        "open": application.state == State.ASKED,
    }
    status = refusal.status if refusal else 422 if form.errors else 200
    return render(request, "adjudication/answer.html", page, status=status)


@require_http_methods(["GET", "POST"])
@login_required
def objection(request: HttpRequest, ref: str) -> HttpResponse:
    """Object to a refusal."""
    application = get_object_or_404(Application.objects.of(request.user), ref=ref)  # type: ignore[arg-type]
    form = forms.ObjectionForm(request.POST or None)
    refusal: Refused | None = None
    if request.method == "POST" and form.is_valid():
        try:
            actions.object_to_refusal(
                application,
                form.cleaned_data["text"],
                action_id=form.action_id,
                actor=_actor(request),
                now=clock.now(),
            )
            messages.success(request, gettext("We have your objection. Other people decide on it."))
            return redirect("applications:status", ref=ref)
        except Refused as trouble:
            refusal = trouble
    application.refresh_from_db()
    until = actions.objection_until(application, clock.now())
    page = {
        "application": application,
        "form": form,
        "given": reasons.read(application.decision_reasons),
        "until": until,
        "open": application.state == State.REFUSED
        and until is not None
        and actions.today(clock.now()) <= until,
        "refusal": refusal,
    }
    status = refusal.status if refusal else 422 if form.errors else 200
    return render(request, "adjudication/objection.html", page, status=status)
