"""A packet is kept and reserves a booklet; an approval that is withdrawn goes back and frees it again."""

from __future__ import annotations

from openpaspor.applications.followers import held_here, known_here
from openpaspor.applications.models import Application
from openpaspor.facts import Fact
from openpaspor.facts.adjudication import PacketSigned, Revoked, WithdrawalLifted
from openpaspor.facts.applications import Moved, StopLifted, StopOrdered
from openpaspor.journey import State
from openpaspor.kit.refused import Refused
from openpaspor.ledger.follow import Later, copies, reacts
from openpaspor.ledger.models import Entry

from . import actions, packets
from .models import Booklet, BookletState, JobState, Packet


@copies(PacketSigned, Revoked, WithdrawalLifted)
def note_packet(fact: Fact, entry: Entry) -> None:
    """Keep packets, and which of them are withdrawn. A withdrawal waits for the packet it names."""
    application = Application.objects.filter(ref=entry.application).first()
    if application is None:
        raise Later(entry.application)
    if isinstance(fact, PacketSigned):
        kept = {"entry": entry, "version": fact.version}
        Packet.objects.get_or_create(application=application, number=fact.number, defaults=kept)
        return
    assert isinstance(fact, Revoked | WithdrawalLifted)
    known = Packet.objects.filter(application=application)
    if fact.packet and not known.filter(number=fact.packet).exists():
        raise Later(entry.application)
    withdrawn_at = entry.recorded_at if isinstance(fact, Revoked) else None
    known.filter(number__lte=fact.packet).update(withdrawn_at=withdrawn_at)


@reacts(PacketSigned, Moved, holder=held_here)
def allot_serial(application: Application, entry: Entry) -> None:
    """Reserve a booklet for what the packet allows. With none in stock a sweep tries again."""
    if application.state != State.APPROVED or application.serial or packets.in_force(application) is None:
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


@reacts(Revoked, StopOrdered, StopLifted, Moved, holder=held_here)
def obey_withdrawal(application: Application, entry: Entry) -> None:
    """The approval is withdrawn and nothing is printed: the file goes back to review."""
    waits = actions.unknown_job(application) is not None  # whoever resolves it obeys then
    if application.state == State.APPROVED and packets.is_withdrawn(application) and not waits:
        actions.give_back(
            application,
            action_id=entry.action_id_for("issuance.obey_withdrawal"),
            actor="worker",
            now=entry.recorded_at,
        )


@reacts(Moved, holder=known_here)
def free_serial(application: Application, entry: Entry) -> None:
    """Back at the centre before printing: somebody else may have the booklet."""
    reserved = Booklet.objects.of(application).filter(state=BookletState.ALLOTTED)
    if application.state == State.REVIEW and reserved.exclude(job__state=JobState.SENT).exists():
        actions.free_serial(
            application,
            action_id=entry.action_id_for("issuance.free_serial"),
            actor="worker",
            now=entry.recorded_at,
        )
