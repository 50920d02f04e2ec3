"""Who we are: one context object with the node's name, role, keys, store and clock. Never read at import."""

from __future__ import annotations

import contextlib
import contextvars
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from openpaspor.journey import Site
from openpaspor.kit.disk import sync_folder

from .identity import Peer
from .keys import KeyRing
from .store import Store

ROLES = ("everything", "portal", "office", "centre")
ISSUERS = {"everything": "22", "portal": "22", "centre": "33", "office": "44"}  # of whom nobody enrolled


@dataclass(frozen=True)
class Node:
    """One installation that writes its own log."""

    name: str
    role: str
    home: Path
    offices: tuple[str, ...] = ()  # office codes an office node serves; empty elsewhere
    demo: bool = False
    url: str = ""  # where other nodes reach this one; empty when they cannot
    allotted: str = ""  # issuer code that the centre gave us for this epoch; empty before it enrolled us
    links: tuple[Peer, ...] = ()  # whom we have a line with, and where we reach them
    rooms: frozenset[str] | None = None  # whose followers and sweeps run here; None: all

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ValueError(f"OPENPASPOR_ROLE is {self.role!r}; it is one of {', '.join(ROLES)}")

    @cached_property
    def keys(self) -> KeyRing:
        return KeyRing(self.home / "keys")

    @cached_property
    def store(self) -> Store:
        return Store(self.home / "attachments")

    @cached_property
    def issuer(self) -> str:
        """The two symbols that open every reference this node gives out; tied to (node, epoch)."""
        return self.allotted or ISSUERS[self.role]

    def runs(self, name: str) -> bool:
        """Whether a follower or sweep, called `room.function`, runs on this node."""
        return self.rooms is None or name.partition(".")[0] in self.rooms

    def address_of(self, name: str) -> str:
        """Where we reach a peer by what was set here; empty where the list of nodes counts."""
        return next((peer.url for peer in self.links if peer.node == name), "")

    @property
    def epoch(self) -> int:
        """Rises when a node is enrolled again, re-installed or restored; kept outside the database.

        Asked for with every entry and message, so the file is read only when it is another one than last time.
        """
        try:
            seen = os.stat(self._heads)
        except FileNotFoundError:
            return 1
        mark = (seen.st_ino, seen.st_mtime_ns, seen.st_size)
        if self._epoch_by_mark.get("mark") != mark:
            self._epoch_by_mark.update(mark=mark, epoch=int(str(self._remembered().get("epoch", 1))))
        return self._epoch_by_mark["epoch"]  # type: ignore[return-value]

    @cached_property
    def _heads(self) -> Path:
        return self.home / "heads.json"

    @cached_property
    def _epoch_by_mark(self) -> dict[str, object]:
        return {}

    def _remembered(self) -> dict[str, object]:
        try:
            return json.loads(self._heads.read_text())
        except FileNotFoundError:
            return {}

    def cut_at(self) -> tuple[int, int] | None:
        """(epoch, seq) of the earliest place where our log was cut by a restore or a roll-back; None: never."""
        try:
            closed = json.loads((self.home / "epochs.json").read_text())["closed"]
        except FileNotFoundError:
            return None
        return min((int(row["epoch"]), int(row["seq"])) for row in closed)

    def begin_epoch(self, epoch: int) -> None:
        """From now on our log goes on under another epoch: we were enrolled again, re-installed or restored."""
        self._write_head({"node": self.name, "epoch": epoch})
        sync_folder(self.home)

    def remember_head(self, seq: int, digest: str) -> None:
        """Write the last sealed entry into a file outside the database, so that a roll-back shows."""
        self._write_head({"node": self.name, "epoch": self.epoch, "seq": seq, "hash": digest})

    def _write_head(self, head: dict[str, object]) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        aside = self.home / "heads.new"
        with open(aside, "w") as handle:
            json.dump(head, handle)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(aside, self._heads)

    def remembered_head(self) -> tuple[int, str] | None:
        """(seq, hash) of the last head that was written, or None."""
        known = self._remembered()
        return (int(str(known["seq"])), str(known["hash"])) if known.get("seq") else None

    @property
    def signs_passes(self) -> bool:
        """The centre gives out no visit passes, and so has no key for them."""
        return self.role != "centre"

    def holds(self, site: str, office: str = "") -> bool:
        """True when an application in the hands of `site` (and `office`) is in ours."""
        if self.role == "everything":
            return True
        if site == Site.OFFICE:
            return self.role == "office" and (not office or office in self.offices)
        return site == self.role


_current: contextvars.ContextVar[Node | None] = contextvars.ContextVar("node", default=None)
_default: Node | None = None


def boot(node: Node) -> None:
    """Say once per process who we are."""
    global _default
    _default = node


def here() -> Node:
    """This node."""
    node = _current.get() or _default
    if node is None:
        raise RuntimeError("no node is booted")
    return node


@contextlib.contextmanager
def standing_at(node: Node) -> Iterator[Node]:
    """Be another node for the length of the block (simulations and tests)."""
    token = _current.set(node)
    try:
        yield node
    finally:
        _current.reset(token)
