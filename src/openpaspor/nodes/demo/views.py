"""Doors of the demo desk."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from openpaspor.accounts import demo_people, rules, sessions
from openpaspor.accounts.doors import door_of, onward
from openpaspor.accounts.models import Role
from openpaspor.accounts.permissions import demo_only
from openpaspor.kit import clock
from openpaspor.kit.refused import Refused
from openpaspor.ledger import node, sweeps
from openpaspor.ledger.record import work_waits
from openpaspor.nodes.commands.clock import parse_duration
from openpaspor.nodes.context import home_office
from openpaspor.ui.refusals import refused_page

from . import times

FURTHEST = timedelta(days=5 * 366)  # from the real time; calendars and fees end somewhere

WORKS: dict[str, Any] = {
    demo_people.APPLICANT: _("Apply, choose a time, pay, follow the passport"),
    Role.OFFICER: _("Receive, call, check papers, interview, take the photo"),
    Role.HEAD: _("See the day, set places, close a day"),
    Role.PRINT: _("Print, inspect, shelve, hand over"),
    Role.ADJUDICATOR: _("Check and decide at the centre"),
    Role.KAS: _("Find a place for every rupiah"),
    Role.OPS: _("See whether everything runs; people and postings"),
}


@dataclass(frozen=True)
class Door:
    """One person of the demo, and what they do."""

    login: str
    who: Any
    works: Any
    is_me: bool
    key: str = ""  # of the authenticator app
    code: str = ""  # what the app would show now


def at_this_machine(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A button of the demo: POST, in a demo, from this machine, and not sent by a page of another site.

    It takes no CSRF token, so that a script can press it as well; a browser always says where a POST comes from.
    """

    @csrf_exempt
    @never_cache
    @demo_only
    @require_POST
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        origin = request.headers.get("origin")
        if origin and urlsplit(origin).netloc != request.get_host():
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


@never_cache
@demo_only
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """One click opens any door."""
    me = request.user.login or demo_people.APPLICANT if request.user.is_authenticated else ""
    applicant = demo_people.APPLICANT
    doors = [Door(applicant, _("Applicant"), WORKS[applicant], me == applicant)]
    if demo_people.of(applicant) is None and node.here().role != "everything":
        doors.clear()  # applicants are at home on the portal
    office = home_office(request)
    for login, (role, _office) in demo_people.staff_here().items():
        if re.match(r"petugas[3-9]\.", login):
            continue  # two officers are enough to look at
        secret = demo_people.totp_secret(login)
        code = rules.totp_at(secret, int(clock.real_now().timestamp()) // rules.TOTP_SECONDS)
        doors.append(Door(login, role.label, WORKS[role], me == login, rules.totp_text(secret), code))
    shown = {
        "doors": doors,
        "others": [link for link in (_link(*named) for named in OTHERS) if link],
        "board": _link(
            "hall:board", _("Board in the hall"), _("As people see it while they wait"), office.pk
        ),
        "password": demo_people.PASSWORD,
        "phone": demo_people.APPLICANT_PHONE,
        "moment": office.local(clock.now()).strftime("%Y-%m-%dT%H:%M"),
    }
    return render(request, "nodes/demo.html", shown)


OTHERS = (
    ("notifications:inbox", _("Inbox"), _("Every message and every sign-in code")),
    ("payments:bank", _("Bank"), _("Pay a bill now, late, twice or not at all")),
    ("nodes:status", _("Service status"), _("What runs and what waits")),
    ("ui:components", _("Components"), _("Every part of a page")),
)


@dataclass(frozen=True)
class Link:
    url: str
    title: Any
    tells: Any


def _link(name: str, title: Any, tells: Any, *args: str) -> Link | None:
    try:
        return Link(reverse(name, args=args), title, tells)
    except NoReverseMatch:
        return None


def _back(request: HttpRequest) -> str:
    """The page one came from."""
    wanted = request.POST.get("next", "")
    if not wanted:
        came_from = urlsplit(request.headers.get("referer", ""))
        if came_from.netloc == request.get_host():
            wanted = f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path
    return onward(request, wanted, reverse("demo:index"))


@at_this_machine
def become(request: HttpRequest, login: str) -> HttpResponse:
    """Be one of the demo people, without their password."""
    person = demo_people.of(login)
    if person is None:
        raise Http404
    sessions.sign_in(request, person)
    return redirect(onward(request, request.POST.get("next", ""), door_of(person, clock.now())))


@at_this_machine
def move_clock(request: HttpRequest) -> HttpResponse:
    """Move the domain clock, let what is due then happen, and go back to the page one came from."""
    back = _back(request)
    try:
        clock.set_to(_wanted_moment(request))
    except Refused as refusal:
        return refused_page(request, refusal, back=back)
    sweeps.run_due(force=True)
    work_waits.set()
    return redirect(back)


def _wanted_moment(request: HttpRequest) -> datetime:
    now, office = clock.now(), home_office(request)
    match request.POST.get("to"):
        case "booking":
            return times.to_booking(request.user, now)
        case "morning":
            return times.next_morning(office, now)
        case "plus30":
            return now + timedelta(minutes=30)
        case "closing":
            return times.closing(office, now)
    if request.POST.get("advance"):
        by = parse_duration(request.POST["advance"])
        if by is None:
            raise times.NotAMoment()
        return now + by
    try:
        moment = datetime.fromisoformat(request.POST.get("set", ""))
    except ValueError:
        raise times.NotAMoment() from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=office.tz)
    if abs(moment - clock.real_now()) > FURTHEST:
        raise times.NotAMoment()
    return moment
