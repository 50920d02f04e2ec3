"""What the centre does when something happened elsewhere."""

from __future__ import annotations

from openpaspor.applications import dossier
from openpaspor.applications.followers import known_here
from openpaspor.applications.models import Application
from openpaspor.facts.adjudication import APPROVAL_WITHDRAWN
from openpaspor.facts.applications import DossierSealed, Moved, StopLifted
from openpaspor.facts.intake import ExaminationDecided
from openpaspor.journey import Site, State
from openpaspor.kit import clock
from openpaspor.ledger import node
from openpaspor.ledger.follow import Later, copies, reacts
from openpaspor.ledger.models import Entry

from . import actions
from .models import Case, ExaminationFinding


@copies(ExaminationDecided)
def note_examination(fact: ExaminationDecided, entry: Entry) -> None:
    """Runs before the file is received, so that the checks can read it."""
    ExaminationFinding.objects.update_or_create(
        application_ref=fact.application, defaults={"outcome": fact.outcome}
    )


@reacts(Moved, DossierSealed, StopLifted, holder=known_here)
def receive_what_is_complete(application: Application, entry: Entry) -> None:
    """Take custody of an enrolled file once every named attachment decrypts; open a new round for what came back.

    A stopped file waits, but one whose approval we withdrew ourselves has come back for that very reason.
    """
    if not node.here().holds(Site.CENTRE):
        return
    fulfilled = application.state == State.REVIEW and application.stop_order == APPROVAL_WITHDRAWN
    if application.stop_order and not fulfilled:
        return
    if application.state == State.ENROLLED:
        if not dossier.is_complete(application):
            raise Later(application.ref)
        actions.receive(
            application,
            action_id=f"receive:{application.ref}:{application.version}",
            actor="worker",
            now=max(entry.recorded_at, clock.now()),  # it came now, however long the line was cut
        )
    elif application.state == State.REVIEW and not _is_open(application):
        actions.open_again(
            application,
            action_id=f"open:{application.ref}:{application.version}",
            actor="worker",
            now=entry.recorded_at,
        )


def _is_open(application: Application) -> bool:
    return Case.objects.filter(application=application, version__gte=application.version).exists()
