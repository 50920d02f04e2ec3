"""Where one goes after signing in."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from .models import Role, User

OF_ROLE: dict[str, str] = {
    Role.OFFICER: "hall:today",
    Role.HEAD: "hall:head",
    Role.PRINT: "issuance:queue",
    Role.ADJUDICATOR: "adjudication:queue",
    Role.KAS: "payments:kas",
    Role.OPS: "nodes:ops",
}


def address_of(name: str, fallback: str = "/") -> str:
    """The address of a page by name; `fallback` where this installation does not serve it."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return fallback


def door_of(person: User, now: datetime) -> str:
    """The page where a person starts: their work by role, or their applications."""
    if not person.is_staff_member:
        return address_of("applications:list")
    posting = person.posting(now)
    return address_of(OF_ROLE[posting.role] if posting else "accounts:account")


def onward(request: HttpRequest, wanted: str, fallback: str) -> str:
    """`wanted` when it is a page of ours, else `fallback`."""
    ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if ours else fallback
