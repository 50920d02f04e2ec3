"""What every page's frame needs: the demo ribbon, the staff doors, the state of service."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from openpaspor.accounts.models import Role
from openpaspor.appointments import availability
from openpaspor.kit import clock
from openpaspor.ledger import clock_watch, node
from openpaspor.nodes.service import service_state
from openpaspor.offices.models import Office

DOORS: dict[str, list[tuple[str, Any]]] = {
    Role.OFFICER: [
        ("hall:today", _("Today")),
        ("intake:cases", _("Cases")),
        ("issuance:shelf", _("Collection")),
        ("nodes:doubts", _("To look at")),
    ],
    Role.HEAD: [
        ("hall:head", _("Now")),
        ("appointments:pots", _("Places")),
        ("hall:today", _("Hall")),
        ("intake:exams", _("Examinations")),
        ("payments:exemptions", _("Exemptions")),
        ("issuance:stock", _("Stock")),
        ("accounts:access", _("Let somebody in")),
        ("nodes:doubts", _("To look at")),
    ],
    Role.PRINT: [
        ("issuance:queue", _("Print queue")),
        ("issuance:shelf", _("Shelf")),
        ("issuance:stock", _("Stock")),
    ],
    Role.ADJUDICATOR: [("adjudication:queue", _("Review"))],
    Role.KAS: [
        ("payments:kas", _("Unmatched money")),
        ("payments:kas_bills", _("Find a bill")),
        ("payments:settlements", _("Settlement files")),
        ("payments:differences", _("Differences")),
    ],
    Role.OPS: [
        ("nodes:ops", _("Operations")),
        ("accounts:postings", _("Postings")),
        ("accounts:access", _("Let somebody in")),
        ("notifications:outage", _("Outage notice")),
    ],
}


@dataclass(frozen=True)
class Door:
    """One link of the staff navigation."""

    url: str
    label: str
    current: bool


HOME_OFFICE = "DENPASAR"  # the demo plays there

DEMO_LINKS = [("notifications:inbox", _("Inbox")), ("payments:bank", _("Bank"))]


@dataclass(frozen=True)
class Demo:
    """What the demo ribbon shows: the domain clock in the zone of whoever looks."""

    now: datetime
    office: Office
    here: str  # the page to come back to
    links: list[Door]

    @property
    def timezone(self) -> str:
        return self.office.timezone

    @property
    def zone(self) -> str:
        return self.office.zone

    @property
    def seconds(self) -> int:
        """Since local midnight."""
        local = self.office.local(self.now)
        return local.hour * 3600 + local.minute * 60 + local.second


def home_office(request: HttpRequest) -> Office:
    """The office whose clock and calendar count for whoever looks: that of their posting, else of this node, else Denpasar."""
    posting = getattr(request, "posting", None)
    user = getattr(request, "user", None)
    if posting is None and user and user.is_authenticated and user.is_staff_member:
        posting = user.posting(clock.now())
    if posting and posting.office:
        return posting.office
    return Office.objects.get(pk=next(iter(node.here().offices), HOME_OFFICE))


def _links(named: list[tuple[str, Any]], path: str) -> list[Door]:
    """The links that this installation serves."""
    doors = []
    for name, label in named:
        with suppress(NoReverseMatch):
            url = reverse(name)
            doors.append(Door(url, label, path == url))
    return doors


FRESH_FOR = 5.0  # seconds; what the portal's pages say of the service
_said: tuple[float, str, Any] = (0.0, "", None)


def _service_state() -> Any:
    """For the banner, and the sync word of an office's pages. Lazy: parts of pages never ask for it."""
    if node.here().role == "office":
        return SimpleLazyObject(service_state)
    return SimpleLazyObject(_portal_state) if node.here().role == "portal" else None


def _portal_state() -> Any:
    """Asked at most every few seconds in one language, whoever comes in however great a rush."""
    global _said
    at, language, state = _said
    if time.monotonic() - at > FRESH_FOR or language != get_language():
        state = service_state()
        _said = (time.monotonic(), get_language() or "", state)
    return state


def frame(request: HttpRequest) -> dict[str, object]:
    """Names for the base templates."""
    now = clock.now()
    posting = getattr(request, "posting", None)
    demo = None
    if node.here().demo:
        here = request.get_full_path() if request.method == "GET" else request.POST.get("next", "")
        demo = Demo(now, home_office(request), here, _links(DEMO_LINKS, request.path))
    return {
        "now": now,
        "posting": posting,
        "staff_nav": _links(DOORS.get(posting.role, []) if posting else [], request.path),
        "demo": demo,
        "service_state": _service_state(),
        "clock_doubted": clock_watch.is_doubted,
        "earliest_places": partial(availability.earliest_by_region, now=now),  # of the front door only
    }
