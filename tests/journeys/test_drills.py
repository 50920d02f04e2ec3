"""A box and a centre are lost and made whole by the commands of the operator's pages, with measured RPO and RTO."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.server import COMMAND, clean_environment

pytestmark = pytest.mark.once

LONGEST = 300  # seconds; a drill takes half a minute on a quiet machine, and this only ends one that hangs


def drill(name: str) -> dict:
    done = subprocess.run(
        [*COMMAND, "drill", name, "--size", "12", "--json"],
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
