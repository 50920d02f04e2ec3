"""Files in pieces of 64 KiB, so that a cut line loses little and news can go between them."""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpaspor.kit.faults import fault

from . import follow, node
from .models import Wanted
from .store import AttachmentMissing

PIECE = 64 * 2**10
FEWEST, MOST = 4 * 2**10, 512 * 2**10  # bytes of files in one message: on the thinnest line, on a good one
LONGEST = 16 * 2**20  # a picture of 10 MB and its cipher, with room


@dataclass(frozen=True)
class Piece:
    """Some bytes of a file: where they begin, and how long the whole file is."""

    at: int
    total: int
    bytes: bytes


def _partial(digest: str) -> Path:
    folder = node.here().home / "attachments" / ".partial"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / digest


def have(digest: str) -> int:
    """How many bytes of a file that has not come whole are here."""
    try:
        return _partial(digest).stat().st_size
    except FileNotFoundError:
        return 0


def add(digest: str, piece: Piece) -> int:
    """Put one piece at its place; the last one makes the file whole, or throws all away when it is not what it was named.

    Returns how many bytes are here: what does not follow on them, or nobody wants, changes nothing.
    """
    wanted = Wanted.objects.filter(pk=digest).first()
    if wanted is None or piece.total > LONGEST or len(piece.bytes) > PIECE:
        return piece.total if node.here().store.has(digest) else 0
    here = have(digest)
    if piece.at != here:
        return here
    with open(_partial(digest), "ab") as handle:
        handle.write(piece.bytes)
        handle.flush()
        os.fsync(handle.fileno())
    fault("wire.after_piece")
    if here + len(piece.bytes) < piece.total:
        return here + len(piece.bytes)
    _finish(wanted)
    return piece.total


def _finish(wanted: Wanted) -> None:
    path = _partial(wanted.digest)
    whole = path.read_bytes()
    if hashlib.sha256(whole).hexdigest() == wanted.digest:
        node.here().store.put(whole)
        fault("wire.after_last_piece")
        wanted.delete()
        follow.retry_soon(wanted.application)
    path.unlink()


def cut(digest: str, at: int, room: int) -> list[Piece]:
    """A file of ours from byte `at` on, in pieces of together at most `room` bytes; at its end one empty piece; nothing when it is not here."""
    try:
        whole = node.here().store.get(digest)
    except AttachmentMissing:
        return []
    starts = range(at, min(len(whole), at + room), PIECE) or [at]
    return [Piece(start, len(whole), whole[start : min(start + PIECE, at + room)]) for start in starts]


def written(digest: str, piece: Piece) -> dict[str, Any]:
    """A piece as it stands in a message."""
    return {
        "digest": digest,
        "at": piece.at,
        "total": piece.total,
        "bytes": base64.b64encode(piece.bytes).decode(),
    }


def read(says: dict[str, Any]) -> tuple[str, Piece]:
    return says["digest"], Piece(says["at"], says["total"], base64.b64decode(says["bytes"]))
