"""What nodes send each other: one signed message, one signed answer.

    OPW1 \\n  envelope (canonical JSON) \\n  signature (base64) \\n  content (zlib of JSON lines)

The envelope says who speaks to whom: `from`, `epoch`, `to`, `type`, `number` (rises with every message of the sender
in its epoch, so that an old one cannot be played again), `at` (the wall clock of the sender, UTC) and, in an answer,
`re` (SHA-256 of the message it answers, so that neither a captive portal nor an old answer is taken for one). The
signature is Ed25519 by the `wire` key over `openpaspor-wire-v1\\n` ‖ envelope ‖ `\\n` ‖ SHA-256(content). The first line
of the content is a JSON object; entries follow, one line each, as `ledger export` writes them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from openpaspor.facts.base import format_moment
from openpaspor.kit import clock

from .canonical import canonical
from .keys import verify
from .node import Node

MAGIC = b"OPW1"
SIGNED = b"openpaspor-wire-v1\n"
LONGEST = 8 * 2**20  # bytes on the line
LONGEST_CONTENT = 64 * 2**20  # bytes unpacked


class NotAMessage(Exception):
    """What came is no message of a node: a captive portal, a cut answer, somebody else's signature."""


@dataclass(frozen=True)
class Message:
    """One message as it was read. `says` is its first line; `lines` are the entries, still as text."""

    sender: str
    epoch: int
    to: str
    type: str
    number: int
    says: dict[str, Any]
    lines: tuple[bytes, ...] = ()
    re: str = ""
    at: str = field(default="", compare=False)  # the sender's wall clock, UTC; empty from an older version
    digest: str = field(default="", compare=False)  # SHA-256 of the whole message


def _signed(envelope: bytes, content: bytes) -> bytes:
    return SIGNED + envelope + b"\n" + hashlib.sha256(content).digest()


def pack(
    us: Node,
    to: str,
    type: str,
    number: int,
    says: dict[str, Any] | None = None,
    lines: Sequence[bytes] = (),
    *,
    re: str = "",
) -> bytes:
    """The bytes of a message from `us`; `re` is the digest of the message that this one answers."""
    about: dict[str, Any] = {
        "from": us.name, "epoch": us.epoch, "to": to, "type": type, "number": number, "at": format_moment(clock.real_now())
    }  # fmt: skip
    if re:
        about["re"] = re
    envelope = canonical(about)
    content = zlib.compress(b"\n".join([canonical(says or {}), *lines]), 1)
    signature = base64.b64encode(us.keys.wire_key.sign(_signed(envelope, content)))
    return b"\n".join([MAGIC, envelope, signature, content])


def glance(raw: bytes) -> tuple[str, int] | None:
    """(sender, epoch) as a message says them, unproven; None when it is no message at all."""
    try:
        magic, envelope, *_rest = raw.split(b"\n", 3)
        about = json.loads(envelope)
        return (str(about["from"]), int(about["epoch"])) if magic == MAGIC else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


PublicKey = Callable[[str, int, dict[str, Any]], bytes | None]


def unpack(raw: bytes, key_of: PublicKey) -> Message:
    """Read a message. `key_of(node, epoch, says)` gives the sender's wire key (32 bytes), or None when it has no right to speak.

    `says` is handed over unproven, for a sender who is not known yet. Raises NotAMessage.
    """
    try:
        magic, envelope, signature, content = raw.split(b"\n", 3)
        if magic != MAGIC or len(raw) > LONGEST:
            raise NotAMessage("format")
        about = json.loads(envelope)
        sender, epoch, number = str(about["from"]), int(about["epoch"]), int(about["number"])
        unzip = zlib.decompressobj()
        plain = unzip.decompress(content, LONGEST_CONTENT)
        if unzip.unconsumed_tail or not unzip.eof:
            raise NotAMessage("length")
        first, *lines = plain.split(b"\n")
        says = json.loads(first)
        key = key_of(sender, epoch, says)
        if base64.b64encode(base64.b64decode(signature, validate=True)) != signature:
            raise NotAMessage("format")  # the unused bits of its last letter were changed
        good = key is not None and verify(
            key, base64.b64decode(signature, validate=True), _signed(envelope, content)
        )
        to, type_, re = str(about["to"]), str(about["type"]), str(about.get("re", ""))
        at = str(about.get("at", ""))
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        binascii.Error,
        zlib.error,
        RecursionError,
    ) as trouble:
        raise NotAMessage("format") from trouble
    if not good:
        raise NotAMessage("signature")
    digest = hashlib.sha256(raw).hexdigest()
    return Message(sender, epoch, to, type_, number, says, tuple(lines), re, at, digest)
