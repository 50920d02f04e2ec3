"""A dossier that came from other nodes: the last one counts, and nobody waits for bytes that were not meant for them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from openpaspor.applications.models import Application, DossierKey
from openpaspor.facts.applications import DossierSealed, Started
from openpaspor.ledger import follow, node, wire
from openpaspor.ledger.models import Parked
from openpaspor.nodes.demo.box import Box

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
REF = "OP-44ZQ-NSYZ"


def sealed(version: int, *, document: str = "", keys: tuple[str, ...] = ()) -> DossierSealed:
    return DossierSealed(
        application=REF, document=document or "a" * 64, attachments=(), keys=keys, version=version
    )


def come(*facts, box: str = "denpasar") -> None:
    wire.import_lines(Box(box, ("DENPASAR",)).lines([(fact, "S-1", NOW) for fact in facts]))
    follow.follow_all()


def ours() -> str:
    return f"{node.here().name}:c2F0dQ=="


def test_a_node_without_a_key_does_not_wait_for_the_papers():
    come(
        Started(application=REF, kind="adult-new", channel="counter", office="DENPASAR"),
        sealed(1, keys=("denpasar:eA==",)),
    )

    assert not Parked.objects.exists()
    assert not DossierKey.objects.exists()


def test_a_node_with_a_key_waits_for_the_papers():
    come(
        Started(application=REF, kind="adult-new", channel="counter", office="DENPASAR"),
        sealed(1, keys=(ours(),)),
    )

    assert Parked.objects.get().cause.startswith("NotHere")


@pytest.mark.parametrize("order", [("denpasar", "portal"), ("portal", "denpasar")])
def test_the_papers_of_the_later_version_count_whichever_line_was_quicker(order):
    store = node.here().store
    early, late = store.put(b"sebelum wawancara"), store.put(b"sesudah wawancara")
    said = {
        "portal": (sealed(4, document=early, keys=(ours(),)),),
        "denpasar": (sealed(6, document=late, keys=(ours(),)),),
    }
    come(Started(application=REF, kind="adult-new", channel="online"), box="jakarta")

    for name in order:
        come(*said[name], box=name)

    assert bytes(Application.objects.get(ref=REF).dossier.document) == b"sesudah wawancara"
