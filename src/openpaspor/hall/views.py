"""Pages of the hall: the officer's day, arrival, the board, the head's figures."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from openpaspor.accounts.actions import look
from openpaspor.accounts.models import Role
from openpaspor.accounts.permissions import staff
from openpaspor.applications import dossier
from openpaspor.applications.models import Application
from openpaspor.journey import State
from openpaspor.kit import clock
from openpaspor.kit.refused import Refused
from openpaspor.offices import policy
from openpaspor.offices.models import Office
from openpaspor.ui.refusals import refused_page

from . import actions, desk
from .forms import (
    ArriveForm,
    CounterForm,
    DayPotForm,
    HoldForm,
    NothingForm,
    PriorityForm,
    TransferForm,
)
from .models import Counter, Ticket, TicketState, local_day
from .rules import Series


def _day_page(request: HttpRequest, refusal: Refused | None = None) -> HttpResponse:
    office, now = request.posting.office, clock.now()
    counter = desk.counter_of(request.user)
    context = {
        "office": office,
        "hall": desk.hall_now(office, now),
        "counter": counter,
        "current": desk.at_desk(counter),
        "counter_form": CounterForm(),
        "form": NothingForm(),
        "hold_form": HoldForm(),
        "transfer_form": TransferForm(),
        "next_hour": now + timedelta(minutes=60),
    }
    if refusal:
        return refused_page(request, refusal, "hall/today.html", **context)
    return render(request, "hall/today.html", context)


@never_cache
@staff(Role.OFFICER, Role.HEAD)
def today(request: HttpRequest) -> HttpResponse:
    return _day_page(request)


@never_cache
@staff(Role.OFFICER, Role.HEAD)
def lines(request: HttpRequest) -> HttpResponse:
    """The lines alone, for the page to refresh itself; 304 while nothing changed."""
    office, now = request.posting.office, clock.now()
    return _if_changed(
        request, render(request, "hall/_lines.html", {"office": office, "hall": desk.hall_now(office, now)})
    )


def _if_changed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    tag = f'"{hashlib.sha256(response.content).hexdigest()[:20]}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304)
    response["ETag"] = tag
    return response


@require_POST
@staff(Role.OFFICER, Role.HEAD)
def open_counter(request: HttpRequest) -> HttpResponse:
    form = CounterForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a counter from 1 to 99 and at least one line."))
        return redirect("hall:today")
    try:
        actions.open_counter(
            request.posting.office,
            form.cleaned_data["number"],
            request.user,
            action_id=form.action_id,
            actor=request.user.actor_code,
            now=clock.now(),
            serves="".join(form.cleaned_data["serves"]),
        )
    except Refused as refusal:
        return _day_page(request, refusal)
    return redirect("hall:today")


@require_POST
@staff(Role.OFFICER, Role.HEAD)
def close_counter(request: HttpRequest) -> HttpResponse:
    counter, form = desk.counter_of(request.user), NothingForm(request.POST)
    if counter is not None:
        try:
            actions.close_counter(
                counter, action_id=form.action_id, actor=request.user.actor_code, now=clock.now()
            )
        except Refused as refusal:
            return _day_page(request, refusal)
    return redirect("hall:today")


@require_POST
@staff(Role.OFFICER, Role.HEAD)
def call(request: HttpRequest) -> HttpResponse:
    """F2: call the next number."""
    counter, form = desk.counter_of(request.user), NothingForm(request.POST)
    try:
        if counter is None:
            raise actions.NoCounter()
        actions.call_next(counter, action_id=form.action_id, actor=request.user.actor_code, now=clock.now())
    except Refused as refusal:
        return _day_page(request, refusal)
    return redirect("hall:today")


@require_POST
@staff(Role.OFFICER, Role.HEAD)
def change(request: HttpRequest, pk: int, deed: str) -> HttpResponse:
    """Recall, hold, resume, transfer, no-show and its undo, finish: one deed on one number of this office."""
    ticket = get_object_or_404(Ticket, pk=pk, office=request.posting.office)
    try:
        _do(request, ticket, deed)
    except Refused as refusal:
        return _day_page(request, refusal)
    return redirect("hall:today")


def _do(request: HttpRequest, ticket: Ticket, deed: str) -> None:
    form = {"hold": HoldForm, "transfer": TransferForm}.get(deed, NothingForm)(request.POST)
    known = {"action_id": form.action_id, "actor": request.user.actor_code, "now": clock.now()}
    if deed == "hold":
        actions.hold_ticket(ticket, form.cleaned_data.get("reason") or "6", **known)
    elif deed == "transfer":
        number = form.cleaned_data.get("counter")
        counter = Counter.objects.filter(office=ticket.office, number=number).first() if number else None
        if number and counter is None:
            raise actions.NoCounter()
        actions.transfer(ticket, counter=counter, **known)
    elif deed in ("recall", "resume", "no-show", "undo", "finish"):
        plain = {
            "recall": actions.recall,
            "resume": actions.resume,
            "no-show": actions.no_show,
            "undo": actions.undo_no_show,
            "finish": actions.finish_ticket,
        }
        plain[deed](ticket, **known)
    else:
        raise Http404


@never_cache
@staff(Role.OFFICER, Role.HEAD)
def ticket(request: HttpRequest, pk: int) -> HttpResponse:
    """The number, to print or to read out."""
    found = get_object_or_404(Ticket.objects.select_related("office"), pk=pk, office=request.posting.office)
    before = (
        Ticket.objects.of_day(found.office, found.day)
        .in_line()
        .filter(series=found.series, line_since__lt=found.line_since)
    )
    return render(
        request, "hall/ticket.html", {"ticket": found, "office": found.office, "before": before.count()}
    )


@never_cache
@staff(Role.OFFICER, Role.HEAD)
def arrive(request: HttpRequest) -> HttpResponse:
    """A visitor is at the door: scan or type what they show."""
    form = ArriveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        office = request.posting.office
        try:
            found = desk.find_one(form.cleaned_data["what"], form.cleaned_data["born"], office, clock.now())
        except Refused as refusal:
            return refused_page(request, refusal, "hall/arrive.html", form=form, office=office)
        if found is not None:
            return redirect("hall:arrive_ref", ref=found.ref)
        form.add_error(
            "what", _("Nothing is known under this. Check it, or give a number for the ordinary line.")
        )
    status = 422 if form.is_bound else 200
    return render(
        request, "hall/arrive.html", {"form": form, "office": request.posting.office}, status=status
    )


@never_cache
@staff(Role.OFFICER, Role.HEAD)
def arrive_ref(request: HttpRequest, ref: str) -> HttpResponse:
    """Whose visit it is and what can be done with it; the press gives the number."""
    application = get_object_or_404(Application.objects.select_related("office"), ref=ref)
    office, actor, now = request.posting.office, request.user.actor_code, clock.now()
    form = PriorityForm(request.POST or None, initial={"priority": application.priority})
    context = {"application": application, "office": office, "form": form, "deed": _deed_for(application)}
    if request.method == "POST" and form.is_valid():
        known = {
            "action_id": form.action_id,
            "actor": actor,
            "now": now,
            "priority": form.cleaned_data["priority"],
        }
        try:
            issued = _issue_for(application, office, known)
        except Refused as refusal:
            return refused_page(request, refusal, "hall/arrive_ref.html", **context)
        return redirect("hall:ticket", pk=issued.pk)
    answers = dossier.open_answers(
        application, actor=actor, why="arrival", what="hall:arrive_ref", now=now, office=office.code
    )
    return render(request, "hall/arrive_ref.html", {**context, "answers": answers})


def _deed_for(application: Application) -> str:
    """What the press on the arrival page does."""
    if application.state in (State.BOOKED, State.MISSED):
        return "arrive"
    if application.state in (State.INCOMPLETE, State.READY, State.ARRIVED):
        return "return"
    return "walk-in" if application.state in (State.DRAFT, State.SUBMITTED) else ""


def _issue_for(application: Application, office: Office, known: dict) -> Ticket:
    deed = _deed_for(application)
    if deed == "arrive":
        return actions.arrive(application, office, **known)
    if deed == "walk-in" and application.state == State.SUBMITTED:
        return actions.issue_walk_in(office, application=application, **known)
    if deed == "return" and application.office_id == office.code:
        return actions.issue_return(application, **known)
    if deed == "return":
        raise actions.WrongOffice(office=application.office)
    raise actions.NotExpected(state=application.state)


@never_cache
@staff(Role.OFFICER, Role.HEAD)
def walk_in(request: HttpRequest) -> HttpResponse:
    """A number for somebody without an appointment; the application is written at the counter."""
    office, now = request.posting.office, clock.now()
    day = local_day(office, now)
    form = PriorityForm(request.POST or None)
    context = {
        "form": form,
        "office": office,
        "pots": [
            actions.day_pot(office, day, series, now=now) for series in (Series.WALK_IN, Series.PRIORITY)
        ],
    }
    if request.method == "POST" and form.is_valid():
        try:
            issued = actions.issue_walk_in(
                office,
                action_id=form.action_id,
                actor=request.user.actor_code,
                now=now,
                priority=form.cleaned_data["priority"],
            )
        except Refused as refusal:
            return refused_page(request, refusal, "hall/walk_in.html", **context)
        return redirect("hall:ticket", pk=issued.pk)
    return render(request, "hall/walk_in.html", context)


@never_cache
@staff(Role.OFFICER, Role.HEAD, Role.PRINT)
def search(request: HttpRequest) -> HttpResponse:
    """`/`: by code, NIK, today's number, or the whole name. Every file in the answer is a recorded look."""
    text, now, office = request.GET.get("q", "")[:120], clock.now(), request.posting.office
    found = desk.search(text, office, now)
    for application in found:
        look(
            application.ref,
            actor=request.user.actor_code,
            why="search",
            what="hall:search",
            now=now,
            office=office.code if office else "",
        )
    return render(request, "hall/search.html", {"q": text, "found": found, "office": office})


@never_cache
@staff(Role.HEAD)
def head(request: HttpRequest) -> HttpResponse:
    """Five facts, each with a word, and what can be done about it."""
    office, now = request.posting.office, clock.now()
    closes = policy.value("closes_minute", office=office.code, now=now)
    midnight = office.local(now).replace(hour=0, minute=0, second=0, microsecond=0)
    closes_at = midnight + timedelta(minutes=closes)
    context = {
        "office": office,
        "figures": desk.figures(office, now, closes_at),
        "hall": desk.hall_now(office, now),
        "closes_at": closes_at,
        "form": NothingForm(),
        "links": [(label, url) for label, name in _head_links() if (url := _url(name))],
    }
    return render(request, "hall/head.html", context)


def _head_links() -> list[tuple[str, str]]:
    return [
        (_("Places and closed days"), "appointments:pots"),
        (_("Walk-in and priority places"), "hall:pots"),
        (_("Exemptions"), "payments:exemptions"),
    ]


def _url(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


@never_cache
@staff(Role.HEAD)
def pots(request: HttpRequest) -> HttpResponse:
    """How many walk-in and priority visitors come in today."""
    office, now = request.posting.office, clock.now()
    day = local_day(office, now)
    today = {
        series: actions.day_pot(office, day, series, now=now) for series in (Series.WALK_IN, Series.PRIORITY)
    }
    initial = {"walk_in": today[Series.WALK_IN].offered, "priority": today[Series.PRIORITY].offered}
    form = DayPotForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        for series, name in ((Series.WALK_IN, "walk_in"), (Series.PRIORITY, "priority")):
            actions.set_day_pot(
                office,
                day,
                series,
                form.cleaned_data[name],
                action_id=f"{form.action_id}:{series}",
                actor=request.user.actor_code,
                now=now,
            )
        messages.success(request, _("Today's places are set."))
        return redirect("hall:pots")
    context = {"form": form, "office": office, "pots": today.values(), "day": day}
    return render(request, "hall/pots.html", context, status=422 if form.is_bound else 200)


@require_POST
@staff(Role.HEAD)
def end_day(request: HttpRequest) -> HttpResponse:
    form, office = NothingForm(request.POST), request.posting.office
    ended = actions.end_day(office, action_id=form.action_id, actor=request.user.actor_code, now=clock.now())
    messages.success(
        request,
        _("The day is closed: %(served)s served, %(left)s left, %(missed)s did not come.")
        % {"served": ended.served, "left": ended.left, "missed": ended.missed},
    )
    return redirect("hall:head")


def _board_context(office_code: str) -> dict:
    office, now = get_object_or_404(Office, code=office_code.upper()), clock.now()
    today = Ticket.objects.of_day(office, local_day(office, now)).select_related("counter")
    called = list(today.filter(state=TicketState.CALLED).order_by("-last_call_at")[:6])
    return {
        "office": office,
        "last": called[0] if called else None,
        "previous": called[1:],
        "lines": desk.hall_now(office, now).lines,
        "board_now": office.local(now).replace(second=0, microsecond=0),
    }


@require_safe
def board(request: HttpRequest, office: str) -> HttpResponse:
    """The wall: numbers only, never names."""
    return render(request, "hall/board.html", _board_context(office))


@require_safe
def board_body(request: HttpRequest, office: str) -> HttpResponse:
    """The moving part of the wall; 304 while nothing changed."""
    response = _if_changed(request, render(request, "hall/_board.html", _board_context(office)))
    response["Cache-Control"] = "no-cache"
    response["Content-Language"] = get_language() or "id"
    return response
