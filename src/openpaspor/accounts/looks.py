"""Who opened one application's file: the applicant's answer to "who looked at my file"."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openpaspor.facts.accounts import Looked
from openpaspor.ledger.models import Entry
from openpaspor.offices.models import Office

from .models import Posting, Role

SHOWN = 100  # newest looks

WHY: dict[str, Any] = {
    "arrival": _("to receive you in the hall"),
    "counter": _("to serve you at the counter"),
    "papers": _("to check your papers"),
    "interview": _("to interview you"),
    "examination": _("to examine how the passport was lost or damaged"),
    "amend": _("to correct or complete your answers"),
    "review": _("to check and decide your application"),
    "print": _("to print your passport"),
    "inspect": _("to inspect your printed passport"),
    "handover": _("to hand your passport over"),
    "search": _("because a search found your application"),
}


@dataclass(frozen=True)
class LookLine:
    """One look: when, by which role at which office (never a name), and why."""

    at: datetime  # UTC
    who: Any
    where: str
    timezone: str  # IANA, of the office; WIB at the centre
    why: Any
    times: int = 1  # looks of the same kind within one minute stand in one line

    def is_like(self, other: LookLine) -> bool:
        minutes = [line.at.replace(second=0, microsecond=0) for line in (self, other)]
        return minutes[0] == minutes[1] and replace(self, at=other.at, times=other.times) == other


def looks_of(application: str) -> list[LookLine]:
    """The newest looks at one application by others than its owner, newest first."""
    entries = Entry.objects.filter(application=application, kind=Looked.name).order_by("-id")[:SHOWN]
    offices = Office.objects.in_bulk()
    lines: list[LookLine] = []
    for entry in entries:
        line = _line(entry, offices)
        if lines and lines[-1].is_like(line):
            lines[-1] = replace(lines[-1], times=lines[-1].times + 1)
        else:
            lines.append(line)
    return lines


def _line(entry: Entry, offices: dict[str, Office]) -> LookLine:
    told = entry.values
    role = _posting_then(entry, told.get("office", ""))
    office = offices.get(told.get("office") or (role.office_id if role else "") or "")
    return LookLine(
        at=entry.recorded_at,
        who=Role(role.role).label if role else _("Staff"),
        where=office.name if office else "",
        timezone=office.timezone if office else "Asia/Jakarta",
        why=WHY.get(told["why"], _("to work on your application")),
    )


def _posting_then(entry: Entry, office: str) -> Posting | None:
    """The posting in which this look was taken."""
    held = Posting.objects.in_force(entry.recorded_at).filter(person__code=entry.actor)
    at_office = held.filter(Q(office=office) if office else Q(office=None)).order_by("id").first()
    return at_office or held.order_by("id").first()
