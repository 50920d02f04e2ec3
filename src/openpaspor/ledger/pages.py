"""Every committed page of the SQLite database, followed as it is written: a base, and then what changed.

The log alone does not bring an office's tables back (a print job, a session, a deed already done), so the second copy
follows the database's own write-ahead log. Between two looks we keep a read transaction open. SQLite then cannot
start its log anew over frames that we have not seen: a reader inside the log stops that, and one that began when all of
it was in the database lets it happen once and no checkpoint after it. A look takes the writer's place for some
milliseconds; files are written afterwards, so a slow disk holds nobody up.

The database and its `-shm` file are never opened here other than by SQLite: closing one would drop the process's locks.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import struct
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from openpaspor.kit.disk import sync_folder

from .keys import Unreadable, decrypt, encrypt
from .vault import close_file, open_file, pieces_of

HEADER, FRAME = 32, 24  # bytes, https://www.sqlite.org/fileformat2.html#walformat
CHECKPOINT_AFTER = 1000  # frames, as SQLite does by itself
NEW_BASE_AFTER = 24 * 3600.0  # seconds
LEAST_CHANGES = 64 * 2**20  # bytes of changes that are worth a new base
ROW = struct.Struct(">dIII")  # when (Unix time), page size, pages of the database, pages that follow


class Broken(Exception):
    """The thread between our last look and the database is torn; a new base is needed."""


@dataclass(frozen=True)
class PutTogether:
    """A database made of base and changes."""

    changes: int  # how many were applied
    at: float  # Unix time of the last one
    left_out: int  # bytes behind it that could not be read: a change that was torn off, or damage


class Pages:
    """Follows one SQLite database into `folder`, closed under `key`. For one thread; `let_go` may come from another."""

    def __init__(self, database: Path, folder: Path, key: bytes) -> None:
        self.database, self.folder, self.key = database, folder, key
        self._reader: sqlite3.Connection | None = None
        self._salts: bytes = b""  # of the write-ahead log we are in; empty: there was none
        self._seen = 0  # frames of it that we have
        self._base = folder
        self._number = 0  # of the next change
        self._changed = 0  # bytes written since the base
        self._base_size = 0
        self._base_made = 0.0  # monotonic

    def follow(self) -> int:
        """Bring the copy up to this moment. Returns pages written. After trouble the next call makes a new base."""
        try:
            if self._reader is None or self._is_grown():
                return self._begin()
            return self._append(*self._look())
        except BaseException:
            self.let_go()
            raise

    def let_go(self) -> None:
        """Stop holding the database's log; the next `follow` begins anew."""
        reader, self._reader = self._reader, None
        if reader is not None:
            with contextlib.suppress(sqlite3.Error):
                reader.close()

    # --- looking ------------------------------------------------------------------------------------------

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.database, timeout=20, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    @contextlib.contextmanager
    def _nobody_writes(self) -> Iterator[None]:
        writer = self._connect()
        try:
            writer.execute("BEGIN IMMEDIATE")
            yield
            writer.execute("ROLLBACK")
        finally:
            writer.close()

    def _stay(self, reader: sqlite3.Connection) -> None:
        reader.execute("BEGIN")
        reader.execute(
            "SELECT count(*) FROM sqlite_master"
        ).fetchone()  # only now the transaction stands somewhere

    def _look(self) -> tuple[dict[int, bytes], int, int]:
        """(pages that changed since the last look, page size, pages of the database), and stand where they end."""
        reader = self._reader
        if reader is None:
            raise Broken("let go")
        with self._nobody_writes():
            found = self._read_frames()
            reader.execute("COMMIT")
            if self._seen >= CHECKPOINT_AFTER:
                reader.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            self._stay(reader)
        return found

    def _read_frames(self) -> tuple[dict[int, bytes], int, int]:
        """The frames behind those we have, up to the last commit; moves our mark there. The newest of a page counts."""
        changed: dict[int, bytes] = {}
        page_size = total = 0
        with contextlib.suppress(FileNotFoundError), open(f"{self.database}-wal", "rb") as wal:
            header = wal.read(HEADER)
            if len(header) < HEADER:
                return changed, page_size, total
            page_size = struct.unpack(">I", header[8:12])[0]
            self._continue_in(header[16:24])
            pending: dict[int, bytes] = {}
            number = self._seen
            wal.seek(HEADER + number * (FRAME + page_size))
            while len(frame := wal.read(FRAME + page_size)) == FRAME + page_size:
                page, commit = struct.unpack(">II", frame[:8])
                if frame[8:16] != self._salts:
                    break  # left over from an earlier round
                number += 1
                pending[page] = frame[FRAME:]
                if commit:
                    changed |= pending
                    pending, total, self._seen = {}, commit, number
        return changed, page_size, total

    def _continue_in(self, salts: bytes) -> None:
        """Our log goes on, or SQLite started the one that follows it."""
        if salts == self._salts:
            return
        if self._salts and int.from_bytes(salts[:4], "big") != int.from_bytes(self._salts[:4], "big") + 1:
            raise Broken("another log")
        self._salts, self._seen = salts, 0

    # --- writing ------------------------------------------------------------------------------------------

    def _is_grown(self) -> bool:
        age = time.monotonic() - self._base_made
        return age > NEW_BASE_AFTER or self._changed > max(LEAST_CHANGES, 2 * self._base_size)

    def _begin(self) -> int:
        """A new base: the whole database as it stands, beside the old one until it is whole."""
        self.let_go()
        reader = self._connect()
        with self._nobody_writes():
            self._salts, self._seen = b"", 0
            self._read_frames()
            self._stay(reader)
        self._reader = reader
        number = max((int(path.name) for path in _bases(self.folder)), default=0) + 1
        self._base = self.folder / f"{number:08}"
        self._base.mkdir(parents=True, mode=0o700)
        aside = self.database.with_name(f".{self.database.name}.base")
        aside.unlink(missing_ok=True)  # of a start that was killed
        try:
            with contextlib.closing(sqlite3.connect(aside)) as copy:
                reader.backup(copy)
            with open(aside, "rb") as plain:
                part = close_file(pieces_of(plain), self._base / "base", self.key, "pages-base")
            size = aside.stat().st_size
        finally:
            aside.unlink(missing_ok=True)
        sync_folder(self.folder)
        self._number, self._changed, self._base_size = 0, 0, part.size
        self._base_made = time.monotonic()
        for older in _bases(self.folder):
            if older != self._base:
                shutil.rmtree(older, ignore_errors=True)
        return size // 4096

    def _append(self, changed: dict[int, bytes], page_size: int, total: int) -> int:
        if not changed:
            return 0
        rows = [ROW.pack(time.time(), page_size, total, len(changed))]
        for page in sorted(changed):
            rows += [page.to_bytes(4, "big"), changed[page]]
        sealed = encrypt(self.key, zlib.compress(b"".join(rows), 1), _purpose(self._base, self._number))
        with open(
            os.open(self._base / "changes", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab"
        ) as out:
            out.write(len(sealed).to_bytes(4, "big") + sealed)
            out.flush()
            os.fsync(out.fileno())
        if not self._number:
            sync_folder(self._base)
        self._number += 1
        self._changed += len(sealed)
        return len(changed)


def _purpose(base: Path, number: int) -> str:
    return f"pages:{base.name}:{number}"


def _bases(folder: Path) -> list[Path]:
    """The folders of all bases, oldest first."""
    return sorted(path for path in folder.glob("[0-9]*") if path.name.isdigit())


def put_together(folder: Path, key: bytes, target: Path) -> PutTogether | None:
    """Make the database at `target` from the newest base that is whole and all changes behind it.

    A last change that was torn off is left out. None when there is no base. Raises Unreadable when none can be opened
    with `key`.
    """
    trouble: Unreadable | None = None
    for base in reversed(_bases(folder)):
        if not (base / "base").exists():
            continue
        try:
            with open(os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "r+b") as database:
                for piece in open_file(base / "base", key, "pages-base"):
                    database.write(piece)
                made = _apply(base, key, database.fileno())
                os.fsync(database.fileno())
            return made
        except Unreadable as unreadable:
            target.unlink(missing_ok=True)
            trouble = unreadable
    if trouble:
        raise trouble
    return None


def _apply(base: Path, key: bytes, database: int) -> PutTogether:
    number, at, end = 0, (base / "base").stat().st_mtime, 0
    for row, ends in _changes(base, key):
        end = ends
        at, page_size, total, count = ROW.unpack(row[: ROW.size])
        for place in range(count):
            start = ROW.size + place * (4 + page_size)
            page = int.from_bytes(row[start : start + 4], "big")
            os.pwrite(database, row[start + 4 : start + 4 + page_size], (page - 1) * page_size)
        os.ftruncate(database, total * page_size)
        number += 1
    size = (base / "changes").stat().st_size if (base / "changes").exists() else 0
    return PutTogether(number, at, size - end)


def _changes(base: Path, key: bytes) -> Iterator[tuple[bytes, int]]:
    """Each change that can be read, and where in the file it ends; nothing behind the first that cannot."""
    if not (base / "changes").exists():
        return
    number = 0
    with open(base / "changes", "rb") as handle:
        while len(head := handle.read(4)) == 4:
            sealed = handle.read(int.from_bytes(head, "big"))
            try:
                yield zlib.decompress(decrypt(key, sealed, _purpose(base, number))), handle.tell()
            except Unreadable:
                return
            number += 1
