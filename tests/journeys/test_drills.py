"""A box and a centre are lost and made whole by the commands of the operator's pages, with measured RPO and RTO."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.server import COMMAND, clean_environment

pytestmark = pytest.mark.once

LONGEST = 300  # seconds; a drill takes half a minute on a quiet machine, and this only ends one that hangs

DENPASAR = 1200  # seconds; five minutes on a quiet machine, and this only ends one that hangs


def drill(name: str, *more: str, size: int = 12, longest: float = LONGEST) -> dict:
    done = subprocess.run(
        [*COMMAND, "drill", name, "--size", str(size), "--json", *more],
        env=clean_environment(), capture_output=True, text=True, check=False, timeout=longest,
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


@pytest.mark.slow
def test_the_morning_of_denpasar_is_lived_through_with_a_node_and_not_without(tmp_path: Path):
    told = drill("denpasar", "--html", str(tmp_path / "page.html"), size=40, longest=DENPASAR)

    own, central = told["worlds"]
    assert told["wrong"] == []
    assert own["served_while_centre_was_dead"] >= 20 > central["served_while_centre_was_dead"] == 0
    assert own["printed_while_centre_was_dead"] and own["handed_over_while_centre_was_dead"]
    assert own["went_home_unserved"] < central["went_home_unserved"]
    assert own["arrived"]["at_the_centre"] == own["arrived"]["said_by_the_office"]
    page = (tmp_path / "page.html").read_text()
    assert page.count("<svg") == 2 and "http" not in page
