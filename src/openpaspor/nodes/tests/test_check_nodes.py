"""The checker over several databases and client ledgers: green on true copies, and every planted difference is found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from openpaspor.ledger import node
from openpaspor.ledger.models import Deed, Entry
from openpaspor.ledger.receive import write_line
from openpaspor.nodes.checker import CannotLook, ClientLedger, Database, opened, run_checks
from openpaspor.nodes.checker.clients import read_deeds
from openpaspor.nodes.tests.plants import a_copy, do, offending, tell

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def country(django_db_setup: None, django_db_blocker) -> Iterator[None]:  # type: ignore[no-untyped-def]
    with django_db_blocker.unblock(), transaction.atomic():
        tell("furniture", "road")
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def damage(country: None, django_db_blocker) -> Iterator[None]:  # type: ignore[no-untyped-def]
    """What a test does to the database is gone after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def clients(tmp_path: Path) -> ClientLedger:
    return ClientLedger(tmp_path / "clients.jsonl")


def an_office(folder: Path, *damage: str) -> Database:
    """Our database once more, as if a node of our name had it; we are the centre to it. The booklets lie here alone."""
    booklets = [
        f"DELETE FROM issuance_{what}" for what in ("booklet", "stockbatch", "printjob", "printerline")
    ]
    copy = a_copy(folder / "office", *booklets, *damage, name=node.here().name, role="office")
    (folder / "office" / "attachments").symlink_to(node.here().store.folder)
    return copy


def closed(folder: Path, *, why: str, seq: int = 5) -> None:
    """Say beside a database that its epoch ended at a place."""
    last = Entry.objects.get(seq=seq)
    row = {
        "epoch": last.epoch,
        "seq": seq,
        "hash": last.hash,
        "why": why,
        "at": _text(datetime.now(UTC)),
        "begins": last.epoch + 1,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "epochs.json").write_text(json.dumps({"node": node.here().name, "closed": [row]}))


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def office_with(*damage: str) -> Callable[[Path], dict[str, Any]]:
    return lambda folder: {"others": [an_office(folder, *damage)]}


def client_says(
    asked: str, answer: str, action_id: str = "", **what: Any
) -> Callable[[Path], dict[str, Any]]:
    def write(folder: Path) -> dict[str, Any]:
        book = ClientLedger(folder / "clients.jsonl")
        request = book.ask("warga-1", asked, action_id or a_deed(), **what)
        if answer != "unknown":
            book.answer(request, answer)
        return {"clients": [book.path]}

    return write


def a_deed() -> str:
    """The action id of something that was done."""
    return Deed.objects.order_by("action_id").values_list("action_id", flat=True)[0]


def two_nodes_did_it(folder: Path) -> dict[str, Any]:
    other = a_copy(folder / "other", name="lain", role="portal")
    return client_says("hold", "unknown")(folder) | {"others": [other]}


def a_link(*, queued: int = 2, confirmed: int = 0, chain: str = "0" * 64) -> None:
    """A line over which two entries were queued, in a chain of which only the first step may be wrong."""
    do(
        "INSERT INTO ledger_link (peer, considered, queued, queued_chain, confirmed_epoch, confirmed, heard_epoch, heard,"
        f" heard_chain, number, trouble, quarantined{', handed_epoch, handed' if _has_handed() else ''})"
        f" VALUES ('lain', 2, {queued}, '{chain}', 1, {confirmed}, 0, 0, '{'0' * 64}', 0, '', ''{', 0, 0' if _has_handed() else ''})",
        f"INSERT INTO ledger_outgoing (link_id, count, chain, entry_id) SELECT 'lain', seq, '{chain}', id"
        " FROM ledger_entry WHERE seq = 1",
    )


def _has_handed() -> bool:
    from openpaspor.ledger.models import Link

    return any(field.name == "handed" for field in Link._meta.fields)


def a_broken_chain(folder: Path) -> dict[str, Any]:
    a_link(chain="1" * 64)
    return {}


def a_gone_row(folder: Path) -> dict[str, Any]:
    a_link(queued=2)
    return {}


def confirmed_for_nothing(folder: Path) -> dict[str, Any]:
    a_link(queued=0, confirmed=9999)
    return {"others": [a_copy(folder / "other", name="lain", role="portal")]}


def a_log_that_begins_later(folder: Path) -> dict[str, Any]:
    a_link(queued=0)
    do("DELETE FROM ledger_outgoing", "DELETE FROM ledger_entry WHERE seq = 1")
    return {}


def lost_before_the_backup(folder: Path) -> dict[str, Any]:
    closed(folder / "office", why="restore", seq=30)
    book = ClientLedger(folder / "clients.jsonl")
    at = Entry.objects.get(seq=30).sealed_at - timedelta(minutes=1)
    book.answer(book.ask("warga-1", "walk_in", "never-done", at=at), "ok", at=at)
    return {"others": [an_office(folder)], "clients": [book.path]}


def lost_although_a_second_copy(folder: Path) -> dict[str, Any]:
    closed(folder / "office", why="rebuild", seq=30)
    book = ClientLedger(folder / "clients.jsonl")
    for id, ago in (("never-done", 20), (a_deed(), 1)):
        at = datetime.now(UTC) - timedelta(seconds=ago)
        book.answer(book.ask("warga-1", "walk_in", id, at=at), "ok", at=at)
    return {"others": [an_office(folder)], "clients": [book.path]}


def a_restored_centre_that_lacks_something(folder: Path) -> dict[str, Any]:
    closed(folder / "centre", why="restore")
    return {
        "others": [
            a_copy(folder / "centre", "DELETE FROM ledger_entry WHERE seq = 9", name="pusat", role="centre")
        ]
    }


def two_versions(folder: Path) -> dict[str, Any]:
    older = "DELETE FROM django_migrations WHERE app = 'hall'"
    return office_with(older, "UPDATE applications_application SET ticket = 'Z 999'")(folder)


def a_second_copy_that_differs(folder: Path) -> dict[str, Any]:
    line = write_line(Entry.objects.get(seq=9))
    segment = folder / "disk" / node.here().name / "log" / "000001.jsonl"
    segment.parent.mkdir(parents=True)
    segment.write_bytes(line.replace(b'"hash": "', b'"hash": "0') + b"\n" + line[:20])
    box = an_office(folder)
    (folder / "office" / "second-copy.json").write_text(json.dumps({"place": str(folder / "disk")}))
    return {"others": [box]}


def put_back_unseen(folder: Path) -> dict[str, Any]:
    closed(folder / "office", why="restore", seq=5)
    return {"others": [an_office(folder)]}


def alone_in_the_second_copy(folder: Path) -> dict[str, Any]:
    """The office was put back, and the last thing it had said lies on its second disk and nowhere else."""
    top = Entry.objects.filter(seq__isnull=False).latest("seq")
    segment = folder / "disk" / node.here().name / "log" / "000001.jsonl"
    segment.parent.mkdir(parents=True)
    segment.write_bytes(write_line(top) + b"\n")
    do("DELETE FROM ledger_entry WHERE seq > 5")
    closed(folder / "office", why="restore", seq=5)
    office = an_office(folder)
    (folder / "office" / "second-copy.json").write_text(json.dumps({"place": str(folder / "disk")}))
    return {"others": [office]}


def seized(folder: Path) -> dict[str, Any]:
    """The centre took an approved file from the office without being offered it."""
    move = Entry.objects.filter(kind="applications.moved", fact__contains='"print"').earliest("pk")
    centre = a_copy(
        folder / "centre",
        "INSERT INTO ledger_noderecord (node, epoch, role, offices) VALUES ('pusat', 1, 'centre', '[]')",
        f"""UPDATE ledger_entry SET node = 'pusat', fact = replace(replace(fact, '"move":"print"', '"move":"revoke"'),
            '"target":"PRINTED"', '"target":"REVIEW"') WHERE seq = {move.seq}""",
        name="pusat", role="centre",
    )  # fmt: skip
    return {"others": [centre]}


MISSING = "DELETE FROM ledger_entry WHERE seq = (SELECT max(seq) FROM ledger_entry)"
PLANTS: dict[tuple[str, str], Callable[[Path], dict[str, Any]]] = {
    ("A1", "a row at another node"): office_with("UPDATE applications_application SET serial = 'X0000000'"),
    ("A4", "a file that the centre seized alone"): seized,
    ("A5", "an entry that the centre does not have"): lambda folder: (
        office_with()(folder) | _do("DELETE FROM ledger_entry WHERE seq = 9")
    ),
    ("A5", "an entry that its node never wrote"): office_with("DELETE FROM ledger_entry WHERE seq = 9"),
    ("A5", "a deed that a client was told of"): client_says("walk_in", "ok", "never-done"),
    ("A6", "two answers to one deed"): lambda folder: _two_answers(folder),
    ("L1", "a hole in the log of another node"): office_with("DELETE FROM ledger_entry WHERE seq = 9"),
    ("L4", "a selection that was changed"): a_broken_chain,
    ("L5", "two entries at one place"): office_with("UPDATE ledger_entry SET hash = previous WHERE seq = 9"),
    ("L5", "another entry on the second disk"): a_second_copy_that_differs,
    ("L6", "a centre that is behind"): lambda folder: office_with()(folder) | _do(MISSING),
    ("L6", "a centre that knows more"): office_with(MISSING),
    ("Q6", "one pass at two nodes"): lambda folder: {
        "others": [
            a_copy(
                folder / "other",
                "UPDATE ledger_entry SET node = 'lain' WHERE kind = 'hall.ticket_issued'",
                name="lain",
                role="office",
            )
        ]
    },  # fmt: skip
    ("R1", "a deed older than the backup"): lost_before_the_backup,
    ("R1", "a deed older than the second copy"): lost_although_a_second_copy,
    ("R2", "an entry that an office still has"): a_restored_centre_that_lacks_something,
    ("R3", "rows that differ between versions"): two_versions,
    ("S5", "a place that was promised"): client_says("hold", "ok", application="OP-0000-0000"),
    ("S5", "a place at another time"): client_says("hold", "ok", starts_at=NOON),
    ("S5", "a place that was refused"): client_says("hold", "refused"),
    ("S5", "a place taken at two nodes"): two_nodes_did_it,
    ("Y1", "a column that differs"): office_with("UPDATE applications_application SET papers_owed = 'kk'"),
    ("Y2", "effects of what was not read"): lambda folder: {
        "others": [a_copy(folder, "UPDATE ledger_cursor SET position = 1", name="lain", role="portal")]
    },
    ("Y6", "a put-back office where nobody looks at what it did since"): put_back_unseen,
    ("Y6", "something that is only in the second copy"): alone_in_the_second_copy,
    ("Y5", "an entry that left the outbox"): a_gone_row,
    ("Y5", "a confirmation of nothing"): confirmed_for_nothing,
    ("Y5", "a log that begins later"): a_log_that_begins_later,
}


def _do(statement: str) -> dict[str, Any]:
    """Damage done here, after the copy was made."""
    do(statement)
    return {}


def _two_answers(folder: Path) -> dict[str, Any]:
    book = ClientLedger(folder / "clients.jsonl")
    for ticket in ("A 001", "A 002"):
        book.answer(book.ask("warga-1", "walk_in", a_deed()), "ok", ticket=ticket)
    return {"clients": [book.path]}


@pytest.mark.parametrize(("id", "what"), PLANTS, ids=lambda word: word.replace(" ", "-"))
def test_a_planted_difference_is_found(tmp_path: Path, id: str, what: str):
    more = PLANTS[id, what](tmp_path)

    assert offending(id, **more), f"{id} did not see {what}"


def test_true_copies_and_honest_clients_pass(tmp_path: Path, clients: ClientLedger):
    held = Entry.objects.get(kind="appointments.place_held").values
    place = {name: held[name] for name in ("application", "office", "starts_at")}
    clients.answer(clients.ask("warga-1", "hold", a_deed(), **place), "ok")
    clients.answer(clients.ask("warga-2", "hold", "not-done"), "refused", code="slot-full")
    clients.ask("warga-3", "hold", "nobody-knows")

    results = run_checks(others=[an_office(tmp_path)], clients=[clients.path], empty=["S3", "S7"])

    judged = {row.id: row for row in results if row.status != "na"}
    assert [(row.id, row.offending) for row in judged.values() if row.status == "fail"] == []
    assert {"A5", "L5", "L6", "S5", "Y1"} <= {id for id, row in judged.items() if row.rows}


def test_a_deed_younger_than_the_second_copy_may_be_lost(tmp_path: Path, clients: ClientLedger):
    closed(tmp_path / "office", why="rebuild", seq=30)
    just_now = datetime.now(UTC) - timedelta(seconds=2)
    request = clients.ask("warga-1", "walk_in", "never-done", at=just_now)
    clients.answer(request, "ok", at=just_now)

    assert not offending("R1", others=[an_office(tmp_path)], clients=[clients.path])


def test_a_form_is_known_by_its_nonce(clients: ClientLedger):
    do(f"UPDATE ledger_deed SET action_id = 'form:a-nonce:0f0f' WHERE action_id = '{a_deed()}'")
    clients.answer(clients.ask("warga-1", "walk_in", "a-nonce"), "ok")

    assert not offending("A5", clients=[clients.path])


def test_a_hole_where_a_node_was_put_back_is_no_gap(tmp_path: Path):
    """Others gave back what they had of a closed epoch; what they never had is a hole that everybody may see."""
    closed(tmp_path / "office", why="restore", seq=5)
    office = an_office(tmp_path, "DELETE FROM ledger_entry WHERE seq IN (7, 8)")

    assert not offending("L1", others=[office])


def test_of_other_nodes_an_office_has_a_selection(tmp_path: Path):
    office = a_copy(
        tmp_path / "office",
        "DELETE FROM ledger_entry WHERE seq IN (7, 8, 20)",
        name="denpasar",
        role="office",
    )

    assert not offending("L1", others=[office])
    assert not offending("L2", others=[office])


def test_the_ledger_of_a_client_says_what_is_certain(clients: ClientLedger):
    first = clients.ask("warga-1", "hold", "a", at=NOON, starts_at=NOON)
    again = clients.ask("warga-1", "hold", "a", at=NOON)
    clients.ask("warga-1", "hold", "b", at=NOON)
    clients.answer(again, "ok", at=NOON, bill="8261")
    clients.answer(clients.ask("warga-2", "hold", "c"), "refused")

    deeds = {deed.action_id: deed for deed in read_deeds([clients.path])}
    assert {id: deed.answer for id, deed in deeds.items()} == {"a": "ok", "b": "unknown", "c": "refused"}
    assert deeds["a"].what == {"starts_at": _text(NOON), "bill": "8261"} and deeds["a"].at == NOON
    lines = [json.loads(line) for line in clients.path.read_text().splitlines()]
    assert [line["request"] for line in lines] == [first, again, 2, again, 3, 3]
    assert lines[0]["answer"] == "unknown"


def test_a_place_without_a_database_is_said(tmp_path: Path):
    with pytest.raises(CannotLook, match=r"no openpaspor\.sqlite3"):
        opened(str(tmp_path))


def test_a_home_is_opened_for_reading_alone(tmp_path: Path):
    a_copy(tmp_path / "box")
    (tmp_path / "box" / "heads.json").write_text(json.dumps({"node": "denpasar", "epoch": 1}))

    home = opened(str(tmp_path / "box"))
    named = opened(f"lain={tmp_path / 'box'}")

    assert (home.name, named.name) == ("denpasar", "lain")
    assert home.count("SELECT count(*) FROM ledger_entry") == Entry.objects.count()
    with pytest.raises(Exception, match="readonly"):
        home.rows("DELETE FROM ledger_entry")
    assert Database(home._connection).name == node.here().name  # the log says it where nothing else does


def test_the_command_says_which_place_it_cannot_read(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "openpaspor", "invariants", "--only", "L1", "--node", str(tmp_path / "nowhere")],
        env={"OPENPASPOR_HOME": str(tmp_path / "home"), "PATH": "", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 3 and "nowhere" in done.stderr and "Traceback" not in done.stderr


def test_an_office_has_bills_and_no_money_and_somebody_has_said_that_they_are_paid(tmp_path):
    no_money = "DELETE FROM payments_receipt"
    unsaid = "DELETE FROM ledger_entry WHERE kind = 'payments.settled'"

    (good,) = run_checks(["P3"], others=[an_office(tmp_path / "told", no_money)])
    (bad,) = run_checks(["P3"], others=[an_office(tmp_path / "untold", no_money, unsaid)])

    assert good.rows and not good.offending
    assert bad.offending and all("nobody has said so" in one for one in bad.offending)


def test_a_seizure_is_called_one(tmp_path: Path):
    assert any("seized from office by pusat" in one for one in offending("A4", **seized(tmp_path)))


def test_what_a_put_back_office_did_is_recovered_when_it_stands_on_its_list(tmp_path: Path):
    closed(tmp_path / "office", why="restore", seq=5)
    listed = (
        "INSERT INTO ledger_conflict (code, application, entry_id) SELECT 'given-back', application, min(id) FROM ledger_entry"
        " WHERE kind = 'applications.moved' GROUP BY application"
    )

    assert not offending("Y6", others=[an_office(tmp_path, listed)])
