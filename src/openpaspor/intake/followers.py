"""What the counter does when something happened elsewhere."""

from __future__ import annotations

from django.db import transaction

from openpaspor.applications.followers import held_here
from openpaspor.applications.models import Application, BillStatus
from openpaspor.facts.applications import Moved
from openpaspor.journey import State
from openpaspor.ledger.follow import reacts
from openpaspor.ledger.models import Entry
from openpaspor.ledger.once import once

from . import actions
from .models import Case


@reacts(Moved, holder=held_here)
def bill_what_was_approved(application: Application, entry: Entry) -> None:
    """An examined case that was not billed at the counter is billed once the centre approves it."""
    if application.state != State.APPROVED or application.bill_status != BillStatus.NONE:
        return
    case = Case.objects.filter(application=application).first()
    if case is None:
        return
    with transaction.atomic(), once(entry.action_id_for("intake.bill"), application.ref) as seen:
        if not seen:
            actions.bill_if_due(application, case, actor="worker", now=entry.recorded_at)
            seen.remember(application)
