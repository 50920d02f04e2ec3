"""The power goes at every fault point. Told again, each story comes to its end, and log and invariants are whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from openpaspor.kit.faults import KILLED
from openpaspor.nodes.commands.faults import fault_points
from tests.journeys import road
from tests.journeys.stage import GIVEN, Stage

LEAST = 20
ON_POSTGRES = {  # there a few will do: the same code, another database
    "applications.after_move", "appointments.places_held", "hall.after_call", "intake.before_commit",
    "issuance.print_after_move", "ledger.after_cursor", "ledger.before_cursor", "ledger.before_seal_commit",
    "ledger.after_seal_commit", "payments.after_commit", "payments.before_commit",
}  # fmt: skip
WIRE = "wire."  # these are passed between nodes: tests/journeys/test_wire_faults.py
POINTS = [
    point.name
    for point in fault_points()
    if not point.name.startswith(WIRE) and (not GIVEN or point.name in ON_POSTGRES)
]
NEEDS_THE_ROAD = (road.FURNITURE.name,)  # stories after which the checker would still find empty tables


@dataclass
class Country:
    """An installation in which every story was told once, with a copy kept before each deed."""

    stage: Stage
    before: dict[tuple[str, str], Path] = field(default_factory=dict)
    first: dict[str, tuple[str, str]] = field(
        default_factory=dict
    )  # fault point -> story and deed that pass it

    def tell_everything(self) -> None:
        for story in road.stories().values():
            for deed in story.deeds:
                place = (story.name, deed.name)
                self.before[place] = self.stage.keep("-".join(place))
                told = self.stage.play(story.name, "--only", deed.name, "--points")
                assert told.code == 0, told.said[-3000:]
                for point in told.json()["passed"]:
                    self.first.setdefault(point, place)


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Country]:
    with Stage(tmp_path_factory.mktemp("faults") / "home") as stage:
        country = Country(stage)
        country.tell_everything()
        yield country


def test_the_list_of_fault_points_is_that_of_the_code_and_every_one_is_passed(country: Country):
    listed = [point["name"] for point in country.stage.ask("faults")["faults"]]

    assert len(listed) == len(set(listed)) >= LEAST
    assert set(country.first) == {name for name in listed if not name.startswith(WIRE)}


@pytest.mark.parametrize("point", POINTS)
def test_a_power_cut_harms_nothing(country: Country, point: str):
    assert point in country.first, f"no story passes {point}; let one of tests/journeys do so"
    story, deed = country.first[point]
    stage = country.stage
    stage.put_back(country.before[story, deed])

    cut = stage.play(story, "--only", deed, OPENPASPOR_FAULT=point)
    on = [story, "road"] if story in NEEDS_THE_ROAD else [story]
    again = stage.play(*on, "--since", deed)

    assert cut.code == KILLED, cut.said[-2000:]
    assert again.code == 0, again.said[-3000:]
    verdict = stage.ask("ledger", "verify")
    assert verdict["first_bad"] is None and verdict["entries"], verdict
    assert stage.ask("ledger", "parked")["parked"] == []
    failed = [row for row in stage.ask("invariants")["results"] if row["status"] == "fail"]
    assert not failed, json.dumps(failed)
