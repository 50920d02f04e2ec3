"""The checker itself is checked: green on lives that went well, and every violation planted by raw SQL is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.db import connection, transaction

from openpaspor.nodes.checker import CHECKS, run_checks
from openpaspor.nodes.checker.run import WAITS_FOR, load
from tests.journeys import road

NAMED = [
    "A1",
    "A2",
    "A6",
    "S1",
    "S2",
    "S3",
    "P2",
    "P3",
    "P4",
    "P7",
    "B1",
    "B2",
    "B5",
    "L1",
    "L2",
    "L3",
    "L7",
    "L10",
    "Q1",
]
pytestmark = pytest.mark.django_db

TOLD = ("furniture", "road", "counter", "money", "places")


@pytest.fixture(scope="module")
def country(django_db_setup: None, django_db_blocker) -> Iterator[None]:  # type: ignore[no-untyped-def]
    """A few lives, told once for all tests of this file and forgotten after the last one."""
    with django_db_blocker.unblock(), transaction.atomic():
        for name in TOLD:
            road.stories()[name].tell()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def plant(country: None, django_db_blocker) -> Iterator[Callable[..., None]]:  # type: ignore[no-untyped-def]
    """Runs statements whose damage is gone after the test."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield do
        transaction.set_rollback(True)


def do(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def without_constraints(table: str) -> list[str]:
    """Put a copy of a table in its place that holds the same rows and insists on nothing."""
    settle = ["SET CONSTRAINTS ALL IMMEDIATE"] if connection.vendor == "postgresql" else []
    return [
        *settle,
        f"ALTER TABLE {table} RENAME TO {table}_aside",
        f"CREATE TABLE {table} AS SELECT * FROM {table}_aside",
    ]


def twice(table: str) -> list[str]:
    """Every row of a table once more."""
    return [*without_constraints(table), f"INSERT INTO {table} SELECT * FROM {table}_aside"]


def offending(id: str) -> list[str]:
    (result,) = run_checks([id])
    assert (result.status == "fail") == bool(result.offending)
    return result.offending


LAST_MOVE = "kind = 'applications.moved' AND version = 4"
PLANTS: dict[tuple[str, str], Callable[[], list[str]]] = {
    ("A1", "a state that nobody moved to"): lambda: [
        "UPDATE applications_application SET state = 'READY' WHERE state = 'COLLECTED'"
    ],
    ("A1", "a number that nobody told"): lambda: ["UPDATE applications_application SET ticket = 'A 999'"],
    ("A1", "a stop that nobody ordered"): lambda: ["UPDATE applications_application SET stop_order = 'x'"],
    ("A1", "a row without any entry"): lambda: [
        "UPDATE applications_application SET ref = 'OP-0000-0000' WHERE state = 'COLLECTED'"
    ],
    ("A2", "a jump"): lambda: [
        f"""UPDATE ledger_entry SET fact = replace(fact, '"origin":', '"origin":"X","was":') WHERE {LAST_MOVE}"""
    ],
    ("A2", "a move that is not on the map"): lambda: [
        f"""UPDATE ledger_entry SET fact = replace(fact, '"move":"', '"move":"teleport-') WHERE {LAST_MOVE}"""
    ],
    ("A2", "a missing version"): lambda: [f"DELETE FROM ledger_entry WHERE {LAST_MOVE}"],
    ("A2", "a wrong custodian"): lambda: [
        """UPDATE ledger_entry SET fact = replace(fact, '"custodian":"office"', '"custodian":"centre"')"""
    ],
    ("A2", "a move where it may not happen"): lambda: ["UPDATE ledger_noderecord SET role = 'portal'"],
    ("A2", "a term that did not rise"): lambda: [
        """UPDATE ledger_entry SET fact = replace(fact, '"term":2', '"term":1')"""
    ],
    ("A6", "a deed that is there twice"): lambda: twice("ledger_deed"),
    ("A6", "a deed whose arguments were rubbed out"): lambda: ["UPDATE ledger_deed SET arguments = ''"],
    ("S1", "more people than places"): lambda: [
        *without_constraints("appointments_slot"),
        "UPDATE appointments_slot SET capacity = 0",
    ],
    ("S2", "a counter that is one too high"): lambda: [
        "UPDATE appointments_slot SET taken = taken + 1 WHERE id = (SELECT min(id) FROM appointments_slot)"
    ],
    ("S2", "a place given back in secret"): lambda: [
        *without_constraints("appointments_booking"),
        "UPDATE appointments_booking SET freed_at = held_at WHERE freed_at IS NULL"
    ],
    ("S3", "two live places of one application"): lambda: [
        *without_constraints("appointments_booking"),
        "UPDATE appointments_booking SET state = 'booked'",
        "INSERT INTO appointments_booking SELECT * FROM appointments_booking",
    ],
    ("S3", "two live places of one person"): lambda: [
        *without_constraints("appointments_booking"),
        "UPDATE appointments_booking SET state = 'booked'",
        "UPDATE applications_application SET nik_key = 'one and the same'",
    ],
    ("P2", "money on no bill"): lambda: [
        *without_constraints("payments_receipt"), "UPDATE payments_receipt SET bill_id = NULL"
    ],
    ("P2", "money nobody looks after"): lambda: [
        *without_constraints("payments_receipt"),
        "UPDATE payments_receipt SET place = 'unmatched', bill_id = NULL, reason = 'wrong-amount', owner = ''",
    ],
    ("P3", "a paid bill without money"): lambda: [
        "UPDATE payments_bill SET status = 'paid', paid_at = opened_at WHERE status = 'exempt'"
    ],
    ("P3", "one rupiah short"): lambda: ["UPDATE payments_receipt SET amount_idr = amount_idr - 1"],
    ("P3", "lines that do not add up"): lambda: ["UPDATE payments_billline SET amount_idr = amount_idr + 1"],
    ("P3", "money without proof"): lambda: ["UPDATE payments_receipt SET proof = 'hearsay'"],
    ("P4", "one payment counted twice"): lambda: twice("payments_receipt"),
    ("P7", "a sum below nothing"): lambda: [
        *without_constraints("payments_bill"), "UPDATE payments_bill SET amount_idr = -1"
    ],
    ("P7", "dollars on a bill"): lambda: [
        *without_constraints("payments_receipt"), "UPDATE payments_receipt SET currency = 'USD'"
    ],
    ("B1", "two booklets of one number"): lambda: twice("issuance_booklet"),
    ("B1", "a printed number back in stock"): lambda: [
        "UPDATE issuance_booklet SET state = 'stock', application_id = NULL WHERE state = 'issued'"
    ],
    ("B2", "a print without approval"): lambda: [
        "DELETE FROM ledger_entry WHERE kind = 'applications.moved' AND fact LIKE '%\"approve\"%'"
    ],
    ("B2", "a print without money"): lambda: ["DELETE FROM ledger_entry WHERE kind = 'payments.settled'"],
    ("B5", "an issued booklet without a file"): lambda: [
        *without_constraints("issuance_booklet"),
        "UPDATE issuance_booklet SET application_id = NULL WHERE state = 'issued'",
    ],
    ("B5", "a booklet that is nowhere"): lambda: [
        "UPDATE issuance_stockbatch SET count = count + 1 WHERE state = 'received'"
    ],
    ("L1", "a hole"): lambda: ["DELETE FROM ledger_entry WHERE seq = 5"],
    ("L1", "a start that is gone"): lambda: ["DELETE FROM ledger_entry WHERE seq = 1"],
    ("L2", "another body"): lambda: [
        "UPDATE ledger_entry SET body = (SELECT body FROM ledger_entry WHERE seq = 6) WHERE seq = 5"
    ],
    ("L2", "a broken link"): lambda: ["UPDATE ledger_entry SET previous = hash WHERE seq = 5"],
    ("L3", "another signature"): lambda: [
        "UPDATE ledger_entry SET signature = (SELECT signature FROM ledger_entry WHERE seq = 6) WHERE seq = 5"
    ],
    ("L3", "a key of somebody else"): lambda: ["UPDATE ledger_noderecord SET sign_public = box_public"],
    ("L3", "an entry moved to another place"): lambda: [
        "UPDATE ledger_entry SET seq = seq + 100000 WHERE seq = (SELECT max(seq) FROM ledger_entry)"
    ],
    ("L7", "a version that nobody said"): lambda: [
        "UPDATE applications_application SET version = version + 1 WHERE state = 'COLLECTED'"
    ],
    ("L7", "a move of nobody"): lambda: [
        "UPDATE applications_application SET ref = 'OP-0000-0000', version = 0 WHERE state = 'COLLECTED'"
    ],
    ("L10", "a look by nobody"): lambda: ["UPDATE ledger_entry SET actor = '' WHERE kind = 'accounts.looked'"],
    ("L10", "a look without a reason"): lambda: [
        """UPDATE ledger_entry SET fact = replace(fact, '"why":', '"because":') WHERE kind = 'accounts.looked'"""
    ],
    ("Q1", "a number called out twice"): lambda: twice("hall_ticket"),
    ("Q1", "a number beyond its range"): lambda: ["UPDATE hall_ticket SET number = number + 500"],
}  # fmt: skip


def test_nothing_looked_at_is_no_pass():
    """Stands first, so that it runs before lives are told."""
    empty = run_checks(NAMED)

    told_by_migrations = {row.id for row in empty if row.rows}
    assert not told_by_migrations
    assert {row.id for row in empty if row.status == "pass"} == {
        id for id in NAMED if CHECKS[id].may_be_empty
    }


def test_every_promised_check_is_there_and_has_a_violation_that_it_must_find():
    load()

    assert sorted(CHECKS) == sorted(NAMED)
    assert {id for id, _what in PLANTS} == set(NAMED)
    assert not set(WAITS_FOR) & set(NAMED)


def test_lives_that_went_well_pass(plant: Callable[..., None]):
    results = run_checks(NAMED)

    assert [(row.id, row.offending) for row in results if row.status != "pass"] == []
    assert all(row.rows for row in results)


@pytest.mark.parametrize(("id", "what"), PLANTS, ids=lambda word: word.replace(" ", "-"))
def test_a_planted_violation_is_found(plant: Callable[..., None], id: str, what: str):
    plant(*PLANTS[id, what]())

    assert offending(id), f"{id} did not see {what}"


def test_what_waits_for_other_work_is_said_and_never_passes(plant: Callable[..., None]):
    waiting = [row for row in run_checks() if row.id in WAITS_FOR]

    assert {row.status for row in waiting} == {"na"}
    assert all(row.why for row in waiting)
