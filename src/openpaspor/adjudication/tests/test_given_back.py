"""The centre was put back to an earlier time, and hears from the others what it had decided since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction

from openpaspor.adjudication import actions, sweeps
from openpaspor.adjudication.models import Case, Decision, Packet, StopByCentre
from openpaspor.ledger import epochs, follow, node, wire
from openpaspor.ledger.models import Entry
from openpaspor.ledger.seal import introduce_ourselves, seal_pending

from .making import MONDAY, action, decide, make_case

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(minutes=2)
ROWS = {
    Case: ("application__ref", "is_open", "claimed_by"),
    Decision: (
        "case__application__ref", "verdict", "reasons", "status", "made_by", "made_at", "second_by", "second_verdict",
        "second_at", "effective_at",
    ),
    Packet: ("application__ref", "decision__made_by", "number", "version", "personalisation", "signed_at"),
    StopByCentre: ("application__ref", "packet", "ordered_by", "ordered_at", "lifted_by"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path: Path) -> Iterator[None]:
    with node.standing_at(node.Node(name="pusat", role="everything", home=tmp_path)):
        introduce_ourselves()
        yield


def known() -> dict[str, list[tuple]]:
    return {
        model.__name__: sorted(model.objects.values_list(*columns), key=str)
        for model, columns in ROWS.items()
    }


def test_what_was_decided_after_the_backup_is_known_again():
    approved, withdrawn, lifted, refused, alone, taken_back, split = (make_case() for _case in range(7))
    seal_pending()
    with transaction.atomic():
        the_backup = transaction.savepoint()
        for case in (approved, withdrawn, lifted):
            decide(case, "approve", actor="S-C1")
        for person in ("S-C1", "S-C2"):
            decide(refused, "refuse", "statement-differs", actor=person)
        decide(alone, "refuse", "statement-differs", actor="S-C1")
        actions.take_back(
            decide(taken_back, "approve", actor="S-C1"), action_id=action(), actor="S-C1", now=MONDAY
        )
        decide(split, "refuse", "statement-differs", actor="S-C1")
        decide(split, "approve", actor="S-C2")
        Case.objects.update(claimed_by="", claimed_until=None)
        sweeps.let_decisions_count(now=LATER)
        for case in (withdrawn, lifted):
            actions.revoke(case.application, action_id=action(), actor="S-C1", now=LATER)
        actions.lift_our_stop(lifted.application, action_id=action(), actor="S-C2", now=LATER)
        seal_pending()
        decided, others_have = known(), list(wire.export_lines())
        transaction.savepoint_rollback(the_backup)
    assert not Decision.objects.exists() and Case.objects.filter(is_open=True).count() == 7
    epochs.raise_epoch("restore")

    wire.import_lines(others_have)
    follow.follow_all()

    assert known() == decided
    assert Entry.objects.filter(kind="adjudication.packet_signed").count() == 3
