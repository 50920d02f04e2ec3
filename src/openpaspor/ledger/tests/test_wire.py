"""Exported lines are taken once, and nothing false is taken."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from django.db import transaction

from openpaspor.facts.accounts import Looked
from openpaspor.ledger import node
from openpaspor.ledger.models import Entry, NodeRecord
from openpaspor.ledger.record import record
from openpaspor.ledger.seal import introduce_ourselves, seal_pending
from openpaspor.ledger.verify import verify_ledger
from openpaspor.ledger.wire import ImportRefused, export_lines, import_lines

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture
def lines(tmp_path) -> list[str]:
    """What another node, "ambon", wrote and exported; nothing of it is left in this database."""
    with node.standing_at(node.Node(name="ambon", role="office", home=tmp_path, offices=("AMBON",))):
        with transaction.atomic():
            for number in range(3):
                record(
                    Looked(application=f"OP-{number}", why="counter", what="test"), actor="S-1", now=MONDAY
                )
        introduce_ourselves()
        seal_pending()
        exported = list(export_lines())
    Entry.objects.all().delete()
    NodeRecord.objects.all().delete()
    return exported


def test_entries_of_another_node_are_taken_and_verify(lines):
    assert import_lines(lines) == (3, 0)
    assert verify_ledger().heads == [
        {"node": "ambon", "epoch": 1, "seq": 3, "hash": Entry.objects.get(seq=3).hash}
    ]


def test_taking_the_same_lines_again_changes_nothing(lines):
    import_lines(lines)

    assert import_lines(lines) == (0, 3)
    assert Entry.objects.count() == 3


def test_a_changed_entry_is_refused_and_nothing_is_taken(lines):
    record_ = json.loads(lines[2])
    record_["body"] = base64.b64encode(
        base64.b64decode(record_["body"]).replace(b"counter", b"visitor")
    ).decode()
    lines[2] = json.dumps(record_)

    with pytest.raises(ImportRefused):
        import_lines(lines)
    assert not Entry.objects.exists()


def test_a_node_that_shows_other_keys_than_before_is_refused(lines):
    import_lines(lines)
    about = json.loads(lines[0])
    about["node_record"]["sign_public"] = "00" * 32

    with pytest.raises(ImportRefused):
        import_lines([json.dumps(about)])


def test_a_file_for_an_office_holds_its_own_words_and_what_was_ever_said_of_its_applications(tmp_path):
    ambon = node.Node(name="ambon", role="office", home=tmp_path / "ambon", offices=("AMBON",))
    with node.standing_at(ambon), transaction.atomic():
        introduce_ourselves()
        record(looked("OP-9"), actor="S-1", now=MONDAY)
    seal_at(ambon)
    portal = node.Node(name="portal", role="portal", home=tmp_path / "portal")
    with node.standing_at(portal), transaction.atomic():
        introduce_ourselves()
        for fact in (looked("OP-1"), looked("OP-2", "DENPASAR"), looked("OP-1", "AMBON")):
            record(fact, actor="S-1", now=MONDAY)
    seal_at(portal)

    with node.standing_at(portal):
        rows = [json.loads(line) for line in export_lines(to=NodeRecord.objects.get(node="ambon"))]

    said = [json.loads(base64.b64decode(row["body"])) for row in rows if "body" in row]
    assert [(row["node"], row["fact"]["application"]) for row in said] == [
        ("ambon", "OP-9"), ("portal", "OP-1"), ("portal", "OP-1"),
    ]  # fmt: skip


def looked(application: str, office: str = "") -> Looked:
    return Looked(application=application, why="counter", what="test", office=office)


def seal_at(us: node.Node) -> None:
    with node.standing_at(us):
        seal_pending()
