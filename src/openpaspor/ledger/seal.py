"""Giving committed entries their place, hash and signature. One sealer per node, under a lock."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from openpaspor.facts.base import format_moment
from openpaspor.kit import clock
from openpaspor.kit.faults import fault

from . import node
from .canonical import canonical
from .models import Entry, NodeRecord

SIGNED = b"openpaspor-ledger-v1\n"
GENESIS = "0" * 64
SEALED = ("epoch", "seq", "position", "body", "previous", "hash", "signature", "sealed_at")
_this_process = threading.RLock()
_ADVISORY = 0x0F4A5B  # PostgreSQL advisory lock of the sealer


@contextmanager
def sealing_lock() -> Iterator[None]:
    """Only one sealer at a time: in this process always, across processes on PostgreSQL."""
    with _this_process:
        if connection.vendor != "postgresql":
            yield
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_ADVISORY])
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_ADVISORY])


def body_of(entry: Entry, seq: int) -> bytes:
    """The canonical bytes of an entry at its place."""
    content: dict[str, Any] = {
        "actor": entry.actor,
        "epoch": entry.epoch,
        "fact": entry.values,
        "kind": entry.kind,
        "node": entry.node,
        "recorded_at": format_moment(entry.recorded_at),
        "seq": seq,
        "v": 1,
    }
    return canonical(content)


def chain_hash(previous: str, body: bytes) -> str:
    """SHA-256(previous ‖ bytes), in hex; `previous` counts as its 32 bytes."""
    return hashlib.sha256(bytes.fromhex(previous) + body).hexdigest()


def signed_message(digest: str) -> bytes:
    """What the signature of an entry covers."""
    return SIGNED + bytes.fromhex(digest)


def next_position() -> int:
    return (Entry.objects.sealed().reverse().values_list("position", flat=True).first() or 0) + 1


def introduce_ourselves() -> None:
    """Put our own public keys on the list of nodes."""
    us = node.here()
    NodeRecord.objects.update_or_create(
        node=us.name,
        epoch=us.epoch,
        defaults={
            "role": us.role,
            "offices": list(us.offices),
            "sign_public": us.keys.sign_public.hex(),
            "box_public": us.keys.box_public.hex(),
            "wire_public": us.keys.wire_public.hex(),
            "url": us.url,
            "seal_public": us.keys.seal_public.hex() if us.signs_passes else "",
        },
    )


def seal_pending(limit: int = 500, *, of_epoch: int = 0) -> int:
    """Seal up to `limit` committed entries of this node in one transaction. Returns how many.

    `of_epoch`: only those that were recorded in this epoch, and in it, just before it is closed.
    """
    us = node.here()
    epoch = of_epoch or us.epoch
    unsealed = Entry.objects.unsealed()
    unsealed = unsealed.filter(epoch=of_epoch) if of_epoch else unsealed
    if not unsealed.exists():
        return 0  # most looks find nothing, and take no lock for it
    with sealing_lock():
        with transaction.atomic():
            waiting = list(unsealed[:limit])
            if not waiting:
                return 0
            head = Entry.objects.filter(node=us.name, seq__isnull=False).order_by("-epoch", "-seq").first()
            seq, previous = (
                (head.seq or 0, head.hash)
                if head and head.epoch == epoch
                else (0, head.hash if head else GENESIS)
            )
            position = next_position()
            for place, entry in enumerate(waiting, start=1):
                entry.epoch = epoch
                entry.seq = seq + place
                entry.position = position + place - 1
                entry.body = body_of(entry, entry.seq)
                entry.previous = previous
                entry.hash = chain_hash(previous, bytes(entry.body))
                entry.signature = us.keys.sign(signed_message(entry.hash))
                entry.sealed_at = clock.real_now()
                previous = entry.hash
            Entry.objects.bulk_create(  # rows that are there: five times quicker than bulk_update
                waiting, batch_size=100, update_conflicts=True, unique_fields=["pk"], update_fields=SEALED
            )
            fault("ledger.before_seal_commit")
        fault("ledger.after_seal_commit")
        if not of_epoch:
            us.remember_head(waiting[-1].seq or 0, waiting[-1].hash)
    return len(waiting)
