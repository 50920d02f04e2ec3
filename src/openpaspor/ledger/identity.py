"""Who this installation is, in `HOME/node.json`: written when it is enrolled, outside the database and its backups."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from openpaspor.kit.disk import sync_folder
from openpaspor.kit.refused import Refused

FILE = "node.json"


class ExchangedBox(Refused):
    code = "exchanged-box"
    message = (
        "This box is set up as %(ours)s (%(setting)s), but the folder %(home)s is that of %(theirs)s. Put the right disk in, "
        "or set %(setting)s to %(theirs)s if this is meant to be it. Nothing was written."
    )


@dataclass(frozen=True)
class Peer:
    """A node that we have a line with, and the address at which we reach it."""

    node: str
    url: str


@dataclass(frozen=True)
class Identity:
    """What stands in `node.json`. `issuer` is empty until the centre has enrolled this node."""

    name: str
    role: str
    offices: tuple[str, ...] = ()
    url: str = ""
    epoch: int = 1
    issuer: str = ""
    links: tuple[Peer, ...] = ()
    centre: dict[str, str] = field(default_factory=dict)  # name and public keys, pinned at enrolment

    def address_of(self, name: str) -> str:
        """Where we reach a peer; empty when nothing was said of it here."""
        return next((peer.url for peer in self.links if peer.node == name), "")

    def reaching(self, name: str, url: str) -> Identity:
        """The same, but `name` is reached at `url`."""
        others = [peer for peer in self.links if peer.node != name]
        return replace(self, links=tuple(sorted([*others, Peer(name, url)], key=lambda peer: peer.node)))


def read(home: Path) -> Identity | None:
    """The identity of the installation in `home`, or None before `openpaspor node init` or `enrol`."""
    try:
        known: dict[str, Any] = json.loads((home / FILE).read_text())
    except FileNotFoundError:
        return None
    known["offices"] = tuple(known.get("offices", ()))
    known["links"] = tuple(Peer(**peer) for peer in known.get("links", ()))
    return Identity(**known)


def write(home: Path, identity: Identity) -> None:
    """Write `node.json`, whole or not at all."""
    home.mkdir(parents=True, exist_ok=True)
    aside = home / f"{FILE}.new"
    with open(aside, "w") as handle:
        json.dump(asdict(identity), handle, indent=2, sort_keys=True)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(aside, home / FILE)
    sync_folder(home)


def of(home: Path, environment: Mapping[str, str]) -> Identity:
    """Who we are: by `node.json`, else by the environment, else everything on one machine. Raises ExchangedBox when they differ."""
    written = read(home)
    known = written or Identity(name="satu", role="everything")
    name, role = (environment.get(f"OPENPASPOR_{word}") for word in ("NODE", "ROLE"))
    _insist(home, "OPENPASPOR_NODE", name, written.name if written else _who_sealed_here(home))
    _insist(home, "OPENPASPOR_ROLE", role, written.role if written else "")
    offices = environment.get("OPENPASPOR_OFFICES")
    return replace(
        known,
        name=name or known.name,
        role=role or known.role,
        url=environment.get("OPENPASPOR_URL") or known.url,
        offices=known.offices if offices is None else tuple(filter(None, offices.split(","))),
    )


def _insist(home: Path, setting: str, said: str | None, written: str) -> None:
    if said and written and said != written:
        raise ExchangedBox(ours=said, theirs=written, setting=setting, home=home)


def _who_sealed_here(home: Path) -> str:
    """By `heads.json`: a node that nobody enrolled has no `node.json`."""
    try:
        return str(json.loads((home / "heads.json").read_text())["node"])
    except FileNotFoundError:
        return ""
