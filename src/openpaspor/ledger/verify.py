"""Checking the chain: order, hashes, signatures, and the head that was written beside the database."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from openpaspor.facts.base import parse_moment

from . import node
from .epochs import closed
from .keys import verify as signature_is_good
from .models import Entry, NodeRecord
from .seal import GENESIS, body_of, chain_hash, signed_message


@dataclass(frozen=True)
class Bad:
    """The first thing that is wrong in one log."""

    node: str
    epoch: int
    seq: int
    why: str


@dataclass
class Verdict:
    """How many entries were looked at, where each log ends, and the first fault if there is one."""

    entries: int = 0
    heads: list[dict[str, object]] = field(default_factory=list)
    missing: list[dict[str, object]] = field(
        default_factory=list
    )  # {node, epoch, from, to}: lost by a restore
    first_bad: Bad | None = None


def verify_ledger() -> Verdict:
    """Walk every log from its first entry to its head."""
    verdict = Verdict()
    logs = Entry.objects.filter(seq__isnull=False).order_by("node").values_list("node", flat=True).distinct()
    for name in logs:
        _walk(name, verdict)
        if verdict.first_bad:
            return verdict
    _compare_with_remembered_head(verdict)
    return verdict


def _walk(name: str, verdict: Verdict) -> None:
    publics = {row.epoch: bytes.fromhex(row.sign_public) for row in NodeRecord.objects.filter(node=name)}
    us = node.here()
    if name == us.name:
        publics[us.epoch] = us.keys.sign_public  # our own key file, not what the database says of it
    whole = name == us.name or us.role in ("everything", "centre")
    put_back = closed() if name == us.name else []
    passed = {GENESIS}  # an epoch begins where one before it was known to end
    previous, epoch, seq = GENESIS, 0, 0
    entry: Entry | None = None
    for entry in Entry.objects.filter(node=name, seq__isnull=False).order_by("epoch", "seq").iterator():
        verdict.entries += 1
        begins = entry.epoch != epoch
        epoch, place = entry.epoch, entry.seq or 0
        if not whole:  # of other logs only what concerns us came
            seq, previous = place, entry.previous
        else:
            seq = 1 if begins else seq + 1
            is_lost = not all(row.keeps(epoch, seq) for row in put_back)
            if begins and (is_lost or entry.previous in passed):
                previous = entry.previous
            if is_lost and place > seq:
                # we were put back to an earlier time, and others gave us back only what they had
                verdict.missing.append({"node": name, "epoch": epoch, "from": seq, "to": place - 1})
                seq, previous = place, entry.previous
        why = _trouble(entry, seq, previous, publics.get(epoch))
        if why:
            verdict.first_bad = Bad(name, epoch, entry.seq or 0, why)
            return
        previous = entry.hash
        passed.add(previous)
    if entry is not None:
        verdict.heads.append({"node": name, "epoch": epoch, "seq": seq, "hash": previous})


def _trouble(entry: Entry, seq: int, previous: str, public: bytes | None) -> str:
    """The code of what is wrong with an entry at the place where `seq` is due, or nothing."""
    if entry.seq != seq:
        return "gap"
    if bytes(entry.body or b"") != body_of(entry, seq):
        return "content-changed"
    if entry.previous != previous:
        return "chain-broken"
    if chain_hash(previous, bytes(entry.body or b"")) != entry.hash:
        return "hash-wrong"
    if public is None:
        return "key-unknown"
    if not signature_is_good(public, bytes(entry.signature or b""), signed_message(entry.hash)):
        return "signature-wrong"
    return ""


def proven(entry: Entry, *roles: str) -> dict[str, Any] | None:
    """What the signed bytes of an entry say: {kind, fact, actor, …}. For whoever must be sure before a deed, with no line.

    None unless a node on our list with one of these roles, not sent away when it said so, signed exactly these bytes.
    """
    body = bytes(entry.body or b"")
    try:
        said = json.loads(body)
        speaker = NodeRecord.objects.get(node=said["node"], epoch=said["epoch"], role__in=roles)
        recorded_at = parse_moment(said["recorded_at"])
    except (ValueError, KeyError, TypeError, NodeRecord.DoesNotExist):
        return None
    if speaker.revoked_at is not None and recorded_at > speaker.revoked_at:
        return None
    digest = chain_hash(entry.previous, body)
    public = bytes.fromhex(speaker.sign_public)
    return said if signature_is_good(public, bytes(entry.signature or b""), signed_message(digest)) else None


def _compare_with_remembered_head(verdict: Verdict) -> None:
    us = node.here()
    remembered = us.remembered_head()
    if remembered is None:
        return
    seq, digest = remembered
    at_that_place = Entry.objects.filter(node=us.name, epoch=us.epoch, seq=seq).first()
    if at_that_place is None:
        verdict.first_bad = Bad(us.name, us.epoch, seq, "tail-cut")
    elif at_that_place.hash != digest:
        verdict.first_bad = Bad(us.name, us.epoch, seq, "head-differs")
