"""Receipts that a bank has signed, shown at a counter: taken without any line, confirmed by the bank's own word later."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from openpaspor.applications.actions import tell
from openpaspor.applications.models import Application, BillStatus
from openpaspor.facts.payments import ProofRefused, ProofShown
from openpaspor.kit.money import rupiah
from openpaspor.kit.refused import Refused
from openpaspor.ledger.once import once
from openpaspor.ledger.record import record

from . import actions, gateways
from .models import Bill, ProofState, Receipt, ShownProof


class NothingToPay(Refused):
    code = "nothing-to-pay"
    message = _("Nothing is to be paid for this application now.")


class ProofOfAnother(Refused):
    code = "proof-of-another-bill"
    message = _("This receipt is for another bill: %(shown)s.")


class ProofOfAnotherSum(Refused):
    code = "proof-of-another-sum"
    message = _("The receipt is for %(shown)s, the bill is %(owed)s.")


class ProofUsed(Refused):
    code = "proof-used"
    message = _("This receipt has been shown already.")


class ProofDecided(Refused):
    code = "proof-decided"
    message = _("This has been decided in the meantime.")


@transaction.atomic
def show_proof(
    application: Application, text: str, *, action_id: str, actor: str, now: datetime
) -> ShownProof:
    """Take a receipt as scanned. The bill waits to be confirmed from now on; the visit goes on, printing waits.

    Raises gateways.BadProof (not signed by a bank we know, or altered), ProofOfAnother, ProofOfAnotherSum, ProofUsed,
    or NothingToPay.
    """
    notice = gateways.read_proof(text)
    with once(action_id, application.ref, notice.provider, notice.txn) as seen:
        if seen:
            return ShownProof.objects.get(pk=seen.answer)
        same = {"provider": notice.provider, "provider_txn": notice.txn}
        if ShownProof.objects.filter(**same).exists() or Receipt.objects.filter(**same).exists():
            raise ProofUsed()
        (row,) = actions.lock_rows([application.pk])
        if row.bill_status not in (BillStatus.OPEN, BillStatus.LAPSED):
            raise NothingToPay()
        if notice.code != row.bill_code:
            raise ProofOfAnother(shown=notice.code)
        if notice.amount_idr != row.bill_amount_idr or notice.currency != "IDR":
            raise ProofOfAnotherSum(
                shown=rupiah(notice.amount_idr) if notice.currency == "IDR" else notice.currency,
                owed=rupiah(row.bill_amount_idr or 0),
            )
        proof = ShownProof.objects.create(
            **same,
            code=notice.code,
            application=row,
            amount_idr=notice.amount_idr,
            paid_at=notice.paid_at,
            raw=notice.raw,
            signature=notice.signature,
            shown_at=now,
            shown_by=actor,
        )
        payers = Application.objects.filter(bill_code=notice.code, bill_status=row.bill_status)
        for payer in actions.lock_rows(list(payers.values_list("pk", flat=True))):
            tell(payer, actor=actor, now=now, bill_status=BillStatus.MATCHING)
        shown = ProofShown(
            application=application.ref,
            bill=notice.code,
            provider=notice.provider,
            transaction=notice.txn,
            amount_idr=notice.amount_idr,
            paid_at=notice.paid_at,
        )
        record(shown, actor=actor, now=now)
        return seen.remember(proof)


@transaction.atomic
def refuse_proof(proof: ShownProof, *, action_id: str, actor: str, now: datetime) -> ShownProof:
    """The money desk asked the bank, and it knows of no such payment. Raises ProofDecided."""
    with once(action_id, proof.pk) as seen:
        if seen:
            return ShownProof.objects.get(pk=seen.answer)
        bill = Bill.objects.filter(code=proof.code).first()
        applications = actions.lock_applications(bill) if bill else []
        waiting = ShownProof.objects.waiting().filter(pk=proof.pk)
        if not waiting.update(state=ProofState.REFUSED, closed_at=now, closed_by=actor):
            raise ProofDecided()
        refused = ProofRefused(
            application=proof.application.ref,
            bill=proof.code,
            provider=proof.provider,
            transaction=proof.provider_txn,
        )
        record(refused, actor=actor, now=now)
        for application in applications:
            actions.nothing_to_match(application, actor=actor, now=now)
        proof.refresh_from_db()
        return seen.remember(proof)
