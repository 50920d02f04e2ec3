"""The applicant's pages, from the five questions to the tracker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openpaspor import journey
from openpaspor.accounts.looks import looks_of
from openpaspor.journey import State
from openpaspor.kit import clock, mrz_name, phones
from openpaspor.kit.refused import Refused
from openpaspor.ledger import links
from openpaspor.ledger.store import AttachmentMissing
from openpaspor.offices import fees, policy
from openpaspor.ui.forms import ActionForm
from openpaspor.ui.refusals import refused_page, sizes_itself

from . import actions, documents, dossier, eligibility, tracker, tracking
from .answers import Answers
from .forms import (
    CIVIL,
    OCCUPATIONS,
    PURPOSES,
    CheckForm,
    IdentityForm,
    PaperForm,
    StartForm,
    StepForm,
    TrackForm,
    TruthForm,
    form_for,
    nik_warnings,
)
from .limits import WINDOW, TooManyTries
from .models import Application, ApplicationQuerySet, Kind
from .needs import Need
from .nik import WARNINGS
from .papers import Paper
from .progress import BY_SLUG, Progress, Step

get_or_post = require_http_methods(["GET", "HEAD", "POST"])
LARGEST_REQUEST = documents.LARGEST_BYTES + 64 * 1024  # bytes; a photo and the rest of its form


@dataclass(frozen=True)
class Wrong:
    """Marks a page whose form was not accepted with the code of its first error."""

    code: str


def wrong(form: Any) -> Wrong:
    for errors in form.errors.as_data().values():
        return Wrong(errors[0].code or "invalid")
    return Wrong("invalid")


def form_page(request: HttpRequest, template: str, form: Any, **context: Any) -> HttpResponse:
    """The page of a form: 200 when it is fresh, 422 with everything that was typed when it was not accepted."""
    if not form.is_bound or form.is_valid():
        return render(request, template, {"form": form, **context})
    return render(request, template, {"form": form, "refusal": wrong(form), **context}, status=422)


# Before sign-in


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    open_ones = []
    if request.user.is_authenticated:
        open_ones = list(owned(request).exclude(state__in=journey.ENDS).order_by("-id")[:3])
    today = eligibility.today(clock.now())
    prices = [
        fees.fee("adult-new", booklet, years, today).amount_idr
        for booklet in fees.BOOKLETS
        for years in fees.YEARS
    ]
    page = {"open_ones": open_ones, "cheapest": min(prices), "dearest": max(prices)}
    return render(request, "applications/start.html", page)


@require_safe
def check(request: HttpRequest) -> HttpResponse:
    """Five questions; the same address with the answers shows what they mean."""
    was_sent = bool({"kirim", "had", "whose"} & request.GET.keys())
    asked = CheckForm(request.GET) if was_sent else CheckForm()
    if not asked.is_bound or not asked.is_valid() or "ubah" in request.GET:
        return form_page(request, "applications/check.html", asked)
    now = clock.now()
    return render(
        request, "applications/check_result.html", need_page(asked.need, now, StartForm(request.GET))
    )


def need_page(need: Need, now: datetime, form: StartForm) -> dict[str, Any]:
    """Names for the pages that say what somebody needs."""
    return {
        "need": need,
        "form": form,
        "kind": Kind(need.kind),
        "fee": fees.fee(need.kind, need.booklet, need.years, eligibility.today(now)),
        "days": policy.value("promised_working_days", now=now),
        "collect_days": policy.value("collect_days", now=now),
        "same_day": fees.fee(
            "adult-new", need.booklet, need.years, eligibility.today(now), same_day=True
        ).lines[-1],
    }


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "applications/help.html")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    return render(request, "applications/privacy.html", {"draft_days": policy.value("draft_days", now=now)})


@never_cache
@get_or_post
def track(request: HttpRequest) -> HttpResponse:
    """Status by reference and birth date. The answer comes at once: nothing changes, so nothing is redirected."""
    if request.method != "POST":
        return render(
            request, "applications/track.html", {"form": TrackForm(initial={"ref": request.GET.get("ref")})}
        )
    form = TrackForm(request.POST)
    if not form.is_valid():
        return form_page(request, "applications/track.html", form)
    given, now = form.cleaned_data, clock.now()
    try:
        found = tracking.find(given["ref"], given["born"], address=request.META.get("REMOTE_ADDR", ""))
    except Refused as refusal:
        answer = refused_page(
            request, refusal, "applications/track.html", form=form, silent=bool(links.silent_offices())
        )
        if isinstance(refusal, TooManyTries):
            answer["Retry-After"] = str(WINDOW)
        return answer
    actions.note_shown(found, now=now)
    page = {
        "application": found,
        "stories": tracker.stories(found, now),
        "silence": tracker.silence(found, now),
        "place": tracker.place_of(found),
        "told_in": tracker.place_of(found),
        "as_of": now,
    }
    return render(request, "applications/tracked.html", page)


# My applications


def owned(request: HttpRequest) -> ApplicationQuerySet:
    """The signed-in person's applications."""
    return Application.objects.of(request.user)  # type: ignore[arg-type]


def mine(request: HttpRequest, ref: str) -> Application:
    """One of them; somebody else's does not exist."""
    return get_object_or_404(owned(request).select_related("office", "account"), ref=ref)


def answers_of(request: HttpRequest, application: Application) -> Answers:
    return dossier.open_answers(application, actor=request.user.actor_code, why="own", now=clock.now())


@dataclass(frozen=True)
class Line:
    """One application on the list."""

    application: Application
    name: str
    sentence: str
    url: str


def line(request: HttpRequest, application: Application, now: datetime) -> Line:
    name = ""
    if hasattr(application, "dossier"):
        name = answers_of(request, application).full_name
    is_draft = application.state == State.DRAFT
    url = reverse("applications:tasks" if is_draft else "applications:status", args=[application.ref])
    return Line(application, name, tracker.stories(application, now)[0].sentence, url)


@never_cache
@login_required
@require_safe
def my_list(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    mine_all = (
        owned(request)
        .exclude(reason=actions.DELETED)
        .select_related("office", "account", "dossier")
        .order_by("-id")
    )
    newest = list(mine_all[:50])
    actions.note_shown(*newest, now=now)
    lines = [line(request, application, now) for application in newest]
    return render(
        request,
        "applications/list.html",
        {
            "open_ones": [one for one in lines if not one.application.is_over],
            "over": [one for one in lines if one.application.is_over],
        },
    )


@never_cache
@login_required
@get_or_post
def new(request: HttpRequest) -> HttpResponse:
    """Start a draft from the five answers."""
    form = StartForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid() or form.need.outcome != "online":
        return redirect("applications:check")
    now, need = clock.now(), form.need
    if request.method != "POST":
        given = {name: value for name, value in form.cleaned_data.items() if name != "nonce"}
        page = need_page(need, now, StartForm(initial=given))
        drafts = owned(request).in_state(State.DRAFT).filter(kind=need.kind)
        return render(request, "applications/new.html", {**page, "drafts": drafts.order_by("-id")[:3]})
    try:
        application = actions.start_application(
            need.kind,
            action_id=form.action_id,
            actor=request.user.actor_code,
            now=now,
            account=request.user,
            answers=Answers(old_reason=need.old_reason),
            booklet=need.booklet,
            years=need.years,
        )
    except actions.TooMany as refusal:
        return refused_page(request, refusal, back=reverse("applications:list"))
    return redirect("applications:tasks", ref=application.ref)


# Filling in


@dataclass(frozen=True)
class Task:
    """One line of the task list."""

    title: Any
    url: str
    status: Any
    tone: str
    why: Any = ""


TASKS = {
    "person": gettext_lazy("Fill in who it is for"),
    "parents": gettext_lazy("Fill in the parents"),
    "old": gettext_lazy("Fill in the old passport"),
    "journey": gettext_lazy("Fill in the journey"),
}


def task_list(application: Application, progress: Progress, obstacle: str) -> list[Task]:
    made = []
    for name, title in TASKS.items():
        steps = [step for step in progress.steps if step.task == name]
        if steps:
            made.append(_task_of_pages(application, progress, title, steps))
    made.append(_task_of_papers(application, progress))
    ready = progress.is_whole and not obstacle
    made.append(
        Task(
            _("Check and send"),
            reverse("applications:review", args=[application.ref])
            if progress.is_begun(progress.steps)
            else "",
            _("Not yet") if ready else _("Cannot yet"),
            "todo" if ready else "quiet",
            "" if ready else _("First fill in what is above."),
        )
    )
    made.append(Task(_("Choose office and time"), "", _("Cannot yet"), "quiet", _("After you have sent it.")))
    made.append(Task(_("Pay"), "", _("Cannot yet"), "quiet", _("After you have chosen a time.")))
    return made


def _task_of_pages(application: Application, progress: Progress, title: Any, steps: list[Step]) -> Task:
    still_open = [step for step in steps if not progress.is_answered(step)]
    url = reverse("applications:fill", args=[application.ref, (still_open or steps)[0].slug])
    if not still_open:
        return Task(title, url, _("Done"), "done")
    if progress.is_begun(steps):
        return Task(title, url, _("In progress"), "info")
    return Task(title, url, _("Not yet"), "todo")


def _task_of_papers(application: Application, progress: Progress) -> Task:
    there, all_papers = len(progress.papers) - len(progress.open_papers), len(progress.papers)
    url, title = reverse("applications:papers", args=[application.ref]), _("Photograph the papers")
    if not progress.open_papers:
        return Task(title, url, _("Done"), "done")
    if there:
        return Task(title, url, _("%(there)s of %(all)s") % {"there": there, "all": all_papers}, "info")
    return Task(title, url, _("Not yet"), "todo")


def next_open(application: Application, progress: Progress, after: str = "") -> str:
    """The address of the next page that is still open; the check page when nothing is."""
    step = progress.after(after)
    if step:
        return reverse("applications:fill", args=[application.ref, step.slug])
    if progress.open_papers:
        return reverse("applications:paper", args=[application.ref, progress.open_papers[0].code])
    return reverse("applications:review", args=[application.ref])


def obstacle_of(application: Application, answers: Answers, now: datetime) -> str:
    return eligibility.obstacle(application.kind, answers, eligibility.today(now))


@never_cache
@login_required
@require_safe
def tasks(request: HttpRequest, ref: str) -> HttpResponse:
    application = mine(request, ref)
    if application.state != State.DRAFT:
        return redirect("applications:status", ref=ref)
    answers = answers_of(request, application)
    progress = actions.progress_of(application, answers)
    obstacle = obstacle_of(application, answers, clock.now())
    page = {
        "application": application,
        "answers": answers,
        "tasks": task_list(application, progress, obstacle),
        "obstacle": obstacle,
        "next_url": next_open(application, progress),
        "begun": progress.is_begun(progress.steps),
    }
    return render(request, "applications/tasks.html", page)


def step_or_404(slug: str, progress: Progress) -> str:
    if slug != "paspor" and BY_SLUG.get(slug) not in progress.steps:
        raise Http404
    return slug


@never_cache
@login_required
@get_or_post
def fill(request: HttpRequest, ref: str, slug: str) -> HttpResponse:
    """One page of questions; every answered page is saved when it is sent."""
    application, now = mine(request, ref), clock.now()
    if application.state != State.DRAFT:
        return closed(request, application)
    answers = answers_of(request, application)
    progress = actions.progress_of(application, answers)
    kind = form_for(step_or_404(slug, progress), application.kind)
    known = {"application": application, "answers": answers, "today": eligibility.today(now)}
    if request.method != "POST":
        form = kind(**known)
        shown = _warnings_to_show(request, form, answers)
        form.initial["warned"] = ",".join(shown)
        return fill_page(request, application, slug, form, progress, warnings=shown)
    form = kind(request.POST, **known)
    if not form.is_valid():
        return fill_page(request, application, slug, form, progress)
    return save_step(request, application, slug, form, now)


def save_step(
    request: HttpRequest, application: Application, slug: str, form: StepForm, now: datetime
) -> HttpResponse:
    actor = request.user.actor_code
    changes, told = form.changes(), form.told()
    if changes:
        form.answers = actions.save_answers(application, actor=actor, now=now, **changes)
    if told:
        actions.choose(application, actor=actor, now=now, **told)
    odd = form.warnings()
    if odd and form.cleaned_data.get("warned") != ",".join(odd):
        back = "&kembali=periksa" if goes_back(request) else ""
        return redirect(f"{reverse('applications:fill', args=[application.ref, slug])}?ingat=1{back}")
    if obstacle_of(application, form.answers, now):
        return redirect("applications:ineligible", ref=application.ref)
    return redirect(after_step(request, application, actions.progress_of(application, form.answers), slug))


def goes_back(request: HttpRequest) -> bool:
    """True when the page was opened from the check page, to which it returns."""
    return request.GET.get("kembali") == "periksa"


def after_step(request: HttpRequest, application: Application, progress: Progress, slug: str) -> str:
    if goes_back(request) or slug == "paspor":
        return reverse("applications:review", args=[application.ref])
    return next_open(application, progress, slug)


def _warnings_to_show(request: HttpRequest, form: StepForm, answers: Answers) -> list[str]:
    if "ingat" not in request.GET or not isinstance(form, IdentityForm) or not answers.nik:
        return []
    return nik_warnings(answers.nik, answers.born, answers.sex, form.today)


def fill_page(
    request: HttpRequest,
    application: Application,
    slug: str,
    form: StepForm,
    progress: Progress,
    warnings: list[str] | None = None,
) -> HttpResponse:
    step = BY_SLUG.get(slug)
    return form_page(
        request,
        "applications/fill.html",
        form,
        application=application,
        slug=slug,
        title=step.title if step else _("Choose another passport"),
        warnings=[WARNINGS[code] for code in warnings or []],
        onward=after_step(request, application, progress, slug),
        back=reverse(
            "applications:review" if goes_back(request) else "applications:tasks", args=[application.ref]
        ),
    )


def closed(request: HttpRequest, application: Application) -> HttpResponse:
    """A draft's page of an application that was sent already."""
    if request.method == "POST":
        raise actions.MoveRefused(state=application.state)
    return redirect("applications:status", ref=application.ref)


@never_cache
@login_required
@get_or_post
def ineligible(request: HttpRequest, ref: str) -> HttpResponse:
    """Not an error: why these answers do not fit, and the next step."""
    application, now = mine(request, ref), clock.now()
    if application.state != State.DRAFT:
        return closed(request, application)
    answers = answers_of(request, application)
    obstacle = obstacle_of(application, answers, now)
    if not obstacle:
        return redirect(next_open(application, actions.progress_of(application, answers)))
    other = {"child-too-old": _adult_kind(answers), "adult-too-young": Kind.CHILD}.get(obstacle)
    if request.method == "POST" and other:
        actions.choose(application, actor=request.user.actor_code, now=now, kind=str(other))
        return redirect(next_open(application, actions.progress_of(application, answers)))
    page = {
        "application": application,
        "obstacle": obstacle,
        "other": other,
        "answers": answers,
        "renewable_from": eligibility.renewable_from(answers.old_expires_on)
        if answers.old_expires_on
        else None,
        "form": ActionForm(),
    }
    return render(request, "applications/ineligible.html", page)


def _adult_kind(answers: Answers) -> Kind:
    return Kind.ADULT_REPLACE if answers.old_reason else Kind.ADULT_NEW


# Papers


@dataclass(frozen=True)
class PaperLine:
    """One paper on the list."""

    paper: Paper
    url: str
    status: Any
    tone: str


def paper_lines(application: Application, progress: Progress) -> list[PaperLine]:
    return [
        PaperLine(
            paper,
            reverse("applications:paper", args=[application.ref, paper.code]),
            _("Done")
            if paper.code in progress.have
            else _("You bring the original")
            if progress.is_there(paper)
            else _("Not yet"),
            "done" if progress.is_there(paper) else "todo",
        )
        for paper in progress.papers
    ]


@never_cache
@login_required
@require_safe
def papers(request: HttpRequest, ref: str) -> HttpResponse:
    application = mine(request, ref)
    if application.state != State.DRAFT:
        return closed(request, application)
    progress = actions.progress_of(application, answers_of(request, application))
    page = {
        "application": application,
        "lines": paper_lines(application, progress),
        "next_url": next_open(application, progress),
        "open_papers": progress.open_papers,
    }
    return render(request, "applications/papers.html", page)


def paper_or_404(progress: Progress, code: str) -> Paper:
    for one in progress.papers:
        if one.code == code:
            return one
    raise Http404


def paper_page(
    request: HttpRequest,
    application: Application,
    paper: Paper,
    progress: Progress,
    refusal: Refused | None = None,
) -> HttpResponse:
    doubts = [documents.DOUBTS[code] for code in request.GET.getlist("ragu") if code in documents.DOUBTS]
    page = {
        "application": application,
        "paper": paper,
        "form": PaperForm(),
        "is_kept": paper.code in progress.have,
        "is_brought": paper.code in progress.answers.to_bring,
        "doubts": doubts,
        "next_url": after_paper(request, application, progress),
        "number": [one.code for one in progress.papers].index(paper.code) + 1,
        "count": len(progress.papers),
        "refusal": refusal,
    }
    return render(request, "applications/paper.html", page, status=refusal.status if refusal else 200)


def after_paper(request: HttpRequest, application: Application, progress: Progress) -> str:
    if goes_back(request):
        return reverse("applications:review", args=[application.ref])
    return next_open(application, progress)


@sizes_itself
@never_cache
@login_required
@get_or_post
def paper(request: HttpRequest, ref: str, code: str) -> HttpResponse:
    """One paper: photograph it, look at it, or say that it cannot be photographed."""
    application = mine(request, ref)
    if application.state != State.DRAFT:
        return closed(request, application)
    progress = actions.progress_of(application, answers_of(request, application))
    wanted = paper_or_404(progress, code)
    if request.method != "POST":
        return paper_page(request, application, wanted, progress)
    try:
        return receive_paper(request, application, wanted)
    except documents.PictureRefused as refusal:
        return paper_page(request, application, wanted, progress, refusal)


def receive_paper(request: HttpRequest, application: Application, wanted: Paper) -> HttpResponse:
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_REQUEST:
        raise documents.PictureTooLarge()  # before anything of it is looked at
    form = PaperForm(request.POST, request.FILES)
    if not form.is_valid() or form.upload is None:
        raise documents.PictureMissing()
    if form.upload.size > documents.LARGEST_BYTES:
        raise documents.PictureTooLarge()
    jpeg = documents.cleaned(form.upload.read())
    actor, now = request.user.actor_code, clock.now()
    actions.keep_paper(application, wanted.code, jpeg, action_id=form.action_id, actor=actor, now=now)
    doubts = documents.doubts(jpeg)
    if doubts:
        words = "&".join(f"ragu={code}" for code in doubts) + (
            "&kembali=periksa" if goes_back(request) else ""
        )
        return redirect(f"{reverse('applications:paper', args=[application.ref, wanted.code])}?{words}")
    messages.success(request, _("Photo kept: %(paper)s.") % {"paper": wanted.name})
    progress = actions.progress_of(application, answers_of(request, application))
    return redirect(after_paper(request, application, progress))


@login_required
@require_POST
def bring(request: HttpRequest, ref: str, code: str) -> HttpResponse:
    """ "I cannot photograph this": the original comes along."""
    application = mine(request, ref)
    progress = actions.progress_of(application, answers_of(request, application))
    wanted = paper_or_404(progress, code)
    actions.bring_paper(application, wanted.code, actor=request.user.actor_code, now=clock.now())
    progress = actions.progress_of(application, answers_of(request, application))
    return redirect(after_paper(request, application, progress))


@login_required
@require_safe
def picture(request: HttpRequest, ref: str, code: str) -> HttpResponse:
    """One's own paper, never kept by anything on the way."""
    application = mine(request, ref)
    attachment = application.attachments.live().filter(kind=code).last()  # type: ignore[attr-defined]
    if attachment is None or code == "portrait":
        raise Http404
    try:
        content = dossier.open_attachment(
            attachment, actor=request.user.actor_code, why="own", now=clock.now()
        )
    except (AttachmentMissing, dossier.NotHere):
        raise Http404 from None
    answer = HttpResponse(content, content_type=attachment.content_type)
    answer["Cache-Control"] = "private, no-store"
    answer["Content-Disposition"] = f'inline; filename="{code}.jpg"'
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


# Check and send


def fee_of(application: Application, now: datetime) -> fees.Fee:
    return fees.fee(
        application.kind,
        application.booklet,
        application.years,
        eligibility.today(now),
        same_day=application.same_day,
    )


def missing_links(application: Application, progress: Progress) -> list[tuple[Any, str]]:
    """What is still open, as links."""
    pages = [
        (step.title, reverse("applications:fill", args=[application.ref, step.slug]))
        for step in progress.open_steps
    ]
    photos = [
        (paper.name, reverse("applications:paper", args=[application.ref, paper.code]))
        for paper in progress.open_papers
    ]
    return pages + photos


def review_page(
    request: HttpRequest,
    application: Application,
    form: TruthForm,
    now: datetime,
    refusal: Any = None,
    status: int = 200,
) -> HttpResponse:
    answers = answers_of(request, application)
    progress = actions.progress_of(application, answers)
    page = {
        "application": application,
        "answers": answers,
        "slugs": [step.slug for step in progress.steps],
        "papers": paper_lines(application, progress),
        "missing": missing_links(application, progress),
        "machine_name": mrz_name.machine_name(answers.full_name) if answers.full_name else None,
        "fee": fee_of(application, now),
        "words": words_of(answers),
        "unfilled": _("Not filled in yet"),
        "phone": phones.local(answers.phone) if answers.phone else "",
        "form": form,
        "refusal": refusal,
    }
    return render(request, "applications/review.html", page, status=status)


def words_of(answers: Answers) -> dict[str, Any]:
    """Choices as people read them."""
    return {
        "sex": {"F": _("Female"), "M": _("Male")}.get(answers.sex, ""),
        "civil_status": dict(CIVIL).get(answers.civil_status, ""),
        "occupation": dict(OCCUPATIONS).get(answers.occupation, "") if answers.occupation else "",
        "purpose": dict(PURPOSES).get(answers.purpose, ""),
    }


@never_cache
@login_required
@get_or_post
def review(request: HttpRequest, ref: str) -> HttpResponse:
    """Everything on one page before it is sent. Sent twice it counts once."""
    application, now = mine(request, ref), clock.now()
    if application.state != State.DRAFT:
        return redirect("applications:next", ref=ref)
    if obstacle_of(application, answers_of(request, application), now):
        return redirect("applications:ineligible", ref=ref)
    if request.method != "POST":
        return review_page(request, application, TruthForm(), now)
    form = TruthForm(request.POST)
    if not form.is_valid():
        return review_page(request, application, form, now, wrong(form), 422)
    try:
        actions.declare(application, action_id=form.action_id, actor=request.user.actor_code, now=now)
    except actions.MoveRefused:
        return redirect("applications:next", ref=ref)  # sent from another tab a moment ago
    except Refused as refusal:
        return review_page(request, application, form, now, refusal, refusal.status)
    return redirect("applications:next", ref=ref)


NEXT = {
    State.DRAFT: "applications:tasks",
    State.SUBMITTED: "appointments:choose",
    State.HOLDING: "payments:bill",
    State.BOOKED: "appointments:pass",
}


@never_cache
@login_required
@require_safe
def next_step(request: HttpRequest, ref: str) -> HttpResponse:
    """Wherever the application goes on; the tracker where it waits for us."""
    application = mine(request, ref)
    try:
        return redirect(reverse(NEXT.get(State(application.state), "applications:status"), args=[ref]))
    except NoReverseMatch:
        return redirect("applications:status", ref=ref)  # that room is not served here


# Where it stands


@never_cache
@login_required
@require_safe
def status(request: HttpRequest, ref: str) -> HttpResponse:
    """The tracker. A page that asks again is told only when something has changed."""
    application, now = mine(request, ref), clock.now()
    stories = tracker.stories(application, now)
    entries = tracker.entries_of(application)
    silence = tracker.silence(application, now)
    mark = tracker.mark_of(stories, entries, silence)
    if request.headers.get("HX-Request") and request.GET.get("tanda") == mark:
        return HttpResponse(status=204)
    actions.note_shown(application, now=now)
    name = answers_of(request, application).full_name if hasattr(application, "dossier") else ""
    page = {
        "application": application,
        "name": name,
        "stories": stories,
        "silence": silence,
        "steps": tracker.stages(application, entries),
        "events": tracker.timeline(entries),
        "looks": looks_of(application.ref),
        "place": tracker.place_of(application),
        "told_in": tracker.place_of(application),
        "as_of": now,
        "mark": mark,
        "can_withdraw": application.state in journey.WITHDRAW.origins and application.state != State.DRAFT,
        "elsewhere": actions.held_elsewhere(application, now),
    }
    return render(request, "applications/status.html", page)


@never_cache
@login_required
@get_or_post
def withdraw(request: HttpRequest, ref: str) -> HttpResponse:
    """Take it back, after reading what it means for the money."""
    application = mine(request, ref)
    if application.state == State.DRAFT:
        return redirect("applications:delete", ref=ref)
    if request.method != "POST":
        if application.state not in journey.WITHDRAW.origins or actions.held_elsewhere(
            application, clock.now()
        ):
            return redirect("applications:status", ref=ref)
        paid = application.bill_status in ("paid", "matching")
        return render(
            request,
            "applications/withdraw.html",
            {"application": application, "form": ActionForm(), "paid": paid},
        )
    if application.state == State.WITHDRAWN:
        return redirect("applications:status", ref=ref)  # sent twice
    form = ActionForm(request.POST)
    actions.withdraw(application, action_id=form.action_id, actor=request.user.actor_code, now=clock.now())
    messages.success(request, _("You have withdrawn the application."))
    return redirect("applications:status", ref=ref)


@never_cache
@login_required
@get_or_post
def delete(request: HttpRequest, ref: str) -> HttpResponse:
    """Delete a draft with everything in it."""
    application = mine(request, ref)
    if application.state != State.DRAFT and request.method != "POST":
        return redirect("applications:status", ref=ref)
    if request.method != "POST":
        return render(request, "applications/delete.html", {"application": application, "form": ActionForm()})
    if application.state == State.EXPIRED:
        return redirect("applications:list")  # sent twice
    form = ActionForm(request.POST)
    actions.delete_draft(
        application, action_id=form.action_id, actor=request.user.actor_code, now=clock.now()
    )
    messages.success(request, _("The draft is deleted."))
    return redirect("applications:list")
