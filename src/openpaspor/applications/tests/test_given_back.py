"""An office was put back to an earlier time, and the centre gives it back what it had said since."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import transaction

from openpaspor.applications.models import Application
from openpaspor.facts.applications import Moved, Started
from openpaspor.journey import State
from openpaspor.ledger import epochs, follow, node, wire
from openpaspor.ledger.models import Conflict, Entry
from openpaspor.ledger.record import record
from openpaspor.ledger.seal import introduce_ourselves, seal_pending

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
REF = "OP-44ZQ-NSYZ"


def test_what_only_the_word_is_left_of_stands_on_the_list_of_what_a_person_looks_at_once(tmp_path: Path):
    arrived = {"application": REF, "version": 1, "term": 1, "custodian": "office"}
    with node.standing_at(node.Node(name="denpasar", role="office", home=tmp_path, offices=("DENPASAR",))):
        introduce_ourselves()
        with transaction.atomic():
            for fact in (
                Started(application=REF, kind="adult-new", channel="counter", office="DENPASAR"),
                Moved(**arrived, move="arrive", origin=State.DRAFT, target=State.ARRIVED),
                Moved(**arrived | {"version": 2}, move="enrol", origin=State.ARRIVED, target=State.ENROLLED),
            ):
                record(fact, actor="S-1", now=NOW)
        seal_pending()
        at_the_centre = list(wire.export_lines())
        Entry.objects.filter(seq__gt=1).delete()  # the backup was made when there was only a form
        epochs.raise_epoch("restore")

        wire.import_lines(at_the_centre)
        follow.follow_all()

    assert Application.objects.get(ref=REF).state == State.ENROLLED
    doubt = Conflict.objects.get()
    assert (doubt.code, doubt.application, doubt.entry.version) == ("given-back", REF, 1)
