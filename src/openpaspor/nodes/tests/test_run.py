"""The server as an operator meets it: real processes, real signals."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from openpaspor.kit import lock
from tests.server import COMMAND, Server, clean_environment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A home whose tables are there already, so that the starts below take a second."""
    server = Server(tmp_path_factory.mktemp("run") / "a home")
    server.start()
    server.stop()
    return server


@pytest.fixture
def serving(prepared: Server) -> Iterator[Server]:
    prepared.start()
    yield prepared
    prepared.kill()


def children_of(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def is_gone(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    return True


def has_read(port: int, theirs: int) -> bool:
    """Whether the server at our `port` has taken in all that came from the port `theirs`."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, remote, _state, queues = line.split()[1:5]
        if local.endswith(f":{port:04X}") and remote.endswith(f":{theirs:04X}"):
            return queues.endswith(":00000000")
    return False


def until(holds: object, seconds: float = 10) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if holds():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


def test_a_killed_main_process_leaves_nobody_serving(serving: Server):
    main = serving.processes[0]
    workers = children_of(main.pid)

    os.kill(main.pid, signal.SIGKILL)
    main.wait()

    assert workers
    assert until(lambda: all(is_gone(worker) for worker in workers))
    assert until(lambda: not serving.is_healthy())
    if not serving.is_on_postgres:
        assert until(lambda: not lock.is_held(serving.home))


def test_a_killed_serving_process_ends_the_server_with_its_code(serving: Server):
    os.kill(children_of(serving.processes[0].pid)[0], signal.SIGKILL)

    assert serving.wait() == 128 + signal.SIGKILL
    assert until(lambda: not serving.is_healthy())


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_is_quick_quiet_and_good(serving: Server, sign: signal.Signals):
    said = len(serving.log())

    os.kill(serving.processes[0].pid, sign)

    assert serving.wait(timeout=8) == 0
    assert "Traceback" not in serving.log()[said:]


def test_a_stop_does_not_wait_for_a_browser_that_has_begun_a_request_and_says_nothing_of_it(serving: Server):
    said = len(serving.log())
    with socket.create_connection(("127.0.0.1", serving.port)) as browser:
        browser.sendall(b"GET / HTTP/1.1\r\nHost: local")
        assert until(lambda: has_read(serving.port, browser.getsockname()[1]))

        began = time.monotonic()
        os.kill(serving.processes[0].pid, signal.SIGINT)

        assert serving.wait(timeout=8) == 0
    assert time.monotonic() - began < 4
    assert "refused" not in serving.log()[said:]


def test_a_stop_in_the_first_moment_is_not_lost(prepared: Server):
    for delay in (0.3, 0.6, 0.9, 1.2):
        prepared._spawn("run", "--port", str(prepared.port))
        time.sleep(delay)
        os.kill(prepared.processes[0].pid, signal.SIGTERM)
        prepared.wait(timeout=15)

        assert until(lambda: not prepared.is_healthy())


def test_a_port_in_use_is_one_sentence(prepared: Server):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        done = prepared.run("run", "--port", str(port))

    assert done.returncode == 3
    assert done.stderr.strip().startswith(f"Port {port} is in use")
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_home_in_use_is_one_sentence(tmp_path: Path):
    server = Server(tmp_path / "var")
    server.environment.pop("OPENPASPOR_DATABASE_URL", None)  # on PostgreSQL several servers may run

    with lock.hold(server.home):
        done = server.run("run", "--port", str(server.port))

    assert done.returncode == 3
    assert "already running" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_what_was_committed_survives_a_kill(serving: Server):
    serving.kill()

    if not serving.is_on_postgres:
        database = sqlite3.connect(serving.home / "openpaspor.sqlite3")
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        database.close()
    serving.start()
    assert serving.is_healthy()


def test_doctor_finds_a_running_installation_well(serving: Server):
    answer = serving.ask("doctor")

    assert answer["schema"] == 1
    wrong = {check["id"] for check in answer["checks"] if not check["ok"]}
    assert wrong <= {"chromium", "translations"}  # which `make` sees to
    assert {"python", "home", "disk-free", "keys", "lock", "port", "migrations", "static", "clock"} <= {
        check["id"] for check in answer["checks"]
    }


@pytest.mark.once
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGHUP])
def test_what_a_bench_has_started_does_not_outlive_it(tmp_path: Path, sign: signal.Signals):
    """As for drills and clusters that are thrown away: a bench that was stopped left its nodes running for ever."""
    bench = subprocess.Popen(
        [*COMMAND, "bench", "sync", "--entries", "50000"],
        env=clean_environment() | {"OPENPASPOR_HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    ends = time.monotonic() + 60
    while not (running := serving_in(tmp_path)) and time.monotonic() < ends:
        time.sleep(0.1)
    assert running

    bench.send_signal(sign)

    assert bench.wait(30) == 3
    assert serving_in(tmp_path) == []
    assert list(tmp_path.glob("openpaspor-bench-*")) == []


@pytest.mark.once
def test_a_simulation_that_is_stopped_leaves_nobody_playing_and_no_folder(tmp_path: Path):
    played = subprocess.Popen(
        [*COMMAND, "simulate", "--seeds", "40", "--jobs", "2"],
        env=clean_environment() | {"OPENPASPOR_HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    ends, homes = time.monotonic() + 60, []
    while len(homes) < 2 and time.monotonic() < ends:
        time.sleep(0.2)
        homes = [home for child in children_of(played.pid) if (home := home_of(child)).exists()]
    assert len(homes) == 2

    played.send_signal(signal.SIGTERM)

    assert played.wait(30) == 3
    assert played.stderr and played.stderr.read() == "Stopped.\n"
    assert not any(home.parent.exists() for home in homes)


def home_of(pid: int) -> Path:
    words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    homes = [word for word in words if word.startswith(b"OPENPASPOR_HOME=")]
    return Path(homes[0].decode().partition("=")[2] if homes else "/nowhere")


def serving_in(folder: Path) -> list[int]:
    """The processes of nodes that serve from somewhere under a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if b"run" in words and f"={folder}/".encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found


@pytest.mark.parametrize("left", ["denpasar", "denpasar/pages", "denpasar/attachments"])
def test_an_empty_home_beside_whatever_lies_of_its_second_copy_does_not_begin_anew(tmp_path: Path, left: str):
    (tmp_path / "second" / left).mkdir(parents=True)
    home = tmp_path / "home"
    done = subprocess.run(
        [*COMMAND, "run"],
        env=clean_environment()
        | {
            "OPENPASPOR_HOME": str(home),
            "OPENPASPOR_NODE": "denpasar",
            "OPENPASPOR_SECOND_COPY": str(tmp_path / "second"),
        },
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip

    assert done.returncode == 3
    assert "openpaspor node rebuild --second-copy" in done.stderr
    assert not list(home.glob("*.sqlite3")) and not (home / "keys" / "sign.key").exists()
    assert [path.name for path in (tmp_path / "second").rglob("*")] == left.split("/")
