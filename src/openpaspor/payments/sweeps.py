"""Work that is due at the money desk."""

from __future__ import annotations

from datetime import datetime, timedelta

from openpaspor.journey import Site
from openpaspor.kit.refused import Refused
from openpaspor.ledger import node
from openpaspor.ledger.sweeps import every
from openpaspor.offices import policy

from . import actions
from .gateways.demo import bank
from .models import Bill, Purpose, Reason, Receipt


@every(seconds=60, by_date=True)
def lapse_counter_bills(*, now: datetime, limit: int = 500) -> int:
    """Lapse bills after the interview that were not paid in time; places lapse with their hold, in their own room."""
    grace = timedelta(minutes=policy.value("payment_grace_minutes", now=now))
    lapsed = 0
    for bill in (
        Bill.objects.ours()
        .overdue(now=now - grace)
        .filter(purpose=Purpose.COUNTER)
        .order_by("due_at")[:limit]
    ):
        try:
            actions.lapse_bill(bill, actor="worker", now=now)
        except actions.BillSettled:
            continue  # paid a moment ago
        lapsed += 1
    return lapsed


@every(seconds=5)
def seat_early_money(*, now: datetime, limit: int = 100) -> int:
    """Count money whose bill was opened at an office that could not tell us in time. Returns how many receipts."""
    early = Receipt.objects.unmatched().filter(reason=Reason.UNKNOWN_BILL, owner=actions.DESK, currency="IDR")
    seated = 0
    for receipt in early.filter(refund_asked_by="")[:limit]:
        bill = Bill.objects.filter(code=receipt.code).first()
        if bill is None:
            continue
        try:
            actions.place_money([receipt], bill, action_id=f"early:{receipt.pk}", actor="worker", now=now)
        except Refused:
            continue  # another sum, or paid by other money since: a person looks at it
        seated += 1
    return seated


@every(seconds=5, at=Site.PORTAL)
def deliver_late_notices(*, now: datetime, limit: int = 50) -> int:
    """The demo bank tells us what it kept back, once the clock is there. Unanswered, it tries again next time."""
    if not node.here().demo:
        return 0
    due = [row for row in bank.waiting() if row.tell_at and row.tell_at <= now][:limit]
    return sum(bool(bank.tell(row, bank.over_http(row.tell_url))) for row in due)
