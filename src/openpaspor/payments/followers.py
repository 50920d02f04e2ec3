"""What payments does when an application moves."""

from __future__ import annotations

from openpaspor.applications.followers import known_here
from openpaspor.applications.models import Application
from openpaspor.facts.applications import Moved
from openpaspor.ledger.follow import reacts
from openpaspor.ledger.models import Entry

from . import actions
from .models import Bill, Status


@reacts(Moved, holder=known_here)
def close_bills_of_ended_application(application: Application, entry: Entry) -> None:
    """Withdrawn, expired or refused: nothing is to be paid any more. A bill shared with others stays open for them."""
    if not application.is_over:
        return
    for bill in Bill.objects.of(application).filter(status__in=(Status.OPEN, Status.LAPSED)):
        if not bill.is_wanted():
            actions.cancel_bill(bill, actor="worker", now=entry.recorded_at)
