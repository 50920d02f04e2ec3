"""Every committed page of a database is in its second copy, however it was written."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import threading
from pathlib import Path

import pytest

from openpaspor.ledger.keys import Unreadable
from openpaspor.ledger.pages import Pages, put_together

KEY = b"k" * 32


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "live.sqlite3"
    with contextlib.closing(opened(path)) as live:
        live.execute("PRAGMA journal_mode=WAL")
        live.execute("CREATE TABLE said (id INTEGER PRIMARY KEY, what BLOB)")
    return path


def opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=20, check_same_thread=False)


def dump(path: Path) -> list[str]:
    with contextlib.closing(opened(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        return list(database.iterdump())


def copy_of(folder: Path, tmp_path: Path) -> list[str]:
    made = tmp_path / "made.sqlite3"
    for left in tmp_path.glob("made.sqlite3*"):
        left.unlink()
    assert put_together(folder, KEY, made)
    return dump(made)


def say(live: sqlite3.Connection, count: int, size: int) -> None:
    live.executemany("INSERT INTO said(what) VALUES (?)", [(os.urandom(size),) for _ in range(count)])


def test_the_copy_equals_the_database_after_each_look(database, tmp_path):
    """Small and large commits, what was taken back, deletions, a VACUUM, and SQLite's log started anew many times."""
    pages, chance = Pages(database, tmp_path / "copy", KEY), random.Random(7)
    with contextlib.closing(opened(database)) as live:
        for turn in range(40):
            live.execute("BEGIN IMMEDIATE")
            say(live, chance.choice([0, 1, 40, 1500]), chance.choice([10, 3000]))
            if turn % 3 == 0:
                live.execute("DELETE FROM said WHERE id % 5 = 0")
            live.execute("ROLLBACK" if turn % 7 == 6 else "COMMIT")
            if turn == 20:
                live.execute("VACUUM")
            pages.follow()

            assert copy_of(tmp_path / "copy", tmp_path) == dump(database)


def test_nothing_is_missed_while_others_write(database, tmp_path):
    pages, stop = Pages(database, tmp_path / "copy", KEY), threading.Event()

    def write() -> None:
        with contextlib.closing(opened(database)) as live:
            while not stop.wait(0.002):
                say(live, 1, 400)

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    for _ in range(15):
        pages.follow()
        stop.wait(0.05)
    stop.set()
    for writer in writers:
        writer.join()
    pages.follow()

    assert copy_of(tmp_path / "copy", tmp_path) == dump(database)
    assert len(list((tmp_path / "copy").iterdir())) == 1  # and no new base was needed for it


def test_a_copy_cut_off_anywhere_is_one_of_the_moments_before(database, tmp_path):
    pages, moments = Pages(database, tmp_path / "copy", KEY), []
    with contextlib.closing(opened(database)) as live:
        for _ in range(4):
            say(live, 3, 500)
            pages.follow()
            moments.append(dump(database))
    changes = next((tmp_path / "copy").iterdir()) / "changes"
    whole = changes.read_bytes()

    for length in range(0, len(whole), 97):
        changes.write_bytes(whole[:length])
        assert copy_of(tmp_path / "copy", tmp_path) in moments


def test_after_a_crash_a_new_base_takes_the_place_of_the_old_one_when_it_is_whole(database, tmp_path):
    Pages(database, tmp_path / "copy", KEY).follow()
    half = tmp_path / "copy" / "00000002"
    half.mkdir()
    (half / ".base.new").write_bytes(b"half")  # killed while a second one was written
    assert copy_of(tmp_path / "copy", tmp_path) == dump(database)
    with contextlib.closing(opened(database)) as live:
        say(live, 5, 100)

    Pages(database, tmp_path / "copy", KEY).follow()

    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["00000003"]
    assert copy_of(tmp_path / "copy", tmp_path) == dump(database)


def test_a_disk_that_hangs_does_not_hold_the_database_and_what_it_missed_is_copied_anew(database, tmp_path):
    pages = Pages(database, tmp_path / "copy", KEY)
    pages.follow()
    pages.let_go()
    with contextlib.closing(opened(database)) as live:
        say(live, 2000, 3000)
        assert live.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0

    pages.follow()

    assert copy_of(tmp_path / "copy", tmp_path) == dump(database)


def test_another_key_opens_nothing(database, tmp_path):
    Pages(database, tmp_path / "copy", KEY).follow()

    with pytest.raises(Unreadable):
        put_together(tmp_path / "copy", b"x" * 32, tmp_path / "made.sqlite3")
    assert not (tmp_path / "made.sqlite3").exists()
