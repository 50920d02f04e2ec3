"""The officer's desk: one screen per case. Every page that shows a file opens it once, through the dossier."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openpaspor.accounts.models import Role
from openpaspor.accounts.permissions import staff
from openpaspor.applications import documents, dossier, reasons
from openpaspor.applications.interview import questions
from openpaspor.applications.models import Application
from openpaspor.journey import State
from openpaspor.kit import clock
from openpaspor.kit.refused import Refused
from openpaspor.ledger.store import AttachmentMissing
from openpaspor.ledger.sync import LOOK, sync_of
from openpaspor.ui.forms import ActionForm

from . import actions, desk, forms, rules
from .models import Examination, PaperSeen, Verdict
from .portrait import prepare


def _office_case(request: HttpRequest, ref: str) -> Application:
    """An application of this officer's own office; others do not exist."""
    rows = Application.objects.select_related("office")
    return get_object_or_404(rows, ref=ref, office=request.posting.office)  # type: ignore[attr-defined]


def _actor(request: HttpRequest) -> str:
    return request.user.actor_code  # type: ignore[union-attr]


def _office_code(request: HttpRequest) -> str:
    return request.posting.office_id or ""  # type: ignore[attr-defined]


# Lists


@require_GET
@staff(Role.OFFICER, Role.HEAD)
def cases(request: HttpRequest) -> HttpResponse:
    """Who is here, who still owes papers, and what waits for the centre. Codes only, nobody's name."""
    here = Application.objects.filter(office=request.posting.office).order_by("state_since")  # type: ignore[attr-defined]
    office = request.posting.office  # type: ignore[attr-defined]
    page = {
        "office": office,
        "arrived": here.in_state(State.ARRIVED),
        "owing": here.in_state(State.INCOMPLETE).order_by("owed_until", "pk"),
        "asked": here.in_state(State.ASKED).order_by("owed_until", "pk"),
        "sent": here.in_state(State.ENROLLED),
        "undecided": Examination.objects.filter(case__application__office=office, outcome="").count(),
        "today": office.local(clock.now()).date(),
    }
    listed = [row.ref for name in ("arrived", "owing", "asked", "sent") for row in page[name]]
    page["synced"] = sync_of(listed)
    return render(request, "intake/cases.html", page)


@require_GET
@staff(Role.HEAD, Role.OFFICER)
def exams(request: HttpRequest) -> HttpResponse:
    """Examinations that wait for the head of office."""
    office = request.posting.office  # type: ignore[attr-defined]
    rows = Examination.objects.filter(case__application__office=office, outcome="")
    rows = rows.select_related("case__application").order_by("proposed_at")
    return render(request, "intake/exams.html", {"exams": rows, "office": office})


# Coming in without an appointment


@require_http_methods(["GET", "POST"])
@staff(Role.OFFICER)
def new(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    office = request.posting.office  # type: ignore[attr-defined]
    today = office.local(now).date()
    if request.method == "GET":
        form = forms.WalkInForm(today=today, initial={"ticket": request.GET.get("ticket", "")[:8]})
        form.fields["nik"].widget.attrs["autofocus"] = True
        return render(request, "intake/new.html", {"form": form, "office": office})
    form = forms.WalkInForm(request.POST, today=today)
    if not form.is_valid():
        return render(request, "intake/new.html", {"form": form, "office": office}, status=422)
    typed = form.cleaned_data
    visitor = actions.Visitor(
        kind=typed["kind"],
        answers=form.answers,
        booklet=typed["booklet"],
        years=typed["years"],
        ticket=typed["ticket"],
        priority=typed["priority"],
    )
    try:
        application = actions.walk_in(
            visitor,
            office,
            action_id=form.action_id,
            actor=_actor(request),
            now=now,
            despite=typed["despite"],
        )
    except Refused as refusal:
        page = {"form": form, "office": office, "refusal": refusal}
        if isinstance(refusal, actions.AlreadyOpen):
            page |= _offer(form)
        return render(request, "intake/new.html", page, status=refusal.status)
    return redirect("intake:case", ref=application.ref)


def _offer(form: forms.WalkInForm) -> dict[str, Any]:
    """This person already has an application: use it rather than make a second one."""
    typed = form.cleaned_data
    take = forms.TakeInForm(initial={"ticket": typed["ticket"], "priority": typed["priority"]}, auto_id=False)
    return {"same": actions.open_elsewhere(typed["nik"]), "take": take}


@require_POST
@staff(Role.OFFICER)
def take_in(request: HttpRequest, ref: str) -> HttpResponse:
    """A submitted application without a place becomes today's walk-in."""
    application = get_object_or_404(Application.objects.in_state(State.SUBMITTED, State.ARRIVED), ref=ref)
    form = forms.TakeInForm(request.POST)
    if not form.is_valid():
        raise Http404
    actions.take_in(
        application,
        request.posting.office,  # type: ignore[attr-defined]
        ticket=form.cleaned_data["ticket"],
        priority=form.cleaned_data["priority"],
        action_id=form.action_id,
        actor=_actor(request),
        now=clock.now(),
    )
    return redirect("intake:case", ref=application.ref)


# One case


@require_GET
@staff(Role.OFFICER, Role.HEAD)
def case(request: HttpRequest, ref: str) -> HttpResponse:
    return _case_page(request, _office_case(request, ref))


def _case_page(
    request: HttpRequest,
    application: Application,
    *,
    status: int = 200,
    refusal: Refused | None = None,
    section: str = "",
    **bound: ActionForm,
) -> HttpResponse:
    """The whole case. `bound` are forms that came back with something to fix: nothing typed is lost."""
    now = clock.now()
    application.refresh_from_db()
    answers = dossier.open_answers(
        application,
        actor=_actor(request),
        why="counter",
        what="intake:case",
        now=now,
        office=_office_code(request),
    )
    page = desk.whole_case(
        application,
        answers,
        wanted=section or desk.SECTION_BY_ANCHOR.get(request.GET.get("bagian", ""), ""),
        viewed=request.GET.get("lihat", ""),
        bound=bound,
        may_edit=request.posting.role == Role.OFFICER,  # type: ignore[attr-defined]
        now=now,
    )
    page["synced"] = sync_of([application.ref])
    page["said"] = page["synced"].get(application.ref)
    page["refusal"] = refusal
    page["gaps"] = isinstance(refusal, actions.NotComplete)
    return render(request, "intake/case.html", page, status=status)


Deed = Callable[[str, datetime], Any]


def _do(
    request: HttpRequest,
    application: Application,
    form: ActionForm,
    deed: Deed,
    *,
    section: str,
    name: str = "",
) -> HttpResponse | None:
    """Run a deed with the form's action id. A refusal comes back as the case page, with the form as typed."""
    bound = {name: form} if name else {}
    if not form.is_valid():
        return _case_page(request, application, status=422, section=section, **bound)
    try:
        deed(form.action_id, clock.now())
    except Refused as refusal:
        if _wants_json(request):
            return JsonResponse({"code": refusal.code, "message": str(refusal)}, status=refusal.status)
        return _case_page(
            request, application, status=refusal.status, refusal=refusal, section=section, **bound
        )
    return None


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("accept", "").startswith("application/json")


def _saved(request: HttpRequest, application: Application, section: str = "") -> HttpResponse:
    """Back to the case, at its first open section; a script only hears that it is safe."""
    assert application.office
    if _wants_json(request):
        at = application.office.local(clock.now())
        return JsonResponse({"saved": f"{at:%H.%M} {application.office.zone}"})
    address = reverse("intake:case", args=[application.ref])
    return redirect(
        f"{address}?bagian={desk.ANCHORS[section]}#{desk.ANCHORS[section]}" if section else address
    )


@require_POST
@staff(Role.OFFICER)
def identity(request: HttpRequest, ref: str) -> HttpResponse:
    """The person and the papers agree with the answers."""
    application = _office_case(request, ref)

    def confirm(action_id: str, now: datetime) -> None:
        actions.confirm_identity(application, action_id=action_id, actor=_actor(request), now=now)

    return _do(request, application, ActionForm(request.POST), confirm, section="identity") or _saved(
        request, application
    )


@require_POST
@staff(Role.OFFICER)
def amend(request: HttpRequest, ref: str) -> HttpResponse:
    """Correct or complete answers, with a reason."""
    application = _office_case(request, ref)
    answers = dossier.open_answers(application, actor="worker", why="amend", now=clock.now())
    form = forms.IdentityForm(request.POST, answers=answers, kind=application.kind, auto_id="id_identity_%s")

    def correct(action_id: str, now: datetime) -> None:
        changed = actions.amend(
            application,
            form.changes,
            reason=form.cleaned_data["reason"],
            action_id=action_id,
            actor=_actor(request),
            now=now,
        )
        messages.success(request, gettext("Corrected.") if changed else gettext("Nothing was different."))

    return _do(request, application, form, correct, section="identity", name="identity_form") or _saved(
        request, application, "identity"
    )


@require_GET
@staff(Role.OFFICER, Role.HEAD)
def paper(request: HttpRequest, ref: str, paper: str) -> HttpResponse:
    """One picture of the file. Opening it is a look of its own."""
    application = _office_case(request, ref)
    picture = desk.picture_of(application, paper)
    if picture is None:
        raise Http404
    try:
        plain = dossier.open_attachment(
            picture, actor=_actor(request), why="counter", now=clock.now(), office=_office_code(request)
        )
    except AttachmentMissing:
        raise Http404 from None
    return HttpResponse(plain, content_type=picture.content_type, headers={"Cache-Control": "no-store"})


@require_POST
@staff(Role.OFFICER)
def judge(request: HttpRequest, ref: str, paper: str) -> HttpResponse:
    application = _office_case(request, ref)
    form = forms.VerdictForm(request.POST)

    def say(action_id: str, now: datetime) -> None:
        actions.judge_paper(
            application,
            paper,
            form.cleaned_data["verdict"],
            action_id=action_id,
            actor=_actor(request),
            now=now,
        )

    return _do(request, application, form, say, section="papers") or _saved(request, application)


@require_POST
@staff(Role.OFFICER)
def capture(request: HttpRequest, ref: str, paper: str) -> HttpResponse:
    """A picture of an original, taken here; it replaces what was uploaded."""
    application = _office_case(request, ref)
    form = forms.CaptureForm(request.POST, request.FILES, auto_id=f"id_{paper}_%s")

    def keep(action_id: str, now: datetime) -> None:
        clean = documents.cleaned(form.cleaned_data["picture"].read())
        actions.capture_paper(
            application,
            paper,
            clean,
            content_type=documents.CONTENT_TYPE,
            action_id=action_id,
            actor=_actor(request),
            now=now,
        )

    return _do(request, application, form, keep, section="papers", name=f"capture_{paper}") or _saved(
        request, application
    )


@require_POST
@staff(Role.OFFICER)
def interview(request: HttpRequest, ref: str) -> HttpResponse:
    application = _office_case(request, ref)
    answers = dossier.open_answers(application, actor="worker", why="interview", now=clock.now())
    form = forms.InterviewForm(
        request.POST, answers=answers, kind=application.kind, auto_id="id_interview_%s"
    )

    def keep(action_id: str, now: datetime) -> None:
        actions.save_interview(application, form.said, action_id=action_id, actor=_actor(request), now=now)

    return _do(request, application, form, keep, section="interview", name="interview_form") or _saved(
        request, application
    )


@require_POST
@staff(Role.OFFICER)
def portrait(request: HttpRequest, ref: str) -> HttpResponse:
    application = _office_case(request, ref)
    form = forms.PortraitForm(request.POST, request.FILES, auto_id="id_portrait_%s")

    def keep(action_id: str, now: datetime) -> None:
        prepared = prepare(form.cleaned_data["photo"].read())
        actions.take_portrait(application, prepared, action_id=action_id, actor=_actor(request), now=now)

    return _do(request, application, form, keep, section="photo", name="portrait_form") or _saved(
        request, application
    )


@require_POST
@staff(Role.OFFICER)
def exam(request: HttpRequest, ref: str) -> HttpResponse:
    """Propose how the examination of a lost or damaged passport ends."""
    application = _office_case(request, ref)
    form = forms.ExaminationForm(request.POST, auto_id="id_exam_%s")

    def propose(action_id: str, now: datetime) -> None:
        actions.propose_examination(
            application, form.cleaned_data["outcome"], action_id=action_id, actor=_actor(request), now=now
        )

    return _do(request, application, form, propose, section="exam", name="exam_form") or _saved(
        request, application, "exam"
    )


@require_http_methods(["GET", "POST"])
@staff(Role.HEAD)
def exam_decision(request: HttpRequest, ref: str) -> HttpResponse:
    """The head of office sees what was said and decides."""
    application = _office_case(request, ref)
    form = forms.ExaminationForm(request.POST if request.method == "POST" else None)
    refusal: Refused | None = None
    if form.is_bound and form.is_valid():
        try:
            actions.decide_examination(
                application,
                form.cleaned_data["outcome"],
                action_id=form.action_id,
                actor=_actor(request),
                now=clock.now(),
            )
            messages.success(request, gettext("Decided. The officer can go on with this case."))
            return redirect("intake:exams")
        except Refused as trouble:
            refusal = trouble
    return _exam_page(request, application, form, refusal)


def _exam_page(
    request: HttpRequest, application: Application, form: ActionForm, refusal: Refused | None
) -> HttpResponse:
    examination = get_object_or_404(Examination, case__application=application)
    answers = dossier.open_answers(
        application,
        actor=_actor(request),
        why="examination",
        what="intake:exam_decision",
        now=clock.now(),
        office=_office_code(request),
    )
    asked = questions(application.kind, answers.interview.get("purpose") or answers.purpose)
    said = [
        (question.asks, question.answered(answers.interview.get(question.code, ""))) for question in asked
    ]
    page = {
        "application": application,
        "office": application.office,
        "examination": examination,
        "answers": answers,
        "said": said,
        "form": form,
        "refusal": refusal,
    }
    status = refusal.status if refusal else 422 if form.errors else 200
    return render(request, "intake/exam.html", page, status=status)


@require_POST
@staff(Role.OFFICER)
def owe(request: HttpRequest, ref: str) -> HttpResponse:
    """The visitor goes home with a list and a date."""
    application = _office_case(request, ref)
    answers = dossier.open_answers(application, actor="worker", why="owe", now=clock.now())
    form = forms.OweForm(
        request.POST, papers=rules.papers_needed(application.kind, answers), auto_id="id_owe_%s"
    )

    def send_home(action_id: str, now: datetime) -> None:
        actions.owe(
            application, form.cleaned_data["owed"], action_id=action_id, actor=_actor(request), now=now
        )

    refused = _do(request, application, form, send_home, section="summary", name="owe_form")
    return refused or redirect("intake:receipt", ref=ref)


@require_POST
@staff(Role.OFFICER)
def finish(request: HttpRequest, ref: str) -> HttpResponse:
    """All is there: offer the file to the centre."""
    application = _office_case(request, ref)

    def complete(action_id: str, now: datetime) -> None:
        actions.finish(application, action_id=action_id, actor=_actor(request), now=now)

    refused = _do(request, application, ActionForm(request.POST), complete, section="summary")
    return refused or redirect("intake:receipt", ref=ref)


RECEIPT_IN = (
    State.INCOMPLETE,
    State.ENROLLED,
    State.REVIEW,
)  # before it nothing is complete, after it the centre has spoken


@require_GET
@staff(Role.OFFICER, Role.HEAD)
def receipt(request: HttpRequest, ref: str) -> HttpResponse:
    """What the visitor takes home: what happens next, what to pay, what to bring, and until when."""
    application = _office_case(request, ref)
    if application.state not in RECEIPT_IN:
        messages.info(
            request, gettext("A receipt is given when the case is finished, or sent home with a list.")
        )
        return redirect("intake:case", ref=ref)
    answers = dossier.open_answers(
        application,
        actor=_actor(request),
        why="counter",
        what="intake:receipt",
        now=clock.now(),
        office=_office_code(request),
    )
    page = {
        "application": application,
        "office": application.office,
        "answers": answers,
        "owed": reasons.read(application.papers_owed),
        "synced": {
            ref: said for ref, said in sync_of([ref]).items() if said.word != LOOK
        },  # staff look, not visitors
        "papers_seen": PaperSeen.objects.filter(case__application=application, verdict=Verdict.MATCH).count(),
        "examination": Examination.objects.filter(case__application=application).first(),
    }
    return render(request, "intake/receipt.html", page)
