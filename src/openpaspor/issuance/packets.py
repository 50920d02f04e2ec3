"""Approval packets: without one of the centre's, in force and for exactly this file, nothing is printed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from openpaspor.applications.models import Application
from openpaspor.applications.personalisation import years_valid
from openpaspor.facts import decode
from openpaspor.facts.adjudication import APPROVAL_WITHDRAWN, PacketSigned, Revoked, WithdrawalLifted
from openpaspor.kit.refused import Refused
from openpaspor.ledger import links
from openpaspor.ledger.models import Entry
from openpaspor.ledger.verify import proven

from .models import Packet

SIGNERS = ("centre", "everything")


class NoPacket(Refused):
    code = "no-packet"
    message = _(
        "This file waits for its packet from the centre. It can be printed as soon as the packet is here."
    )


class PacketForged(Refused):
    code = "packet-not-from-the-centre"
    message = _("The packet of this file was not signed by the centre. Do not print; tell the centre.")


class PacketElsewhere(Refused):
    code = "packet-of-another-office"
    message = _("The centre gave the packet of this file to another office. It cannot be printed here.")


class PacketDiffers(Refused):
    code = "packet-differs"
    message = _(
        "The packet is for another kind of booklet or another number of years. Do not print; tell the centre."
    )


class ApprovalWithdrawn(Refused):
    code = "approval-withdrawn"
    message = _(
        "The centre has withdrawn this approval. Print nothing and hand nothing over; keep the booklet here."
    )


class WithdrawalsComing(Refused):
    code = "withdrawals-coming"
    message = _("The line is back, and withdrawals are being fetched from the centre. Try again in a moment.")
    status = 503


def for_version(application: Application) -> Packet | None:
    """The packet for the application as it stands now; after a spoiled booklet there is none until the next one comes."""
    packets = Packet.objects.filter(application=application, version=application.version)
    return packets.select_related("entry").first()


def with_one(applications: Iterable[Application]) -> set[int]:
    """Of many applications those (by primary key) that have a packet for the version at which they stand."""
    versions = {application.pk: application.version for application in applications}
    found = Packet.objects.filter(application__in=versions).values_list("application", "version")
    return {pk for pk, version in found if version == versions[pk]}


def withdrawals(applications: Iterable[Application]) -> dict[str, datetime]:
    """Of many applications (by reference) when the centre withdrew the packet they have, while it has not lifted that.

    Read from the log itself and not from a copy of it, so that a withdrawal counts from the moment at which it came.
    """
    rows = {application.ref: application for application in applications}
    newest: dict[str, Entry] = {}
    kinds = (Revoked.name, WithdrawalLifted.name)
    for entry in Entry.objects.standing().filter(application__in=rows, kind__in=kinds):
        newest[entry.application] = entry
    if not newest:
        return {}
    of_these = Packet.objects.filter(application__ref__in=newest)
    last = dict(of_these.values_list("application__ref").annotate(last=Max("number")))
    return {
        ref: entry.recorded_at
        for ref, entry in newest.items()
        if entry.kind == Revoked.name and 0 < last.get(ref, 0) <= entry.values.get("packet", 0)
    }


def is_withdrawn(application: Application) -> bool:
    """True while the centre has withdrawn the approval under which the application was, or would be, printed."""
    return application.stop_order == APPROVAL_WITHDRAWN or bool(withdrawals([application]))


def refuse_withdrawn(application: Application) -> None:
    """Raise ApprovalWithdrawn."""
    if is_withdrawn(application):
        raise ApprovalWithdrawn()


def wait_for_withdrawals() -> None:
    """Raise WithdrawalsComing while the line to the centre is back and its news is not all here; not while it is cut."""
    if links.is_catching_up("centre"):
        raise WithdrawalsComing()


def verified(application: Application) -> PacketSigned:
    """What the centre signed for this file, checked with no line: signer, office, version, kind and years.

    Raises NoPacket, PacketForged, PacketElsewhere, PacketDiffers. Whoever prints compares the personalisation too.
    """
    packet = for_version(application)
    if packet is None:
        raise NoPacket()
    said = proven(packet.entry, *SIGNERS)
    if said is None or said["kind"] != PacketSigned.name:
        raise PacketForged()
    words = decode(said["kind"], said["fact"])
    assert isinstance(words, PacketSigned)
    if (words.application, words.version) != (application.ref, application.version):
        raise PacketForged()
    if words.office != application.office_id:
        raise PacketElsewhere()
    years = years_valid(application.kind, application.years)
    if (words.booklet, words.years) != (application.booklet, years):
        raise PacketDiffers()
    return words
