"""One installation as an operator sees it from outside: its folder, its commands, its processes."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-m", "openpaspor.nodes.cli")
STARTS_WITHIN = 60.0  # seconds
STOPS_WITHIN = 15.0


class DrillFailed(Exception):
    """Something went otherwise than it must. The text says what."""


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Installation:
    """One installation in `home`; all orders go through the `openpaspor` command, as an operator gives them.

    Its processes outlive ours: their numbers stand in `home`.pid, what they say in `home`.log.
    """

    def __init__(self, home: Path, port: int = 0, **environment: str) -> None:
        self.home = home
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENPASPOR_")}
        kept.pop("DJANGO_SETTINGS_MODULE", None)
        self.environment = kept | {
            "OPENPASPOR_HOME": str(home),
            "OPENPASPOR_PORT": str(self.port),
            "OPENPASPOR_DEMO": "1",
            "OPENPASPOR_BACKUP_PASSPHRASE": secrets.token_hex(16),
        } | environment  # fmt: skip
        self._children: list[subprocess.Popen[bytes]] = []

    @property
    def is_on_postgres(self) -> bool:
        return "OPENPASPOR_DATABASE_URL" in self.environment

    @property
    def log(self) -> Path:
        return self.home.with_suffix(".log")

    def command(self) -> list[str]:
        """How the program is called here."""
        return list(COMMAND)

    def order(self, *words: str, fine: tuple[int, ...] = (0,)) -> dict[str, Any]:
        """Run `openpaspor … --json`. Returns what it answers; raises DrillFailed on another exit code."""
        done = subprocess.run(
            [*self.command(), *words, "--json"],
            env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode not in fine:
            raise DrillFailed(
                f"openpaspor {' '.join(words)} ended with {done.returncode}: {done.stderr[-1500:]}"
            )
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def export(self, target: Path) -> None:
        """`openpaspor ledger export` into a file."""
        with open(target, "wb") as out:
            subprocess.run(
                [*self.command(), "ledger", "export"],
                env=self.environment, stdout=out, stderr=subprocess.DEVNULL, check=True,
            )  # fmt: skip

    def start(self) -> None:
        """Serve, and wait for the first healthy answer."""
        self.begin()
        self.wait_until_ready()

    def begin(self) -> None:
        """Start what serves; on PostgreSQL the worker is a process of its own."""
        if not self.is_running:
            self.kill()  # what is left of a life that somebody else ended
        self._spawn("run", "--port", str(self.port), "--migrate")

    def wait_until_ready(self) -> None:
        """Wait for the first healthy answer. Raises DrillFailed when none comes."""
        ends = time.monotonic() + STARTS_WITHIN
        while not self.ready():
            if not self.is_running or time.monotonic() > ends:
                raise DrillFailed(f"the server did not start: {self.log.read_text()[-1500:]}")
            time.sleep(0.1)
        if self.is_on_postgres and len(self._pids()) == 1:
            self._spawn("work")

    def _spawn(self, *words: str) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as log:
            child = subprocess.Popen(
                [*self.command(), *words],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._children.append(child)
        with open(self.home.with_suffix(".pid"), "a") as kept:
            kept.write(f"{child.pid}\n")

    def ready(self) -> dict[str, Any]:
        """What `/readyz` answers; empty when nothing answers, or a no."""
        with (
            contextlib.suppress(OSError, ValueError),
            urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer,
        ):
            found: dict[str, Any] = json.load(answer)
            return found
        return {}

    def is_listening(self) -> bool:
        """Whether somebody takes calls on our port, well or not."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def wait(self, what: str, seconds: float = 30) -> None:
        """Wait until `/readyz` gives a value for `what`."""
        ends = time.monotonic() + seconds
        while self.ready().get(what) is None:
            if time.monotonic() > ends:
                raise DrillFailed(f"/readyz says no {what} after {seconds:.0f} s")
            time.sleep(0.2)

    @property
    def is_running(self) -> bool:
        pids = self._pids()
        return bool(pids) and _lives(pids[0])

    def _pids(self) -> list[int]:
        for child in self._children:
            child.poll()  # one that ended is not there any more
        with contextlib.suppress(FileNotFoundError):
            return [int(line) for line in self.home.with_suffix(".pid").read_text().split()]
        return []

    def stop(self) -> None:
        """In good order; what does not end is killed."""
        self._signal(signal.SIGTERM)
        ends = time.monotonic() + STOPS_WITHIN
        while any(map(_lives, self._pids())) and time.monotonic() < ends:
            time.sleep(0.05)
        self.kill()

    def kill(self) -> None:
        """As a power cut would."""
        self._signal(signal.SIGKILL)
        ends = time.monotonic() + STOPS_WITHIN
        while (any(map(_lives, self._pids())) or self.is_listening()) and time.monotonic() < ends:
            time.sleep(0.05)  # the serving process dies with the main one
        self.home.with_suffix(".pid").unlink(missing_ok=True)

    def _signal(self, sign: signal.Signals) -> None:
        for pid in filter(_lives, self._pids()):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, sign)

    def burn(self) -> None:
        """What a fire leaves of a box: nothing."""
        self.kill()
        shutil.rmtree(self.home)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Read the database as it lies there."""
        if self.is_on_postgres:
            import psycopg

            with psycopg.connect(self.environment["OPENPASPOR_DATABASE_URL"]) as server:
                return server.execute(query.encode()).fetchall()
        with contextlib.closing(sqlite3.connect(self.home / "openpaspor.sqlite3")) as database:
            return database.execute(query).fetchall()

    def __enter__(self) -> Installation:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def _lives(pid: int) -> bool:
    """Whether this is (still) a process of ours. A number may have been given to somebody else since."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return not words or b"openpaspor" in words  # no words yet: it has just begun


def faults_of(installation: Installation, *checking: str) -> list[str]:
    """What the checker and the log say is wrong, one sentence each. `checking` are further words to `openpaspor invariants`."""
    log = installation.order("ledger", "verify", fine=(0, 1))
    wrong = [f"ledger verify: {log['first_bad']}"] if log["first_bad"] else []
    results = installation.order("invariants", *checking, fine=(0, 1))["results"]
    return wrong + [f"{row['id']}: {row['offending'][:3]}" for row in results if row["status"] == "fail"]
