"""What payments does when an application moves, and what it keeps of bills and receipts of other nodes."""

from __future__ import annotations

from openpaspor.applications.followers import known_here
from openpaspor.applications.models import Application
from openpaspor.facts.applications import Moved
from openpaspor.facts.payments import (
    BillCancelled,
    BillLapsed,
    BillOpened,
    Exempted,
    ProofRefused,
    ProofShown,
    Settled,
)
from openpaspor.ledger import node
from openpaspor.ledger.epochs import wrote_it_here
from openpaspor.ledger.follow import Later, copies, reacts
from openpaspor.ledger.models import Entry

from . import actions
from .models import Bill, BillLine, ProofState, Purpose, ShownProof, Status


def _keeps_bills(entry: Entry) -> bool:
    """Bills are kept where they were opened, and where the banks' notices come in."""
    us = node.here()
    return entry.node == us.name or us.role in ("portal", "everything")


@copies(BillOpened)
def copy_bill(fact: BillOpened, entry: Entry) -> None:
    """So that money for a bill of an office finds it."""
    if wrote_it_here(entry) or not _keeps_bills(entry) or Bill.objects.filter(code=fact.code).exists():
        return
    rows = {row.ref: row for row in Application.objects.filter(ref__in=fact.applications)}
    missing = [ref for ref in fact.applications if ref not in rows]
    if missing:
        raise Later(missing[0])
    bill = Bill.objects.create(
        code=fact.code,
        status=Status.OPEN if fact.amount_idr else Status.EXEMPT,
        purpose=fact.purpose or Purpose.COUNTER,
        amount_idr=fact.amount_idr,
        opened_at=entry.recorded_at,
        due_at=fact.due_at,
        closed_at=None if fact.amount_idr else entry.recorded_at,
        issued_by=entry.node,
    )
    lines = (line.split("|", 3) for line in fact.lines)
    BillLine.objects.bulk_create(
        BillLine(bill=bill, application=rows[ref], item=item, amount_idr=int(amount), source=source)
        for ref, item, amount, source in lines
    )


@copies(Settled, BillLapsed, BillCancelled, Exempted)
def copy_standing(fact: Settled | BillLapsed | BillCancelled | Exempted, entry: Entry) -> None:
    """How a bill stands by the word of who may say so. A paid one stays paid."""
    if isinstance(fact, Settled):
        _confirm_proofs(fact.bill, entry)
    if wrote_it_here(entry):
        return
    rows, closed = Bill.objects.filter(code=fact.bill), entry.recorded_at
    if isinstance(fact, Settled):
        rows.exclude(status=Status.PAID).update(status=Status.PAID, paid_at=fact.paid_at, closed_at=closed)
    elif isinstance(fact, Exempted):
        rows.filter(status__in=(Status.OPEN, Status.LAPSED)).update(status=Status.EXEMPT, closed_at=closed)
    elif isinstance(fact, BillLapsed):
        rows.filter(status=Status.OPEN).update(status=Status.LAPSED, closed_at=closed)
    else:
        rows.filter(status__in=(Status.OPEN, Status.LAPSED)).update(status=Status.CANCELLED, closed_at=closed)


def _confirm_proofs(code: str, entry: Entry) -> None:
    ShownProof.objects.waiting().filter(code=code).update(
        state=ProofState.CONFIRMED, closed_at=entry.recorded_at, closed_by=entry.actor
    )


@copies(ProofShown)
def copy_proof(fact: ProofShown, entry: Entry) -> None:
    """So that the money desk sees what an office has taken."""
    if wrote_it_here(entry) or not _keeps_bills(entry):
        return
    application = Application.objects.filter(ref=fact.application).first()
    if application is None:
        raise Later(fact.application)
    paid = Bill.objects.filter(code=fact.bill, status=Status.PAID).exists()
    ShownProof.objects.get_or_create(
        provider=fact.provider,
        provider_txn=fact.transaction,
        defaults={
            "code": fact.bill,
            "application": application,
            "amount_idr": fact.amount_idr,
            "paid_at": fact.paid_at,
            "shown_at": entry.recorded_at,
            "shown_by": entry.actor,
            "state": ProofState.CONFIRMED if paid else ProofState.WAITING,
            "closed_at": entry.recorded_at if paid else None,
        },
    )


@copies(ProofRefused)
def copy_refused_proof(fact: ProofRefused, entry: Entry) -> None:
    rows = ShownProof.objects.waiting().filter(provider=fact.provider, provider_txn=fact.transaction)
    rows.update(state=ProofState.REFUSED, closed_at=entry.recorded_at, closed_by=entry.actor)


@reacts(Moved, holder=known_here)
def close_bills_of_ended_application(application: Application, entry: Entry) -> None:
    """Withdrawn, expired or refused: nothing is to be paid any more. A bill shared with others stays open for them."""
    if not application.is_over:
        return
    for bill in Bill.objects.of(application).ours().filter(status__in=(Status.OPEN, Status.LAPSED)):
        if not bill.is_wanted():
            actions.cancel_bill(bill, actor="worker", now=entry.recorded_at)
