"""Files in pieces of 64 KiB, so that a cut line loses little and news can go between them."""

from __future__ import annotations

import base64
import hashlib
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction

from openpaspor.kit import clock
from openpaspor.kit.faults import fault

from . import follow, node
from .models import Wanted
from .store import AttachmentMissing

log = logging.getLogger("openpaspor.wire")
PIECE = 64 * 2**10
FEWEST, MOST = 4 * 2**10, 512 * 2**10  # bytes of files in one message: on the thinnest line, on a good one
FIRST_PAUSE, LONGEST_PAUSE = 4, 3600  # seconds after a file whose bytes were wrong; doubled each time
LONGEST = 16 * 2**20  # a picture of 10 MB and its cipher, with room


@dataclass(frozen=True)
class Piece:
    """Some bytes of a file: where they begin, and how long the whole file is."""

    at: int
    total: int
    bytes: bytes


def _partial(digest: str) -> Path:
    return node.here().home / "attachments" / ".partial" / digest


def have(digest: str) -> int:
    """How many bytes of a file that has not come whole are here."""
    try:
        return _partial(digest).stat().st_size
    except FileNotFoundError:
        return 0


def add(came: Sequence[tuple[str, Piece]]) -> list[int]:
    """Put pieces of files at their places; the last one makes a file whole, or throws all away when it is not what it was named.

    Returns of each file how many bytes are here then: what does not follow on them, or nobody wants now, changes nothing.
    """
    wanted = Wanted.objects.due().in_bulk([digest for digest, _piece in came])
    here = [
        _put(wanted[digest], piece) if digest in wanted else _whole(digest, piece) for digest, piece in came
    ]
    whole = [row for row in wanted.values() if node.here().store.has(row.digest)]
    if whole:
        fault("wire.after_last_piece")
        with transaction.atomic():
            Wanted.objects.filter(pk__in=[row.digest for row in whole]).delete()
            for application in {row.application for row in whole}:
                follow.retry_soon(application)
    return here


def _whole(digest: str, piece: Piece) -> int:
    return piece.total if node.here().store.has(digest) else 0


def _put(row: Wanted, piece: Piece) -> int:
    digest, here = row.digest, have(row.digest)
    ends = piece.at + len(piece.bytes)
    if piece.at != here or piece.total > LONGEST or len(piece.bytes) > PIECE:
        return _whole(digest, piece) or here
    partial = _partial(digest)
    partial.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(partial, "ab") as handle:
        handle.write(piece.bytes)
        handle.flush()
        if ends < piece.total:  # the last one is kept with the whole file
            os.fsync(handle.fileno())
    fault("wire.after_piece")
    if ends >= piece.total and not _finish(digest):
        _pause(row)
        return 0
    return ends


def _finish(digest: str) -> bool:
    """Keep the whole file; False when it is not what it was named, and nothing of it is left."""
    path = _partial(digest)
    whole = path.read_bytes()
    is_right = hashlib.sha256(whole).hexdigest() == digest
    if is_right:
        node.here().store.put(whole)
    path.unlink()
    return is_right


def _pause(row: Wanted) -> None:
    """All of a file came and is another one: ask for it again, later each time, or whoever sends it can keep us busy."""
    seconds = min(LONGEST_PAUSE, FIRST_PAUSE * 2**row.spoilt)
    row.spoilt, row.pause_until = row.spoilt + 1, clock.real_now() + timedelta(seconds=seconds)
    row.save(update_fields=["spoilt", "pause_until"])
    log.warning(
        "a file of %s was not what it is named, %s times now; asked for again in %s s",
        row.application,
        row.spoilt,
        seconds,
    )


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
