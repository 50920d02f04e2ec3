"""The stage: five nodes of which one at a time is "this process", a clock that we move, and power that may fail."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.db import connections

from openpaspor.issuance import personalisation
from openpaspor.kit import clock, faults
from openpaspor.ledger import epochs, follow, identity, links, node, seal, worker
from openpaspor.ledger.courier import Courier
from openpaspor.ledger.identity import Identity
from openpaspor.nodes import new_epoch
from openpaspor.nodes.boot import boot
from openpaspor.payments.api import straight_in
from openpaspor.payments.gateways.demo import bank as demo_bank

from .sql import DatabaseWrapper, quick_models

DATABASE = "openpaspor.sqlite3"
FAST = "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
OFFICES = {"jakarta": "JAKARTA-SELATAN", "denpasar": "DENPASAR", "jayapura": "JAYAPURA"}  # WIB, WITA, WIT
CENTRE, PORTAL = "pusat", "portal"
NAMES = (CENTRE, PORTAL, *OFFICES)
LINES = tuple((office, peer) for office in OFFICES for peer in (CENTRE, PORTAL)) + ((PORTAL, CENTRE),)
MONDAY = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)  # 7.00 in Jakarta, 8.00 in Denpasar, 9.00 in Jayapura


class Crash(BaseException):
    """The power went, at a fault point. No handler of the program may catch it."""


@dataclass
class Kept:
    """A copy of a node's database: what a backup holds."""

    database: bytes
    step: int


@dataclass(eq=False)
class Site:
    """One node: its folder, its own connection, and what a restart forgets."""

    name: str
    home: Path
    connection: DatabaseWrapper
    node: node.Node | None = None
    is_up: bool = True
    skew: timedelta = timedelta(0)
    couriers: dict[str, Courier] = field(default_factory=dict)
    kept: list[Kept] = field(default_factory=list)

    @property
    def office(self) -> str:
        """The office it serves; empty for portal and centre."""
        return OFFICES.get(self.name, "")

    def keep(self, step: int) -> Kept:
        """Copy the database. Nothing may be under way."""
        return Kept((self.home / DATABASE).read_bytes(), step)

    def put_back(self, kept: Kept) -> None:
        """Let the database be that of the copy; keys and heads stay, and files come from the second copy."""
        self.connection.close()
        (self.home / DATABASE).write_bytes(kept.database)


def site_in(home: Path, name: str) -> Site:
    """The node whose files lie in `home`."""
    about = copy.deepcopy(connections.settings["default"])
    about |= {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(home / DATABASE),
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": FAST, "cached_statements": 1000},
        "CONN_MAX_AGE": None,
    }
    return Site(name, home, DatabaseWrapper(about, "default"))


class World:
    """All that one run has. Random draws come from `rng` alone."""

    born = 0

    def __init__(
        self, folder: Path, seed: int, *, begins: datetime = MONDAY, rooms: frozenset[str] | None = None
    ) -> None:
        self.folder = folder
        self.rooms = rooms  # that follow; None: as each role does
        self.seed = seed
        self.rng = random.Random(seed)  # noqa: S311 - a run must be repeatable
        self.now = begins
        self.step = 0
        self.trace: list[str] = []
        self.inside: list[Site] = []
        self.sites: dict[str, Site] = {}
        self.dooms: dict[
            str, tuple[str, int]
        ] = {}  # site -> fault point (or any) and passings until the crash
        self.crashed: list[str] = []
        World.born += 1
        self._ticks = World.born * 1e9  # far from those of an earlier run of this process

    # --- who and when -------------------------------------------------------------------------------------

    def clocks(self) -> tuple[datetime, float]:
        skew = self.inside[-1].skew if self.inside else timedelta(0)
        return self.now + skew, self._ticks

    def pass_time(self, span: timedelta) -> None:
        self.now += span
        self._ticks += span.total_seconds()

    @contextlib.contextmanager
    def at(self, site: Site) -> Iterator[Site]:
        """Be this node for the length of the block."""
        self.inside.append(site)
        self._become(site)
        try:
            yield site
        finally:
            site.node = node.here()  # it may have been enrolled meanwhile
            self.inside.pop()
            if self.inside:
                self._become(self.inside[-1])

    def _become(self, site: Site) -> None:
        connections["default"] = site.connection
        settings.HOME = site.home
        if site.node is None:  # just switched on
            site.node = boot(identity.read(site.home) or Identity(name="satu", role="everything"))
        if self.rooms is not None and site.node.rooms != self.rooms:
            site.node = replace(site.node, rooms=self.rooms)
        node.boot(site.node)

    def say(self, text: str) -> None:
        self.trace.append(f"{self.step:4} {self.now:%d %H:%M:%S} {text}")

    def digest(self) -> str:
        """SHA-256 over the whole trace: the same seed gives the same one."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()

    # --- power --------------------------------------------------------------------------------------------

    def watch(self, point: str) -> None:
        """A fault point was passed; the node may be doomed to stop at it."""
        site = self.inside[-1] if self.inside else None
        doom = self.dooms.get(site.name) if site else None
        if site is None or doom is None or doom[0] not in ("", point):
            return
        if doom[1] > 1:
            self.dooms[site.name] = (doom[0], doom[1] - 1)
            return
        del self.dooms[site.name]
        self.crashed.append(point)
        self.say(f"{site.name} loses power at {point}")
        raise Crash(point)

    def fall(self, site: Site) -> None:
        """What was not committed is gone, and all that was only in memory."""
        site.connection.close()
        self.dooms.pop(site.name, None)
        site.is_up = False
        site.couriers = {}
        site.node = None

    def start(self, site: Site, *, why: str = "") -> None:
        """Boot as `openpaspor run` does. `why`: an operator takes the database as it is, under a new epoch."""
        site.node = None
        with self.at(site):
            if why:
                new_epoch.begin(why, tickets=new_epoch.TICKETS_OF_A_DAY)
            epochs.refuse_roll_back()
            seal.introduce_ourselves()
            follow.follow_all()
            links.queue_news()
        site.is_up = True

    def work(self, site: Site, *, with_sweeps: bool) -> bool:
        """One turn of the worker. False when the power went."""
        try:
            with self.at(site):
                worker.turn(force_sweeps=with_sweeps)
        except Crash:
            self.fall(site)
            return False
        return True


@contextlib.contextmanager
def played(world: World) -> Iterator[None]:
    """Clock, chance and fault points are the world's; the process is as before afterwards."""
    chance = random.Random(f"chance {world.seed}")  # noqa: S311
    before: dict[str, Any] = {
        "home": settings.HOME, "node": node.here(), "urandom": os.urandom,
    }  # fmt: skip
    system = vars(random)
    threads, vars(connections)["_connections"] = vars(connections)["_connections"], SimpleNamespace()
    rooms, bank = vars(personalisation), vars(demo_bank)
    draw, rooms["page_of"] = rooms["page_of"], _no_page
    post, bank["over_http"] = bank["over_http"], _to_this_node
    clock.play(world.clocks)
    faults.watch(world.watch)
    os.urandom = system["_urandom"] = chance.randbytes
    try:
        with quick_models():
            yield
    finally:
        os.urandom = system["_urandom"] = before["urandom"]
        rooms["page_of"], bank["over_http"] = draw, post
        faults.watch(None)
        clock.play(None)
        for site in world.sites.values():
            site.connection.close()
        vars(connections)["_connections"] = threads
        settings.HOME = before["home"]
        node.boot(before["node"])


def _no_page(*_: Any) -> bytes:
    """Drawing a data page takes longer than all the rest of a deed."""
    return b"page"


def _to_this_node(_url: str) -> Callable[[bytes, dict[str, str]], int]:
    """The demo bank has one door; a server of this machine is none of ours."""
    return straight_in(clock.now())


def copy_of(template: Path, folder: Path) -> None:
    """The template's five homes, in a folder of this run."""
    anchors = shutil.ignore_patterns("clock-trusted.json")  # of ticks that are long gone
    shutil.copytree(template, folder, copy_function=shutil.copyfile, ignore=anchors)
