"""The second copy's age and trouble are on the operator's page, in `/readyz` and in what the doctor says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from openpaspor.accounts import demo_people
from openpaspor.facts.base import format_moment
from openpaspor.kit import clock
from openpaspor.ledger import node
from openpaspor.nodes.commands.doctor import second_copy_kept

pytestmark = pytest.mark.django_db


@pytest.fixture
def copy(tmp_path, settings):
    settings.SECOND_COPY = tmp_path / "second"
    settings.SECOND_COPY.mkdir()
    yield settings.SECOND_COPY
    (node.here().home / "second-copy.json").unlink(missing_ok=True)


def note(copy, *, age: float, trouble: str = "") -> None:
    at = clock.real_now() - timedelta(seconds=age)
    noted = {"place": str(copy), "at": format_moment(at), "seq": 7, "trouble": trouble}
    (node.here().home / "second-copy.json").write_text(json.dumps(noted))


def page(client) -> str:
    demo_people.ensure(datetime(2026, 11, 24, 1, 40, tzinfo=UTC))
    client.post("/demo/as/ops.pusat")
    return client.get("/ops/?bahasa=en").content.decode()


def test_none_is_asked_for(client, settings):
    settings.SECOND_COPY = None

    assert client.get("/readyz").json()["second_copy_age_s"] is None
    assert "none is kept" in page(client)


def test_a_fresh_copy_is_told_with_its_place_and_age(client, copy):
    note(copy, age=3)

    assert 3 <= client.get("/readyz").json()["second_copy_age_s"] < 8
    shown = page(client)
    assert str(copy) in shown and "s old" in shown
    assert "The second copy is not kept" not in shown


@pytest.mark.parametrize(
    ("age", "trouble", "words"),
    [
        (30, "", "older than ten seconds"),
        (4, "full", "is full. Make room"),
        (4, "no-folder", "Connect the disk"),
    ],
)
def test_trouble_is_a_warning_that_says_what_to_do(client, copy, age, trouble, words):
    note(copy, age=age, trouble=trouble)

    shown = page(client)
    assert "The second copy is not kept" in shown and words in shown
    assert client.get("/readyz").status_code == 200


def test_the_doctor_names_a_folder_that_is_gone(copy):
    assert second_copy_kept(node.here().home).ok
    copy.rmdir()

    found = second_copy_kept(node.here().home)
    assert not found.ok and "is not there" in found.say
