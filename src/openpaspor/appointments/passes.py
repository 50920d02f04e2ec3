"""The visit pass of a booked place: as QR text, on paper, and as a calendar entry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from openpaspor.applications import dossier
from openpaspor.applications.actions import progress_of
from openpaspor.applications.models import Application
from openpaspor.kit import visit_pass
from openpaspor.kit.ics import Event
from openpaspor.kit.mrz_name import machine_name
from openpaspor.kit.paper import VisitSheet
from openpaspor.kit.visit_pass import VisitPass
from openpaspor.ledger import node, signers
from openpaspor.offices import policy

from .models import Booking


@dataclass(frozen=True)
class Pass:
    """Everything the pass page, the paper and the calendar entry show."""

    booking: Booking
    name: str
    bring: tuple[Any, ...]  # names of papers
    qr_text: str
    ends_at: datetime
    late_minutes: int

    @property
    def application(self) -> Application:
        return self.booking.application


def make_pass(booking: Booking, *, actor: str, now: datetime) -> Pass:
    """The pass of a booked place, for its holder or whoever may open the dossier (the look is recorded)."""
    application, slot = booking.application, booking.slot
    answers = dossier.open_answers(application, actor=actor, why="pass", what="appointments:pass", now=now)
    length = policy.value("slot_minutes", office=slot.office_id, now=now)
    return Pass(
        booking=booking,
        name=answers.full_name,
        bring=tuple(paper.name for paper in progress_of(application, answers).papers),
        qr_text=qr_text(booking, answers.full_name, now=now),
        ends_at=slot.starts_at + timedelta(minutes=length),
        late_minutes=policy.value("late_minutes", office=slot.office_id, now=now),
    )


def qr_text(booking: Booking, full_name: str, *, now: datetime) -> str:
    """`OP2:` and the seal signed by this node; the office reads it without any line."""
    name, keys, application = machine_name(full_name), node.here().keys, booking.application
    return visit_pass.encode(
        VisitPass(
            number=booking.pass_number or 0,
            ref=application.ref,
            office=booking.slot.office_id,
            starts_at=booking.slot.starts_at,
            kind=application.kind,
            booklet=application.booklet,
            paid=True,
            name=f"{name.primary} {name.secondary}".strip()[: visit_pass.LONGEST_NAME].strip(),
        ),
        certificate=signers.certificate_of(keys.seal_public),
        on=now.date(),
        sign=keys.seal,
    )


def kind_words(application: Application) -> str:
    """Kind of application and booklet in words."""
    years = _("%(years)s years") % {"years": application.years}
    return f"{application.get_kind_display()} · {application.get_booklet_display()}, {years}"  # type: ignore[attr-defined]


def latest(pass_: Pass) -> datetime:
    """Until when the visitor is served as booked, UTC."""
    return pass_.booking.slot.starts_at + timedelta(minutes=pass_.late_minutes)


def sheet(pass_: Pass, *, now: datetime) -> VisitSheet:
    """The pass on paper."""
    slot, application = pass_.booking.slot, pass_.application
    return VisitSheet(
        ref=application.ref,
        name=pass_.name,
        starts_at=slot.office.local(slot.starts_at),
        zone=slot.office.zone,
        office=slot.office.name,
        address=slot.office.address or f"{slot.office.city}, {slot.office.province}",
        kind=kind_words(application),
        bring=tuple(str(name) for name in pass_.bring),
        qr_text=pass_.qr_text,
        number=pass_.booking.pass_number or 0,
        paid=True,
        made_at=now,
    )


def event(pass_: Pass, *, now: datetime) -> Event:
    """The visit in the applicant's own calendar; a change replaces the earlier entry."""
    slot, application = pass_.booking.slot, pass_.application
    bring = ", ".join(str(name) for name in pass_.bring)
    return Event(
        uid=f"{application.ref}@openpaspor",
        sequence=pass_.booking.pass_number or 0,
        starts_at=slot.starts_at,
        ends_at=pass_.ends_at,
        title=_("Passport: visit the office"),
        place=f"{slot.office.name}, {slot.office.address or slot.office.city}",
        notes=_("Code %(ref)s. Come 10 minutes early. Bring: %(papers)s.")
        % {"ref": application.ref, "papers": bring},
        stamp=now,
    )


def language() -> Any:
    """The language of the page, for papers."""
    return "en" if get_language() == "en" else "id"
