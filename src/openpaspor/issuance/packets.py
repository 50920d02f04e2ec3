"""Approval packets: without one of the centre's, in force and for exactly this file, nothing is printed."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from openpaspor.applications.models import Application
from openpaspor.applications.personalisation import years_valid
from openpaspor.facts import decode
from openpaspor.facts.adjudication import APPROVAL_WITHDRAWN, PacketSigned
from openpaspor.kit.refused import Refused
from openpaspor.ledger import links
from openpaspor.ledger.follow import has_unread
from openpaspor.ledger.verify import proven

from .models import Packet

COPY = "issuance.note_packet"  # the follower that keeps them
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


def in_force(application: Application) -> Packet | None:
    """The packet for the application as it stands now; a spoiled booklet or a withdrawal leaves it without one."""
    packets = Packet.objects.filter(application=application, version=application.version, withdrawn_at=None)
    return packets.select_related("entry").first()


def with_one(applications: Iterable[Application]) -> dict[int, Packet]:
    """Of many applications (by primary key) the packet that is in force; those without one are left out."""
    versions = {application.pk: application.version for application in applications}
    found = Packet.objects.filter(application__in=versions, withdrawn_at=None)
    return {row.application_id: row for row in found if row.version == versions[row.application_id]}


def is_withdrawn(application: Application) -> bool:
    """True while the centre has withdrawn the approval under which the application was, or would be, printed."""
    if application.stop_order == APPROVAL_WITHDRAWN:
        return True
    last = Packet.objects.filter(application=application).order_by("number").last()
    return last is not None and last.withdrawn_at is not None


def refuse_withdrawn(application: Application) -> None:
    """Raise ApprovalWithdrawn, or WithdrawalsComing when the centre said something of this file that is not read yet."""
    if has_unread(COPY, application.ref):
        raise WithdrawalsComing()
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
    packet = in_force(application)
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
