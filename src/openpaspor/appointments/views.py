"""Pages for applicants: find an office, choose a time, the visit pass, move a visit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from openpaspor.applications import papers
from openpaspor.applications.models import Application, Kind
from openpaspor.journey import State
from openpaspor.kit import clock, ics, paper, qr
from openpaspor.kit.refused import Refused
from openpaspor.ledger import worker
from openpaspor.offices import policy
from openpaspor.offices.models import Booklet, Office

from . import actions, availability, passes
from .forms import GiveUpForm, PlaceForm
from .models import Booking, Pot, Slot

PER_PAGE = 20
SERVICES = {  # value in the address → words, booklet, pot
    "elektronik": (_("E-passport"), Booklet.ELECTRONIC, Pot.ONLINE),
    "biasa": (_("Regular passport"), Booklet.REGULAR, Pot.ONLINE),
    "elektronik-sehari": (_("E-passport, ready the same day"), Booklet.ELECTRONIC, Pot.SAME_DAY),
    "biasa-sehari": (_("Regular passport, ready the same day"), Booklet.REGULAR, Pot.SAME_DAY),
}


def _typed(request: HttpRequest, name: str) -> str:
    """A word from the address, short and without the NUL that PostgreSQL refuses."""
    return request.GET.get(name, "").replace("\0", "").strip()[:80]


# Before sign-in


@require_safe
def finder(request: HttpRequest) -> HttpResponse:
    """Offices by city with their earliest place, or why there is none. Open to everybody."""
    now = clock.now()
    service = request.GET.get("layanan", "")
    service = service if service in SERVICES else "elektronik"
    _words, booklet, pot = SERVICES[service]
    text, soonest = _typed(request, "cari"), request.GET.get("urut") == "cepat"
    offices = availability.find_offices(text)
    if soonest:
        earliest = availability.earliest_everywhere(booklet, pot, now=now)
        never = datetime.max.replace(tzinfo=now.tzinfo)
        offices.sort(key=lambda office: earliest.get(office.pk, never))
    page = Paginator(offices, PER_PAGE).get_page(request.GET.get("halaman"))
    offers = availability.offers(list(page.object_list), booklet, pot, now=now)
    near = []
    if text and offers and not any(offer.earliest for offer in offers):
        near = availability.nearest(offers[0].office, booklet, pot, now=now)
    context = {
        "services": [(value, words) for value, (words, _kind, _pot) in SERVICES.items()],
        "service": service,
        "booklet": booklet,
        "same_day": pot == Pot.SAME_DAY,
        "text": text,
        "soonest": soonest,
        "page": page,
        "offers": offers,
        "near": near,
        "in_person": [(Kind(kind).label, papers.needed(kind)) for kind in (Kind.LOST, Kind.DAMAGED)],
    }
    return render(request, "appointments/finder.html", context)


# Choosing a time


@dataclass(frozen=True)
class Errand:
    """Why somebody chooses a time: the words of the page, the pots it may come from, and the deed."""

    page: str
    title: Any
    button: Any
    pots: tuple[str, ...]
    deed: Callable[[Slot, str, datetime], str]  # (slot, action id, now) → name of the page that follows
    context: dict[str, Any]


def _own(request: HttpRequest, ref: str) -> Application:
    """The application of this account, or 404."""
    mine = Application.objects.of(request.user).select_related("office", "account")  # type: ignore[arg-type]
    return get_object_or_404(mine, ref=ref)


@login_required
def choose(request: HttpRequest, ref: str) -> HttpResponse:
    """Choose an office, a day and a time; the place is held until the bill is due."""
    application, now = _own(request, ref), clock.now()
    if application.state == State.HOLDING and request.method == "GET":
        booking = actions.live_booking(application)
        return render(request, "appointments/holding.html", {"application": application, "booking": booking})
    if application.state not in (State.SUBMITTED, State.HOLDING):
        return redirect("applications:next", ref=ref)
    if not actions.is_booked_online(application):
        context = {"application": application, "papers": papers.needed(application.kind)}
        return render(request, "appointments/in_person.html", context)

    def deed(slot: Slot, action_id: str, now: datetime) -> str:
        wish = actions.Wish(application, slot)
        actions.hold_places([wish], action_id=action_id, actor=request.user.actor_code, now=now)  # type: ignore[union-attr]
        return "appointments:pass" if application.state == State.BOOKED else "payments:bill"

    errand = Errand(
        page="appointments:choose",
        title=_("Choose an office and a time"),
        button=_("Hold this place"),
        pots=(actions.pot_of(application),),
        deed=deed,
        context={
            "is_paid": application.bill_status in ("paid", "exempt"),
            **_window(policy.value("payment_window_minutes", now=now)),
        },
    )
    return _pick(request, application, errand, now=now)


def _window(minutes: int) -> dict[str, int]:
    """The payment window in whole hours where it is that, else in minutes."""
    return {"window_hours": minutes // 60} if minutes % 60 == 0 else {"window_minutes": minutes}


@login_required
@require_POST
def give_up(request: HttpRequest, ref: str) -> HttpResponse:
    """Let a held place go, to choose another one."""
    application, form = _own(request, ref), GiveUpForm(request.POST)
    actions.give_up(application, action_id=form.action_id, actor=request.user.actor_code, now=clock.now())  # type: ignore[union-attr]
    return redirect("appointments:choose", ref=ref)


@login_required
def change(request: HttpRequest, ref: str) -> HttpResponse:
    """Move a booked visit. The old place is freed only when the new one is taken."""
    application, now = _own(request, ref), clock.now()
    booking = actions.live_booking(application)
    if application.state != State.BOOKED or booking is None:
        return redirect("applications:next", ref=ref)

    def deed(slot: Slot, action_id: str, now: datetime) -> str:
        actor = request.user.actor_code  # type: ignore[union-attr]
        actions.change_place(application, slot, action_id=action_id, actor=actor, now=now)
        return "appointments:pass"

    until, left = application.cutoff_at(), actions.changes_left(booking, now)
    errand = Errand(
        page="appointments:change",
        title=_("Move your visit"),
        button=_("Move my visit"),
        pots=(actions.pot_of(application),),
        deed=deed,
        context={
            "booking": booking,
            "until": until,
            "left": left,
            "may": left > 0 and now < until,
            "held_here": application.is_held_here(now),
        },
    )
    return _pick(request, application, errand, now=now)


@login_required
def rescue(request: HttpRequest, ref: str) -> HttpResponse:
    """A new time for a missed visit, without paying again."""
    application, now = _own(request, ref), clock.now()
    missed = actions.missed_place(application)
    if application.state != State.MISSED or missed is None:
        return redirect("applications:next", ref=ref)

    def deed(slot: Slot, action_id: str, now: datetime) -> str:
        actions.rescue(application, slot, action_id=action_id, actor=request.user.actor_code, now=now)  # type: ignore[union-attr]
        return "appointments:pass"

    errand = Errand(
        page="appointments:rescue",
        title=_("A new time for your missed visit"),
        button=_("Book this time"),
        pots=(Pot.RESCUE, actions.pot_of(application)),
        deed=deed,
        context={
            "booking": missed,
            "until": application.rescue_until(now),
            "may": actions.may_rescue(missed, now),
        },
    )
    return _pick(request, application, errand, now=now)


def _pick(request: HttpRequest, application: Application, errand: Errand, *, now: datetime) -> HttpResponse:
    """The page on which an office, a day and a time are chosen; a POST does the errand's deed."""
    form = PlaceForm(request.POST if request.method == "POST" else None)
    refusal, status = None, 200
    if form.is_bound and form.is_valid():
        try:
            return redirect(errand.deed(form.cleaned_data["slot"], form.action_id, now), ref=application.ref)
        except Refused as caught:
            refusal, status = caught, caught.status
            application.refresh_from_db()
    elif form.is_bound:
        status = 422
    context = {
        "application": application,
        "errand": errand,
        "form": form,
        "refusal": refusal,
        "alternatives": _alternatives(form, errand, now=now) if refusal else [],
        **errand.context,
        **_choice(request, application, form, errand, now=now),
    }
    part = "appointments/_times.html" if request.htmx and context["office"] else "appointments/choose.html"  # type: ignore[attr-defined]
    response = render(request, part, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _alternatives(form: PlaceForm, errand: Errand, *, now: datetime) -> list[Slot]:
    return availability.nearest_times(form.cleaned_data["slot"], errand.pots, now=now)


def _choice(
    request: HttpRequest, application: Application, form: PlaceForm, errand: Errand, *, now: datetime
) -> dict[str, Any]:
    """What of office, day and times is to be shown: offices as long as none is chosen, then its days and times."""
    office = _office(request, application)
    if office is None:
        return {"office": None, **_offices(request, application, errand, now=now)}
    days = availability.days_of(office, application.booklet, errand.pots, now=now)
    day = _day(request.GET.get("hari", ""), days)
    pot = errand.pots[-1]
    context: dict[str, Any] = {
        "office": office,
        "days": days,
        "day": day,
        "times": availability.times_of(office, day, application.booklet, errand.pots, now=now) if day else [],
        "chosen": request.GET.get("slot") or form.data.get("slot", ""),
        "offer": availability.offers([office], application.booklet, pot, now=now)[0],
        "booklet": application.booklet,
        "same_day": pot == Pot.SAME_DAY,
    }
    if not any(count.left for count in days):
        context["day"] = None
        context["near"] = availability.nearest(office, application.booklet, pot, now=now)
    return context


def _office(request: HttpRequest, application: Application) -> Office | None:
    """The office in the address, else the one of the last place, unless another is looked for."""
    code = _typed(request, "kantor")
    if code:
        return get_object_or_404(Office, pk=code)
    return None if "cari" in request.GET else application.office


def _offices(
    request: HttpRequest, application: Application, errand: Errand, *, now: datetime
) -> dict[str, Any]:
    text, pot = _typed(request, "cari"), errand.pots[-1]
    page = Paginator(availability.find_offices(text), PER_PAGE).get_page(request.GET.get("halaman"))
    offers = availability.offers(list(page.object_list), application.booklet, pot, now=now)
    near = []
    if text and offers and not any(offer.earliest for offer in offers):
        near = availability.nearest(offers[0].office, application.booklet, pot, now=now)
    same_day = pot == Pot.SAME_DAY
    return {
        "text": text,
        "page": page,
        "offers": offers,
        "near": near,
        "booklet": application.booklet,
        "same_day": same_day,
    }


def _day(text: str, days: list[availability.DayCount]) -> date | None:
    """The day in the address if it is on sale, else the first with a place."""
    for count in days:
        if count.day.isoformat() == text:
            return count.day
    return next((count.day for count in days if count.left), days[0].day if days else None)


# The visit pass


@login_required
@require_safe
def visit_pass(request: HttpRequest, ref: str) -> HttpResponse:
    """When, where, what to bring, and the QR code for the door."""
    application, now = _own(request, ref), clock.now()
    if application.state == State.HOLDING and application.bill_status in ("paid", "exempt"):
        if not worker.wait_until_followed(ref):
            return render(
                request, "ui/wait.html", {"wait_for": _("We are confirming your place."), "wait_url": ""}
            )
        application.refresh_from_db()
    booking = _booked(application)
    if booking is None:
        return redirect("applications:next", ref=ref)
    pass_ = passes.make_pass(booking, actor=request.user.actor_code, now=now)  # type: ignore[union-attr]
    until, left = application.cutoff_at(), actions.changes_left(booking, now)
    context = {
        "application": application,
        "pass": pass_,
        "slot": booking.slot,
        "qr": qr.svg(pass_.qr_text, label=str(_("QR code of the visit pass"))),
        "latest": passes.latest(pass_),
        "kind": passes.kind_words(application),
        "may_change": left > 0 and now < until,
        "until": until,
        "left": left,
    }
    return render(request, "appointments/pass.html", context)


def _booked(application: Application) -> Booking | None:
    booking = actions.live_booking(application) if application.state == State.BOOKED else None
    return booking if booking and booking.pass_number else None


def _pass_or_404(request: HttpRequest, ref: str) -> passes.Pass:
    booking = _booked(_own(request, ref))
    if booking is None:
        raise Http404
    return passes.make_pass(booking, actor=request.user.actor_code, now=clock.now())  # type: ignore[union-attr]


@login_required
@require_safe
def pass_pdf(request: HttpRequest, ref: str) -> HttpResponse:
    sheet = passes.sheet(_pass_or_404(request, ref), now=clock.now())
    content = paper.visit_pass_pdf(sheet, passes.language())
    return _download(content, "application/pdf", f"{ref}.pdf")


@login_required
@require_safe
def pass_ics(request: HttpRequest, ref: str) -> HttpResponse:
    text = ics.calendar(passes.event(_pass_or_404(request, ref), now=clock.now()))
    return _download(text.encode(), "text/calendar; charset=utf-8", f"{ref}.ics")


def _download(content: bytes, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response
