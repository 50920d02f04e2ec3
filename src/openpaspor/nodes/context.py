"""What every page's frame needs: the demo ribbon, the staff doors, the state of service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from openpaspor.accounts.models import Role
from openpaspor.kit import clock
from openpaspor.ledger import node

DOORS: dict[str, list[tuple[str, str]]] = {
    Role.OFFICER: [
        ("hall:today", _("Today")),
        ("intake:cases", _("Cases")),
        ("issuance:shelf", _("Collection")),
    ],
    Role.HEAD: [
        ("hall:head", _("Now")),
        ("appointments:pots", _("Places")),
        ("hall:today", _("Hall")),
        ("payments:exemptions", _("Exemptions")),
    ],
    Role.PRINT: [
        ("issuance:queue", _("Print queue")),
        ("issuance:shelf", _("Shelf")),
        ("issuance:stock", _("Stock")),
    ],
    Role.ADJUDICATOR: [("adjudication:queue", _("Review"))],
    Role.KAS: [("payments:kas", _("Unmatched money"))],
    Role.OPS: [("nodes:ops", _("Operations")), ("accounts:postings", _("Postings"))],
}


@dataclass(frozen=True)
class Door:
    """One link of the staff navigation."""

    url: str
    label: str
    current: bool


@dataclass(frozen=True)
class Demo:
    """What the demo ribbon shows."""

    now: datetime


def frame(request: HttpRequest) -> dict[str, object]:
    """Names for the base templates."""
    now = clock.now()
    posting = getattr(request, "posting", None)
    doors = []
    for name, label in DOORS.get(posting.role, []) if posting else []:
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        doors.append(Door(url, label, request.path == url))
    return {
        "now": now,
        "posting": posting,
        "staff_nav": doors,
        "demo": Demo(now) if node.here().demo else None,
    }
