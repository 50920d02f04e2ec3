"""A real `openpaspor run` for tests, in a session and a home of its own, and the commands that go with it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

COMMAND = [sys.executable, "-m", "openpaspor.nodes.cli"]


class Server:
    """One installation: `start()` it, `stop()` it in good order, `kill()` it as a power cut would."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.environment = clean_environment() | {
            "OPENPASPOR_HOME": str(home),
            "OPENPASPOR_PORT": str(self.port),
            "OPENPASPOR_DEMO": "1",
        }
        given = os.environ.get("OPENPASPOR_DATABASE_URL")
        if given:
            self.environment["OPENPASPOR_DATABASE_URL"] = new_database(given)
        self.environment |= environment

    @property
    def is_on_postgres(self) -> bool:
        return "OPENPASPOR_DATABASE_URL" in self.environment

    def run(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run `openpaspor …` to its end."""
        return subprocess.run(
            [*COMMAND, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def ask(self, *arguments: str, timeout: float = 120) -> dict[str, Any]:
        """Run `openpaspor … --json`; returns what it answers, whatever its exit code."""
        done = self.run(*arguments, "--json", timeout=timeout)
        assert done.stdout, f"openpaspor {' '.join(arguments)} answered nothing: {done.stderr[-2000:]}"
        return json.loads(done.stdout)

    def build_demo(self, *, size: int, seed: int = 1) -> None:
        done = self.run("demo", "--seed", str(seed), "--size", str(size), timeout=300)
        assert done.returncode == 0, done.stderr[-4000:]

    def start(self, **environment: str) -> None:
        """Start serving and wait for the first healthy answer."""
        self._spawn("run", "--port", str(self.port), "--migrate", **environment)
        ends = time.monotonic() + 60
        while not self.is_healthy():
            assert self.processes[0].poll() is None, f"the server stopped: {self.log()[-4000:]}"
            assert time.monotonic() < ends, f"the server does not answer: {self.log()[-4000:]}"
            time.sleep(0.05)
        if self.is_on_postgres:
            self._spawn("work", **environment)

    def _spawn(self, *arguments: str, **environment: str) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        with open(self.home.with_suffix(".log"), "ab") as log:
            process = subprocess.Popen(
                [*COMMAND, *arguments],
                env=self.environment | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)

    def is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def log(self) -> str:
        """What the processes have said so far."""
        with contextlib.suppress(FileNotFoundError):
            return self.home.with_suffix(".log").read_text()
        return ""

    def stop(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def wait(self, timeout: float = 30) -> int:
        """Wait until the serving process has ended by itself; returns its exit code."""
        code = self.processes[0].wait(timeout)
        self.kill()
        return code

    def _signal(self, sign: signal.Signals) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
        for process in self.processes:
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.processes.clear()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


def clean_environment() -> dict[str, str]:
    """Our environment without what says which installation this test run itself is."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("OPENPASPOR_") and name != "DJANGO_SETTINGS_MODULE"
    }


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def new_database(url: str) -> str:
    """Make an empty database beside the one that `url` names; returns its URL."""
    made = _called(url, f"server_{uuid.uuid4().hex[:12]}")
    _tell_server(url, f'CREATE DATABASE "{_name(made)}"')
    return made


def copy_database(url: str, copy: str = "") -> str:
    """Copy a database that nobody is connected to; returns the URL of the copy."""
    copy = copy or _called(url, f"copy_{uuid.uuid4().hex[:12]}")
    _tell_server(url, f'CREATE DATABASE "{_name(copy)}" TEMPLATE "{_name(url)}"')
    return copy


def drop_database(url: str) -> None:
    _tell_server(url, f'DROP DATABASE "{_name(url)}" WITH (FORCE)')


def _name(url: str) -> str:
    return urlsplit(url).path.lstrip("/")


def _called(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _tell_server(url: str, sentence: str) -> None:
    import psycopg

    with psycopg.connect(_called(url, "postgres"), autocommit=True) as connection:
        connection.execute(sentence)
