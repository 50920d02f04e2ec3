"""Pages for the head of an office: the calendar, its pots, closing a day, booklets that are short."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from openpaspor.accounts.models import Role
from openpaspor.accounts.permissions import staff
from openpaspor.kit import clock
from openpaspor.kit.refused import Refused
from openpaspor.offices import calendars
from openpaspor.offices.models import Booklet, ClosedDay, Office
from openpaspor.offices.workdays import is_working_day

from . import availability, calendar_actions
from .forms import POT_WORDS, AgainForm, CloseDayForm, PotsForm, ShortageForm
from .models import Booking, Calendar, Ended, Shortage

WEEKS_SHOWN = 3


def _weekdays(today: date) -> list[date]:
    """The working days shown: the rest of this week and the two after it."""
    friday = today - timedelta(days=today.weekday()) + timedelta(days=7 * WEEKS_SHOWN - 3)
    return [day for day in calendars.days_between(today, friday) if is_working_day(day)]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Http404 from None


@staff(Role.HEAD)
def pots(request: HttpRequest) -> HttpResponse:
    """Every pot of the coming days: offered, taken. Choosing a day shows its hours and lets its pots be set."""
    office, now = _own_office(request), clock.now()
    today = calendars.today(office, now)
    day = _day(request.GET["hari"]) if request.GET.get("hari") else None
    chosen = availability.calendar_of(office, [day])[0] if day else None
    form = (
        PotsForm(request.POST if request.method == "POST" and day else None, day=chosen) if chosen else None
    )
    refusal, status = None, 200
    if form is not None and form.is_bound:
        status = 422
        if form.is_valid():
            try:
                _set_pots(request, office, chosen, form, now)
            except Refused as caught:
                refusal, status = caught, caught.status
            else:
                return redirect(f"{reverse('appointments:pots')}?hari={day}")
    context = _calendar(office, today, now) | {"form": form, "day": chosen, "refusal": refusal}
    if chosen:
        context |= {"hours": availability.hours_of(office, chosen.day), "is_over": chosen.day < today}
    context["shortage_form"] = ShortageForm(today=today)
    return render(request, "appointments/pots.html", context, status=status)


def _own_office(request: HttpRequest) -> Office:
    return request.posting.office  # type: ignore[attr-defined]


def _set_pots(
    request: HttpRequest,
    office: Office,
    chosen: availability.DayOfOffice | None,
    form: PotsForm,
    now: datetime,
) -> None:
    assert chosen
    calendar_actions.set_pots(
        office,
        chosen.day,
        form.changes(),
        action_id=form.action_id,
        actor=request.user.actor_code,  # type: ignore[union-attr]
        now=now,
    )


def _calendar(office: Office, today: date, now: datetime) -> dict[str, Any]:
    calendar = Calendar.objects.filter(pk=office.pk).first()
    through = calendar.through if calendar else None
    return {
        "office": office,
        "today": today,
        "days": availability.calendar_of(office, _weekdays(today)),
        "pot_words": list(POT_WORDS.values()),
        "through": through,
        "opens_at": availability.next_release(office, through, now, calendars.reader(now)),
        "shortages": Shortage.objects.filter(office=office, until__gt=today).order_by("booklet_kind"),
        "reasons": calendar_actions.CLOSING_REASONS,
    }


@staff(Role.HEAD)
def close_day(request: HttpRequest, day: str) -> HttpResponse:
    """What closing a day would do, the deed, and afterwards the list of who was moved where."""
    office, now, chosen = _own_office(request), clock.now(), _day(day)
    form = CloseDayForm(request.POST if request.method == "POST" else None)
    refusal, status = None, 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                calendar_actions.close_day(
                    office,
                    chosen,
                    form.cleaned_data["reason"],
                    action_id=form.action_id,
                    actor=request.user.actor_code,  # type: ignore[union-attr]
                    now=now,
                )
            except Refused as caught:
                refusal, status = caught, caught.status
            else:
                return redirect("appointments:close_day", day=day)
    closed = ClosedDay.objects.filter(office=office, day=chosen).first()
    context: dict[str, Any] = {
        "office": office,
        "chosen": chosen,
        "form": form,
        "refusal": refusal,
        "closed": closed,
        "reason": calendar_actions.CLOSING_REASONS.get(closed.reason) if closed else "",
        "is_over": chosen < calendars.today(office, now),
        "is_working_day": is_working_day(chosen),
    }
    context |= _rebooked(office, chosen) if closed else _preview(office, chosen, now)
    return render(request, "appointments/close_day.html", context, status=status)


def _preview(office: Office, day: date, now: datetime) -> dict[str, Any]:
    plan = calendar_actions.closing_preview(office, day, now=now)
    return {
        "plan": plan,
        "moving": sum(slot is not None for _visit, slot in plan),
        "choosing": sum(slot is None and not visit.is_held for visit, slot in plan),
        "unpaid": sum(visit.is_held for visit, _slot in plan),
    }


def _rebooked(office: Office, day: date) -> dict[str, Any]:
    """The re-booking list: everybody who had a place on the closed day, and where they stand now."""
    moved = Booking.objects.filter(slot__office=office, slot__day=day, reason=Ended.DAY_CLOSED)
    moved = moved.select_related("application__office", "slot").order_by("slot__starts_at", "pk")
    visits = list(moved)
    return {
        "visits": visits,
        "again": sum(visit.application.place_starts_at is None for visit in visits),
    }


@staff(Role.HEAD)
@require_POST
def short(request: HttpRequest) -> HttpResponse:
    """Say that booklets of one kind are out until a day."""
    office, now = _own_office(request), clock.now()
    today = calendars.today(office, now)
    form = ShortageForm(request.POST, today=today)
    if not form.is_valid():
        context = _calendar(office, today, now) | {"shortage_form": form}
        return render(request, "appointments/pots.html", context, status=422)
    _say_short(request, office, form.cleaned_data["booklet"], form.cleaned_data["until"], form.action_id, now)
    return redirect("appointments:pots")


@staff(Role.HEAD)
@require_POST
def again(request: HttpRequest) -> HttpResponse:
    """Say that booklets of one kind have come."""
    form = AgainForm(request.POST)
    if form.is_valid():
        office = _own_office(request)
        _say_short(request, office, form.cleaned_data["booklet"], None, form.action_id, clock.now())
    return redirect("appointments:pots")


def _say_short(
    request: HttpRequest, office: Office, booklet: str, until: date | None, action_id: str, now: datetime
) -> None:
    actor = request.user.actor_code  # type: ignore[union-attr]
    calendar_actions.say_short(office, Booklet(booklet), until, action_id=action_id, actor=actor, now=now)
