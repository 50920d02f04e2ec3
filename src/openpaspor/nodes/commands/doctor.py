"""Look whether this installation is well, and say what to do where it is not."""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import sqlite3
import stat
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import DatabaseError, connection

import openpaspor
from openpaspor.kit import clock, lock
from openpaspor.ledger import second_copy
from openpaspor.ledger.node import here
from openpaspor.nodes import cli, machine, tables

HELP = "look whether this installation is well, and say what to do"
OLDEST_SQLITE = (3, 35, 0)  # RETURNING
OLDEST_POSTGRES = 150000
NOT_BEFORE = datetime(2026, 1, 1, tzinfo=clock.real_now().tzinfo)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `do` is empty when there is nothing to do."""

    id: str
    ok: bool
    say: str
    do: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default=settings.HOST)
    parser.add_argument("--port", type=int, default=settings.PORT)


def run(args: argparse.Namespace) -> int:
    checks = list(examine(args.host, args.port))
    if args.json:
        cli.answer({"checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            sys.stdout.write(
                f"{'ok ' if check.ok else 'NOT'} {check.id:<13} {check.say} {check.do}".rstrip() + "\n"
            )
    return cli.GOOD if all(check.ok for check in checks) else cli.FOUND


def examine(host: str, port: int) -> Iterator[Check]:
    """Every check, in the order in which one would mend them."""
    home = here().home
    yield python()
    yield from database()
    yield answered("home", machine.trouble_with_writing(home), f"{home} can be written to.")
    if connection.vendor == "sqlite":
        yield answered(
            "disk-local", machine.trouble_with_network(home), "The data lie on a disk of this machine."
        )
    yield answered("disk-free", machine.trouble_with_space(home), "There is room on the disk.")
    yield second_copy_kept(home)
    yield keys(home)
    yield from server(home, host, port)
    yield guarded("migrations", migrations)
    yield static_files()
    yield translations()
    yield wall_clock(home)
    yield browser()


def answered(name: str, trouble: str | None, well: str) -> Check:
    """A check from one of the machine's questions: its answer is what is wrong, then what to do."""
    if trouble is None:
        return Check(name, True, well)
    say, _, do = trouble.partition(". ")
    return Check(name, False, f"{say}.", do)


def guarded(name: str, look: Callable[[], Check]) -> Check:
    """A check that asks the database, which may be the thing that is ill."""
    try:
        return look()
    except (DatabaseError, sqlite3.Error) as error:
        return Check(
            name, False, f"The database does not answer ({type(error).__name__}).", "Mend the database first."
        )


def python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("python", sys.version_info >= machine.OLDEST_PYTHON, f"Python {version}.")


def database() -> Iterator[Check]:
    if connection.vendor == "sqlite":
        found = sqlite3.sqlite_version
        ok = sqlite3.sqlite_version_info >= OLDEST_SQLITE
        yield Check(
            "sqlite", ok, f"SQLite {found}.", "" if ok else "Install a newer Python, which brings SQLite."
        )
        yield guarded("journal", journal)
    else:
        yield guarded("postgres", postgres)


def journal() -> Check:
    """A write-ahead log, and nothing acknowledged before it is on the disk."""
    with connection.cursor() as cursor:
        mode = cursor.execute("PRAGMA journal_mode").fetchone()[0]
        synchronous = cursor.execute("PRAGMA synchronous").fetchone()[0]
    ok = mode == "wal" and synchronous >= 2
    do = "" if ok else "Use the settings that ship: WAL and synchronous=FULL."
    return Check("journal", ok, f"Journal {mode}, synchronous {synchronous}.", do)


def postgres() -> Check:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int, current_setting('server_version')")
        number, name = cursor.fetchone()
    ok = number >= OLDEST_POSTGRES
    return Check("postgres", ok, f"PostgreSQL {name}.", "" if ok else "Use PostgreSQL 15 or newer.")


def second_copy_kept(home: Path) -> Check:
    """The second copy can be written to, lies on another disk, and is not old while the server runs."""
    place = second_copy.place()
    if place is None:
        return Check("second-copy", True, "No second copy is asked for (OPENPASPOR_SECOND_COPY).")
    if not place.is_dir():
        return Check(
            "second-copy", False, f"The folder {place} is not there.", "Connect its disk, or make it."
        )
    trouble = machine.trouble_with_writing(place)
    if trouble:
        return answered("second-copy", trouble, "")
    if place.stat().st_dev == home.stat().st_dev and not here().demo:
        return Check(
            "second-copy", False, f"{place} lies on the same disk as {home}.", "Choose another disk or box."
        )
    copy = second_copy.state()
    running = (home / "lock").exists() and lock.is_held(home)
    if running and copy and copy.is_late:
        age = f"{copy.age_s:.0f} s old" if copy.age_s is not None else "empty"
        return Check(
            "second-copy", False, f"The second copy in {place} is {age} ({copy.trouble}).", "See /ops/."
        )
    return Check("second-copy", True, f"The second copy in {place} can be written to.")


def keys(home: Path) -> Check:
    """The keys are there, and only their owner reads them."""
    folder = home / "keys"
    found = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    if not found:
        return Check("keys", True, "No keys yet; the first start makes them.")
    loose = [path.name for path in found if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    if loose:
        return Check(
            "keys", False, f"Others on this machine may read {', '.join(loose)}.", f"chmod 600 {folder}/*"
        )
    return Check("keys", True, f"{len(found)} keys, readable by their owner only.")


def server(home: Path, host: str, port: int) -> Iterator[Check]:
    running = (home / "lock").exists() and lock.is_held(home)
    yield Check("lock", True, "The server is running." if running else "Nothing is running from this folder.")
    trouble = machine.trouble_with_port(host, port)
    if trouble and answers(host, port):
        yield Check("port", True, f"Port {port} is in use, by a running OpenPaspor.")
    else:
        yield answered("port", trouble, f"Port {port} is free.")


def answers(host: str, port: int) -> bool:
    """Whether a server like ours answers there."""
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


def migrations() -> Check:
    waiting = tables.waiting()
    if not waiting:
        return Check("migrations", True, "The tables are up to date.")
    return Check(
        "migrations", False, f"{waiting} migrations wait.", "Start once with: openpaspor run --migrate"
    )


def static_files() -> Check:
    found = finders.find("ui/openpaspor.css")
    return Check("static", bool(found), "The style sheet is there." if found else "The style sheet is missing.",
                 "" if found else "Install the package again.")  # fmt: skip


def translations() -> Check:
    package = Path(openpaspor.__file__).parent
    late = [
        source for source in package.rglob("*.po")
        if not source.with_suffix(".mo").exists() or source.with_suffix(".mo").stat().st_mtime < source.stat().st_mtime
    ]  # fmt: skip
    if not late:
        return Check("translations", True, "The translations are compiled.")
    return Check(
        "translations",
        False,
        f"{len(late)} translations are not compiled.",
        "python tools/messages.py --compile",
    )


def wall_clock(home: Path) -> Check:
    """A clock that stands before what was written last has been set back."""
    now = clock.real_now()
    written = [
        path.stat().st_mtime for path in (home / "heads.json", home / "openpaspor.sqlite3") if path.exists()
    ]
    if now < NOT_BEFORE or any(moment > now.timestamp() + 60 for moment in written):
        return Check(
            "clock",
            False,
            f"The clock says {now:%Y-%m-%d %H.%M} UTC, earlier than what was written last.",
            "Set the clock.",
        )
    return Check("clock", True, f"The clock says {now:%Y-%m-%d %H.%M} UTC.")


def browser() -> Check:
    """Chromium, which only the tests and `openpaspor shots` need."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found:
        return Check("chromium", True, f"Chromium for the tests: {found}.")
    if importlib.util.find_spec("playwright") is None:
        return Check(
            "chromium", True, "No Chromium; only tests need it, and their packages are not installed."
        )
    return Check(
        "chromium", False, "No Chromium, which the browser tests need.", "As root: apt-get install chromium"
    )
