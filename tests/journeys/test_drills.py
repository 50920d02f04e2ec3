"""Drills by the commands of the operator's pages: a box lost, a centre lost, and the morning on which the centre was gone."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.server import COMMAND, clean_environment

pytestmark = pytest.mark.once

LONGEST = 600  # seconds; the longest takes two minutes on a quiet machine, and this only ends one that hangs


def drill(name: str, size: int = 12) -> dict:
    done = subprocess.run(
        [*COMMAND, "drill", name, "--size", str(size), "--json"],
        env=clean_environment(), capture_output=True, text=True, check=False, timeout=LONGEST,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.mark.slow
def test_a_burnt_box_comes_back_from_its_second_copy():
    told = drill("box")

    assert told["wrong"] == []
    assert told["rpo_s"] <= 10
    assert told["lost"] < told["given"]
    assert told["rebuilt"]["tables_from"] == "pages"


@pytest.mark.slow
def test_a_burnt_centre_comes_back_from_its_backup_and_from_what_an_office_heard():
    told = drill("centre")

    assert told["wrong"] == []
    assert told["came_back"] > 0
    assert told["restored"]["whole"]


@pytest.mark.long
def test_an_office_serves_through_the_morning_of_denpasar_and_without_a_node_it_does_not():
    told = drill("denpasar", size=40)

    assert told["wrong"] == []
    own, central = told["worlds"]
    assert own["served"] == own["came"] > 40
    assert own["served_while_centre_was_dead"] > 20
    assert own["printed_while_centre_was_dead"] > 0
    assert own["handed_over_while_centre_was_dead"] > 0
    assert central["served_while_centre_was_dead"] == 0
    assert central["went_home_unserved"] > 10
