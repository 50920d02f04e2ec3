"""The addresses that an installation serves, by its role, and the page that a box without applicants opens with."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, include, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from openpaspor.ledger import node
from openpaspor.offices.models import Office

from .boot import role_of

ROOMS = (
    "ui", "ledger", "accounts", "applications", "appointments", "payments", "hall", "intake", "adjudication",
    "issuance", "notifications", "nodes.ops", "nodes.demo",
)  # fmt: skip


def patterns(role: str) -> list[URLPattern | URLResolver]:
    """The URL patterns of all rooms that a role serves. A name that is not served does not reverse."""
    found: list[URLPattern | URLResolver] = []
    for room in ROOMS:
        if find_spec(f"openpaspor.{room}.urls"):
            urls = import_module(f"openpaspor.{room}.urls")
            kept = [pattern for pattern in urls.urlpatterns if is_served(role, str(pattern.pattern))]
            if room == "applications" and not is_served(role, ""):
                kept.append(path("", box, name="start"))  # every page leads back to it
            found.append(path("", include((kept, urls.app_name))))
    return found


def is_served(role: str, route: str) -> bool:
    """Whether a role serves the address that this route of a room stands for."""
    serves = role_of(role).SERVES
    return serves is None or any(fnmatchcase(route, pattern) for pattern in serves)


@dataclass(frozen=True)
class Door:
    """One way into this box."""

    url: str
    title: Any
    tells: Any


BOX_DOORS = {
    "office": (
        Door("/petugas/", _("Officers"), _("Receive, call, check papers, interview, take the photo")),
        Door("/kepala/", _("Head of office"), _("See the day, set places, close a day")),
        Door("/cetak/", _("Print room"), _("Print, inspect, shelve, hand over")),
        Door("/ops/", _("Operations"), _("Lines, what waits, what has to be looked at")),
    ),
    "centre": (
        Door("/pusat/", _("Review"), _("Check and decide")),
        Door("/kas/", _("Money"), _("Find a place for every rupiah")),
        Door("/ops/", _("Operations"), _("People and postings, lines, what has to be looked at")),
    ),
}


@require_safe
def box(request: HttpRequest) -> HttpResponse:
    """What this box is, and its doors."""
    us = node.here()
    offices = Office.objects.filter(pk__in=us.offices)
    boards = [
        Door(f"/aula/{office.pk}/papan", _("Board in the hall"), office.name)
        for office in offices
        if us.role == "office"
    ]
    shown = {"node": us, "offices": offices, "doors": [*BOX_DOORS.get(us.role, ()), *boards]}
    return render(request, "nodes/box.html", shown)
