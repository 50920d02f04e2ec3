"""Taking entries that other nodes sealed: checked one by one, written together."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from openpaspor.facts import decode
from openpaspor.facts.applications import DossierSealed
from openpaspor.facts.base import parse_moment
from openpaspor.kit import clock
from openpaspor.kit.faults import fault

from . import authority, conflicts, node
from .canonical import canonical
from .keys import verify
from .models import Entry, NodeRecord, Wanted
from .seal import chain_hash, next_position, sealing_lock, signed_message

Place = tuple[str, int, int]  # node, epoch, seq


class NotTaken(Exception):
    """Nothing of what came was kept. `code` says why, `place` which entry."""

    def __init__(self, code: str, place: Place | None = None) -> None:
        super().__init__(code, place)
        self.code = code
        self.place = place


class Fork(NotTaken):
    """Two different entries at one place of a log: the node was copied or its log rewritten."""


@dataclass(frozen=True)
class Sealed:
    """One entry as it came."""

    place: Place
    content: dict[str, Any]
    body: bytes
    previous: str
    hash: str
    signature: bytes


def read_line(line: bytes) -> Sealed:
    """An entry from its line. Checks its own bytes and hash; raises NotTaken."""
    try:
        row = json.loads(line)
        body = base64.b64decode(row["body"])
        content = json.loads(body)
        place = (str(content["node"]), int(content["epoch"]), int(content["seq"]))
        sealed = Sealed(
            place, content, body, row["previous"], row["hash"], base64.b64decode(row["signature"])
        )
        good = canonical(content) == body and chain_hash(sealed.previous, body) == sealed.hash
    except (ValueError, KeyError, TypeError) as trouble:
        raise NotTaken("unreadable") from trouble
    if not good:
        raise NotTaken("hash-wrong", place)
    return sealed


def write_line(entry: Entry) -> bytes:
    """The line of a sealed entry, as `ledger export` writes it and `read_line` reads it."""
    return json.dumps(
        {
            "body": base64.b64encode(bytes(entry.body or b"")).decode(),
            "hash": entry.hash,
            "previous": entry.previous,
            "signature": base64.b64encode(bytes(entry.signature or b"")).decode(),
        },
        sort_keys=True,
    ).encode()


def take(lines: Sequence[bytes]) -> tuple[list[Sealed], int]:
    """Take entries in the order in which they came. Returns (all of them as read, how many were new).

    Inside the caller's transaction or its own; all or nothing. Raises NotTaken, or Fork.
    """
    came = [read_line(line) for line in lines]
    with sealing_lock(), transaction.atomic():
        known = _known(came)
        rows: list[Entry] = []
        doubtful: list[tuple[Entry, str]] = []
        position = next_position()
        records = {(row.node, row.epoch): row for row in NodeRecord.objects.all()}
        unsaid = _listed_unsealed()
        for sealed in came:
            before = known.get(sealed.place)
            if before is not None:
                if before != sealed.hash:
                    raise Fork("fork", sealed.place)
                continue
            if sealed.place[:2] in unsaid:
                raise NotTaken("not-listed-yet", sealed.place)  # it may be said again in a moment
            speaker = _check(sealed, known, records)
            row = _row(sealed, position + len(rows))
            why = _doubt(speaker, sealed)
            if why:
                row.void = True
                doubtful.append((row, why))
            rows.append(row)
            known[sealed.place] = sealed.hash
            if row.kind == "ledger.node_listed" and not row.void:
                meet(sealed.content["fact"], records)
        Entry.objects.bulk_create(rows, batch_size=200)
        for row, why in doubtful:
            conflicts.set_aside(row, why)
        _want_files(rows)
        fault("wire.before_take_commit")
    return came, len(rows)


def _listed_unsealed() -> set[tuple[str, int]]:
    """Nodes (and epochs) that we listed a moment ago. Others must hear of them before they hear what they say."""
    waiting = Entry.objects.unsealed().filter(kind="ledger.node_listed")
    return {(entry.values["node"], entry.values["epoch"]) for entry in waiting}


def _known(came: Iterable[Sealed]) -> dict[Place, str]:
    """What we have of the places that came and of those just before them."""
    wanted: dict[tuple[str, int], list[int]] = {}
    for sealed in came:
        name, epoch, seq = sealed.place
        wanted.setdefault((name, epoch), []).append(seq)
    found: dict[Place, str] = {}
    for (name, epoch), seqs in wanted.items():
        near = Entry.objects.filter(node=name, epoch=epoch, seq__gte=min(seqs) - 1, seq__lte=max(seqs))
        found |= {(name, epoch, seq or 0): digest for seq, digest in near.values_list("seq", "hash")}
    return found


def _check(sealed: Sealed, known: dict[Place, str], records: dict[tuple[str, int], NodeRecord]) -> NodeRecord:
    """Who said it, proven. Raises NotTaken."""
    name, epoch, seq = sealed.place
    if name == node.here().name and epoch >= node.here().epoch:
        raise Fork("not-ours", sealed.place)  # somebody writes under our name
    before = known.get((name, epoch, seq - 1))
    if before is not None and before != sealed.previous:
        raise Fork("chain-broken", sealed.place)
    speaker = records.get((name, epoch))
    if speaker is None:
        raise NotTaken("node-unknown", sealed.place)
    if not verify(bytes.fromhex(speaker.sign_public), sealed.signature, signed_message(sealed.hash)):
        raise NotTaken("signature-wrong", sealed.place)
    return speaker


def _doubt(speaker: NodeRecord, sealed: Sealed) -> str:
    """Why nobody may act on this, or nothing."""
    content = sealed.content
    if authority.forbids(speaker, content["kind"], content["fact"]):
        return "no-authority"
    if speaker.revoked_at and parse_moment(content["recorded_at"]) > speaker.revoked_at:
        return "revoked"
    return ""


def _row(sealed: Sealed, position: int) -> Entry:
    name, epoch, seq = sealed.place
    content, fact = sealed.content, sealed.content["fact"]
    return Entry(
        node=name,
        epoch=epoch,
        seq=seq,
        position=position,
        kind=content["kind"],
        application=fact.get("application", ""),
        version=fact.get("version") if content["kind"] == "applications.moved" else None,
        actor=content["actor"],
        recorded_at=parse_moment(content["recorded_at"]),
        fact=canonical(fact).decode(),
        body=sealed.body,
        previous=sealed.previous,
        hash=sealed.hash,
        signature=sealed.signature,
        sealed_at=clock.real_now(),
    )


def _want_files(rows: Iterable[Entry]) -> None:
    """Remember the files that new entries name and that we may open."""
    us = node.here()
    wanted = []
    for row in rows:
        if row.kind != DossierSealed.name or row.void:
            continue
        fact = decode(row.kind, row.values)
        assert isinstance(fact, DossierSealed)
        if fact.is_for(us.name):
            digests = [fact.document, *(paper.split(":")[1] for paper in fact.attachments)]
            wanted += [
                Wanted(digest=digest, application=fact.application, wanted_at=clock.real_now())
                for digest in digests
                if not us.store.has(digest)
            ]
    Wanted.objects.bulk_create(wanted, ignore_conflicts=True)


RECORD = (
    "node",
    "epoch",
    "role",
    "offices",
    "url",
    "sign_public",
    "box_public",
    "wire_public",
    "seal_public",
)


def meet(about: dict[str, Any], records: dict[tuple[str, int], NodeRecord]) -> None:
    """Learn of a node from the centre's list, at once: what follows may be signed by it."""
    place = (about["node"], about["epoch"])
    if place not in records:
        fields = {name: about[name] for name in RECORD if name in about}
        records[place], _made = NodeRecord.objects.get_or_create(
            node=place[0], epoch=place[1], defaults=fields
        )
