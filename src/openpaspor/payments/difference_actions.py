"""The deeds about differences between a bank's list and our receipts: one person says why, a second one agrees."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from openpaspor.facts.payments import DifferenceDropped, DifferenceProposed
from openpaspor.kit.refused import Refused
from openpaspor.ledger.once import once
from openpaspor.ledger.record import record

from .actions import SamePerson, correct_by_list, settle_difference
from .models import Difference, DifferenceReason, DifferenceStatus


class DifferenceDone(Refused):
    code = "difference-done"
    message = _("Somebody else was here a moment ago. Look at this difference again.")


class ReasonDoesNotFit(Refused):
    code = "reason-does-not-fit"
    message = _("This reason does not fit this difference any more. Choose another one.")
    status = 422


def _locked(difference: Difference, status: DifferenceStatus) -> Difference:
    """The same row, locked and fresh, or DifferenceDone when it does not stand there any more."""
    rows = Difference.objects.select_for_update(of=("self",)).select_related("receipt", "line")
    fresh = rows.get(pk=difference.pk)
    if fresh.status != status:
        raise DifferenceDone()
    return fresh


@transaction.atomic
def explain(
    difference: Difference, reason: DifferenceReason | str, *, action_id: str, actor: str, now: datetime
) -> Difference:
    """One person says how it came about. Without money in it that is enough; otherwise a second one has to agree.

    Raises DifferenceDone, or ReasonDoesNotFit.
    """
    with once(action_id, difference.pk, str(reason)) as seen:
        if seen:
            return Difference.objects.get(pk=seen.answer)
        fresh = _locked(difference, DifferenceStatus.OPEN)
        if reason not in fresh.reasons():
            raise ReasonDoesNotFit()
        fresh.status, fresh.reason = DifferenceStatus.PROPOSED, str(reason)
        fresh.owner, fresh.proposed_by, fresh.proposed_at = actor, actor, now
        if fresh.gap_idr == 0:
            _settle(fresh, actor=actor, now=now)
            return seen.remember(fresh)
        fresh.save()
        proposed = DifferenceProposed(
            provider=fresh.receipt.provider,
            transaction=fresh.receipt.provider_txn,
            kind=fresh.kind,
            reason=fresh.reason,
        )
        record(proposed, actor=actor, now=now)
        return seen.remember(fresh)


def _settle(difference: Difference, *, actor: str, now: datetime) -> None:
    reason = DifferenceReason(difference.reason)
    if reason == DifferenceReason.BANK_SUM and difference.line:
        correct_by_list(difference.receipt, difference.line, actor=actor, now=now)
    settle_difference(difference, reason, actor=actor, now=now)


@transaction.atomic
def agree(difference: Difference, *, action_id: str, actor: str, now: datetime) -> Difference:
    """A second person agrees. Raises SamePerson, DifferenceDone, or AlreadyPlaced (the money counts meanwhile)."""
    with once(action_id, difference.pk) as seen:
        if seen:
            return Difference.objects.get(pk=seen.answer)
        fresh = _locked(difference, DifferenceStatus.PROPOSED)
        if fresh.proposed_by == actor:
            raise SamePerson()
        _settle(fresh, actor=actor, now=now)
        return seen.remember(fresh)


@transaction.atomic
def drop(difference: Difference, *, action_id: str, actor: str, now: datetime) -> Difference:
    """The reason does not hold: the difference is open again."""
    with once(action_id, difference.pk) as seen:
        if seen:
            return Difference.objects.get(pk=seen.answer)
        fresh = _locked(difference, DifferenceStatus.PROPOSED)
        fresh.status, fresh.owner = DifferenceStatus.OPEN, actor
        fresh.reason, fresh.proposed_by, fresh.proposed_at = "", "", None
        fresh.save()
        dropped = DifferenceDropped(
            provider=fresh.receipt.provider, transaction=fresh.receipt.provider_txn, kind=fresh.kind
        )
        record(dropped, actor=actor, now=now)
        return seen.remember(fresh)
