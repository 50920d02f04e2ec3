"""The signed list of nodes, as every node keeps it; and doubts that a person decided elsewhere."""

from __future__ import annotations

from openpaspor.facts.ledger import DoubtDecided, NodeListed, NodeRevoked

from . import node
from .conflicts import set_aside
from .follow import copies
from .models import Conflict, Entry, NodeRecord

KEYS = ("sign_public", "box_public", "wire_public", "seal_public")
MAY_LIST = ("centre", "everything")


@copies(NodeListed)
def note_node(fact: NodeListed, entry: Entry) -> None:
    """Learn of a node, or of its new address. Keys that were pinned once are never overwritten."""
    if not _by_the_centre(entry):
        return
    row, made = NodeRecord.objects.get_or_create(
        node=fact.node, epoch=fact.epoch, defaults=record_of(fact) | {"url": address_of(fact)}
    )
    if made:
        return
    if any(getattr(row, key) and getattr(row, key) != getattr(fact, key) for key in KEYS):
        set_aside(entry, "other-keys", listed=fact.node, epoch=fact.epoch)
        return
    known = {key: getattr(fact, key) for key in KEYS}
    NodeRecord.objects.filter(pk=row.pk).update(
        role=fact.role, offices=list(fact.offices), url=address_of(fact), **known
    )


@copies(NodeRevoked)
def note_revoked(fact: NodeRevoked, entry: Entry) -> None:
    """Believe nothing new that this node says, under this epoch or an earlier one."""
    if _by_the_centre(entry):
        rows = NodeRecord.objects.filter(node=fact.node, epoch__lte=fact.epoch, revoked_at=None)
        rows.update(revoked_at=entry.recorded_at)


@copies(DoubtDecided)
def note_decided(fact: DoubtDecided, entry: Entry) -> None:
    """The same doubt may stand on another node's list: one person looks at it once."""
    rows = Conflict.objects.filter(code=fact.code, application=fact.application, seen_at=None)
    rows = rows.filter(entry__node=fact.node, entry__epoch=fact.epoch, entry__seq=fact.seq)
    if fact.node:
        rows.update(seen_by=entry.actor, seen_at=entry.recorded_at, picked=fact.picked)


def record_of(fact: NodeListed) -> dict[str, object]:
    """The columns of a record that a listing fills, but for its address."""
    return {"role": fact.role, "offices": list(fact.offices), **{key: getattr(fact, key) for key in KEYS}}


def address_of(fact: NodeListed) -> str:
    """Where we reach the node: as set on this box, else as listed."""
    return node.here().address_of(fact.node) or fact.url


def _by_the_centre(entry: Entry) -> bool:
    speaker = NodeRecord.objects.filter(node=entry.node, epoch=entry.epoch).first()
    return speaker is not None and speaker.role in MAY_LIST
