"""Tickets follow their application, and blank books are counted by what the print room says."""

from __future__ import annotations

from django.db.models import F

from openpaspor.applications.followers import held_here, known_here
from openpaspor.applications.models import Application
from openpaspor.facts.applications import Moved, Told
from openpaspor.facts.appointments import UnsoldHandedOver
from openpaspor.facts.hall import TicketIssued
from openpaspor.facts.issuance import SerialAllotted, SerialFreed, StockReceived
from openpaspor.journey import Site, State
from openpaspor.kit import clock
from openpaspor.ledger import node
from openpaspor.ledger.follow import copies, reacts
from openpaspor.ledger.models import Entry
from openpaspor.offices.models import Office

from . import actions
from .models import BlankBooks, PassArrival, Ticket, local_day


@reacts(Moved, holder=known_here)
def end_ticket(application: Application, entry: Entry) -> None:
    """The case left the counter, so its number is served."""
    for ticket in Ticket.objects.live().filter(application=application).select_related("application"):
        if not ticket.visit_is_over:
            continue
        actions.finish_ticket(
            ticket,
            action_id=entry.action_id_for(f"hall.end_ticket:{ticket.pk}"),
            actor="worker",
            now=entry.recorded_at,
        )


@reacts(Moved, holder=held_here)
def link_ticket(application: Application, entry: Entry) -> None:
    """A walk-in was written up at the counter: its number belongs to it from now on."""
    if application.state == State.ARRIVED and application.ticket:
        actions.link_walk_in(
            application,
            action_id=entry.action_id_for("hall.link_ticket"),
            actor="worker",
            now=entry.recorded_at,
        )


def handed_to_us(entry: Entry) -> UnsoldHandedOver | None:
    """What the portal left over at an office whose hall is ours."""
    fact = entry.read()
    ours = isinstance(fact, UnsoldHandedOver) and node.here().holds(Site.OFFICE, fact.office)
    return fact if ours else None  # type: ignore[return-value]


@reacts(UnsoldHandedOver, holder=handed_to_us)
def take_over_unsold(left: UnsoldHandedOver, entry: Entry) -> None:
    """Online places that nobody bought serve who comes without an appointment."""
    office, action_id = Office.objects.get(pk=left.office), entry.action_id_for("hall.take_over_unsold")
    actions.take_over_unsold(office, left.day, left.places, action_id=action_id, now=entry.recorded_at)


def came_on_a_pass(entry: Entry) -> Application | None:
    """The application of somebody whom we let in on the pass alone, as soon as we know it."""
    waiting = PassArrival.objects.unjoined().filter(ref=entry.application)
    return known_here(entry) if entry.application and waiting.exists() else None


@reacts(Moved, Told, TicketIssued, holder=came_on_a_pass)
def join_pass_arrival(application: Application, entry: Entry) -> None:
    """The booking of a visitor who is already here has come, or something that changes it."""
    actions.join_pass_arrival(
        application, action_id=entry.action_id_for("hall.join_pass_arrival"), now=clock.now()
    )


@copies(StockReceived)
def count_received(fact: StockReceived, entry: Entry) -> None:
    """Booklets came into stock."""
    office = Office.objects.get(pk=fact.office)
    _count(office, fact.booklet, entry, came=fact.count)


@copies(SerialAllotted, SerialFreed)
def count_allotted(fact: SerialAllotted | SerialFreed, entry: Entry) -> None:
    """A booklet was reserved for an application of ours, or went back to stock."""
    application = Application.objects.filter(ref=fact.application).select_related("office").first()
    if application and application.office:
        used = 1 if isinstance(fact, SerialAllotted) else -1
        _count(application.office, application.booklet, entry, left=used)


def _count(office: Office, booklet: str, entry: Entry, **changes: int) -> None:
    day, _made = BlankBooks.objects.get_or_create(
        office=office, booklet=booklet, day=local_day(office, entry.recorded_at)
    )
    BlankBooks.objects.filter(pk=day.pk).update(**{name: F(name) + by for name, by in changes.items()})
