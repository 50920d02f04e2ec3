"""Build, start, cut, kill and stop the cluster. What it is made of stands in `plan`; what it keeps, in one folder."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any

from openpaspor.nodes.installation import Installation, faults_of, free_port
from openpaspor.offices.workdays import is_working_day

from . import relay, tls
from .plan import LINES, MEMBERS, Line, Member

BUILT = "built.json"
DAY_BEGINS = clock_time(0, 0)  # UTC: 07.00 WIB, 08.00 WITA, 09.00 WIT


class NoSuchNode(Exception):
    """The cluster has no node, or no line, of that name."""


@dataclass(frozen=True)
class Plan:
    """Who is in a cluster and on which ports."""

    members: tuple[Member, ...] = MEMBERS
    lines: tuple[Line, ...] = LINES

    def only(self, *names: str) -> Plan:
        """The part of it that these nodes make."""
        members = tuple(one for one in self.members if one.name in names)
        return Plan(members, tuple(one for one in self.lines if {one.caller, one.callee} <= set(names)))

    def elsewhere(self) -> Plan:
        """The same on ports that are free now, so that several clusters can be on one machine."""
        members = tuple(
            replace(one, port=free_port(), door=free_port() if one.door else 0) for one in self.members
        )
        return Plan(members, tuple(replace(line, port=free_port()) for line in self.lines))


class Cluster:
    """The cluster in `folder`. `database_url`: a PostgreSQL database beside which portal and centre make their own."""

    def __init__(
        self, folder: Path, plan: Plan | None = None, *, database_url: str = "", say: Callable[[str], None] = print
    ) -> None:  # fmt: skip
        self.folder = folder
        self.say = say
        kept = self._kept()
        self.plan = _read_plan(kept["plan"]) if kept else plan or Plan()
        self.databases: dict[str, str] = kept.get("databases", {})
        self.database_url = database_url
        self.nodes = {member.name: self._installation(member) for member in self.plan.members}
        self._relay: subprocess.Popen[bytes] | None = None

    def _kept(self) -> dict[str, Any]:
        with contextlib.suppress(FileNotFoundError):
            kept: dict[str, Any] = json.loads((self.folder / BUILT).read_text())
            return kept
        return {}

    def _installation(self, member: Member) -> Installation:
        more = {
            "OPENPASPOR_WIRE_CA": str(self.folder / tls.AUTHORITY),
            "OPENPASPOR_CLOCK": str(self.folder / "clock.json"),
        }
        if member.name in self.databases:
            more["OPENPASPOR_DATABASE_URL"] = self.databases[member.name]
        return Installation(self.folder / member.name, member.port, **more)

    @property
    def is_built(self) -> bool:
        return bool(self._kept())

    @property
    def offices(self) -> list[str]:
        return [code for member in self.plan.members for code in member.offices]

    # --- build --------------------------------------------------------------------------------------------

    def build(self, *, moment: datetime | None = None) -> None:
        """Make five installations and enrol them as operators would; nothing is left running but the lines."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, mode=0o700)
        tls.make(self.folder)
        self._write_lines()
        self._make_databases()
        try:
            self.start_lines()
            self._enrol_all(moment or _next_opening())
        except BaseException:
            self.stop()
            raise
        plan = {
            "members": [vars(one) for one in self.plan.members],
            "lines": [vars(one) for one in self.plan.lines],
        }
        (self.folder / BUILT).write_text(json.dumps({"plan": plan, "databases": self.databases}))

    def _enrol_all(self, moment: datetime) -> None:
        centre, *others = self.plan.members
        self._install(centre, moment)
        codes = {
            member.name: self.nodes[centre.name].order(
                "node", "invite", member.name, "--role", member.role, *_offices(member), *_address(member)
            )["code"]
            for member in others
        }
        self.nodes[centre.name].start()
        for member in others:
            self._let_in(member, centre, codes[member.name])
        self.nodes[centre.name].stop()

    def _install(self, centre: Member, moment: datetime) -> None:
        box = self.nodes[centre.name]
        self.say(f"{centre.name}: the centre, its keys and its people")
        box.order("node", "init", "--name", centre.name, "--role", centre.role, *_address(centre))
        box.order("clock", "set", moment.isoformat())
        box.order("demo", "--furnish", ",".join(self.offices))

    def _let_in(self, member: Member, centre: Member, code: str) -> None:
        self.say(f"{member.name}: enrolled with a one-time code")
        box = self.nodes[member.name]
        line = next(one for one in self.plan.lines if (one.caller, one.callee) == (member.name, centre.name))
        box.order("node", "enrol", code, "--centre", f"https://127.0.0.1:{line.port}")
        for line in self.plan.lines:
            if line.caller == member.name and line.callee != centre.name:
                box.order("node", "link", line.callee, "--url", f"https://127.0.0.1:{line.port}")
        box.order("demo", "--furnish", ",".join(member.offices or self.offices))

    def _make_databases(self) -> None:
        if not self.database_url:
            return
        from .databases import make

        for member in self.plan.members:
            if member.role != "office":
                self.databases[member.name] = make(self.database_url, member.name)
                self.nodes[member.name] = self._installation(member)

    def _write_lines(self) -> None:
        ports = {member.name: member for member in self.plan.members}
        relay.write_lines(
            self.folder,
            {
                line.name: relay.Shape(line.name, line.port, ports[line.callee].door)
                for line in self.plan.lines
            },
        )
        doors = {member.door: member.port for member in self.plan.members if member.door}
        (self.folder / relay.DOORS).write_text(json.dumps(doors))

    # --- run ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the lines and every node that does not run."""
        self.start_lines()
        waiting = [node for node in self.nodes.values() if not node.is_running]
        for node in waiting:
            node.begin()
        for node in waiting:
            node.wait_until_ready()

    def start_lines(self) -> None:
        """Start the relay, unless it runs; return when it listens."""
        if _relay_lives(self.folder):
            return
        (self.folder / "relay.ready").unlink(missing_ok=True)
        with open(self.folder / "relay.log", "ab") as log:
            self._relay = subprocess.Popen(
                [sys.executable, "-m", "openpaspor.nodes.cluster.relay", str(self.folder)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        (self.folder / "relay.pid").write_text(str(self._relay.pid))
        self._wait_for_lines()

    def _wait_for_lines(self) -> None:
        ends = time.monotonic() + 10
        written = str((self.folder / relay.LINES).stat().st_mtime_ns)
        while time.monotonic() < ends:
            with contextlib.suppress(FileNotFoundError):
                if (self.folder / "relay.ready").read_text() == written:
                    return
            time.sleep(0.02)
        raise TimeoutError(f"the lines do not work: {(self.folder / 'relay.log').read_text()[-800:]}")

    def shape(self, one: str, other: str, mode: str, *, rate: int = 0, pipe: str = "") -> str:
        """Let the line between two nodes be otherwise; returns its name. Raises NoSuchNode."""
        names = set(relay.read_lines(self.folder))
        name = next((pair for pair in (f"{one}-{other}", f"{other}-{one}") if pair in names), None)
        if name is None:
            raise NoSuchNode(f"There is no line between {one} and {other}. Lines: {', '.join(sorted(names))}")
        relay.shape(self.folder, name, mode, rate=rate, pipe=pipe)
        if _relay_lives(self.folder):
            self._wait_for_lines()
        return name

    def node(self, name: str) -> Installation:
        """Raises NoSuchNode."""
        if name not in self.nodes:
            raise NoSuchNode(f"There is no node {name}. Nodes: {', '.join(self.nodes)}")
        return self.nodes[name]

    def stop(self) -> None:
        """Stop every node in good order, then the lines."""
        for node in self.nodes.values():
            node.stop()
        if _relay_lives(self.folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(_relay_pid(self.folder), signal.SIGTERM)
        if self._relay is not None:
            self._relay.wait(timeout=10)
            self._relay = None
        (self.folder / "relay.pid").unlink(missing_ok=True)

    def burn(self, name: str) -> None:
        """What a fire leaves of a node: nothing; on PostgreSQL a new and empty database stands where its own was."""
        self.node(name).burn()
        if name in self.databases:
            from .databases import make

            make(self.database_url, name)

    def drop(self) -> None:
        """Stop everything and forget what was made outside the folder."""
        self.stop()
        if self.databases:
            from .databases import drop

            for url in self.databases.values():
                drop(url)

    def status(self) -> list[dict[str, Any]]:
        """Each node: name, role, address, whether it answers, and its lines."""
        shapes = relay.read_lines(self.folder)
        told = []
        for member in self.plan.members:
            ready = self.nodes[member.name].ready()
            told.append(
                {
                    "node": member.name,
                    "role": member.role,
                    "url": self.nodes[member.name].url,
                    "state": "up" if ready else "down",
                    "lines": [
                        line | {"relay": _mode(shapes, member.name, str(line["peer"]))}
                        for line in ready.get("lines", ())
                    ],
                }
            )
        return told

    def has_lines(self) -> bool:
        """Whether the relay lives, without which every line is cut."""
        return _relay_lives(self.folder)

    def is_quiet(self) -> bool:
        """Every node that runs has nothing unsealed, unread or unsent, and every line is open."""
        told = [node.ready() for node in self.nodes.values() if node.is_running]
        return bool(told) and all(
            ready and not ready["unsealed"] and not ready["unread"] and all(line["state"] == "open" and not line["unsent"] for line in ready["lines"])
            for ready in told
        )  # fmt: skip

    def wait_until_quiet(self, seconds: float = 60) -> float:
        """Wait until everything has been said to everybody. Returns how long it took; raises TimeoutError."""
        began = time.monotonic()
        while not self.is_quiet():
            if time.monotonic() - began > seconds:
                raise TimeoutError(f"not quiet after {seconds:.0f} s: {self.status()}")
            time.sleep(0.25)
        return time.monotonic() - began

    def faults(self, *, clients: Sequence[Path] = (), empty: Sequence[str] = ()) -> list[str]:
        """What the checker finds over all nodes together, and beside client ledgers; one sentence each. For a quiet cluster.

        `empty` are invariants of which this scenario has no rows.
        """
        centre, *others = self.plan.members
        places = [f"{one.name}={self.databases.get(one.name, self.folder / one.name)}" for one in others]
        words = [word for place in places for word in ("--node", place)]
        words += [word for path in clients for word in ("--client", str(path))]
        return faults_of(self.nodes[centre.name], *words, "--empty", ",".join(empty))


def _mode(shapes: dict[str, relay.Shape], one: str, other: str) -> str:
    found = shapes.get(f"{one}-{other}") or shapes.get(f"{other}-{one}")
    return found.mode if found else ""


def _read_plan(kept: dict[str, Any]) -> Plan:
    members = tuple(Member(**{**one, "offices": tuple(one["offices"])}) for one in kept["members"])
    return Plan(members, tuple(Line(**one) for one in kept["lines"]))


def _offices(member: Member) -> list[str]:
    return ["--offices", ",".join(member.offices)] if member.offices else []


def _address(member: Member) -> list[str]:
    return ["--url", f"https://127.0.0.1:{member.door}"] if member.door else []


def _next_opening() -> datetime:
    """Eight in the morning at Denpasar, of today or the next working day."""
    day = datetime.now(UTC).date()
    while not is_working_day(day):
        day += timedelta(days=1)
    return datetime.combine(day, DAY_BEGINS, UTC)


def _relay_pid(folder: Path) -> int:
    with contextlib.suppress(FileNotFoundError, ValueError):
        return int((folder / "relay.pid").read_text())
    return 0


def _relay_lives(folder: Path) -> bool:
    pid = _relay_pid(folder)
    try:
        return bool(pid) and b"cluster.relay" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
