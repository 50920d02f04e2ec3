"""A packet is kept and reserves a booklet; an approval that is withdrawn goes back and frees it again."""

from __future__ import annotations

from openpaspor.applications.followers import held_here, known_here
from openpaspor.applications.models import Application
from openpaspor.facts.adjudication import PacketSigned, Revoked
from openpaspor.facts.applications import Moved, StopOrdered
from openpaspor.facts.issuance import (
    HandedOver,
    Inspected,
    Printed,
    SerialAllotted,
    SerialFreed,
    Shelved,
    Spoiled,
    UncollectedEnded,
)
from openpaspor.journey import State
from openpaspor.kit.refused import Refused
from openpaspor.ledger.epochs import was_given_back
from openpaspor.ledger.follow import Later, copies, reacts
from openpaspor.ledger.models import Entry

from . import actions, packets
from .models import Booklet, BookletState, JobState, Packet, PrintJob

OfBooklet = SerialAllotted | SerialFreed | Printed | Shelved | HandedOver | Spoiled | UncollectedEnded


@copies(PacketSigned)
def note_packet(fact: PacketSigned, entry: Entry) -> None:
    application = Application.objects.filter(ref=fact.application).first()
    if application is None:
        raise Later(fact.application)
    kept = {"entry": entry, "version": fact.version}
    Packet.objects.get_or_create(application=application, number=fact.number, defaults=kept)


@copies(SerialAllotted, SerialFreed, Printed, Shelved, HandedOver, Spoiled, UncollectedEnded)
def know_booklet_again(fact: OfBooklet, entry: Entry) -> None:
    """What we said of a booklet after our backup was made: else it would lie in stock once more, and be given twice."""
    if not was_given_back(entry):
        return
    moment = entry.recorded_at
    booklet = (
        Booklet.objects.select_related("office").filter(serial=fact.serial, changed_at__lte=moment).first()
    )
    if booklet is None:
        return  # counted in after the backup too, or somebody has had it in hand since
    booklet.changed_at, booklet.rack, booklet.shelved_on = moment, "", None
    match fact:
        case SerialAllotted() | Printed():
            booklet.state = BookletState.PRINTED if isinstance(fact, Printed) else BookletState.ALLOTTED
            booklet.application = known_here(entry)
            if booklet.application is None:
                raise Later(fact.application)
        case SerialFreed():
            booklet.state, booklet.application = BookletState.STOCK, None
        case Shelved():
            booklet.state, booklet.rack = BookletState.PRINTED, fact.rack
            booklet.shelved_on = booklet.office.local(moment).date()
        case HandedOver():
            booklet.state = BookletState.ISSUED
        case Spoiled():
            booklet.state = fact.becomes
        case UncollectedEnded():
            booklet.state = BookletState.CANCELLED
    booklet.save()


@copies(Inspected)
def know_inspection_again(fact: Inspected, entry: Entry) -> None:
    """A page that was printed before our backup was made, and read back after it."""
    if was_given_back(entry) and not fact.wrong:
        jobs = PrintJob.objects.filter(booklet__serial=fact.serial, inspected_at=None)
        jobs.update(inspected_by=entry.actor, inspected_at=entry.recorded_at)


@reacts(PacketSigned, Moved, holder=held_here)
def allot_serial(application: Application, entry: Entry) -> None:
    """Reserve a booklet for what the packet allows. With none in stock a sweep tries again."""
    if application.state != State.APPROVED or application.serial or packets.for_version(application) is None:
        return
    try:
        actions.allot_serial(
            application,
            action_id=entry.action_id_for("issuance.allot_serial"),
            actor="worker",
            now=entry.recorded_at,
        )
    except Refused:
        return  # no stock, or the packet is not good for this file: the print queue shows which


@reacts(Revoked, StopOrdered, Moved, holder=held_here)
def obey_withdrawal(application: Application, entry: Entry) -> None:
    """The approval is withdrawn and nothing is printed: the file goes back to review."""
    if application.state != State.APPROVED or not packets.is_withdrawn(application):
        return
    if actions.unknown_job(application) is None:  # whoever resolves it obeys then
        actions.give_back(
            application,
            action_id=entry.action_id_for("issuance.obey_withdrawal"),
            actor="worker",
            now=entry.recorded_at,
        )


@reacts(Moved, holder=known_here)
def free_serial(application: Application, entry: Entry) -> None:
    """Back at the centre before printing, or beyond: somebody else may have the booklet."""
    reserved = Booklet.objects.of(application).filter(state=BookletState.ALLOTTED)
    if application.state in actions.NOT_APPROVED and reserved.exclude(job__state=JobState.SENT).exists():
        actions.free_serial(
            application,
            action_id=entry.action_id_for("issuance.free_serial"),
            actor="worker",
            now=entry.recorded_at,
        )
