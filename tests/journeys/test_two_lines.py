"""What several nodes say of one application gives the same row, whichever line was quicker."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest

from openpaspor.applications.models import Application
from openpaspor.facts.applications import Moved, Started, Submitted, Told
from openpaspor.ledger import follow, wire
from openpaspor.ledger.models import Parked
from openpaspor.nodes.checker.run import run_checks
from openpaspor.nodes.demo.box import Box

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
REF = "OP-44ZQ-NSYZ"
MOVES = (
    ("submit", "DRAFT", "SUBMITTED", "portal", 1),
    ("hold", "SUBMITTED", "HOLDING", "portal", 1),
    ("book", "HOLDING", "BOOKED", "portal", 1),
    ("arrive", "BOOKED", "ARRIVED", "office", 2),
)


def moved(version: int) -> Moved:
    name, origin, target, custodian, term = MOVES[version - 1]
    return Moved(
        application=REF, move=name, origin=origin, target=target, version=version, term=term, custodian=custodian
    )  # fmt: skip


def told(version: int, status: str) -> Told:
    return Told(application=REF, changes=(f'place_status="{status}"',), version=version)


SUBMITTED = Submitted(
    application=REF, kind="adult-new", booklet="electronic", years=10, nik_key="n", person_key="p"
)
LOGS = {
    "portal": (
        Started(application=REF, kind="adult-new", channel="online"), SUBMITTED, moved(1), moved(2),
        told(2, "held"), moved(3), told(3, "booked"),
    ),
    "denpasar": (moved(4), told(4, "used"), Told(application=REF, changes=('priority="elderly"',), version=4)),
}  # fmt: skip


@pytest.mark.parametrize("order", list(permutations(LOGS)))
def test_the_row_does_not_depend_on_which_line_was_quicker(order):
    for name in order:
        log = Box(name, ("DENPASAR",)).lines([(fact, "S-1", NOW) for fact in LOGS[name]])
        wire.import_lines(log)
        follow.follow_all()
    follow.retry_soon(REF)
    follow.follow_all()

    row = Application.objects.get(ref=REF)
    assert (row.state, row.version, row.place_status, row.priority) == ("ARRIVED", 4, "used", "elderly")
    assert not Parked.objects.exists()
    assert [result.status for result in run_checks(["A1"])] == ["pass"]
