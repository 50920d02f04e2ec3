"""Files in pieces of 64 KiB, so that a cut line loses little and news can go between them."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from django.db import transaction

from openpaspor.kit import clock
from openpaspor.kit.disk import sync_together
from openpaspor.kit.faults import fault

from . import follow, node
from .models import Wanted
from .store import AttachmentMissing

log = logging.getLogger("openpaspor.wire")
PIECE = 64 * 2**10
FEWEST, MOST = 4 * 2**10, 2**20  # bytes of files in one message: on the thinnest line, on a good one
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

    Returns of each file how many bytes are here then, on the disk: what does not follow on them, or nobody wants now,
    changes nothing. All files of one call are synced together.
    """
    wanted = Wanted.objects.due().in_bulk([digest for digest, _piece in came])
    growing: dict[str, IO[bytes]] = {}
    with contextlib.ExitStack() as until_synced:
        here = [
            _put(digest, piece, growing, until_synced) if digest in wanted else _whole(digest, piece)
            for digest, piece in came
        ]
        ended = {digest for (digest, piece), ends in zip(came, here, strict=True) if ends >= piece.total}
        sync_together([handle.fileno() for digest, handle in growing.items() if digest not in ended])
    wrong = _finish([digest for digest in growing if digest in ended])
    for digest in wrong:
        _pause(wanted[digest])
    whole = [row for row in wanted.values() if node.here().store.has(row.digest)]
    if whole:
        fault("wire.after_last_piece")
        with transaction.atomic():
            Wanted.objects.filter(pk__in=[row.digest for row in whole]).delete()
            for application in {row.application for row in whole}:
                follow.retry_soon(application)
    return [0 if digest in wrong else ends for (digest, _piece), ends in zip(came, here, strict=True)]


def _whole(digest: str, piece: Piece) -> int:
    return piece.total if node.here().store.has(digest) else 0


def _put(digest: str, piece: Piece, growing: dict[str, IO[bytes]], until_synced: contextlib.ExitStack) -> int:
    """Write a piece, if it is the next one. Returns how many bytes of its file are here, on the disk or in `growing`."""
    here = have(digest)
    if piece.at != here or piece.total > LONGEST or len(piece.bytes) > PIECE:
        return _whole(digest, piece) or here
    if digest not in growing:
        partial = _partial(digest)
        partial.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        growing[digest] = until_synced.enter_context(open(partial, "ab"))  # noqa: SIM115 - the stack closes it
    growing[digest].write(piece.bytes)
    growing[digest].flush()
    fault("wire.after_piece")
    return here + len(piece.bytes)


def _finish(digests: Sequence[str]) -> set[str]:
    """Keep whole files; of those that are not what they were named nothing is left, and they are returned."""
    came = {digest: _partial(digest).read_bytes() for digest in digests}
    right = {digest for digest, whole in came.items() if hashlib.sha256(whole).hexdigest() == digest}
    node.here().store.put_all([came[digest] for digest in sorted(right)])
    for digest in digests:
        _partial(digest).unlink()
    return set(digests) - right


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
