"""Who may sign visit passes: a portal for every office, an office for itself. Keys are those on the list of nodes.

A seal names its key by the first six hex digits of the SHA-256 of the public point, so that it is found among the
records of all nodes and epochs without asking anybody. Two keys with the same six digits only cost a second try.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime

from openpaspor.kit import visit_pass
from openpaspor.kit.vds import Scanned

from . import node
from .keys import verify_seal
from .models import NodeRecord

FOR_ALL = ("portal", "everything")
FOR_ITSELF = ("office",)
DIGITS = 6


def certificate_of(public: bytes) -> str:
    """By what a seal names the key with this public point."""
    return hashlib.sha256(public).hexdigest()[:DIGITS].upper()


def check(scanned: Scanned, *, now: datetime) -> NodeRecord:
    """The node that signed. Raises UnknownCertificate, InvalidSignature or RevokedCertificate."""
    seal = scanned.seal
    named = [(row, key) for row, key in _known() if certificate_of(key) == seal.certificate]
    if seal.signer != visit_pass.SIGNER or not named:
        raise visit_pass.UnknownCertificate()
    good = [row for row, key in named if verify_seal(key, scanned.signature, scanned.body)]
    if not good:
        raise visit_pass.InvalidSignature()
    standing = [row for row in good if row.revoked_at is None or row.revoked_at > now]
    if not standing:
        raise visit_pass.RevokedCertificate()
    return standing[-1]


def may_sign_for(signer: NodeRecord, office: str) -> bool:
    """Whether passes for this office are its to give out."""
    return signer.role in FOR_ALL or (signer.role in FOR_ITSELF and office in signer.offices)


def _known() -> Iterator[tuple[NodeRecord, bytes]]:
    """Every record with its key for seals, the newest last; ourselves by our own key file."""
    us = node.here()
    for row in NodeRecord.objects.exclude(seal_public="").order_by("epoch", "pk"):
        if (row.node, row.epoch) != (us.name, us.epoch):
            yield row, bytes.fromhex(row.seal_public)
    if us.signs_passes:
        known = NodeRecord.objects.filter(node=us.name, epoch=us.epoch).first()
        ours = known or NodeRecord(node=us.name, epoch=us.epoch, role=us.role, offices=list(us.offices))
        yield ours, us.keys.seal_public
