"""An approval reserves a booklet; an approval that is withdrawn frees it again."""

from __future__ import annotations

from openpaspor.applications.followers import held_here, known_here
from openpaspor.applications.models import Application
from openpaspor.facts.applications import Moved
from openpaspor.journey import State
from openpaspor.ledger.follow import reacts
from openpaspor.ledger.models import Entry

from . import actions
from .models import Booklet, BookletState


@reacts(Moved, holder=held_here)
def allot_serial(application: Application, entry: Entry) -> None:
    """Fix what was approved, and reserve a booklet. With none in stock a sweep tries again."""
    if application.state != State.APPROVED:
        return
    actions.fix_order(application, now=entry.recorded_at)
    if application.serial:
        return
    try:
        actions.allot_serial(
            application,
            action_id=entry.action_id_for("issuance.allot_serial"),
            actor="worker",
            now=entry.recorded_at,
        )
    except actions.NoBooklet:
        return


@reacts(Moved, holder=known_here)
def free_serial(application: Application, entry: Entry) -> None:
    """Back at the centre before printing: somebody else may have the booklet."""
    reserved = Booklet.objects.of(application).filter(state=BookletState.ALLOTTED)
    if application.state == State.REVIEW and reserved.exists():
        actions.free_serial(
            application,
            action_id=entry.action_id_for("issuance.free_serial"),
            actor="worker",
            now=entry.recorded_at,
        )
