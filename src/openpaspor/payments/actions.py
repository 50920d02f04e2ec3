"""The deeds of the money desk: bills, receipts, settlement files, refunds and exemptions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from openpaspor.applications.actions import tell
from openpaspor.applications.models import Application, BillStatus
from openpaspor.facts.payments import (
    BillCancelled,
    BillLapsed,
    BillOpened,
    DifferenceFound,
    DifferenceSettled,
    Exempted,
    ExemptionDeclined,
    ExemptionProposed,
    MoneyPlaced,
    MoneyRefunded,
    MoneyTakenUp,
    MoneyUnmatched,
    RefundAsked,
    RefundDropped,
    Settled,
    SettlementRead,
)
from openpaspor.journey import State
from openpaspor.kit.faults import fault
from openpaspor.kit.money import rupiah
from openpaspor.kit.refused import Refused
from openpaspor.ledger import node
from openpaspor.ledger.once import once
from openpaspor.ledger.record import record
from openpaspor.offices import fees, policy

from . import rules
from .models import (
    Bill,
    BillLine,
    CodeCounter,
    Difference,
    DifferenceKind,
    DifferenceReason,
    DifferenceStatus,
    Exemption,
    ExemptionStatus,
    Ground,
    NoticeCount,
    Outcome,
    Place,
    Proof,
    Purpose,
    Receipt,
    RefundReason,
    SettlementFile,
    SettlementLine,
    ShownProof,
    Status,
)
from .rules import Notice, Owed, Statement

DESK = "kas"  # owner of unmatched money until a person takes it up


class BillAlreadyOpen(Refused):
    code = "bill-already-open"
    message = _("This application has a bill already. Pay that one.")


class BillSettled(Refused):
    code = "bill-settled"
    message = _("The payment for this bill has just arrived.")


class NothingToRenew(Refused):
    code = "nothing-to-renew"
    message = _("There is no lapsed bill here that could be renewed.")


class NoCodesLeft(Refused):
    code = "no-codes-left"
    message = _("No billing code can be made today any more. Please try again tomorrow.")
    status = 503


# Bills


def open_bill(
    applications: Sequence[Application],
    *,
    due_at: datetime,
    actor: str,
    now: datetime,
    penalty: str | None = None,
) -> Bill:
    """Open one bill for these applications, inside the caller's transaction.

    The lines come from the fees in force at the treasury today; a granted exemption makes them nothing. When nothing
    is owed the bill is exempt at once. Raises BillAlreadyOpen, or FeeUnknown where no rule covers it.
    """
    applications = sorted(applications, key=lambda application: application.pk)
    lock_rows([application.pk for application in applications])
    if any(Bill.objects.live_for(application) for application in applications):
        raise BillAlreadyOpen()
    lines = _lines_for(applications, now=now, penalty=penalty)
    amount = sum(line.amount_idr for line in lines)
    bill = Bill.objects.create(
        code=_next_code(now),
        status=Status.OPEN if amount else Status.EXEMPT,
        purpose=_purpose_of(applications[0]),
        amount_idr=amount,
        opened_at=now,
        due_at=due_at,
        closed_at=None if amount else now,
        issued_by=node.here().name,
    )
    for line in lines:
        line.bill = bill
    BillLine.objects.bulk_create(lines)
    fault("payments.bill_before_telling")
    refs = tuple(application.ref for application in applications)
    opened = BillOpened(
        code=bill.code,
        applications=refs,
        amount_idr=amount,
        due_at=due_at,
        purpose=str(bill.purpose),
        lines=tuple(f"{line.application.ref}|{line.item}|{line.amount_idr}|{line.source}" for line in lines),
    )
    record(opened, actor=actor, now=now)
    for application in applications:
        _tell_bill(application, bill, BillStatus.OPEN if amount else BillStatus.EXEMPT, actor=actor, now=now)
        if not amount:
            ground = next(line.source for line in lines if line.application_id == application.pk)
            record(Exempted(application=application.ref, ground=ground, bill=bill.code), actor=actor, now=now)
    return bill


def lock_rows(keys: list[int]) -> list[Application]:
    """Lock application rows in the order of their keys; fresh from the database."""
    rows = Application.objects.select_for_update(of=("self",)).select_related("office", "account")
    return list(rows.filter(pk__in=keys).order_by("pk"))


def lock_applications(bill: Bill) -> list[Application]:
    return lock_rows(sorted(set(bill.lines.values_list("application_id", flat=True))))


def _purpose_of(application: Application) -> Purpose:
    before_visit = application.state in (State.SUBMITTED, State.HOLDING)
    return Purpose.PLACE if before_visit else Purpose.COUNTER


def _lines_for(applications: Sequence[Application], *, now: datetime, penalty: str | None) -> list[BillLine]:
    exempt = Exemption.objects.granted_for(applications)
    today = rules.treasury_day(now)
    lines = []
    for row in applications:
        fee = fees.fee(row.kind, row.booklet, row.years, today, same_day=row.same_day, penalty=penalty)
        for part in fee.lines:
            free = exempt.get(row.pk)
            lines.append(
                BillLine(
                    application=row,
                    item=part.item,
                    amount_idr=0 if free else part.amount_idr,
                    source=free.ground if free else part.source,
                )
            )
    return lines


def _next_code(now: datetime) -> str:
    day = rules.treasury_day(now)
    CodeCounter.objects.get_or_create(day=day)
    CodeCounter.objects.filter(day=day).update(last=F("last") + 1)  # the row stays ours until we commit
    number = CodeCounter.objects.get(day=day).last
    if number > rules.LAST_OF_A_DAY:
        raise NoCodesLeft()
    return rules.make_code(day, node.here().issuer, number)


def _tell_bill(
    application: Application, bill: Bill, status: BillStatus, *, actor: str, now: datetime
) -> None:
    tell(
        application,
        actor=actor,
        now=now,
        bill_status=status,
        bill_code=bill.code,
        bill_due_at=bill.due_at,
        bill_amount_idr=bill.amount_idr,
    )


def _leave_open(bill: Bill, status: Status, *, now: datetime, also: tuple[Status, ...] = ()) -> bool:
    """Compare and set: False when the bill is not open (nor in one of `also`) any more."""
    changed = Bill.objects.filter(pk=bill.pk, status__in=(Status.OPEN, *also)).update(
        status=status, closed_at=now
    )
    bill.refresh_from_db()
    return bool(changed)


@transaction.atomic
def lapse_bill(bill: Bill, *, actor: str, now: datetime) -> Bill:
    """The deadline passed unpaid. Asked twice, does it once. Raises BillSettled when the money was faster."""
    applications = lock_applications(bill)
    if not _leave_open(bill, Status.LAPSED, now=now):
        if bill.is_paid:
            raise BillSettled()
        return bill
    matching = _waits_for_a_word(bill.code)  # then nobody is told to pay again
    for application in applications:
        record(BillLapsed(bill=bill.code, application=application.ref), actor=actor, now=now)
        if application.bill_code == bill.code and not matching:
            tell(application, actor=actor, now=now, bill_status=BillStatus.LAPSED)
    return bill


@transaction.atomic
def cancel_bill(bill: Bill, *, actor: str, now: datetime) -> Bill:
    """Nothing is to be paid on this bill any more. A paid one stays paid: the money is the treasury's."""
    applications = lock_applications(bill)
    if not _leave_open(bill, Status.CANCELLED, now=now, also=(Status.LAPSED,)):
        return bill
    for application in applications:
        record(BillCancelled(bill=bill.code, application=application.ref), actor=actor, now=now)
        if application.bill_code == bill.code:
            tell(application, actor=actor, now=now, bill_status=BillStatus.NONE, bill_due_at=None)
    return bill


@transaction.atomic
def renew_bill(application: Application, *, action_id: str, actor: str, now: datetime) -> Bill:
    """A fresh code for a bill after the interview that lapsed unpaid. Raises NothingToRenew."""
    with once(action_id, application.ref) as seen:
        if seen:
            return Bill.objects.get(pk=seen.answer)
        last = Bill.objects.of(application).first()
        if last is None or not last.may_be_renewed():
            raise NothingToRenew()
        days = policy.value("counter_bill_days", office=application.office_id or "", now=now)
        going_on = [row for row in last.applications() if not row.is_over]
        bill = open_bill(going_on, due_at=now + timedelta(days=days), actor=actor, now=now)
        return seen.remember(bill)


# Money


class AlreadyPlaced(Refused):
    code = "money-already-placed"
    message = _("This money has been settled in the meantime.")


class WrongSum(Refused):
    code = "wrong-sum"
    message = _("The chosen money is %(chosen)s, the bill is %(owed)s. Both must be the same.")


class BillNotPayable(Refused):
    code = "bill-not-payable"
    message = _("Nothing can be counted towards this bill: it is paid, or its application has ended.")


class SamePerson(Refused):
    code = "same-person"
    message = _("A second person has to agree. You asked for this yourself.")


class NoRefundAsked(Refused):
    code = "no-refund-asked"
    message = _("Nobody asked to give this money back.")


@transaction.atomic
def receive_notice(notice: Notice, *, now: datetime) -> Receipt:
    """Take in a notice whose signature was checked: one receipt per transaction, counted or parked with its reason.

    The same transaction again only raises a counter. With another sum or code it is refused (KeyReused).
    """
    actor = f"bank-{notice.provider}"
    with once(_money_id(notice), notice.code, notice.amount_idr, notice.currency) as seen:
        if seen:
            Receipt.objects.filter(pk=seen.answer).update(repeats=F("repeats") + 1)
            return Receipt.objects.get(pk=seen.answer)
        return seen.remember(_take(notice, Proof.NOTICE, actor=actor, now=now))


def _money_id(notice: Notice) -> str:
    return f"money:{notice.provider}:{notice.txn}"


def _take(notice: Notice, proof: Proof, *, actor: str, now: datetime) -> Receipt:
    bill = _find_and_lock(notice.code)
    trouble = rules.trouble_with(notice, _owed(bill), grace=_grace(bill, now))
    receipt = Receipt.objects.create(
        provider=notice.provider,
        provider_txn=notice.txn,
        code=notice.code,
        amount_idr=notice.amount_idr if notice.currency == "IDR" else 0,
        currency=notice.currency,
        paid_at=notice.paid_at,
        received_at=now,
        proof=proof,
        raw=notice.raw,
        signature=notice.signature,
        place=Place.UNMATCHED if trouble else Place.ALLOCATED,
        bill=None if trouble else bill,
        reason=trouble,
        owner=DESK if trouble else "",
        placed_at=now,
        placed_by=actor,
    )
    fault("payments.receipt_before_bill")
    if bill is not None and not trouble:
        _settle(bill, paid_at=notice.paid_at, actor=actor, now=now)
    else:
        _park(receipt, bill, actor=actor, now=now)
    fault("payments.before_commit")
    return receipt


def _find_and_lock(code: str) -> Bill | None:
    """The bill that money for `code` is for: its own, or the one opened since for the same application."""
    bill = Bill.objects.filter(code=code).first()
    if bill is None:
        return None
    applications = lock_applications(bill)
    bill = Bill.objects.select_for_update().get(pk=bill.pk)
    if bill.status != Status.LAPSED:
        return bill
    newer = (Bill.objects.live_for(application) for application in applications)
    return next((other for other in newer if other and other.is_open), bill)


def _owed(bill: Bill | None) -> Owed | None:
    if bill is None:
        return None
    applications = bill.applications()
    others = (Bill.objects.live_for(application) for application in applications)
    return Owed(
        status=bill.status,
        amount_idr=bill.amount_idr,
        due_at=bill.due_at,
        is_wanted=bill.is_wanted(),
        paid_elsewhere=any(other and other.is_paid and other != bill for other in others)
        or any(application.bill_status == BillStatus.EXEMPT for application in applications),
    )


def _grace(bill: Bill | None, now: datetime) -> timedelta:
    office = next((row.office_id for row in bill.applications() if row.office_id), "") if bill else ""
    return timedelta(minutes=policy.value("payment_grace_minutes", office=office or "", now=now))


def _settle(bill: Bill, *, paid_at: datetime, actor: str, now: datetime) -> None:
    """The bill's receipts add up: it is paid, whatever its deadline was. The caller holds its applications' locks."""
    applications = lock_applications(bill)
    payable = (Status.OPEN, Status.LAPSED, Status.CANCELLED)
    changed = Bill.objects.filter(pk=bill.pk, status__in=payable).update(
        status=Status.PAID, paid_at=paid_at, closed_at=now
    )
    if not changed:
        raise BillNotPayable()
    bill.refresh_from_db()
    fault("payments.paid_before_telling")
    for application in applications:
        _tell_bill(application, bill, BillStatus.PAID, actor=actor, now=now)
        record(Settled(application=application.ref, bill=bill.code, paid_at=paid_at), actor=actor, now=now)


def _park(receipt: Receipt, bill: Bill | None, *, actor: str, now: datetime) -> None:
    """Say that money waits for a person, and let the applicant know that it came."""
    applications = lock_applications(bill) if bill else []
    record(
        MoneyUnmatched(
            provider=receipt.provider,
            transaction=receipt.provider_txn,
            amount_idr=receipt.amount_idr,
            reason=receipt.reason,
            application=applications[0].ref if applications else "",
        ),
        actor=actor,
        now=now,
    )
    for application in applications:
        if bill and application.bill_code == bill.code and bill.status in (Status.OPEN, Status.LAPSED):
            tell(application, actor=actor, now=now, bill_status=BillStatus.MATCHING)


def count_notice(provider: str, outcome: str, *, now: datetime) -> None:
    """Count a notice that was not believed. Nothing else of it is kept."""
    row, _made = NoticeCount.objects.get_or_create(
        provider=provider, day=rules.treasury_day(now), outcome=outcome
    )
    NoticeCount.objects.filter(pk=row.pk).update(count=F("count") + 1)


def _unmatched(receipts: Sequence[Receipt]) -> list[Receipt]:
    """The same receipts, locked and fresh, or AlreadyPlaced when one of them is not unmatched any more."""
    rows = (
        Receipt.objects.select_for_update().filter(pk__in=[receipt.pk for receipt in receipts]).order_by("pk")
    )
    fresh = list(rows)
    if not fresh or any(receipt.place != Place.UNMATCHED for receipt in fresh):
        raise AlreadyPlaced()
    return fresh


@transaction.atomic
def take_up(receipt: Receipt, *, action_id: str, actor: str, now: datetime) -> Receipt:
    """A person says: I look after this money."""
    with once(action_id, receipt.pk) as seen:
        if seen:
            return Receipt.objects.get(pk=seen.answer)
        (receipt,) = _unmatched([receipt])
        receipt.owner = actor
        receipt.save(update_fields=["owner"])
        record(
            MoneyTakenUp(provider=receipt.provider, transaction=receipt.provider_txn), actor=actor, now=now
        )
        return seen.remember(receipt)


@transaction.atomic
def place_money(
    receipts: Sequence[Receipt], bill: Bill, *, action_id: str, actor: str, now: datetime
) -> Bill:
    """Count unmatched money towards a bill that it pays to the rupiah, one receipt or several together.

    Raises AlreadyPlaced, WrongSum, or BillNotPayable (paid, exempt, or nobody waits for it any more).
    """
    with once(action_id, sorted(receipt.pk for receipt in receipts), bill.pk) as seen:
        if seen:
            return Bill.objects.get(pk=seen.answer)
        applications = lock_applications(bill)
        fresh = _unmatched(receipts)
        bill.refresh_from_db()
        others = (Bill.objects.live_for(application) for application in applications)
        if bill.is_paid or not bill.is_wanted() or any(other and other != bill for other in others):
            raise BillNotPayable()
        chosen = sum(receipt.amount_idr for receipt in fresh)
        if chosen != bill.amount_idr or any(receipt.currency != "IDR" for receipt in fresh):
            raise WrongSum(chosen=rupiah(chosen), owed=rupiah(bill.amount_idr))
        for receipt in fresh:
            _allocate(receipt, bill, applications[0], actor=actor, now=now)
        fault("payments.placed_before_bill")
        _settle(bill, paid_at=max(receipt.paid_at for receipt in fresh), actor=actor, now=now)
        return seen.remember(bill)


def _allocate(receipt: Receipt, bill: Bill, application: Application, *, actor: str, now: datetime) -> None:
    receipt.place, receipt.bill = Place.ALLOCATED, bill
    receipt.reason = receipt.owner = receipt.refund_asked_by = receipt.refund_reason = ""
    receipt.placed_at, receipt.placed_by = now, actor
    receipt.save()
    placed = MoneyPlaced(
        provider=receipt.provider,
        transaction=receipt.provider_txn,
        bill=bill.code,
        application=application.ref,
    )
    record(placed, actor=actor, now=now)


@transaction.atomic
def ask_refund(
    receipt: Receipt, reason: RefundReason | str, *, action_id: str, actor: str, now: datetime
) -> Receipt:
    """One person wants to give the money back. It stays unmatched until a second one agrees."""
    with once(action_id, receipt.pk, str(reason)) as seen:
        if seen:
            return Receipt.objects.get(pk=seen.answer)
        (receipt,) = _unmatched([receipt])
        receipt.refund_reason, receipt.refund_asked_by, receipt.owner = str(reason), actor, actor
        receipt.save(update_fields=["refund_reason", "refund_asked_by", "owner"])
        asked = RefundAsked(provider=receipt.provider, transaction=receipt.provider_txn, reason=str(reason))
        record(asked, actor=actor, now=now)
        return seen.remember(receipt)


@transaction.atomic
def agree_refund(receipt: Receipt, *, action_id: str, actor: str, now: datetime) -> Receipt:
    """The second person agrees: the money is given back. Raises NoRefundAsked, or SamePerson."""
    with once(action_id, receipt.pk) as seen:
        if seen:
            return Receipt.objects.get(pk=seen.answer)
        bill = Bill.objects.filter(code=receipt.code).first()
        applications = lock_applications(bill) if bill else []
        (receipt,) = _unmatched([receipt])
        if not receipt.refund_asked_by:
            raise NoRefundAsked()
        if receipt.refund_asked_by == actor:
            raise SamePerson()
        receipt.place, receipt.refund_agreed_by = Place.REFUNDED, actor
        receipt.placed_at, receipt.placed_by = now, actor
        receipt.save()
        refunded = MoneyRefunded(
            provider=receipt.provider,
            transaction=receipt.provider_txn,
            amount_idr=receipt.amount_idr,
            reason=receipt.refund_reason,
            application=applications[0].ref if applications else "",
        )
        record(refunded, actor=actor, now=now)
        for application in applications:
            nothing_to_match(application, actor=actor, now=now)
        return seen.remember(receipt)


def nothing_to_match(application: Application, *, actor: str, now: datetime) -> None:
    """The last money that waited for this application is gone: its bill is again what it was."""
    codes = Bill.objects.of(application).values_list("code", flat=True)
    if application.bill_status != BillStatus.MATCHING or _waits_for_a_word(*codes):
        return
    last = Bill.objects.of(application).first()
    if last is not None and last.status in (Status.OPEN, Status.LAPSED):
        tell(application, actor=actor, now=now, bill_status=BillStatus(last.status))


def _waits_for_a_word(*codes: str) -> bool:
    """Money for these bills has come that a person has to place, or a receipt was shown that the bank has to confirm."""
    money, shown = Receipt.objects.unmatched(), ShownProof.objects.waiting()
    return money.filter(code__in=codes).exists() or shown.filter(code__in=codes).exists()


@transaction.atomic
def drop_refund(receipt: Receipt, *, action_id: str, actor: str, now: datetime) -> Receipt:
    """The money is not given back after all; it stays unmatched."""
    with once(action_id, receipt.pk) as seen:
        if seen:
            return Receipt.objects.get(pk=seen.answer)
        (receipt,) = _unmatched([receipt])
        if not receipt.refund_asked_by:
            raise NoRefundAsked()
        receipt.refund_asked_by = receipt.refund_reason = ""
        receipt.save(update_fields=["refund_asked_by", "refund_reason"])
        record(
            RefundDropped(provider=receipt.provider, transaction=receipt.provider_txn), actor=actor, now=now
        )
        return seen.remember(receipt)


def correct_by_list(receipt: Receipt, line: SettlementLine, *, actor: str, now: datetime) -> None:
    """Take over sum and code of unmatched money from the bank's list, and look again what it can pay.

    Inside the caller's transaction. Raises AlreadyPlaced when the money is not unmatched any more.
    """
    before = Bill.objects.filter(code=receipt.code).first()
    concerned = BillLine.objects.filter(bill__code__in=(receipt.code, line.code))
    lock_rows(sorted(set(concerned.values_list("application_id", flat=True))))
    bill = _find_and_lock(line.code)
    (receipt,) = _unmatched([receipt])
    receipt.amount_idr, receipt.currency, receipt.code = line.amount_idr, "IDR", line.code
    receipt.proof = Proof.SETTLEMENT
    receipt.refund_asked_by = receipt.refund_reason = ""
    money = Notice(
        provider=receipt.provider,
        txn=receipt.provider_txn,
        code=line.code,
        amount_idr=line.amount_idr,
        paid_at=receipt.paid_at,
    )
    trouble = rules.trouble_with(money, _owed(bill), grace=_grace(bill, now))
    if bill is not None and not trouble:
        _allocate(receipt, bill, bill.applications()[0], actor=actor, now=now)
        _settle(bill, paid_at=receipt.paid_at, actor=actor, now=now)
    else:
        receipt.reason, receipt.owner = trouble, actor
        receipt.save()
        _park(receipt, bill, actor=actor, now=now)
    for application in before.applications() if before and before != bill else ():
        nothing_to_match(application, actor=actor, now=now)


# Settlement files


@transaction.atomic
def read_settlement(statement: Statement, *, actor: str, now: datetime) -> SettlementFile:
    """Compare a bank's own list with our receipts, and add what we never heard of. The same file again changes nothing."""
    with once(f"settlement:{statement.digest}") as seen:
        if seen:
            return SettlementFile.objects.get(pk=seen.answer)
        moments = [line.paid_at for line in statement.lines]
        file = SettlementFile.objects.create(
            provider=statement.provider,
            digest=statement.digest,
            name=statement.name,
            read_at=now,
            read_by=actor,
            first_paid_at=min(moments, default=None),
            last_paid_at=max(moments, default=None),
            total_idr=sum(line.amount_idr for line in statement.lines),
        )
        for number, line in enumerate(statement.lines, start=1):
            _read_line(file, number, line, statement.numbers.get(line.txn, ""), actor=actor, now=now)
            fault("payments.settlement_line")
        for receipt in file.missing().exclude(differences__kind=DifferenceKind.MISSING):
            _disagree(file, receipt, DifferenceKind.MISSING, bank_idr=0, actor=actor, now=now)
        said = SettlementRead(
            provider=file.provider, digest=file.digest, lines=len(statement.lines), total_idr=file.total_idr
        )
        record(said, actor=actor, now=now)
        return seen.remember(file)


def _read_line(
    file: SettlementFile, number: int, line: Notice, ntpn: str, *, actor: str, now: datetime
) -> None:
    receipt = Receipt.objects.filter(provider=line.provider, provider_txn=line.txn).first()
    if file.lines.filter(provider_txn=line.txn).exists() and receipt is not None:
        outcome = Outcome.DUPLICATE
    elif receipt is None:
        with once(_money_id(line), line.code, line.amount_idr, line.currency) as seen:
            receipt = seen.remember(_take(line, Proof.SETTLEMENT, actor=actor, now=now))
        outcome = Outcome.UNKNOWN if receipt.place == Place.UNMATCHED else Outcome.ADDED
    elif receipt.amount_idr != line.amount_idr or receipt.code != line.code:
        outcome = Outcome.DIFFERS
    else:
        outcome = Outcome.MATCHED
    if outcome != Outcome.DUPLICATE:
        Receipt.objects.filter(pk=receipt.pk).update(settled_idr=line.amount_idr, ntpn=ntpn)
    row = SettlementLine.objects.create(
        file=file,
        number=number,
        provider_txn=line.txn,
        code=line.code,
        amount_idr=line.amount_idr,
        paid_at=line.paid_at,
        outcome=outcome,
        receipt=receipt,
    )
    known: dict[str, Any] = {"line": row, "bank_idr": line.amount_idr, "actor": actor, "now": now}
    if outcome == Outcome.DUPLICATE:
        _disagree(file, receipt, DifferenceKind.TWICE, **known)
    elif outcome == Outcome.DIFFERS:
        same_sum = receipt.amount_idr == line.amount_idr
        _disagree(file, receipt, DifferenceKind.CODE if same_sum else DifferenceKind.SUM, **known)
    for gap in Difference.objects.unsettled().filter(receipt=receipt, kind=DifferenceKind.MISSING):
        settle_difference(gap, DifferenceReason.LATER_LIST, actor=actor, now=now)


def _disagree(
    file: SettlementFile,
    receipt: Receipt,
    kind: DifferenceKind,
    *,
    bank_idr: int,
    actor: str,
    now: datetime,
    line: SettlementLine | None = None,
) -> None:
    """Write down a difference; whoever read the list looks after it."""
    ours = 0 if kind == DifferenceKind.TWICE else receipt.amount_idr
    Difference.objects.create(
        file=file,
        line=line,
        receipt=receipt,
        kind=kind,
        ours_idr=ours,
        bank_idr=bank_idr,
        found_at=now,
        owner=actor,
    )
    found = DifferenceFound(
        provider=receipt.provider,
        transaction=receipt.provider_txn,
        digest=file.digest,
        kind=kind.value,
        ours_idr=ours,
        bank_idr=bank_idr,
    )
    record(found, actor=actor, now=now)


def settle_difference(difference: Difference, reason: DifferenceReason, *, actor: str, now: datetime) -> None:
    """Write down how a difference ended, inside the caller's transaction."""
    difference.status, difference.reason = DifferenceStatus.SETTLED, reason
    difference.settled_by, difference.settled_at = actor, now
    difference.save()
    settled = DifferenceSettled(
        provider=difference.receipt.provider,
        transaction=difference.receipt.provider_txn,
        kind=difference.kind,
        reason=reason.value,
        ours_idr=difference.ours_idr,
        bank_idr=difference.bank_idr,
    )
    record(settled, actor=actor, now=now)


# Exemptions


class ExemptionNotPossible(Refused):
    code = "exemption-not-possible"
    message = _(
        "This application cannot be exempted: it is paid, it has ended, or somebody asked for it already."
    )


class ExemptionDecided(Refused):
    code = "exemption-decided"
    message = _("This has been decided in the meantime.")


@transaction.atomic
def propose_exemption(
    application: Application, ground: Ground | str, *, action_id: str, actor: str, now: datetime
) -> Exemption:
    """Ask that an applicant need not pay, on a ground of the law. A second person decides."""
    with once(action_id, application.ref, str(ground)) as seen:
        if seen:
            return Exemption.objects.get(pk=seen.answer)
        (fresh,) = lock_rows([application.pk])
        standing = (ExemptionStatus.PROPOSED, ExemptionStatus.GRANTED)
        if (
            fresh.is_over
            or fresh.bill_status in (BillStatus.PAID, BillStatus.EXEMPT, BillStatus.MATCHING)
            or fresh.exemptions.filter(status__in=standing).exists()  # type: ignore[attr-defined]
        ):
            raise ExemptionNotPossible()
        exemption = Exemption.objects.create(
            application=fresh, ground=str(ground), proposed_by=actor, proposed_at=now
        )
        record(ExemptionProposed(application=fresh.ref, ground=str(ground)), actor=actor, now=now)
        return seen.remember(exemption)


@transaction.atomic
def decide_exemption(
    exemption: Exemption, *, granted: bool, action_id: str, actor: str, now: datetime
) -> Exemption:
    """A second person grants or declines it. Raises SamePerson, ExemptionDecided, or ExemptionNotPossible (paid meanwhile)."""
    with once(action_id, exemption.pk, granted) as seen:
        if seen:
            return Exemption.objects.get(pk=seen.answer)
        (application,) = lock_rows([exemption.application_id])
        if exemption.proposed_by == actor and granted:
            raise SamePerson()
        status = ExemptionStatus.GRANTED if granted else ExemptionStatus.DECLINED
        changed = Exemption.objects.filter(pk=exemption.pk, status=ExemptionStatus.PROPOSED).update(
            status=status, decided_by=actor, decided_at=now
        )
        if not changed:
            raise ExemptionDecided()
        exemption.refresh_from_db()
        if granted:
            _exempt(application, exemption.ground, actor=actor, now=now)
        else:
            declined = ExemptionDeclined(application=application.ref, ground=exemption.ground)
            record(declined, actor=actor, now=now)
        return seen.remember(exemption)


def _exempt(application: Application, ground: str, *, actor: str, now: datetime) -> None:
    """Nothing is owed any more: on the open bill, on a lapsed one after the interview, or on the one yet to come."""
    if application.is_over or application.bill_status in (BillStatus.PAID, BillStatus.MATCHING):
        raise ExemptionNotPossible()
    bill = Bill.objects.of(application).first()
    if bill is not None and (
        bill.is_open or (bill.status == Status.LAPSED and bill.purpose == Purpose.COUNTER)
    ):
        if len(bill.applications()) > 1:
            raise ExemptionNotPossible()
        Bill.objects.filter(pk=bill.pk).update(status=Status.EXEMPT, closed_at=now)
    else:
        bill = None
    tell(application, actor=actor, now=now, bill_status=BillStatus.EXEMPT)
    fault("payments.exempt_before_fact")
    code = bill.code if bill else ""
    record(Exempted(application=application.ref, ground=ground, bill=code), actor=actor, now=now)
