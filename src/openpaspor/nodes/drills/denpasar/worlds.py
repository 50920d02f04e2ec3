"""The two ways to live through that morning: with a node in the office, and with officers who work on the central site."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from openpaspor.kit import clock
from openpaspor.nodes.checker.clients import ClientLedger
from openpaspor.nodes.cluster.machines import Cluster, Plan
from openpaspor.nodes.installation import Installation, faults_of

from .morning import OFFICE

HERE = OFFICE.lower()
Say = Callable[[str], None]


class WithNode:
    """Portal, centre and the office's own node, with the lines between them."""

    name = "with-node"
    has_node = True

    def __init__(self, folder: Path, say: Say) -> None:
        self.say = say
        plan = Plan().only("portal", "pusat", HERE).elsewhere()
        self.told = folder / f"{self.name}.told.jsonl"  # what clients were told, on their own disk
        self.booked = folder / f"{self.name}.booked.jsonl"  # and those who booked at home before
        self.cluster = Cluster(folder / self.name, plan, say=say)
        self.office, self.centre, self.portal = (
            self.cluster.nodes[name] for name in (HERE, "pusat", "portal")
        )

    def build(self, begins: datetime) -> None:
        self.cluster.build(moment=begins)
        clock.use_file(self.cluster.folder / "clock.json")

    def start(self) -> None:
        self.cluster.start()

    def settle(self) -> float:
        """Until everything has been said to everybody, files included. Returns seconds."""
        began = time.monotonic()
        self.cluster.wait_until_quiet(seconds=300)
        while any(
            node.order("node", "status", fine=(0, 1))["unfetched"] for node in self.cluster.nodes.values()
        ):
            time.sleep(1)
            self.cluster.wait_until_quiet(seconds=300)
        return time.monotonic() - began

    def lose_the_centre(self) -> None:
        self.portal.kill()
        self.centre.kill()

    def centre_is_back(self) -> None:
        self.centre.start()
        self.portal.start()

    def stop(self) -> None:
        self.cluster.drop()

    def arrived(self) -> dict[str, int]:
        """What the office said, and how often it is at the centre and at the portal."""
        said = {
            row[0]
            for row in self.office.rows(f"SELECT hash FROM ledger_entry WHERE node = '{HERE}' AND seq > 0")
        }
        told = {"said_by_the_office": len(said)}
        for name, node in (("centre", self.centre), ("portal", self.portal)):
            there = [
                row[0]
                for row in node.rows(f"SELECT hash FROM ledger_entry WHERE node = '{HERE}' AND seq > 0")
            ]
            told[f"at_the_{name}"] = len(set(there) & said)
            told[f"twice_at_the_{name}"] = len(there) - len(set(there))
            told[f"not_the_offices_at_the_{name}"] = len(set(there) - said)
        return told

    def faults(self) -> list[str]:
        """What the checker finds over all nodes together. Every node must be stopped."""
        return self.cluster.faults(clients=[self.told, self.booked])


class WithoutNode:
    """One central site; officers open its pages from the office."""

    name = "without-node"
    has_node = False

    def __init__(self, folder: Path, say: Say) -> None:
        self.say = say
        self.folder = folder / self.name
        self.told = folder / f"{self.name}.told.jsonl"
        self.booked = folder / f"{self.name}.booked.jsonl"
        self.office = self.centre = self.portal = Installation(
            self.folder / "home", OPENPASPOR_CLOCK=str(self.folder / "clock.json")
        )

    def build(self, begins: datetime) -> None:
        self.folder.mkdir(parents=True)
        clock.use_file(self.folder / "clock.json")
        clock.set_to(begins)

    def start(self) -> None:
        self.centre.start()

    def settle(self) -> float:
        time.sleep(0.5)
        return 0.0

    def lose_the_centre(self) -> None:
        self.centre.kill()

    def centre_is_back(self) -> None:
        self.centre.start()

    def stop(self) -> None:
        self.centre.kill()

    def arrived(self) -> dict[str, int]:
        return {}

    def faults(self) -> list[str]:
        return faults_of(self.centre, "--client", str(self.told), "--client", str(self.booked))


World = WithNode | WithoutNode


def order_bookings(world: World, day: str, count: int, seed: int) -> list[dict[str, Any]]:
    """So many people book a visit on that day, at home, before anything runs. Each writes down the place they were promised."""
    booked: list[dict[str, Any]] = world.portal.order(
        "demo", "--furnish", OFFICE, "--visits", str(count), "--on", day, "--seed", str(seed)
    )["booked"]
    told = ClientLedger(world.booked)
    for number, one in enumerate(booked):
        promised = {"application": one["ref"], "office": OFFICE, "starts_at": one["place_at"]}
        told.answer(told.ask(f"warga-{number}", "hold", one["held_by"], **promised), "ok")
    return booked
