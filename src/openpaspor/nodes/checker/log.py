"""The log: L1 no gap, L2 the chain is whole, L3 every entry is signed, L7 row and entry agree, L10 reading is recorded."""

from __future__ import annotations

import hashlib
import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .run import Found, check, count, rows


@check("L1", "No gap: for each node and epoch the places are 1..n, each once.")
def no_gap() -> Found:
    found = Found(count("SELECT count(*) FROM ledger_entry WHERE seq IS NOT NULL"))
    for node, epoch, number, low, high in rows(
        "SELECT node, epoch, count(DISTINCT seq), min(seq), max(seq) FROM ledger_entry"
        " WHERE seq IS NOT NULL GROUP BY node, epoch"
    ):
        if (low, high) != (1, number):
            found.offending.append(f"{node}/{epoch}")
    return found


@check("L2", "The chain is whole: hash(i) = SHA-256(hash(i-1) + canonical bytes).")
def chain_is_whole() -> Found:
    found = Found()
    previous: dict[str, str] = {}
    for node, epoch, seq, body, said_previous, digest in rows(
        "SELECT node, epoch, seq, body, previous, hash FROM ledger_entry WHERE seq IS NOT NULL"
        " ORDER BY node, epoch, seq"
    ):
        found.rows += 1
        before = previous.get(node, "0" * 64)
        right = hashlib.sha256(bytes.fromhex(before) + bytes(body)).hexdigest()
        if said_previous != before or digest != right:
            found.offending.append(f"{node}/{epoch}/{seq}")
        previous[node] = digest
    return found


@check("L3", "Every entry is signed by the key of its node and epoch, and names its own place.")
def entries_are_signed() -> Found:
    found = Found()
    keys = {
        (node, epoch): key
        for node, epoch, key in rows("SELECT node, epoch, sign_public FROM ledger_noderecord")
    }
    for node, epoch, seq, body, digest, signature in rows(
        "SELECT node, epoch, seq, body, hash, signature FROM ledger_entry WHERE seq IS NOT NULL"
    ):
        found.rows += 1
        says = json.loads(bytes(body))
        if (says["node"], says["epoch"], says["seq"]) != (node, epoch, seq):
            found.offending.append(f"{node}/{epoch}/{seq}")
            continue
        try:
            public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(keys[(node, epoch)]))
            public.verify(bytes(signature), b"openpaspor-ledger-v1\n" + bytes.fromhex(digest))
        except (KeyError, InvalidSignature):
            found.offending.append(f"{node}/{epoch}/{seq}")
    return found


@check(
    "L7",
    "Row and entry are one transaction: every version of an application has exactly one move in the log.",
)
def rows_and_entries_agree() -> Found:
    found = Found()
    moves = dict(
        rows(
            "SELECT application, count(DISTINCT version) FROM ledger_entry WHERE kind = 'applications.moved' GROUP BY application"
        )
    )
    tops = dict(
        rows(
            "SELECT application, max(version) FROM ledger_entry WHERE kind = 'applications.moved' GROUP BY application"
        )
    )
    known = set()
    for ref, version in rows("SELECT ref, version FROM applications_application"):
        found.rows += 1
        known.add(ref)
        if moves.get(ref, 0) != version or tops.get(ref, 0) != version:
            found.offending.append(ref)
    parked = {
        ref for (ref,) in rows("SELECT DISTINCT application FROM ledger_parked")
    }  # an earlier part has not come
    found.offending += sorted(set(moves) - known - parked)
    return found


@check("L10", "Reading is recorded: every staff look names who, why and what.", may_be_empty=True)
def looks_are_whole() -> Found:
    found = Found()
    for seq, actor, raw in rows("SELECT id, actor, fact FROM ledger_entry WHERE kind = 'accounts.looked'"):
        found.rows += 1
        fact = json.loads(raw)
        if not actor or not fact.get("why") or not fact.get("what") or not fact.get("application"):
            found.offending.append(f"entry {seq}")
    return found
