"""Pages of the hall: the officer's day, arrival, the board."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from openpaspor.accounts.actions import look
from openpaspor.accounts.models import Role
from openpaspor.accounts.permissions import staff
from openpaspor.applications import dossier
from openpaspor.applications.answers import Answers
from openpaspor.applications.models import Application, Kind
from openpaspor.journey import State
from openpaspor.kit import clock
from openpaspor.kit.refused import Refused
from openpaspor.kit.visit_pass import LONGEST_SCAN, PassRefused, VisitPass
from openpaspor.ledger.once import answer_to
from openpaspor.ledger.sync import sync_of
from openpaspor.offices import policy
from openpaspor.offices.models import Booklet, Office
from openpaspor.ui.forms import fresh_nonce, is_nonce
from openpaspor.ui.refusals import refused_page

from . import actions, desk, forms
from .models import LINES, Counter, HoldReason, PassArrival, Ticket, TicketState, local_day

View = Callable[..., HttpResponse]
LAST_COUNTER = "hall_counter"  # in the session: what this officer opened last


class ReasonMissing(Refused):
    code = "reason-missing"
    message = gettext_lazy("Choose why the number is held, with a key from 1 to 6.")
    status = 422


class WhereMissing(Refused):
    code = "where-missing"
    message = gettext_lazy("Choose a counter or a line.")
    status = 422


def posted(view: View) -> View:
    """A deed of the day's page. Its address, opened by itself, leads back to that page."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return redirect("hall:today")
        return view(request, *args, **kwargs)

    return require_http_methods(["GET", "POST"])(guarded)


def _known(request: HttpRequest, form: forms.NothingForm) -> dict[str, Any]:
    """What every deed is told of the press that asks for it."""
    return {"action_id": form.action_id, "actor": request.user.actor_code, "now": clock.now()}


# The officer's day


def _day_page(
    request: HttpRequest,
    refusal: Refused | None = None,
    counter_form: forms.CounterForm | None = None,
) -> HttpResponse:
    office, now = request.posting.office, clock.now()
    counter = desk.counter_of(request.user)
    current, counters = desk.at_desk(counter), desk.counters_of(office)
    context = {
        **_moving(office, counter, current, now),
        "counters": counters,
        "taken": [one.number for one in counters if one.is_open],
        "others_open": [one for one in counters if one.is_open and one != counter],
        "counter_form": counter_form or forms.CounterForm(initial=_last_counter(request, counters)),
        "form": counter_form if counter_form else forms.NothingForm(),
        "reasons": HoldReason.choices,
        "line_choices": LINES,
    }
    if refusal:
        return refused_page(request, refusal, "hall/today.html", **context)
    status = 422 if counter_form else 200
    return render(request, "hall/today.html", context, status=status)


def _moving(office: Office, counter: Counter | None, current: Ticket | None, now: datetime) -> dict[str, Any]:
    """The parts of the day's page that look again by themselves."""
    hall = desk.hall_now(office, now)
    mine = f"{current.pk}.{current.calls}" if current else ""
    preview = actions.first_in_line(counter, now=now) if counter and not current else None
    return {
        "office": office,
        "hall": hall,
        "counter": counter,
        "current": current,
        "synced": sync_of([current.application.ref]) if current and current.application else {},
        "preview": preview,
        "mark": f"{counter.pk if counter else ''}:{mine}:{hall.mark}",
    }


def _last_counter(request: HttpRequest, counters: list[Counter]) -> dict[str, Any]:
    """What this officer opened last, unless somebody else sits there; else the first free counter."""
    taken = {one.number for one in counters if one.is_open}
    last = request.session.get(LAST_COUNTER, {})
    if last and last["number"] not in taken:
        return {"number": last["number"], "serves": list(last["serves"])}
    return {"number": next(number for number in range(1, 100) if number not in taken)}


@never_cache
@staff(Role.OFFICER, Role.HEAD)
def today(request: HttpRequest) -> HttpResponse:
    return _day_page(request)


@never_cache
@staff(Role.OFFICER, Role.HEAD)
def lines(request: HttpRequest) -> HttpResponse:
    """The moving parts alone, for the page to refresh itself; 304 while nothing changed."""
    office, now = request.posting.office, clock.now()
    counter = desk.counter_of(request.user)
    context = _moving(office, counter, desk.at_desk(counter), now)
    return _if_changed(request, render(request, "hall/_moving.html", context))


def _if_changed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    tag = f'"{hashlib.sha256(response.content).hexdigest()[:20]}"'
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if tag in {one.removeprefix("W/") for one in known}:
        return HttpResponse(status=304)
    response["ETag"] = tag
    return response


@posted
@staff(Role.OFFICER, Role.HEAD)
def open_counter(request: HttpRequest) -> HttpResponse:
    form = forms.CounterForm(request.POST)
    if not form.is_valid():
        return _day_page(request, counter_form=form)
    number, serves = form.cleaned_data["number"], "".join(form.cleaned_data["serves"])
    try:
        actions.open_counter(
            request.posting.office, number, request.user, serves=serves, **_known(request, form)
        )
    except Refused as refusal:
        return _day_page(request, refusal)
    request.session[LAST_COUNTER] = {"number": number, "serves": serves}
    return redirect("hall:today")


@posted
@staff(Role.OFFICER, Role.HEAD)
def close_counter(request: HttpRequest) -> HttpResponse:
    counter = desk.counter_of(request.user)
    if counter is not None:
        try:
            actions.close_counter(counter, **_known(request, forms.NothingForm(request.POST)))
        except Refused as refusal:
            return _day_page(request, refusal)
    return redirect("hall:today")


@posted
@staff(Role.OFFICER, Role.HEAD)
def call(request: HttpRequest) -> HttpResponse:
    """F2: call the next number."""
    counter = desk.counter_of(request.user)
    try:
        if counter is None:
            raise actions.NoCounter()
        actions.call_next(counter, **_known(request, forms.NothingForm(request.POST)))
    except Refused as refusal:
        return _day_page(request, refusal)
    return redirect("hall:today")


@posted
@staff(Role.OFFICER, Role.HEAD)
def change(request: HttpRequest, pk: int, deed: str) -> HttpResponse:
    """Recall, hold, resume, transfer, no-show and its undo, finish: one deed on one number of this office."""
    ticket = get_object_or_404(Ticket, pk=pk, office=request.posting.office)
    if deed not in DEEDS:
        raise Http404
    try:
        DEEDS[deed](request, ticket)
    except Refused as refusal:
        return _day_page(request, refusal)
    return redirect("hall:today")


@posted
@staff(Role.OFFICER, Role.HEAD)
def pass_seen(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody has dealt with a visitor who was let in on the pass alone."""
    arrival = get_object_or_404(PassArrival, pk=pk, office=request.posting.office)
    if not actions.look_after(arrival, **_known(request, forms.NothingForm(request.POST))):
        messages.info(request, _("Somebody has looked at this in the meantime."))
    return redirect("hall:today")


def _from_desk(action: Callable[..., Ticket]) -> Callable[[HttpRequest, Ticket], None]:
    """A deed on the number at one's own counter: one that was handed on meanwhile is left alone."""

    def do(request: HttpRequest, ticket: Ticket) -> None:
        known = _known(request, forms.NothingForm(request.POST))
        action(ticket, at=_own_counter(request), **known)

    return do


def _own_counter(request: HttpRequest) -> Counter:
    counter = desk.counter_of(request.user)
    if counter is None:
        raise actions.NoCounter()
    return counter


def _anywhere(action: Callable[..., Ticket]) -> Callable[[HttpRequest, Ticket], None]:
    """A deed on a number that is at no counter."""

    def do(request: HttpRequest, ticket: Ticket) -> None:
        action(ticket, **_known(request, forms.NothingForm(request.POST)))

    return do


def _hold(request: HttpRequest, ticket: Ticket) -> None:
    form = forms.HoldForm(request.POST)
    if not form.is_valid():
        raise ReasonMissing()
    actions.hold_ticket(
        ticket, form.cleaned_data["reason"], at=_own_counter(request), **_known(request, form)
    )


def _transfer(request: HttpRequest, ticket: Ticket) -> None:
    """From one's counter to another one or to a line; a waiting number only to another line."""
    form = forms.TransferForm(request.POST)
    if not form.is_valid():
        raise WhereMissing()
    counter = None
    if form.counter is not None:
        counter = Counter.objects.filter(office=ticket.office, number=form.counter).first()
        if counter is None:
            raise actions.CounterNotOpen()
    at = _own_counter(request) if counter or ticket.state == TicketState.CALLED else None
    actions.transfer(ticket, counter=counter, series=form.line, at=at, **_known(request, form))


DEEDS: dict[str, Callable[[HttpRequest, Ticket], None]] = {
    "recall": _from_desk(actions.recall),
    "hold": _hold,
    "transfer": _transfer,
    "no-show": _from_desk(actions.no_show),
    "finish": _from_desk(actions.finish_ticket),
    "resume": _anywhere(actions.resume),
    "undo": _anywhere(actions.undo_no_show),
}


@never_cache
@staff(Role.OFFICER, Role.HEAD)
def ticket(request: HttpRequest, pk: int) -> HttpResponse:
    """The number, to print or to read out."""
    rows = Ticket.objects.select_related("office", "counter", "application")
    found = get_object_or_404(rows, pk=pk, office=request.posting.office)
    now = clock.now()
    context = {
        "ticket": found,
        "office": found.office,
        "waits": desk.waits_of(found, now) if found.state == TicketState.WAITING else None,
        "line_choices": LINES,
        "is_today": found.day == local_day(found.office, now),
    }
    return render(request, "hall/ticket.html", context)


# Arriving


@never_cache
@staff(Role.OFFICER, Role.HEAD)
@require_http_methods(["GET", "POST"])
def arrive(request: HttpRequest) -> HttpResponse:
    """A visitor is at the door: scan or type what they show."""
    office = request.posting.office
    form = forms.ArriveForm(request.POST if request.method == "POST" else None)
    context = {"form": form, "office": office}
    if not form.is_bound:
        return render(request, "hall/arrive.html", context)
    if form.is_valid():
        what, born = form.cleaned_data["what"], form.cleaned_data["born"]
        try:
            found = desk.find(what, born, office, clock.now())
        except Refused as refusal:
            return refused_page(request, refusal, "hall/arrive.html", **context)
        if found and found.unheard:
            pass_form = forms.PassForm(initial={"what": what}, auto_id="pass_%s")
            context = {"office": office, "form": pass_form, "shown": found.unheard}
            return render(request, "hall/arrive_pass.html", context | _book_of(found.unheard))
        if found and found.application:
            return redirect("hall:arrive_ref", ref=found.application.ref)
        if found and found.ticket:
            return redirect("hall:ticket", pk=found.ticket.pk)
        form.add_error(
            "what",
            _(
                "Nothing is known under this. Compare it with the message or the card, or give a walk-in number."
            ),
        )
    return render(request, "hall/arrive.html", context, status=422)


def _book_of(shown: VisitPass) -> dict[str, Any]:
    """For what passport the visitor comes, in words."""
    return {"kind": Kind(shown.kind).label, "booklet": Booklet(shown.booklet).label}


@never_cache
@staff(Role.OFFICER, Role.HEAD)
@require_http_methods(["GET", "POST"])
def arrive_pass(request: HttpRequest) -> HttpResponse:
    """A number on a signed pass alone, whose booking never reached this office."""
    if request.method != "POST":
        return redirect("hall:arrive")
    office, now = request.posting.office, clock.now()
    form = forms.PassForm(request.POST, auto_id="pass_%s")
    context: dict[str, Any] = {"form": form, "office": office}
    if not form.is_valid():
        return render(request, "hall/arrive.html", {**context, "form": forms.ArriveForm()}, status=422)
    try:
        context["shown"] = shown = desk.read_pass(form.cleaned_data["what"], now)
        context |= _book_of(shown)
        known = Application.objects.filter(ref=shown.ref).select_related("office").first()
        if not actions.is_unheard(shown, known):
            return redirect("hall:arrive_ref", ref=shown.ref)
        issued = actions.issue_on_pass(
            shown, known, office, priority=form.cleaned_data["priority"], **_known(request, form)
        )
    except Refused as refusal:
        return refused_page(request, refusal, "hall/arrive_pass.html", **context)
    return redirect("hall:ticket", pk=issued.pk)


@never_cache
@staff(Role.OFFICER, Role.HEAD)
@require_http_methods(["GET", "POST"])
def arrive_ref(request: HttpRequest, ref: str) -> HttpResponse:
    """Whose visit it is and what can be done with it; the press gives the number."""
    application = desk.by_reference(ref)
    if application is None:
        raise Http404
    form = forms.PriorityForm(
        request.POST if request.method == "POST" else None, initial={"priority": application.priority}
    )
    if not form.is_bound or not form.is_valid():
        return _person_page(request, application, form)
    try:
        issued = actions.give_number(
            application,
            request.posting.office,
            priority=form.cleaned_data["priority"],
            **_known(request, form),
        )
    except Refused as refusal:
        return _person_page(request, application, form, refusal)
    return redirect("hall:ticket", pk=issued.pk)


def _person_page(
    request: HttpRequest, application: Application, form: forms.PriorityForm, refusal: Refused | None = None
) -> HttpResponse:
    """The person at the door. Opens the file, and so records the look, exactly once."""
    office, now = request.posting.office, clock.now()
    application.refresh_from_db()
    context: dict[str, Any] = {
        "application": application,
        "office": office,
        "form": form,
        "answers": _open(request, application, office, now),
        "number": actions.number_today(application, office, now),
        "obstacle": _obstacle(application, office, now),
        "is_late": _is_late(application, office, now),
    }
    if refusal:
        return refused_page(request, refusal, "hall/arrive_ref.html", **context)
    return render(request, "hall/arrive_ref.html", context, status=422 if form.is_bound else 200)


def _open(request: HttpRequest, application: Application, office: Office, now: datetime) -> Answers | None:
    """The answers, or None for a file that was erased or has not come to this node."""
    try:
        return dossier.open_answers(
            application,
            actor=request.user.actor_code,
            why="arrive",
            what="hall:arrive_ref",
            now=now,
            office=office.code,
        )
    except dossier.NotHere:
        return None


def _obstacle(application: Application, office: Office, now: datetime) -> Refused | None:
    try:
        actions.refuse_arrival(application, office, now)
    except Refused as refusal:
        return refusal
    return None


def _is_late(application: Application, office: Office, now: datetime) -> bool:
    """Came after the grace of the booked time: still served, without the head start."""
    if not application.place_starts_at or application.state not in (State.BOOKED, State.MISSED):
        return False
    grace = timedelta(minutes=policy.value("late_minutes", office=office.code, now=now))
    return now > application.place_starts_at + grace


def _walk_in_deed(nonce: str) -> str:
    return f"form:{nonce}:walk-in"


@never_cache
@staff(Role.OFFICER, Role.HEAD)
@require_http_methods(["GET", "POST"])
def walk_in(request: HttpRequest) -> HttpResponse:
    """A number for somebody without an appointment; the application is written at the counter.

    The address of the page carries its nonce, and nothing else tells one visitor from another: whoever goes back
    to it, or sends it again with another line, is led to the number that was given from it.
    """
    office, now = request.posting.office, clock.now()
    nonce = request.GET.get("nonce", "")
    if request.method != "POST" and not is_nonce(nonce):
        return redirect(reverse("hall:walk_in", query={"nonce": fresh_nonce()}))
    form = forms.PriorityForm(request.POST if request.method == "POST" else None, initial={"nonce": nonce})
    action_id = _walk_in_deed(form.cleaned_data["nonce"] if form.is_valid() else nonce)
    given = answer_to(action_id)
    if given is not None:
        return redirect("hall:ticket", pk=given)
    context = {"form": form, "office": office, "pots": desk.pots_of(office, local_day(office, now), now)}
    if not form.is_bound or not form.is_valid():
        return render(request, "hall/walk_in.html", context, status=422 if form.is_bound else 200)
    try:
        issued = actions.issue_walk_in(
            office,
            priority=form.cleaned_data["priority"],
            action_id=action_id,
            actor=request.user.actor_code,
            now=now,
        )
    except Refused as refusal:
        return refused_page(request, refusal, "hall/walk_in.html", **context)
    return redirect("hall:ticket", pk=issued.pk)


@never_cache
@staff(Role.OFFICER, Role.HEAD, Role.PRINT)
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """`/`: by code, NIK, today's number, or the whole name. Every file in the answer is a recorded look."""
    text, now, office = request.GET.get("q", "")[:LONGEST_SCAN], clock.now(), request.posting.office
    context = {"q": text, "office": office, "results": desk.Results()}
    try:
        results = desk.search(text, office, now)
    except PassRefused as refusal:
        return refused_page(request, refusal, "hall/search.html", **context)
    for application in results.applications:
        look(
            application.ref,
            actor=request.user.actor_code,
            why="search",
            what="hall:search",
            now=now,
            office=office.code if office else "",
        )
    return render(request, "hall/search.html", {**context, "results": results})


# The wall


def _board_context(office_code: str) -> dict[str, Any]:
    office, now = get_object_or_404(Office, code=office_code.upper()), clock.now()
    return {"office": office, "board": desk.board_of(office, now), "board_now": now}


@require_safe
def board(request: HttpRequest, office: str) -> HttpResponse:
    """The wall: numbers only, never names."""
    return render(request, "hall/board.html", _board_context(office))


@require_safe
def board_body(request: HttpRequest, office: str) -> HttpResponse:
    """The moving part of the wall; 304 while nothing changed."""
    response = _if_changed(request, render(request, "hall/_board.html", _board_context(office)))
    response["Cache-Control"] = "no-cache"
    return response
