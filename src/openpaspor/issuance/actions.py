"""The deeds of the print room: count in, allot, print, read back, shelve, hand over, write off."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from openpaspor import journey
from openpaspor.applications import dossier
from openpaspor.applications.actions import MoveRefused, Stopped, move, tell
from openpaspor.applications.answers import Answers
from openpaspor.applications.models import Application
from openpaspor.applications.personalisation import personalisation_of
from openpaspor.facts.adjudication import APPROVAL_WITHDRAWN, PacketSigned
from openpaspor.facts.issuance import (
    CollectReminder,
    HandedOver,
    Inspected,
    OldPassportCancelled,
    Printed,
    PrintResolved,
    PrintSent,
    SerialAllotted,
    SerialFreed,
    Shelved,
    SpoilDeclined,
    Spoiled,
    SpoilProposed,
    StockCounted,
    StockDropped,
    StockReceived,
    UncollectedEnded,
)
from openpaspor.journey import State
from openpaspor.kit.faults import fault
from openpaspor.kit.refused import Refused
from openpaspor.ledger import node
from openpaspor.ledger.once import once
from openpaspor.ledger.record import record
from openpaspor.offices import calendars, policy
from openpaspor.offices.models import Office
from openpaspor.offices.workdays import add_working_days

from . import mrz, packets, personalisation, rules
from .models import (
    BatchState,
    Booklet,
    BookletState,
    HandOver,
    JobState,
    PrintJob,
    ProposalState,
    Receiver,
    SpoilProposal,
    SpoilReason,
    StockBatch,
)
from .printers import printer

log = logging.getLogger("openpaspor.issuance")


class SamePerson(Refused):
    code = "same-person"
    message = _("You did the first half of this yourself. A second person has to do the other half.")


# Stock


class SerialsKnown(Refused):
    code = "serials-known"
    message = _("Booklets of this range were counted in before. A serial is received once, for ever.")


class CountDiffers(Refused):
    code = "count-differs"
    message = _("You counted another number than the first person. Count again together.")


class BatchDecided(Refused):
    code = "batch-decided"
    message = _("Somebody has already decided about this delivery.")


@transaction.atomic
def count_in(
    office: Office, kind: str, first: str, last: str, *, action_id: str, actor: str, now: datetime
) -> StockBatch:
    """The first count of a delivery. Nothing is in stock before a second person counted the same."""
    serials = rules.serial_range(first, last)
    with once(action_id, office.code, kind, serials.first, serials.last) as seen:
        if seen:
            return StockBatch.objects.get(pk=seen.answer)
        among = (serials.first, serials.last)
        waiting = StockBatch.objects.exclude(state=BatchState.DROPPED)
        if (
            Booklet.objects.filter(serial__range=among).exists()
            or waiting.filter(first__lte=serials.last, last__gte=serials.first).exists()
        ):
            raise SerialsKnown()
        batch = StockBatch.objects.create(
            office=office,
            kind=kind,
            first=serials.first,
            last=serials.last,
            count=serials.count,
            counted_by=actor,
            counted_at=now,
        )
        record(StockCounted(**_said_of(batch)), actor=actor, now=now)
        return seen.remember(batch)


def _said_of(batch: StockBatch) -> dict:
    return {
        "office": batch.office_id,
        "booklet": str(batch.kind),
        "first": batch.first,
        "last": batch.last,
        "count": batch.count,
    }


@transaction.atomic
def confirm_batch(
    batch: StockBatch, counted: int, *, action_id: str, actor: str, now: datetime
) -> StockBatch:
    """The second count. Equal, and by somebody else: the booklets are in stock.

    Raises SamePerson, CountDiffers, BatchDecided, SerialsKnown; then nothing has changed.
    """
    with once(action_id, batch.pk, counted) as seen:
        if seen:
            batch.refresh_from_db()
            return batch
        if batch.counted_by == actor:
            raise SamePerson()
        if batch.count != counted:
            raise CountDiffers()
        _decide(batch, BatchState.RECEIVED, actor=actor, now=now)
        fault("issuance.batch_before_booklets")
        _make_booklets(batch, now)
        record(StockReceived(**_said_of(batch), counted_by=batch.counted_by), actor=actor, now=now)
        return seen.remember(batch)


def _make_booklets(batch: StockBatch, now: datetime) -> None:
    try:
        with transaction.atomic():
            Booklet.objects.bulk_create(
                (
                    Booklet(serial=serial, kind=batch.kind, office=batch.office, batch=batch, changed_at=now)
                    for serial in batch.serials
                ),
                batch_size=500,
            )
    except IntegrityError as trouble:
        raise SerialsKnown() from trouble


@transaction.atomic
def drop_batch(batch: StockBatch, *, action_id: str, actor: str, now: datetime) -> StockBatch:
    """Give a count up, by whoever sees that it is wrong; it can be counted in again."""
    with once(action_id, batch.pk, "drop") as seen:
        if not seen:
            _decide(batch, BatchState.DROPPED, actor=actor, now=now)
            record(StockDropped(**_said_of(batch)), actor=actor, now=now)
            seen.remember(batch)
        return batch


def _decide(batch: StockBatch, state: BatchState, *, actor: str, now: datetime) -> None:
    changed = StockBatch.objects.filter(pk=batch.pk, state=BatchState.COUNTED).update(
        state=state, confirmed_by=actor, confirmed_at=now
    )
    if not changed:
        raise BatchDecided()
    batch.refresh_from_db()


# Allotting


class NoBooklet(Refused):
    code = "no-booklet"
    message = _("No booklet is reserved for this application yet. One is as soon as this kind is in stock.")


class NotWaiting(Refused):
    code = "not-waiting-for-a-booklet"
    message = _("This application does not wait for a booklet.")


@transaction.atomic
def allot_serial(application: Application, *, action_id: str, actor: str, now: datetime) -> Booklet:
    """Reserve the oldest booklet of the right kind at the application's office, once its packet is here.

    Raises NoBooklet while there is none in stock (and remembers nothing, so that it can be asked again), what
    `packets.verified` raises, or NotWaiting.
    """
    with once(action_id, application.ref) as seen:
        if seen:
            return Booklet.objects.get(pk=seen.answer)
        _lock(application)
        if application.state != State.APPROVED or application.serial:
            raise NotWaiting()
        booklet = _allot(application, packets.verified(application), actor=actor, now=now)
        if booklet is None:
            raise NoBooklet()
        return seen.remember(booklet)


def _lock(application: Application) -> None:
    """Hold the application's row, and know it as it is now."""
    Application.objects.select_for_update().get(pk=application.pk)
    application.refresh_from_db()


def _allot(application: Application, packet: PacketSigned, *, actor: str, now: datetime) -> Booklet | None:
    """Claim a booklet for a locked application. Two that reach for the same one: the second takes the next."""
    while candidates := list(Booklet.objects.in_stock(application.office_id or "", application.booklet)[:10]):
        for booklet in candidates:
            if _claim(booklet, application, now):
                tell(application, actor=actor, now=now, serial=booklet.serial)
                fault("issuance.after_allot")
                allotted = SerialAllotted(
                    application=application.ref,
                    serial=booklet.serial,
                    personalisation=packet.personalisation,
                )
                record(allotted, actor=actor, now=now)
                return booklet
    return None


def _claim(booklet: Booklet, application: Application, now: datetime) -> bool:
    claimed = Booklet.objects.filter(pk=booklet.pk, state=BookletState.STOCK).update(
        state=BookletState.ALLOTTED, application=application, changed_at=now
    )
    booklet.refresh_from_db()
    return bool(claimed)


# Where an approval that was withdrawn may have gone by the time we hear of it
NOT_APPROVED = (State.REVIEW, State.ASKED, State.ENROLLED, State.REFUSED, State.DEFERRED, State.EXPIRED)


@transaction.atomic
def free_serial(application: Application, *, action_id: str, actor: str, now: datetime) -> None:
    """The approval was withdrawn: the reserved booklet goes back to stock."""
    with once(action_id, application.ref) as seen:
        if seen:
            return
        _lock(application)
        if application.state not in NOT_APPROVED:
            return
        booklet = Booklet.objects.of(application).filter(state=BookletState.ALLOTTED).first()
        if booklet is not None:
            _change(booklet, BookletState.ALLOTTED, now, state=BookletState.STOCK, application=None)
            tell(application, actor=actor, now=now, serial="")
            record(SerialFreed(application=application.ref, serial=booklet.serial), actor=actor, now=now)
        seen.remember(None)


@transaction.atomic
def give_back(application: Application, *, action_id: str, actor: str, now: datetime) -> None:
    """The centre withdrew the approval and nothing is printed: back to review. The booklet follows (`free_serial`).

    Raises PrintUnknown while the printer may have the page.
    """
    with once(action_id, application.ref) as seen:
        if seen:
            return
        _lock(application)
        if application.state == State.APPROVED and packets.is_withdrawn(application):
            _refuse_while_unknown(application)
            move(application, journey.REVOKE, actor=actor, now=now, reason=APPROVAL_WITHDRAWN)
            fault("issuance.after_give_back")
        seen.remember(None)


class BookletMovedOn(Refused):
    code = "booklet-moved-on"
    message = _("This booklet is no longer where you saw it. Open the page again.")


def _change(booklet: Booklet, origin: str, now: datetime, **columns: object) -> None:
    """Compare-and-set on a booklet's state, or BookletMovedOn."""
    changed = Booklet.objects.filter(pk=booklet.pk, state=origin).update(changed_at=now, **columns)
    if not changed:
        raise BookletMovedOn()
    booklet.refresh_from_db()


# Printing


class NotApproved(Refused):
    code = "not-approved"
    message = _("This application is not approved for printing now.")


class NotPaid(Refused):
    code = "not-paid"
    message = _("This application is neither paid nor exempt. It is printed as soon as the money is counted.")


class WrongBooklet(Refused):
    code = "wrong-booklet"
    message = _("Stop. This book does not belong to this file.")


class DataChanged(Refused):
    code = "data-changed"
    message = _("The file is not what was approved any more. Do not print; tell the centre.")


class PrintUnknown(Refused):
    code = "print-unknown"
    message = _(
        "It is not known whether the printer printed this page. Look at the booklet and say what you see."
    )


class PrintKnown(Refused):
    code = "print-known"
    message = _("What became of this page is known already. Open the file again.")


class NothingPrinted(Refused):
    code = "nothing-printed"
    message = _("Nothing was printed. Scan the booklet and print again.")


class SpoilWaits(Refused):
    code = "spoil-waits"
    message = _("Somebody wants this booklet written off. A second person has to decide that first.")


def _insist_on_printable(application: Application) -> None:
    has_packet = packets.for_version(application) is not None
    match rules.print_obstacle(application, has_packet=has_packet):
        case "stop-order":
            raise Stopped()
        case "not-approved":
            raise NotApproved(state=application.state)
        case "no-packet":
            raise packets.NoPacket()
        case "not-paid" | "matching":
            raise NotPaid()
        case "no-booklet":
            packets.verified(application)  # one that is not good reserves no booklet
            raise NoBooklet()


def check_booklet(application: Application, scanned: str) -> Booklet:
    """The booklet in the hand, if it is the reserved one. Raises WrongBooklet, NoBooklet, SpoilWaits, SerialInvalid."""
    serial = rules.read_serial(scanned)
    booklet = Booklet.objects.of(application).first()
    if booklet is None:
        raise NoBooklet()
    if booklet.serial != serial:
        raise WrongBooklet()
    _refuse_while_spoil_waits(booklet)
    return booklet


def print_booklet(
    application: Application, scanned: str, *, action_id: str, actor: str, now: datetime
) -> PrintJob:
    """Verify the packet, note that a page goes to the printer, print it, and say so.

    Nothing is printed without the centre's packet and a paid or exempt bill, into another booklet than the reserved one,
    or when the file differs from what was approved (NotApproved, NotPaid, Stopped, NoBooklet, WrongBooklet, DataChanged,
    PrintUnknown, and what `packets` raises). PrinterOut: nothing was printed, and it can be tried again. A crash after
    the note leaves a job of state SENT, which `resolve_print` ends. Asked twice with the same `action_id` it sends
    nothing twice: the job comes back as it stands.
    """
    job, page = _note_job(application, scanned, action_id=action_id, actor=actor, now=now)
    if page is None:
        if job.state == JobState.VOID:
            raise NothingPrinted()
        return job
    fault("issuance.before_printer")
    try:
        printer().take(str(job.pk), job.booklet.serial, page, now=now)
    except Refused:
        _end_job(job, JobState.VOID, actor=actor, now=now)
        raise
    except Exception as trouble:  # noqa: BLE001 - whatever it was, only a person can see what came out
        log.exception("the printer failed over job %s", job.pk)
        raise PrintUnknown() from trouble
    fault("issuance.after_printer")
    _end_job(job, JobState.PRINTED, actor=actor, now=now)
    application.refresh_from_db()
    return job


@transaction.atomic
def _note_job(
    application: Application, scanned: str, *, action_id: str, actor: str, now: datetime
) -> tuple[PrintJob, bytes | None]:
    """All that must hold before a page is printed, and a job that says it goes to the printer now. No page: a repeat."""
    with once(action_id, application.ref, scanned) as seen:
        if seen:
            return PrintJob.objects.get(pk=seen.answer), None
        _lock(application)
        _refuse_while_unknown(application)
        packets.wait_for_withdrawals()
        packets.refuse_withdrawn(application)
        _insist_on_printable(application)
        packet = packets.verified(application)
        booklet = check_booklet(application, scanned)
        answers = dossier.open_answers(application, actor="worker", why="print", now=now)
        if personalisation_of(application, answers).token() != packet.personalisation:
            raise DataChanged()
        job = _new_job(application, booklet, packet, actor=actor, now=now)
        page = personalisation.page_of(job, answers)
        job.save()
        sent = PrintSent(
            application=application.ref,
            serial=booklet.serial,
            job=job.pk,
            packet=packet.number,
            personalisation=packet.personalisation,
        )
        record(sent, actor=actor, now=now)
        return seen.remember(job), page


@transaction.atomic
def _end_job(job: PrintJob, state: JobState, *, actor: str, now: datetime) -> None:
    """It is known what the printer did. Raises PrintKnown when somebody said so before."""
    application = job.application
    _lock(application)
    if not PrintJob.objects.filter(pk=job.pk, state=JobState.SENT).update(state=state):
        raise PrintKnown()
    job.refresh_from_db()
    if state == JobState.VOID:
        _say_resolved(job, "nothing", actor=actor, now=now)
        return
    move(application, journey.PRINT, actor=actor, now=now)
    fault("issuance.print_after_move")
    _change(job.booklet, BookletState.ALLOTTED, now, state=BookletState.PRINTED)
    fault("issuance.print_before_fact")
    printed = Printed(
        application=application.ref,
        serial=job.booklet.serial,
        personalisation=job.personalisation,
        issued_on=job.issued_on,
        expires_on=job.expires_on,
        job=job.pk,
        packet=job.packet,
    )
    record(printed, actor=actor, now=now)


def _say_resolved(job: PrintJob, outcome: str, *, actor: str, now: datetime) -> None:
    resolved = PrintResolved(
        application=job.application.ref, serial=job.booklet.serial, job=job.pk, outcome=outcome
    )
    record(resolved, actor=actor, now=now)


@transaction.atomic
def resolve_print(job: PrintJob, *, printed: bool, action_id: str, actor: str, now: datetime) -> PrintJob:
    """A person looked at the booklet, because nobody knew whether the printer had printed. Raises PrintKnown.

    Printed: the booklet goes on to the inspection. Nothing: it may be printed again, unless the approval was withdrawn.
    """
    with once(action_id, job.pk, printed) as seen:
        if seen:
            job.refresh_from_db()
            return job
        fault("issuance.before_resolve")
        if printed:
            _say_resolved(job, "printed", actor=actor, now=now)
        _end_job(job, JobState.PRINTED if printed else JobState.VOID, actor=actor, now=now)
        PrintJob.objects.filter(pk=job.pk).update(resolved_by=actor, resolved_at=now)
        job.refresh_from_db()
        if not printed:
            give_back(job.application, action_id=f"{action_id}:give-back", actor=actor, now=now)
        return seen.remember(job)


def unknown_job(application: Application) -> PrintJob | None:
    """The job of which nobody knows whether the printer printed it."""
    jobs = PrintJob.objects.filter(application=application, state=JobState.SENT)
    return jobs.select_related("booklet", "application__office").first()


def _refuse_while_unknown(application: Application) -> None:
    if unknown_job(application):
        raise PrintUnknown()


def _new_job(
    application: Application, booklet: Booklet, packet: PacketSigned, *, actor: str, now: datetime
) -> PrintJob:
    issued = _today(application, now)
    return PrintJob(
        booklet=booklet,
        application=application,
        state=JobState.SENT,
        packet=packet.number,
        personalisation=packet.personalisation,
        issued_on=issued,
        expires_on=rules.expiry(issued, packet.years),
        printed_by=actor,
        printed_at=now,
    )


def _today(application: Application, now: datetime) -> date:
    """The day it is at the application's office."""
    assert application.office
    return application.office.local(now).date()


# Reading back, and the shelf


class ReadBackDiffers(Refused):
    code = "read-back-differs"
    message = _("The booklet does not say what was approved. Keep it here and report what is wrong.")


class ShelfFull(Refused):
    code = "shelf-full"
    message = _("Every place on the shelf is taken. Cancel what was not collected, or add a rack.")


class NotPrinted(Refused):
    code = "not-printed"
    message = _("This application has no printed booklet that waits for inspection.")


def job_of(application: Application) -> PrintJob | None:
    """The print job of the booklet that belongs to the application now."""
    jobs = PrintJob.objects.filter(
        application=application, booklet__application=application, state=JobState.PRINTED
    )
    live = jobs.filter(booklet__state__in=(BookletState.PRINTED, BookletState.ISSUED))
    return live.select_related("booklet", "application__office").first()


@transaction.atomic
def pass_inspection(
    application: Application, lines: tuple[str, str], *, action_id: str, actor: str, now: datetime
) -> Booklet:
    """The booklet was read back, and photo, data, chip and cover are right: put it on the shelf.

    Raises ReadBackDiffers with `details["faults"]`, NotPrinted, SpoilWaits, ApprovalWithdrawn, Stopped.
    """
    with once(action_id, application.ref) as seen:
        if seen:
            return Booklet.objects.get(pk=seen.answer)
        _lock(application)
        job = job_of(application)
        if application.state != State.PRINTED or job is None:
            raise NotPrinted(state=application.state)
        packets.refuse_withdrawn(application)
        check_booklet(application, job.booklet.serial)
        answers = dossier.open_answers(application, actor="worker", why="inspect", now=now)
        faults = mrz.differences(personalisation.lines_of_job(job, answers), *lines)
        if faults:
            raise ReadBackDiffers(faults=faults)
        move(application, journey.PASS_INSPECTION, actor=actor, now=now)
        fault("issuance.inspect_after_move")
        PrintJob.objects.filter(pk=job.pk).update(inspected_by=actor, inspected_at=now)
        record(Inspected(application=application.ref, serial=job.booklet.serial), actor=actor, now=now)
        _shelve(application, job.booklet, actor=actor, now=now)
        return seen.remember(job.booklet)


def _shelve(application: Application, booklet: Booklet, *, actor: str, now: datetime) -> None:
    today = _today(application, now)
    days = policy.value("collect_days", office=application.office_id or "", now=now)
    collect_by = today + timedelta(days=days)
    rack = _take_place(booklet, today, now)
    fault("issuance.shelf_before_tell")
    tell(application, actor=actor, now=now, shelf=rack, collect_by=collect_by)
    shelved = Shelved(application=application.ref, serial=booklet.serial, rack=rack, collect_by=collect_by)
    record(shelved, actor=actor, now=now)


def _take_place(booklet: Booklet, today: date, now: datetime) -> str:
    """The first free place. Two that reach for the same one: the second takes the next."""
    while True:
        taken = Booklet.objects.filter(office=booklet.office).exclude(rack="")
        rack = rules.next_rack(booklet.kind, set(taken.values_list("rack", flat=True)))
        if not rack:
            raise ShelfFull()
        try:
            with transaction.atomic():
                _change(booklet, BookletState.PRINTED, now, rack=rack, shelved_on=today, reminded=0)
        except IntegrityError:
            continue
        return rack


# Writing off


class NotSpoilable(Refused):
    code = "not-spoilable"
    message = _("This booklet cannot be written off now: it is %(state)s.")


class NotWithdrawn(Refused):
    code = "not-withdrawn"
    message = _("The approval of this passport stands. Nothing is to be cancelled.")


class SpoilAsked(Refused):
    code = "spoil-asked"
    message = _("Somebody asked for this already. A second person has to decide.")


class SpoilDecided(Refused):
    code = "spoil-decided"
    message = _("Somebody has already decided about this booklet.")


def _insist_on_spoilable(booklet: Booklet) -> None:
    """In stock, reserved, or printed: before the inspection and on the shelf."""
    if booklet.state not in (BookletState.STOCK, BookletState.ALLOTTED, BookletState.PRINTED):
        raise NotSpoilable(state=booklet.get_state_display())


def _insist_on_withdrawn(booklet: Booklet) -> None:
    application = booklet.application
    if application is None or booklet.state != BookletState.PRINTED or not packets.is_withdrawn(application):
        raise NotWithdrawn()


@transaction.atomic
def propose_spoil(
    booklet: Booklet,
    reason: SpoilReason | str,
    *,
    action_id: str,
    actor: str,
    now: datetime,
    wrong: tuple[str, ...] = (),
) -> SpoilProposal:
    """Ask that a booklet be written off. `wrong` says what the inspection found. A second person decides."""
    with once(action_id, booklet.serial, str(reason), sorted(wrong)) as seen:
        if seen:
            return SpoilProposal.objects.get(pk=seen.answer)
        if booklet.application:
            _lock(booklet.application)
            _refuse_while_unknown(booklet.application)
        booklet.refresh_from_db()
        _insist_on_spoilable(booklet)
        if reason == SpoilReason.WITHDRAWN:
            _insist_on_withdrawn(booklet)
        try:
            with transaction.atomic():
                proposal = SpoilProposal.objects.create(
                    booklet=booklet, reason=str(reason), proposed_by=actor, proposed_at=now
                )
        except IntegrityError as trouble:
            raise SpoilAsked() from trouble
        ref = booklet.application.ref if booklet.application else ""
        if wrong and booklet.state == BookletState.PRINTED:
            record(Inspected(application=ref, serial=booklet.serial, wrong=wrong), actor=actor, now=now)
        proposed = SpoilProposed(
            serial=booklet.serial, reason=str(reason), becomes=str(proposal.becomes), application=ref
        )
        record(proposed, actor=actor, now=now)
        return seen.remember(proposal)


@transaction.atomic
def decide_spoil(
    proposal: SpoilProposal, *, agreed: bool, action_id: str, actor: str, now: datetime
) -> SpoilProposal:
    """A second person agrees or declines. Agreed: the booklet is written off for ever.

    A file whose reserved booklet was blank gets another one at once. One that was printed already waits for the next
    packet of the centre, since a packet is good for one booklet; if its approval is withdrawn it goes back to review.
    Raises SamePerson, SpoilDecided, NotSpoilable, PrintUnknown.
    """
    with once(action_id, proposal.pk, agreed) as seen:
        if seen:
            proposal.refresh_from_db()
            return proposal
        booklet = Booklet.objects.select_related("application__office").get(pk=proposal.booklet_id)
        if booklet.application:
            _lock(booklet.application)
        if agreed and proposal.proposed_by == actor:
            raise SamePerson()
        state = ProposalState.AGREED if agreed else ProposalState.DECLINED
        changed = SpoilProposal.objects.filter(pk=proposal.pk, state=ProposalState.OPEN).update(
            state=state, decided_by=actor, decided_at=now
        )
        if not changed:
            raise SpoilDecided()
        proposal.refresh_from_db()
        if agreed:
            _write_off(booklet, proposal, actor=actor, now=now)
        else:
            ref = booklet.application.ref if booklet.application else ""
            record(SpoilDeclined(serial=booklet.serial, application=ref), actor=actor, now=now)
        return seen.remember(proposal)


def _write_off(booklet: Booklet, proposal: SpoilProposal, *, actor: str, now: datetime) -> None:
    _insist_on_spoilable(booklet)
    application = booklet.application
    if application is not None:
        _refuse_while_unknown(application)
    if application is not None and booklet.state == BookletState.PRINTED:
        was_ready = application.state == State.READY
        move(application, journey.SPOIL, actor=actor, now=now, reason=proposal.reason)
        if was_ready:
            again = _promise_again(application, now)
            tell(application, actor=actor, now=now, shelf="", collect_by=None, promised_on=again)
    fault("issuance.spoil_after_move")
    _change(booklet, booklet.state, now, state=proposal.becomes, rack="", shelved_on=None)
    spoiled = Spoiled(
        serial=booklet.serial,
        reason=proposal.reason,
        becomes=str(proposal.becomes),
        proposed_by=proposal.proposed_by,
        application=application.ref if application else "",
    )
    record(spoiled, actor=actor, now=now)
    if application is not None:
        tell(application, actor=actor, now=now, serial="")
        if packets.for_version(application) is not None and not packets.is_withdrawn(application):
            _allot(application, packets.verified(application), actor=actor, now=now)


def _promise_again(application: Application, now: datetime) -> date:
    """Working days from today, as after an interview: the day on which another booklet is ready."""
    assert application.office
    today = _today(application, now)
    days = policy.value("promised_working_days", office=application.office.code, now=now)
    closed = calendars.closed_days(application.office, today, today + timedelta(days=10 * days + 30))
    return add_working_days(today, days, closed)


def _refuse_while_spoil_waits(booklet: Booklet) -> None:
    if booklet.proposals.filter(state=ProposalState.OPEN).exists():  # type: ignore[attr-defined]
        raise SpoilWaits()


# Handing over


class NotTheHolder(Refused):
    code = "not-the-holder"
    message = _("We can only hand this passport to its holder or a registered representative.")


class IdentityNotSeen(Refused):
    code = "identity-not-seen"
    message = _("Compare the identity card first: read its NIK, or tick that card, photo and person agree.")
    status = 422


class OldPassportMissing(Refused):
    code = "old-passport-missing"
    message = _("The old passport has to be cancelled first. Scan it, cut its corner, then hand over.")
    status = 422


class NotSigned(Refused):
    code = "not-signed"
    message = _("The receipt is not signed yet.")
    status = 422


class NotReady(Refused):
    code = "not-ready"
    message = _("This passport does not lie on the shelf.")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What somebody who comes to collect has shown and signed."""

    to: str = Receiver.HOLDER
    nik: str = ""  # of the card, typed or scanned; empty when only looked at
    card_agrees: bool = False
    old_number: str = ""  # of the old passport that is cancelled now
    signed: bool = False


@transaction.atomic
def hand_over(
    application: Application, shown: Shown, *, action_id: str, actor: str, now: datetime
) -> HandOver:
    """Give the passport to its holder and cancel the old one.

    Raises NotTheHolder, IdentityNotSeen, OldPassportMissing, NotSigned, NotReady, SpoilWaits, ApprovalWithdrawn, Stopped;
    then nothing has changed.
    """
    with once(action_id, application.ref, str(shown.to)) as seen:
        if seen:
            return HandOver.objects.get(pk=seen.answer)
        _lock(application)
        packets.refuse_withdrawn(application)
        if application.stop_order:
            raise Stopped()
        booklet = Booklet.objects.of(application).exclude(rack="").first()
        if application.state != State.READY or booklet is None:
            raise NotReady(state=application.state)
        _refuse_while_spoil_waits(booklet)
        answers = dossier.open_answers(application, actor="worker", why="handover", now=now)
        _insist_on_receiver(application, answers, shown)
        old = rules.old_passport(application.kind, had_one=bool(answers.old_number))
        if old == "show" and not shown.old_number:
            raise OldPassportMissing()
        if not shown.signed:
            raise NotSigned()
        move(application, journey.COLLECT, actor=actor, now=now)
        fault("issuance.handover_after_move")
        _change(booklet, BookletState.PRINTED, now, state=BookletState.ISSUED, rack="")
        number_key = _number_key(shown.old_number or (answers.old_number if old else ""))
        handed = HandOver.objects.create(
            application=application,
            booklet=booklet,
            to=shown.to,
            nik_compared=bool(shown.nik),
            old_number_key=number_key,
            handed_by=actor,
            handed_at=now,
        )
        tell(application, actor=actor, now=now, shelf="")
        fault("issuance.handover_before_facts")
        if old:
            why = "declared-lost" if old == "declared-lost" else "replaced"
            gone = OldPassportCancelled(application=application.ref, why=why, number_key=number_key)
            record(gone, actor=actor, now=now)
        record(
            HandedOver(application=application.ref, serial=booklet.serial, to=str(shown.to)),
            actor=actor,
            now=now,
        )
        return seen.remember(handed)


def _number_key(number: str) -> str:
    return node.here().keys.token("passport", number.upper()) if number else ""


def _insist_on_receiver(application: Application, answers: Answers, shown: Shown) -> None:
    """The holder, or a parent of a child; by the NIK of the card, or by looking at it."""
    parents = [nik for nik in (answers.father_nik, answers.mother_nik) if nik]
    if shown.to == Receiver.PARENT and application.kind != "child":
        raise NotTheHolder()
    allowed = parents if shown.to == Receiver.PARENT else [answers.nik]
    if shown.nik and shown.nik not in allowed:
        raise NotTheHolder()
    if not shown.nik and not shown.card_agrees:
        raise IdentityNotSeen()


# Waiting on the shelf


@transaction.atomic
def remind(
    booklet: Booklet, day: int, *, action_id: str, actor: str, now: datetime, asked: bool = False
) -> bool:
    """Say that the holder is to be reminded; one of two at once says it. `asked` by a person, beside the calendar."""
    application = booklet.application
    assert application and application.collect_by
    with once(action_id, booklet.serial, day, asked) as seen:
        if seen:
            return False
        if application.stop_order:
            raise Stopped()
        if application.state != State.READY:
            raise NotReady(state=application.state)
        _refuse_while_spoil_waits(booklet)
        if not asked:
            fresh = Booklet.objects.filter(pk=booklet.pk, reminded__lt=day).exclude(rack="")
            if not fresh.update(reminded=day):
                return False
        reminder = CollectReminder(
            application=application.ref, day=day, collect_by=application.collect_by, asked=asked
        )
        record(reminder, actor=actor, now=now)
        seen.remember(day)
        return True


@transaction.atomic
def end_uncollected(application: Application, *, action_id: str, actor: str, now: datetime) -> Booklet:
    """Nobody came in time (Permenkumham 8/2014 art. 30): the booklet is cancelled and its place is free.

    Raises NotReady, SpoilWaits, Stopped, MoveRefused (too early, or collected meanwhile).
    """
    with once(action_id, application.ref) as seen:
        if seen:
            return Booklet.objects.get(pk=seen.answer)
        _lock(application)
        booklet = Booklet.objects.of(application).exclude(rack="").first()
        if booklet is None:
            raise NotReady(state=application.state)
        _refuse_while_spoil_waits(booklet)
        if not application.collect_by or _today(application, now) <= application.collect_by:
            raise MoveRefused(state=application.state)
        move(application, journey.END_UNCOLLECTED, actor=actor, now=now, reason="not-collected")
        fault("issuance.uncollected_after_move")
        _change(booklet, BookletState.PRINTED, now, state=BookletState.CANCELLED, rack="")
        tell(application, actor=actor, now=now, shelf="")
        record(UncollectedEnded(application=application.ref, serial=booklet.serial), actor=actor, now=now)
        return seen.remember(booklet)
