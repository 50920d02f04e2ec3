"""A second copy at once, on another disk or box: sealed entries, attachments, and on SQLite every committed page.

`OPENPASPOR_SECOND_COPY/<node>/` holds

log/000001.jsonl …    our own sealed entries as `ledger export` writes them, in segments; a full one ends with its hash
attachments/ab/cdef…  the encrypted files of the store, by their digest
pages/00000001/…      the database (`pages.py`), closed with a key made from this node's own

The lines can be read without any key: facts hold codes and references only. A thread of its own looks every two
seconds; trouble (full, gone, slow) is shown and waited out, and holds up neither hall nor log. Two steps behind one
another make no difference: each begins from what lies in the folder, never from what was meant to be there.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import logging
import os
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import close_old_connections, connection

from openpaspor.facts.base import format_moment, parse_moment
from openpaspor.kit import clock
from openpaspor.kit.disk import sync_folder

from . import node
from .models import Entry, NodeRecord
from .pages import Pages
from .receive import RECORD, write_line

log = logging.getLogger("openpaspor.second_copy")
EVERY = 2.0  # seconds between two looks
LATE = 10.0  # seconds; an older copy is shown as a warning
STUCK = 60.0  # seconds after which a disk that does not answer no longer holds the database's log
SEGMENT = 4 * 2**20  # bytes after which a segment of lines is closed
BATCH = 1000  # entries read at a time
JUST_NOW = 2.0  # seconds within which a folder's time says nothing about what came after it


@dataclass(frozen=True)
class State:
    """How the second copy is, as its thread wrote it down last."""

    place: str
    at: datetime | None = None  # UTC, wall clock: everything up to then is there; None: nothing yet
    seq: int = 0  # of the last of our entries there
    trouble: str = ""  # no-folder, full, not-writable, not-ours, unreadable; empty when all is well

    @property
    def age_s(self) -> float | None:
        """Seconds since everything was there."""
        return max(0.0, (clock.real_now() - self.at).total_seconds()) if self.at else None

    @property
    def is_late(self) -> bool:
        return bool(self.trouble) or self.age_s is None or self.age_s > LATE


class NotOurs(Exception):
    """The lines in the folder are those of another box, or go on where our database does not."""


def place() -> Path | None:
    """The folder that the settings name, or None."""
    return settings.SECOND_COPY


def state() -> State | None:
    """What the thread wrote down last, from the home alone (the other disk may hang). None when no copy is asked for."""
    where = place()
    if where is None:
        return None
    try:
        noted = json.loads((node.here().home / "second-copy.json").read_text())
        at = parse_moment(noted["at"]) if noted["at"] else None
        if noted["place"] == str(where):
            return State(str(where), at, noted["seq"], noted["trouble"])
    except (OSError, ValueError, KeyError):
        pass
    return State(str(where), trouble="no-folder" if not where.is_dir() else "")


def page_key(us: node.Node) -> bytes:
    """The key that closes the pages: made from a key of this node that its backup of keys holds."""
    return hmac.digest(us.keys.secret("rest"), b"openpaspor-second-copy-v1", "sha256")


class SecondCopy:
    """The copy of one node in `folder`. For one thread."""

    def __init__(self, us: node.Node, folder: Path) -> None:
        self.us = us
        self.folder = folder / us.name
        self.lines = Lines(us, self.folder / "log")
        self.files = Files(us.store.folder, self.folder / "attachments")
        database = connection.settings_dict["NAME"]
        self.pages = (
            Pages(Path(database), self.folder / "pages", page_key(us))
            if connection.vendor == "sqlite"
            else None
        )

    def bring_up_to_date(self) -> None:
        """Copy what is new. When this returns, all that was committed before it began is there and on the disk.

        First lines, then pages, then files: no page speaks of an entry or a file that is missing.
        """
        if not self.folder.parent.is_dir():
            raise FileNotFoundError(
                str(self.folder.parent)
            )  # a disk that is not mounted is not a folder to make
        self.folder.mkdir(exist_ok=True, mode=0o700)
        self.lines.follow()
        if self.pages is not None:
            self.pages.follow()
        self.files.follow()

    def close(self) -> None:
        if self.pages is not None:
            self.pages.let_go()


class Lines:
    """Our own sealed entries as lines in segments, each line written once and never changed."""

    def __init__(self, us: node.Node, folder: Path) -> None:
        self.us, self.folder = us, folder
        self.seq = 0  # of the last entry that is there
        self._position = -1  # of the last entry that is there; -1: not looked yet
        self._open: Path | None = None
        self._hash = hashlib.sha256()
        self._size = 0

    def follow(self) -> None:
        """Append what was sealed since. Raises NotOurs when what lies there is not the beginning of our log."""
        try:
            if self._position < 0:
                self._look()
            while entries := self._news():
                self._append(entries)
        except BaseException:
            self._position = -1  # look again what really is there
            raise

    def _news(self) -> list[Entry]:
        ours = Entry.objects.sealed().filter(node=self.us.name, position__gt=self._position)
        return list(ours[:BATCH])

    def _look(self) -> None:
        """Find the end of what is there, and cut off a line that was not written whole."""
        self._open, self._hash, self._size, self.seq, position = None, hashlib.sha256(), 0, 0, 0
        segments = segments_in(self.folder)
        for segment in reversed(segments):
            raw = segment.read_bytes()
            whole = raw[: raw.rfind(b"\n") + 1]
            if whole != raw:
                with open(segment, "r+b") as handle:
                    handle.truncate(len(whole))
                    os.fsync(handle.fileno())
            rows = [json.loads(line) for line in whole.splitlines()]
            if segment is segments[-1] and not (rows and "trailer" in rows[-1]):
                self._open, self._size = segment, len(whole)
                self._hash.update(whole)
            last = next((row for row in reversed(rows) if "body" in row), None)
            if last is not None:
                position = self._place_of(last)
                break
        self._position = position

    def _place_of(self, last: dict[str, Any]) -> int:
        """Where in our database the last line stands; from the start again, when it is of an epoch that we closed."""
        entry = Entry.objects.sealed().filter(node=self.us.name, hash=last["hash"]).first()
        if entry is None:
            if json.loads(base64.b64decode(last["body"]))["epoch"] < self.us.epoch:
                return 0
            raise NotOurs(last["hash"])
        self.seq = entry.seq or 0
        return entry.position or 0

    def _append(self, entries: list[Entry]) -> None:
        new = b"".join(write_line(entry) + b"\n" for entry in entries)
        if self._open is None:
            new = self._who_we_are() + new
        made = self._open is None
        self._open = self._open or self._next_segment()
        self._write(self._open, new)
        if made:
            sync_folder(self.folder)
        self._position, self.seq = entries[-1].position or 0, entries[-1].seq or 0
        if self._size >= SEGMENT:
            trailer = {"trailer": {"bytes": self._size, "sha256": self._hash.hexdigest()}}
            self._write(self._open, json.dumps(trailer, sort_keys=True).encode() + b"\n")
            self._open, self._hash, self._size = None, hashlib.sha256(), 0

    def _write(self, segment: Path, new: bytes) -> None:
        with open(os.open(segment, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as out:
            out.write(new)
            out.flush()
            os.fsync(out.fileno())
        self._hash.update(new)
        self._size += len(new)

    def _next_segment(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        last = max((int(path.stem) for path in segments_in(self.folder)), default=0)
        return self.folder / f"{last + 1:06}.jsonl"

    def _who_we_are(self) -> bytes:
        """Our keys in every epoch, so that the lines can be checked by themselves."""
        records = NodeRecord.objects.filter(node=self.us.name).order_by("epoch")
        rows = [{name: getattr(row, name) for name in RECORD} for row in records]
        return b"".join(json.dumps({"node_record": row}, sort_keys=True).encode() + b"\n" for row in rows)


def segments_in(folder: Path) -> list[Path]:
    """The segments of lines, oldest first."""
    return sorted(folder.glob("[0-9]*.jsonl"))


def lines_in(folder: Path) -> Iterator[bytes]:
    """Every whole line of the segments of one node, without trailers. Raises ValueError when a closed one was changed."""
    for segment in segments_in(folder):
        raw = segment.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        rows = whole.splitlines(keepends=True)
        if rows and b'"trailer"' in rows[-1][:12]:
            said = json.loads(rows.pop())["trailer"]
            if hashlib.sha256(b"".join(rows)).hexdigest() != said["sha256"]:
                raise ValueError(f"{segment.name} was changed after it was closed")
        yield from (row.rstrip(b"\n") for row in rows)


class Files:
    """The files of the store. A folder of it is looked into only when its time says that something came."""

    def __init__(self, source: Path, target: Path) -> None:
        self.source, self.target = source, target
        self._settled: dict[str, float] = {}  # time of each folder when we last saw all of it

    def follow(self) -> None:
        """Copy files that came since. After a start every folder is compared once, by names."""
        if not self.source.is_dir():
            return
        for folder in sorted(self.source.iterdir()):
            changed = folder.stat().st_mtime
            if folder.is_dir() and self._settled.get(folder.name) != changed:
                self._copy_folder(folder)
                if time.time() - changed > JUST_NOW:
                    self._settled[folder.name] = changed

    def _copy_folder(self, folder: Path) -> None:
        target = self.target / folder.name
        there = set(os.listdir(target)) if target.is_dir() else set()
        new = [name for name in os.listdir(folder) if name not in there and not name.startswith(".")]
        for name in new:
            target.mkdir(parents=True, exist_ok=True, mode=0o700)
            with contextlib.suppress(FileNotFoundError):  # taken away meanwhile
                copy_file(folder / name, target / name)
        if new:
            sync_folder(target)
            sync_folder(self.target)


def copy_file(source: Path, target: Path) -> None:
    """Copy whole or not at all; on the disk, but for its name, when this returns."""
    content = source.read_bytes()
    aside = target.with_name(f".{secrets.token_hex(8)}")
    try:
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)


# --- the thread -------------------------------------------------------------------------------------------


class Keeper:
    """Looks every two seconds, and writes down how it went."""

    def __init__(self, us: node.Node, folder: Path) -> None:
        self.us, self.folder = us, folder
        self.copy = SecondCopy(us, folder)
        self._began: float | None = None  # monotonic, while a look is under way
        self._at: datetime | None = None
        self._told = ""

    def look(self) -> str:
        """One look. Returns the code of the trouble, or nothing."""
        began = clock.real_now()
        self._began = time.monotonic()
        trouble = ""
        try:
            self.copy.bring_up_to_date()
            self._at = began
        except Exception as error:  # noqa: BLE001 - shown, and tried again
            trouble = _code_of(error)
            if trouble != self._told:
                log.warning("the second copy in %s is not kept: %s (%s)", self.folder, trouble, error)
            self.copy.close()
        self._began = None
        self._told = trouble
        self._note(trouble)
        return trouble

    def release_if_stuck(self) -> None:
        """Called from another thread: a disk that does not answer must not let the database's log grow for ever."""
        if self._began is not None and time.monotonic() - self._began > STUCK:
            self.copy.close()

    def _note(self, trouble: str) -> None:
        noted = {
            "place": str(self.folder),
            "at": format_moment(self._at) if self._at else "",
            "seq": self.copy.lines.seq,
            "trouble": trouble,
        }
        aside = self.us.home / "second-copy.new"
        with contextlib.suppress(OSError):  # the home is full: the age says it
            aside.write_text(json.dumps(noted))
            os.replace(aside, self.us.home / "second-copy.json")

    def keep_up(self, stop: threading.Event) -> None:
        """The life of the thread."""
        pause = EVERY
        while not stop.wait(pause):
            close_old_connections()
            pause = min(2 * pause, LATE) if self.look() else EVERY
        self.copy.close()
        connection.close()


def _code_of(error: Exception) -> str:
    if isinstance(error, NotOurs):
        return "not-ours"
    if isinstance(error, OSError):
        if error.errno in (28, 122):  # ENOSPC, EDQUOT
            return "full"
        return "no-folder" if isinstance(error, FileNotFoundError) else "not-writable"
    return "unreadable"


def start_keeping(stop: threading.Event) -> Keeper | None:
    """Start the thread when a second copy is asked for."""
    folder = place()
    if folder is None:
        return None
    keeper = Keeper(node.here(), folder)
    threading.Thread(target=keeper.keep_up, args=(stop,), name="openpaspor-second-copy", daemon=True).start()
    return keeper


def last_line(folder: Path) -> list[bytes]:
    """The last whole entry in the segments of one node, as its line; empty when there is none."""
    for segment in reversed(segments_in(folder)):
        raw = segment.read_bytes()
        for line in reversed(raw[: raw.rfind(b"\n") + 1].splitlines()):
            if b'"body"' in line:
                return [line]
    return []
