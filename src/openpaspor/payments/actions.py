"""The deeds of the money desk: bills, receipts, settlement files, refunds and exemptions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from openpaspor.applications.actions import tell
from openpaspor.applications.models import Application, BillStatus
from openpaspor.facts.payments import BillCancelled, BillLapsed, BillOpened, Exempted
from openpaspor.journey import State
from openpaspor.kit.faults import fault
from openpaspor.kit.refused import Refused
from openpaspor.ledger.once import once
from openpaspor.ledger.record import record
from openpaspor.offices import fees, policy

from . import rules
from .models import Bill, BillLine, CodeCounter, Exemption, Purpose, Status


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
    applications: Sequence[Application], *, due_at: datetime, actor: str, now: datetime, penalty: str | None = None
) -> Bill:
    """Open one bill for these applications, inside the caller's transaction.

    The lines come from the fees in force at the treasury today; a granted exemption makes them nothing. When nothing
    is owed the bill is exempt at once. Raises BillAlreadyOpen, or FeeUnknown where no rule covers it.
    """
    applications = lock(applications)
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
    )
    for line in lines:
        line.bill = bill
    BillLine.objects.bulk_create(lines)
    fault("payments.bill_before_telling")
    refs = tuple(application.ref for application in applications)
    record(BillOpened(code=bill.code, applications=refs, amount_idr=amount, due_at=due_at), actor=actor, now=now)
    for application in applications:
        _tell_bill(application, bill, BillStatus.OPEN if amount else BillStatus.EXEMPT, actor=actor, now=now)
        if not amount:
            ground = next(line.source for line in lines if line.application_id == application.pk)
            record(Exempted(application=application.ref, ground=ground, bill=bill.code), actor=actor, now=now)
    return bill


def lock(applications: Sequence[Application]) -> list[Application]:
    """Lock the rows, in the order of their keys; the objects given are kept, so that they stay current."""
    rows = sorted(applications, key=lambda application: application.pk)
    list(Application.objects.select_for_update().filter(pk__in=[row.pk for row in rows]).order_by("pk"))
    return rows


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
    return rules.make_code(day, number)


def _tell_bill(application: Application, bill: Bill, status: BillStatus, *, actor: str, now: datetime) -> None:
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
    changed = Bill.objects.filter(pk=bill.pk, status__in=(Status.OPEN, *also)).update(status=status, closed_at=now)
    bill.refresh_from_db()
    return bool(changed)


@transaction.atomic
def lapse_bill(bill: Bill, *, actor: str, now: datetime) -> Bill:
    """The deadline passed unpaid. Asked twice, does it once. Raises BillSettled when the money was faster."""
    applications = lock(bill.applications())
    if not _leave_open(bill, Status.LAPSED, now=now):
        if bill.is_paid:
            raise BillSettled()
        return bill
    for application in applications:
        record(BillLapsed(bill=bill.code, application=application.ref), actor=actor, now=now)
        if application.bill_code == bill.code:
            tell(application, actor=actor, now=now, bill_status=BillStatus.LAPSED)
    return bill


@transaction.atomic
def cancel_bill(bill: Bill, *, actor: str, now: datetime) -> Bill:
    """Nothing is to be paid on this bill any more. A paid one stays paid: the money is the treasury's."""
    applications = lock(bill.applications())
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
        if last is None or last.status != Status.LAPSED or last.purpose != Purpose.COUNTER or not last.is_wanted():
            raise NothingToRenew()
        days = policy.value("counter_bill_days", office=application.office_id or "", now=now)
        bill = open_bill(last.applications(), due_at=now + timedelta(days=days), actor=actor, now=now)
        return seen.remember(bill)
