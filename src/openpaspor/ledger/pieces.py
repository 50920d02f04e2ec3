"""Files in pieces of 64 KiB, so that a cut line loses little and news can go between them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from openpaspor.kit.faults import fault

from . import follow, node
from .models import Wanted
from .store import AttachmentMissing

PIECE = 64 * 2**10
LONGEST = 16 * 2**20  # a picture of 10 MB and its cipher, with room


class PieceRefused(Exception):
    """This is not the piece that comes next; `have` bytes are here."""

    def __init__(self, have: int) -> None:
        super().__init__(have)
        self.have = have


@dataclass(frozen=True)
class Piece:
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


def add(digest: str, at: int, total: int, piece: bytes) -> int:
    """Put one piece at its place; the last one makes the file whole, or throws all away when it is not what it was named.

    Returns how many bytes are here. Raises PieceRefused.
    """
    wanted = Wanted.objects.filter(pk=digest).first()
    if wanted is None or total > LONGEST or len(piece) > PIECE:
        raise PieceRefused(total if node.here().store.has(digest) else 0)
    here = have(digest)
    if at != here:
        raise PieceRefused(here)
    with open(_partial(digest), "ab") as handle:
        handle.write(piece)
        handle.flush()
        os.fsync(handle.fileno())
    fault("wire.after_piece")
    if here + len(piece) < total:
        return here + len(piece)
    _finish(wanted)
    return total


def _finish(wanted: Wanted) -> None:
    path = _partial(wanted.digest)
    whole = path.read_bytes()
    if hashlib.sha256(whole).hexdigest() == wanted.digest:
        node.here().store.put(whole)
        fault("wire.after_last_piece")
        wanted.delete()
        follow.retry_soon(wanted.application)
    path.unlink()


def cut(digest: str, at: int, size: int = PIECE) -> Piece | None:
    """The piece of a file of ours that begins at byte `at`, of at most `size` bytes, or None when we have not got it."""
    try:
        whole = node.here().store.get(digest)
    except AttachmentMissing:
        return None
    return Piece(len(whole), whole[at : at + size])
