"""Pages of the head of office: how the day goes, its walk-in and priority places, its end."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from openpaspor.accounts.models import Role
from openpaspor.accounts.permissions import staff
from openpaspor.kit import clock
from openpaspor.kit.refused import Refused
from openpaspor.offices import calendars
from openpaspor.offices.models import Office
from openpaspor.ui.refusals import refused_page

from . import actions, desk
from . import head as figures
from .forms import DayPotForm, NothingForm, day_in
from .models import local_day
from .rules import Series


def _own_office(request: HttpRequest) -> Office:
    return request.posting.office  # type: ignore[attr-defined]


def _actor(request: HttpRequest) -> str:
    return request.user.actor_code  # type: ignore[union-attr]


DAYS_AHEAD = 6  # working days whose places can be set


@never_cache
@staff(Role.HEAD)
def head(request: HttpRequest) -> HttpResponse:
    """Five facts, each with a word, and what can be done about it."""
    office, now = _own_office(request), clock.now()
    hall, day = desk.hall_now(office, now), local_day(office, now)
    links = [
        figures.link(_("Places and closed days"), "appointments:pots"),
        figures.link(_("Walk-in and priority places"), "hall:pots"),
        figures.link(_("Close today for appointments"), "appointments:close_day", day.isoformat()),
        figures.link(_("Hall and counters"), "hall:today"),
        figures.link(_("Examinations that wait for you"), "intake:exams"),
        figures.link(_("Exemptions"), "payments:exemptions"),
        figures.link(_("Board in the hall"), "hall:board", office.code),
    ]
    context = {
        "office": office,
        "hall": hall,
        "readings": figures.readings(office, hall, now),
        "so_far": figures.day_so_far(office, hall, now),
        "pots": desk.pots_of(office, day, now),
        "online_note": hall.online_note,
        "is_open_day": calendars.is_open(office, day),
        "links": [one for one in links if one],
    }
    return render(request, "hall/head.html", context)


@never_cache
@staff(Role.HEAD)
@require_http_methods(["GET", "POST"])
def pots(request: HttpRequest) -> HttpResponse:
    """How many walk-in and priority visitors come in, today and on the next working days."""
    office, now = _own_office(request), clock.now()
    today = local_day(office, now)
    days = sorted({today, *calendars.open_days(office, today, DAYS_AHEAD)})
    try:
        day = day_in(request.GET.get("hari", ""), days)
    except ValidationError:
        raise Http404 from None
    shown = [(one, desk.pots_of(office, one, now)) for one in days]
    walk_in, priority = dict(shown)[day]
    form = DayPotForm(
        request.POST if request.method == "POST" else None,
        initial={"walk_in": walk_in.offered, "priority": priority.offered},
    )
    context = {"form": form, "office": office, "shown": shown, "day": day, "today": today}
    if not form.is_bound or not form.is_valid():
        return render(request, "hall/pots.html", context, status=422 if form.is_bound else 200)
    with transaction.atomic():
        for series, name in ((Series.WALK_IN, "walk_in"), (Series.PRIORITY, "priority")):
            actions.set_day_pot(
                office,
                day,
                series,
                form.cleaned_data[name],
                action_id=f"{form.action_id}:{day}:{series}",
                actor=_actor(request),
                now=now,
            )
    messages.success(request, _("The places of this day are set."))
    return redirect(f"{reverse('hall:pots')}?hari={day.isoformat()}")


@never_cache
@staff(Role.HEAD)
@require_http_methods(["GET", "POST"])
def end_day(request: HttpRequest) -> HttpResponse:
    """Asks first, with what will happen; the press closes the hall."""
    office, now = _own_office(request), clock.now()
    if request.method != "POST":
        return render(request, "hall/end_day.html", _ending(office, now))
    form = NothingForm(request.POST)
    try:
        ended = actions.end_day(office, action_id=form.action_id, actor=_actor(request), now=now)
    except Refused as refusal:
        return refused_page(request, refusal, "hall/end_day.html", **_ending(office, now))
    messages.success(
        request,
        _("The day is closed: %(served)s served, %(left)s sent home, %(missed)s did not come.")
        % {"served": ended.served, "left": ended.left, "missed": ended.missed},
    )
    return redirect("hall:head")


def _ending(office: Office, now: datetime) -> dict[str, object]:
    return {"office": office, "ending": figures.ending(office, now), "form": NothingForm()}
