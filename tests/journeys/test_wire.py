"""Three real servers carry one application to its end over the wire alone, with the centre away in between."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.stage import Stage
from tests.server import Server


class Box(Stage):
    """One node: a stage on which people act while its server is down, and the server that speaks with the others."""

    def __init__(self, folder: Path, name: str, role: str, offices: str = "") -> None:
        home = folder / name / "home"
        about = {"OPENPASPOR_NODE": name, "OPENPASPOR_ROLE": role, "OPENPASPOR_OFFICES": offices}
        self.server = Server(home, **about)
        about["OPENPASPOR_URL"] = self.server.url
        super().__init__(home, **about)
        self.server.environment["OPENPASPOR_URL"] = self.server.url
        if self._database:
            self.server.environment["OPENPASPOR_DATABASE_URL"] = self._database

    def see(self, what: str, *arguments: str) -> Any:
        return self.call(f"tests.journeys.at_a_node:{what}", *arguments).json()

    def tell(self, story: str, *deeds: str) -> None:
        """People act; the server is down meanwhile, so that one process writes."""
        told = self.play(story, "--only", ",".join(deeds))
        assert told.code == 0, told.said[-3000:]

    def down(self) -> None:
        self.server.stop()
        self.server.processes.clear()

    def lines(self) -> dict[str, Any]:
        return {line["peer"]: line for line in self.see("lines")["lines"]}


def wait_for(what: Callable[[], Any], wanted: Callable[[Any], bool], seconds: float = 60) -> Any:
    ends = time.monotonic() + seconds
    while not wanted(seen := what()):
        assert time.monotonic() < ends, repr(seen)
        time.sleep(0.5)
    return seen


def differences(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """The columns in which the nodes do not agree."""
    return {
        name: [row[name] for row in rows] for name in rows[0] if len({str(row[name]) for row in rows}) > 1
    }


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Box, Box, Box]]:
    folder = tmp_path_factory.mktemp("wire")
    search = os.urandom(32)
    for name in ("portal", "denpasar", "pusat"):
        keys = folder / name / "home" / "keys"
        keys.mkdir(parents=True, mode=0o700)
        (keys / "search.key").write_bytes(search)
    with (
        Box(folder, "portal", "portal") as portal,
        Box(folder, "denpasar", "office", "DENPASAR") as office,
        Box(folder, "pusat", "centre") as centre,
    ):
        try:
            yield portal, office, centre
        finally:
            for box in (portal, office, centre):
                box.server.stop()


def test_the_wire_carries_one_application_to_collected(boxes: tuple[Box, Box, Box], tmp_path: Path):
    portal, office, centre = boxes
    portal.tell("furniture", "people", "calendar")
    office.tell("furniture", "people", "stock", "counters")
    centre.tell("furniture", "people")
    for one in boxes:
        known = one.openpaspor("ledger", "export").out.splitlines()
        (tmp_path / one.home.parent.name).write_text(
            "\n".join(line for line in known if "node_record" in line)
        )
    for one in boxes:
        for other in boxes:
            taken = one.openpaspor("ledger", "import", str(tmp_path / other.home.parent.name))
            assert taken.code == 0, taken.said
    portal.tell("road", "sign_in", "apply", "submit", "choose", "settle_bill")
    for box in boxes:
        box.server.start()

    wait_for(lambda: office.see("try_to_open"), lambda seen: seen["name"] == "I Wayan Sudira")
    assert office.see("application")["state"] == "BOOKED"
    wait_for(lambda: centre.see("applications")["count"], lambda seen: seen == 1)
    assert centre.see("try_to_open")["code"] == "dossier-not-here"

    centre.down()
    office.down()
    office.tell("road", "arrive", "be_called", "be_interviewed", "finish")
    office.server.start()
    wait_for(lambda: portal.see("application")["state"], lambda seen: seen == "ENROLLED")
    cut = wait_for(lambda: office.lines()["pusat"], lambda line: line["word"] == "cut")
    assert cut["unsent"] > 5
    wait_for(lambda: office.lines()["portal"], lambda line: line["word"] == "open")
    centre.server.start()
    wait_for(lambda: centre.see("application")["state"], lambda seen: seen == "REVIEW")
    wait_for(lambda: office.lines()["pusat"], lambda line: (line["word"], line["unsent"]) == ("open", 0))

    centre.down()
    centre.tell("road", "approve", "decision_counts")
    centre.server.start()
    wait_for(lambda: office.see("application"), lambda seen: seen["state"] == "APPROVED" and seen["serial"])

    office.down()
    office.tell("road", "print_passport", "inspect", "come_back", "be_called_again", "collect")
    office.server.start()
    for box in boxes:
        wait_for(lambda box=box: box.see("application")["state"], lambda seen: seen == "COLLECTED")
    wait_for(lambda: differences([box.see("application") for box in boxes]), lambda seen: not seen)
    wait_for(lambda: centre.see("log")["parked"], lambda seen: not seen)
    for box in boxes:
        box.down()
        verdict = box.ask("ledger", "verify")
        assert verdict["first_bad"] is None
        results = box.ask("invariants", "--only", "A1,A2,A6,L1,L2,L3,L7,L10")["results"]
        wrong = [row for row in results if row["status"] != "pass"]
        assert [row["id"] for row in wrong if row["id"] != "L1" or box is centre] == []
