"""The checker itself is checked: green on lives that went well, and every violation planted by raw SQL is found."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import transaction

from openpaspor.hall.models import Ticket
from openpaspor.ledger import node
from openpaspor.ledger.models import Entry
from openpaspor.nodes import cli
from openpaspor.nodes.checker import CHECKS, run_checks
from openpaspor.nodes.checker.run import WAITS_FOR, load
from openpaspor.nodes.tests import test_check_nodes
from openpaspor.nodes.tests.plants import do, offending, tell, twice, without_constraints

TOLD = ("furniture", "road", "counter", "centre", "money", "places", "press")
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def country(django_db_setup: None, django_db_blocker) -> Iterator[None]:  # type: ignore[no-untyped-def]
    """A few lives, told once for all tests of this file and forgotten after the last one."""
    with django_db_blocker.unblock(), transaction.atomic():
        tell(*TOLD)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def plant(country: None, django_db_blocker) -> Iterator[Callable[..., None]]:  # type: ignore[no-untyped-def]
    """Runs statements whose damage is gone after the test."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield do
        transaction.set_rollback(True)


def shows(state: str, version: int) -> list[str]:
    """A page shows this of whoever has a passport by now."""
    return [
        f"INSERT INTO applications_shown (application_id, state, version, shown_at) SELECT id, '{state}', {version}, started_at"
        " FROM applications_application WHERE state = 'COLLECTED'"
    ]


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
        "UPDATE appointments_slot SET capacity = capacity + 1, taken = taken + 1 WHERE id = (SELECT min(id) FROM appointments_slot)"
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
    ("B2", "a print without a packet"): lambda: [
        "DELETE FROM ledger_entry WHERE kind = 'adjudication.packet_signed'"
    ],
    ("B2", "a packet of another version"): lambda: [
        """UPDATE ledger_entry SET fact = replace(fact, '"version":', '"version":9')
           WHERE kind = 'adjudication.packet_signed'"""
    ],
    ("B2", "a packet that an office signed"): lambda: ["UPDATE ledger_noderecord SET role = 'office'"],
    ("B2", "a print that nobody sent"): lambda: ["DELETE FROM ledger_entry WHERE kind = 'issuance.print_sent'"],
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
    ("L9", "a clock that went back and nobody said so"): lambda: [
        "UPDATE ledger_entry SET sealed_at = '2020-01-01 00:00:00' WHERE seq = 50"
    ],
    ("L9", "a time that ran out while the clock was doubted"): lambda: [
        """UPDATE ledger_entry SET kind = 'ledger.clock_doubted', fact = '{"after_seq":1,"off_s":3600}' WHERE seq = 2""",
    ],
    ("L10", "a look by nobody"): lambda: ["UPDATE ledger_entry SET actor = '' WHERE kind = 'accounts.looked'"],
    ("L10", "a look without a reason"): lambda: [
        """UPDATE ledger_entry SET fact = replace(fact, '"why":', '"because":') WHERE kind = 'accounts.looked'"""
    ],
    ("Q1", "a number called out twice"): lambda: twice("hall_ticket"),
    ("Q1", "a number beyond its range"): lambda: ["UPDATE hall_ticket SET number = number + 500"],
    ("A3", "a step back without a reason"): lambda: [
        "DELETE FROM ledger_entry WHERE kind = 'adjudication.revoked'",
        """UPDATE ledger_entry SET fact = replace(fact, '"reason":', '"was":') WHERE kind = 'applications.moved'""",
    ],
    ("A3", "a step back of which nobody was told"): lambda: [
        "UPDATE notifications_message SET created_at = '2026-01-01 00:00:00'"
    ],
    ("A3", "a page that went back and no step back was made"): lambda: [
        *shows("READY", 90), *shows("BOOKED", 91)
    ],
    ("A3", "a page that went back to what was shown before"): lambda: [*shows("READY", 9), *shows("READY", 8)],
    ("A4", "a move by who did not hold it"): lambda: ["UPDATE ledger_noderecord SET role = 'portal'"],
    ("A4", "two moves in one version"): lambda: twice("ledger_entry", f"WHERE {LAST_MOVE}"),
    ("A4", "a term that fell"): lambda: [
        f"""UPDATE ledger_entry SET fact = replace(fact, '"term":', '"term":-') WHERE {LAST_MOVE}"""
    ],
    ("A7", "a case that left the queue"): lambda: [
        "UPDATE applications_application SET state = 'REVIEW', custodian = 'centre'"
    ],
    ("A7", "a hold without a place"): lambda: [
        "UPDATE applications_application SET state = 'HOLDING', custodian = 'portal'"
    ],
    ("A7", "a missed visit that nobody ended"): lambda: [
        "UPDATE applications_application SET state = 'MISSED', custodian = 'office', state_since = '2026-01-01 00:00:00',"
        " touched_at = '2026-01-01 00:00:00', owed_until = NULL, stop_order = ''"
    ],
    ("A9", "a picture that is gone"): lambda: [
        "UPDATE applications_attachment SET digest = 'ab' || substr(digest, 3)"
    ],
    ("A9", "a picture under another name than it was sealed for"): lambda: [
        "UPDATE applications_attachment SET kind = 'kk' WHERE kind = 'ktp'"
    ],
    ("A9", "a picture of another size than its row says"): lambda: [
        "UPDATE applications_attachment SET size = size + 1"
    ],
    ("B3", "a stock counted by one person"): lambda: [
        *without_constraints("issuance_stockbatch"),
        "UPDATE issuance_stockbatch SET confirmed_by = counted_by",
    ],
    ("B3", "a booklet written off by one person"): lambda: [
        """UPDATE ledger_entry SET actor = 'S-1', fact = '{"proposed_by":"S-1"}' WHERE kind = 'issuance.spoiled'"""
    ],
    ("B3", "a packet of one person"): lambda: [
        """UPDATE ledger_entry SET fact = '{"decided_by":"S-1","second_by":"S-1"}'
           WHERE kind = 'adjudication.packet_signed'"""
    ],
    ("B3", "an applicant who decides"): lambda: [
        "UPDATE ledger_entry SET kind = 'adjudication.decided' WHERE kind = 'applications.submitted'"
    ],
    ("B4", "a page that no job asked for"): lambda: [
        "UPDATE issuance_printerline SET serial = 'X9999999', job = '9999'"
    ],
    ("B4", "a print of which nobody says what became of it"): lambda: [
        "UPDATE issuance_printjob SET state = 'sent', printed_at = '2026-11-01 00:00:00'"
    ],
    ("B4", "a page printed for a job that printed nothing"): lambda: ["UPDATE issuance_printjob SET state = 'void'"],
    ("B4", "a page printed twice"): lambda: twice("issuance_printerline"),
    ("B6", "an old passport still valid"): lambda: [
        "DELETE FROM ledger_entry WHERE kind = 'issuance.old_passport_cancelled'"
    ],
    ("B7", "another page than was approved"): lambda: [
        """UPDATE ledger_entry SET fact = replace(fact, '"personalisation":"', '"personalisation":"0')
           WHERE kind = 'issuance.printed'"""
    ],
    ("B7", "another page than was approved by the packet"): lambda: [
        """UPDATE ledger_entry SET fact = replace(fact, '"personalisation":"', '"personalisation":"0')
           WHERE kind = 'adjudication.packet_signed'"""
    ],
    ("B7", "another page in the job"): lambda: ["UPDATE issuance_printjob SET personalisation = '0'"],
    ("B8", "a print after the approval was withdrawn"): lambda: [
        "UPDATE ledger_entry SET kind = 'adjudication.revoked' WHERE kind = 'adjudication.packet_signed'",
        """UPDATE ledger_entry SET fact = replace(fact, '"packet":', '"packet":-') WHERE kind = 'issuance.print_sent'""",
    ],
    ("B8", "a passport handed over despite a stop"): lambda: [
        "UPDATE ledger_entry SET kind = 'applications.stop_ordered' WHERE kind = 'intake.enrolled'"
    ],
    ("K1", "work after the last posting ended"): lambda: [
        "UPDATE ledger_entry SET kind = 'accounts.posting_ended' WHERE kind = 'accounts.posting_granted'"
    ],
    ("K1", "a node that speaks on"): lambda: ["UPDATE ledger_noderecord SET revoked_at = '2026-01-01 00:00:00'"],
    ("K2", "a role that nobody had"): lambda: ["UPDATE accounts_posting SET role = 'kas'"],
    ("K2", "another office"): lambda: [
        "UPDATE accounts_posting SET office_id = 'JAYAPURA' WHERE office_id IS NOT NULL"
    ],
    ("K2", "before the posting began"): lambda: ["UPDATE accounts_posting SET starts_at = '2027-06-01 00:00:00'"],
    ("K4", "papers closed with another key"): lambda: [
        "UPDATE applications_dossier SET document = (SELECT document FROM applications_dossier WHERE id ="
        " (SELECT min(id) FROM applications_dossier))"
    ],
    ("K5", "a code tried too often"): lambda: [
        *without_constraints("accounts_challenge"), "UPDATE accounts_challenge SET tries = 9"
    ],
    ("K5", "a code used when it was over"): lambda: [
        *without_constraints("accounts_challenge"),
        "UPDATE accounts_challenge SET used_at = '2030-01-01 00:00:00', tries = 1",
    ],
    ("L2", "an epoch that begins nowhere"): lambda: [
        "DELETE FROM ledger_entry WHERE seq = 4", "UPDATE ledger_entry SET epoch = 2, seq = 1 WHERE seq = 5"
    ],
    ("L4", "another head than was written down"): lambda: [
        "UPDATE ledger_entry SET hash = previous WHERE seq = (SELECT max(seq) FROM ledger_entry)"
    ],
    ("L8", "an entry that waits for its seal"): lambda: ["UPDATE ledger_entry SET seq = NULL WHERE seq = 5"],
    ("Q1", "a number in two entries"): lambda: twice("ledger_entry", "WHERE kind = 'hall.ticket_issued'"),
    ("Q2", "a hole"): lambda: [
        """UPDATE ledger_entry SET fact = replace(fact, ' 001"', ' 007"') WHERE kind = 'hall.ticket_issued'"""
    ],
    ("Q3", "two tickets at one counter"): lambda: [
        *without_constraints("hall_ticket"),
        "UPDATE hall_ticket SET state = 'called', counter_id = (SELECT min(id) FROM hall_counter)",
    ],
    ("Q3", "a call to no counter"): lambda: [
        "UPDATE hall_ticket SET state = 'called', counter_id = NULL WHERE id = (SELECT min(id) FROM hall_ticket)"
    ],
    ("Q4", "somebody who still sits there"): lambda: [
        "UPDATE hall_ticket SET state = 'waiting', day = '2026-12-02' WHERE id = (SELECT min(id) FROM hall_ticket)"
    ],
    ("Q5", "two of the priority line while another waits"): lambda: [
        *without_constraints("hall_ticket"),
        "UPDATE hall_counter SET serves = 'ABPC', opened_at = '2026-12-29 00:00:00'",
        "UPDATE hall_ticket SET day = '2026-12-30', line = 'P', issued_at = '2026-12-30 00:00:00',"
        " called_at = '2026-12-30 01:00:00', counter_id = (SELECT min(id) FROM hall_counter),"
        " turn = 1 + (SELECT count(*) FROM hall_ticket_aside AS o WHERE o.id < hall_ticket.id)",
        "UPDATE hall_ticket SET line = 'A', called_at = NULL, turn = NULL"
        " WHERE id = (SELECT max(id) FROM hall_ticket_aside)",
    ],
    ("Q6", "a pass that opened two arrivals"): lambda: twice(
        "ledger_entry", "WHERE kind = 'hall.ticket_issued' AND fact LIKE '%pass_number%'"
    ),
    ("Q6", "an arrival that is there twice"): lambda: twice("hall_passarrival"),
    ("Q7", "a ticket of another day"): lambda: [
        "UPDATE hall_ticket SET day = '2026-01-01' WHERE id = (SELECT min(id) FROM hall_ticket)"
    ],
    ("Q7", "a place of another day"): lambda: [
        "UPDATE appointments_slot SET day = '2026-01-01' WHERE id = (SELECT min(id) FROM appointments_slot)"
    ],
    ("Q7", "a call said on another day"): lambda: [
        "UPDATE ledger_entry SET recorded_at = '2026-01-01 00:00:00' WHERE kind = 'hall.ticket_called'"
    ],
    ("S6", "a quota that sank by itself"): lambda: ["UPDATE appointments_slot SET offered = 0"],
    ("S6", "a place given back without a word"): lambda: [
        "DELETE FROM ledger_entry WHERE kind IN ('appointments.place_freed', 'appointments.place_changed')"
    ],
    ("S7", "a move in two steps"): lambda: ["UPDATE appointments_booking SET held_at = '2026-01-01 00:00:00'"],
    ("S7", "a move of which nobody spoke"): lambda: [
        "DELETE FROM ledger_entry WHERE kind = 'appointments.place_changed'"
    ],
    ("Y2", "a move that was read and left no trace"): lambda: [
        "UPDATE applications_application SET version = 1 WHERE state = 'COLLECTED'"
    ],
    ("Y3", "an entry that waits behind nothing"): lambda: [
        "INSERT INTO ledger_parked (follower, entry_id, application, cause, tries, parked_at, retry_at)"
        " SELECT 'x', id, 'OP-0000-0000', 'behind', 0, recorded_at, recorded_at FROM ledger_entry WHERE seq = 9"
    ],
    ("Y3", "entries that nobody read"): lambda: ["UPDATE ledger_cursor SET position = 1"],
    ("Y4", "another kind than was sealed"): lambda: ["UPDATE ledger_entry SET kind = 'x.y' WHERE seq = 5"],
    ("Y4", "a field that was dropped"): lambda: ["UPDATE ledger_entry SET fact = '{}' WHERE seq = 5"],
    ("Y6", "a head that is gone"): lambda: [
        "DELETE FROM ledger_entry WHERE seq = (SELECT max(seq) FROM ledger_entry)"
    ],
    ("Y6", "an epoch that nobody lists"): lambda: ["UPDATE ledger_noderecord SET epoch = 9"],
}  # fmt: skip

# other nodes or clients; test_check_nodes.py has them
ASKS_FOR_MORE = {"A5", "L5", "L6", "R1", "R2", "R3", "S5", "Y1", "Y5"}


def test_nothing_looked_at_is_no_pass():
    """Stands first, so that it runs before lives are told."""
    empty = [row for row in run_checks() if row.status != "na"]

    # how far followers have read, the local days of no places, and what node files say, are there without lives
    assert {row.id for row in empty if row.rows} <= {"L4", "Y2", "Y3", "Y6", "S6"}
    assert {row.id for row in empty if row.status == "pass" and not row.rows} == {
        row.id for row in empty if CHECKS[row.id].may_be_empty and not row.rows and row.status == "pass"
    }
    assert "fail" in {row.status for row in empty if row.id in ("A1", "L1", "B1", "P3", "S1")}


def test_a_scenario_may_say_that_it_has_none():
    assert [row.status for row in run_checks(["B2"])] == ["fail"]
    assert [row.status for row in run_checks(["B2"], empty=["B2"])] == ["pass"]


def test_the_command_says_what_to_do_when_there_is_nothing_to_look_at(capsys):
    found = cli.main(["invariants", "--only", "B2,S3"])
    said = capsys.readouterr().err
    told = cli.main(["invariants", "--only", "B2,S3", *re.findall(r"--empty \S+?(?=\.)", said)[0].split()])

    assert found == cli.FOUND and "0 hold, 0 do not" in said and "no pass" in said
    assert told == cli.GOOD


def test_every_check_has_a_violation_that_it_must_find():
    load()

    elsewhere = {id for id, _what in test_check_nodes.PLANTS}
    assert {id for id, _what in PLANTS} | elsewhere == set(CHECKS)
    assert elsewhere >= ASKS_FOR_MORE
    assert not set(WAITS_FOR) & set(CHECKS)


def test_lives_that_went_well_pass(plant: Callable[..., None]):
    results = [row for row in run_checks() if row.status != "na"]

    assert [(row.id, row.offending) for row in results if row.status != "pass"] == []
    assert {row.id for row in results if not row.rows} <= {"Q4"}
    assert {row.id for row in results} == set(CHECKS) - ASKS_FOR_MORE


@pytest.mark.parametrize(("id", "what"), PLANTS, ids=lambda word: word.replace(" ", "-"))
def test_a_planted_violation_is_found(plant: Callable[..., None], id: str, what: str):
    plant(*PLANTS[id, what]())

    assert offending(id), f"{id} did not see {what}"


def test_what_waits_for_other_work_is_said_and_never_passes(plant: Callable[..., None]):
    waiting = [row for row in run_checks() if row.id in {*WAITS_FOR, *ASKS_FOR_MORE}]

    assert {row.status for row in waiting} == {"na"}
    assert all(row.why for row in waiting)


def test_in_the_middle_of_a_fault_only_what_always_holds_is_asked(plant: Callable[..., None]):
    asked = {row.id for row in run_checks(always=True) if row.status != "na"}

    assert {"A1", "L1", "S1", "P3"} <= asked
    assert not {"A7", "L8", "Y3"} & asked


def test_a_picture_that_was_changed_on_the_disk_is_found(plant: Callable[..., None]):
    path = next(node.here().store.folder / one[:2] / one[2:] for one in digests())
    before = path.read_bytes()
    path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    try:
        assert "was changed" in offending("A9")[0]
    finally:
        path.write_bytes(before)


def test_a_file_that_nobody_names_is_found_after_a_day(plant: Callable[..., None]):
    stray = node.here().store.folder / "ff" / ("f" * 62)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"x")
    try:
        assert not offending("A9")
        os.utime(stray, (time.time() - 90_000,) * 2)
        assert "is of nobody" in offending("A9")[0]
    finally:
        stray.unlink()


def digests() -> list[str]:
    from openpaspor.applications.models import Attachment

    return list(Attachment.objects.live().values_list("digest", flat=True))


def test_a_number_given_after_the_close_waits_for_the_next_one(plant: Callable[..., None]):
    (ticket,) = Ticket.objects.order_by("pk")[:1]
    issued = Entry.objects.get(
        kind="hall.ticket_issued", fact__contains=ticket.label, recorded_at=ticket.issued_at
    )
    plant(
        f"UPDATE ledger_entry SET fact = replace(fact, '2026-12-02', '{ticket.day}') WHERE kind = 'hall.day_ended'",
        f"UPDATE hall_ticket SET state = 'waiting', ended_at = NULL WHERE id = {ticket.pk}",
    )
    assert any(f"ticket {ticket.pk} " in text for text in offending("Q4"))

    plant(f"UPDATE ledger_entry SET seq = 100000 WHERE id = {issued.pk}")

    assert all(f"ticket {ticket.pk} " not in text for text in offending("Q4"))


def test_a_page_may_go_back_by_a_step_that_has_a_name_and_of_which_the_applicant_was_told(
    plant: Callable[..., None],
):
    back = Entry.objects.filter(kind="applications.moved", fact__contains='"spoil"').earliest("pk")
    held = f"FROM applications_application WHERE ref = '{back.application}'"
    shown = "INSERT INTO applications_shown (application_id, state, version, shown_at) SELECT id"
    plant(
        f"{shown}, 'READY', {back.version - 1}, started_at {held}",
        f"{shown}, 'APPROVED', {back.version}, started_at {held}",
    )

    assert not offending("A3")


def test_a_clock_that_went_back_and_is_doubted_is_no_fault(plant: Callable[..., None]):
    plant(
        """UPDATE ledger_entry SET kind = 'ledger.clock_doubted', fact = '{"after_seq":1,"off_s":-3600}' WHERE seq = 52""",
        "UPDATE ledger_entry SET kind = 'ledger.clock_trusted', fact = '{}' WHERE seq = 60",
        "UPDATE ledger_entry SET sealed_at = '2020-01-01 00:00:00' WHERE seq >= 50",
    )

    assert not offending("L9")
