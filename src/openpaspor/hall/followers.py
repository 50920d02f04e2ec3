"""Tickets follow their application: they end when the visit is over, and a walk-in's finds its application."""

from __future__ import annotations

from openpaspor.applications.followers import held_here, known_here
from openpaspor.applications.models import Application
from openpaspor.facts.applications import Moved
from openpaspor.journey import State
from openpaspor.ledger.follow import reacts
from openpaspor.ledger.models import Entry

from . import actions
from .models import Ticket

OVER = frozenset(
    {State.ENROLLED, State.INCOMPLETE, State.REVIEW, State.COLLECTED, State.WITHDRAWN, State.EXPIRED}
)


@reacts(Moved, holder=known_here)
def end_ticket(application: Application, entry: Entry) -> None:
    """The case left the counter, so its number is served."""
    if application.state not in OVER or entry.values["target"] not in OVER:
        return
    for ticket in Ticket.objects.live().filter(application=application, issued_at__lte=entry.recorded_at):
        actions.finish_ticket(
            ticket, action_id=entry.action_id_for("hall.end_ticket"), actor="worker", now=entry.recorded_at
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
