"""A real installation for a drill: its folder, its commands, its server, and people who use its pages."""

from __future__ import annotations

import contextlib
import http.cookiejar
import json
import os
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STARTS_WITHIN = 60.0  # seconds
NONCE = re.compile(r'name="(csrfmiddlewaretoken|nonce)"[^>]*?value="([^"]*)"')


class DrillFailed(Exception):
    """Something went otherwise than it must. The text says what."""


@dataclass(frozen=True)
class Acknowledged:
    """A deed whose page said yes: where the answer led, and when (monotonic)."""

    path: str
    at: float


class Installation:
    """One installation in `home`; all orders go through the `openpaspor` command, as an operator gives them."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = int(listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENPASPOR_")}
        kept.pop("DJANGO_SETTINGS_MODULE", None)
        self.environment = kept | {
            "OPENPASPOR_HOME": str(home),
            "OPENPASPOR_DEMO": "1",
            "OPENPASPOR_BACKUP_PASSPHRASE": secrets.token_hex(16),
        } | environment  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def order(self, *words: str, fine: tuple[int, ...] = (0,)) -> dict[str, Any]:
        """Run `openpaspor … --json`. Returns what it answers; raises DrillFailed on another exit code."""
        done = subprocess.run(
            [sys.executable, "-m", "openpaspor.nodes.cli", *words, "--json"],
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
                [sys.executable, "-m", "openpaspor.nodes.cli", "ledger", "export"],
                env=self.environment, stdout=out, stderr=subprocess.DEVNULL, check=True,
            )  # fmt: skip

    def start(self) -> None:
        """Serve, and wait for the first healthy answer."""
        self.home.mkdir(parents=True, exist_ok=True)
        with open(self.home.with_suffix(".log"), "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "openpaspor.nodes.cli", "run", "--port", str(self.port)],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        ends = time.monotonic() + STARTS_WITHIN
        while not self.ready():
            if self._process.poll() is not None or time.monotonic() > ends:
                said = self.home.with_suffix(".log").read_text()[-1500:]
                raise DrillFailed(f"the server did not start: {said}")
            time.sleep(0.1)

    def ready(self) -> dict[str, Any]:
        """What `/readyz` answers; empty when nothing answers."""
        with (
            contextlib.suppress(OSError, ValueError),
            urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer,
        ):
            found: dict[str, Any] = json.load(answer)
            return found
        return {}

    def wait(self, what: str, seconds: float = 30) -> None:
        """Wait until `/readyz` gives a value for `what`."""
        ends = time.monotonic() + seconds
        while self.ready().get(what) is None:
            if time.monotonic() > ends:
                raise DrillFailed(f"/readyz says no {what} after {seconds:.0f} s")
            time.sleep(0.2)

    def kill(self) -> None:
        """As a power cut would."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
            ends = time.monotonic() + 10
            while self.ready() and time.monotonic() < ends:  # the serving process dies with the main one
                time.sleep(0.05)

    def burn(self) -> None:
        """What a fire leaves of a box: nothing."""
        self.kill()
        shutil.rmtree(self.home)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Read the SQLite database as it lies there."""
        with contextlib.closing(sqlite3.connect(self.home / "openpaspor.sqlite3")) as database:
            return database.execute(query).fetchall()

    def __enter__(self) -> Installation:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class Person:
    """Somebody at the pages of an installation, signed in by a door of the demo."""

    def __init__(self, at: Installation, login: str) -> None:
        self.at = at
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._browser = urllib.request.build_opener(jar)
        self._send(f"/demo/as/{login}", {})

    def fill_in(self, path: str, **fields: str) -> Acknowledged:
        """Open a page, send its form, and return where its yes led. Raises urllib's HTTPError on a no."""
        with self._browser.open(self.at.url + path, timeout=20) as answer:
            page = answer.read().decode()
        hidden = {name: value for name, value in NONCE.findall(page) if value}
        return Acknowledged(self._send(path, hidden | fields), time.monotonic())

    def _send(self, path: str, fields: dict[str, str]) -> str:
        body = urllib.parse.urlencode(fields).encode()
        with self._browser.open(self.at.url + path, body, timeout=20) as answer:
            return urllib.parse.urlsplit(answer.url).path


def walk_in(officer: Person) -> Acknowledged:
    """A number for somebody without an appointment."""
    return officer.fill_in("/petugas/langsung/", priority=secrets.choice(["", "", "elderly"]))


def tickets_of(deeds: list[Acknowledged]) -> dict[int, float]:
    """The tickets that deeds answered with, and when."""
    found = {}
    for deed in deeds:
        number = re.fullmatch(r"/petugas/nomor/(\d+)/", deed.path)
        if number is None:
            raise DrillFailed(f"a walk-in number was answered with {deed.path}")
        found[int(number.group(1))] = deed.at
    return found


def faults_of(installation: Installation) -> list[str]:
    """What the checker and the log say is wrong, one sentence each."""
    log = installation.order("ledger", "verify", fine=(0, 1))
    wrong = [f"ledger verify: {log['first_bad']}"] if log["first_bad"] else []
    results = installation.order("invariants", fine=(0, 1))["results"]
    return wrong + [f"{row['id']}: {row['offending'][:3]}" for row in results if row["status"] == "fail"]
