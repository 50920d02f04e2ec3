"""A lost office is made whole: every table as it was, or an honest list of what is missing."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.server import Server

SECRET = "sepuluh kelapa muda"
GAPS = {"applications_serial", "hall_numberrange", "payments_codecounter", "sqlite_sequence"}
OWN = {
    "ledger_noderecord",
    "ledger_parked",
    "django_migrations",
}  # we in the new epoch; when what waits is tried again


class Lost:
    """An office that served with a second copy, and what it was like when it died."""

    def __init__(self, folder: Path) -> None:
        self.copy, self.keys, self.dead = folder / "second", folder / "safe", folder / "dead"
        self.copy.mkdir()
        with self.office(folder / "var", OPENPASPOR_SECOND_COPY=str(self.copy)) as office:
            office.build_demo(size=12)
            assert (
                office.run("backup", "--to", str(folder / "data"), "--keys-to", str(self.keys)).returncode
                == 0
            )
            office.start()
            began = time.time()
            wait_for_copy(office, after=began)
            tell_outage(office)
            wait_for_copy(office, after=time.time())
            office.kill()
            self.said = office.run("ledger", "export").stdout
            shutil.copytree(office.home, self.dead)

    def office(self, home: Path, **more: str) -> Server:
        """On SQLite, as office boxes are."""
        office = Server(home, OPENPASPOR_BACKUP_PASSPHRASE=SECRET, **more)
        office.environment.pop("OPENPASPOR_DATABASE_URL", None)
        return office


def wait_for_copy(office: Server, *, after: float) -> None:
    """Until a look at everything that began after `after` came to its end."""
    noted, ends = office.home / "second-copy.json", time.monotonic() + 30
    while time.monotonic() < ends:
        if noted.exists():
            at = json.loads(noted.read_text())["at"]
            if at and time.mktime(time.strptime(at[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone > after:
                return
        time.sleep(0.2)
    raise AssertionError(noted.read_text() if noted.exists() else office.log()[-2000:])


def tell_outage(office: Server) -> None:
    """Some deed while it runs: somebody takes a number."""
    from openpaspor.nodes.drills.people import Person, walk_in
    from openpaspor.nodes.installation import Installation

    at = Installation(office.home)
    at.url = office.url
    walk_in(Person(at, "petugas.denpasar"))


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lost]:
    yield Lost(tmp_path_factory.mktemp("lost"))


def rows_of(home: Path) -> dict[str, list[str]]:
    with closing(sqlite3.connect(home / "openpaspor.sqlite3")) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: sorted(map(repr, database.execute(f'SELECT * FROM "{table}"'))) for table in tables}


def test_from_the_second_copy_every_table_is_as_it_was(lost: Lost, tmp_path: Path):
    box = lost.office(tmp_path / "var")
    done = box.run(
        "node", "rebuild", "--second-copy", str(lost.copy), "--keys-from", str(lost.keys), "--json"
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["whole"] and told["tables_from"] == "pages" and told["epoch"] == 2
    before, after = rows_of(lost.dead), rows_of(box.home)
    assert {table for table in before if before[table] != after[table]} <= GAPS | OWN
    assert box.ask("ledger", "verify")["first_bad"] is None
    assert [row for row in box.ask("invariants")["results"] if row["status"] == "fail"] == []
    assert list_of(box.home / "attachments") == list_of(lost.dead / "attachments")


def test_without_its_keys_it_says_what_to_do_and_changes_nothing(lost: Lost, tmp_path: Path):
    box = lost.office(tmp_path / "var")
    done = box.run("node", "rebuild", "--second-copy", str(lost.copy))

    assert done.returncode == 3
    assert "--keys-from" in done.stderr and "--new-keys" in done.stderr
    assert not (box.home / "openpaspor.sqlite3").exists()


def test_with_new_keys_the_log_comes_back_and_every_dossier_is_on_a_list(lost: Lost, tmp_path: Path):
    box = lost.office(tmp_path / "var")
    said = tmp_path / "said.jsonl"
    said.write_text(lost.said)
    done = box.run(
        "node", "rebuild", "--second-copy", str(lost.copy), "--from-centre", str(said), "--new-keys", "--json"
    )

    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    before, after = rows_of(lost.dead), rows_of(box.home)
    assert told["tables_from"] == "log" and told["lost"]
    assert len(after["ledger_entry"]) == len(before["ledger_entry"])
    assert len(after["applications_application"]) == len(before["applications_application"])
    assert after["notifications_message"] == []  # nobody is told again what was told long ago
    state = [
        row for row in box.ask("invariants", "--only", "A1,A2,L1,L2,L3")["results"] if row["status"] != "pass"
    ]
    assert state == []
    assert len(told["to_wrap_again"]) == len(after["applications_dossierkey"]) > 0
    assert box.ask("ledger", "verify")["first_bad"] is None


def test_a_missing_attachment_is_named(lost: Lost, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(lost.copy, copy)
    named = (
        sqlite3.connect(lost.dead / "openpaspor.sqlite3")
        .execute("SELECT digest FROM applications_attachment WHERE NOT replaced ORDER BY id LIMIT 1")
        .fetchone()[0]
    )
    (copy / "satu" / "attachments" / named[:2] / named[2:]).unlink()
    box = lost.office(tmp_path / "var")

    done = box.run("node", "rebuild", "--second-copy", str(copy), "--keys-from", str(lost.keys), "--json")

    assert done.returncode == 1
    assert json.loads(done.stdout)["missing_attachments"] == [named]


def test_what_only_the_centre_still_has_is_taken_back_and_named(lost: Lost, tmp_path: Path):
    """The second copy stopped some time before the box died; the line to the centre did not."""
    copy = tmp_path / "copy"
    shutil.copytree(lost.copy, copy)
    changes = next((copy / "satu" / "pages").iterdir()) / "changes"
    changes.unlink()
    segment = next((copy / "satu" / "log").iterdir())
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join(lines[:-1]))
    said = tmp_path / "said.jsonl"
    said.write_text(lost.said)
    box = lost.office(tmp_path / "var")

    done = box.run(
        "node",
        "rebuild",
        "--second-copy",
        str(copy),
        "--keys-from",
        str(lost.keys),
        "--from-centre",
        str(said),
        "--json",
    )

    told = json.loads(done.stdout)
    assert told["from_centre"] >= 1 and told["missing_entries"] == []
    assert sum(told["replayed"].values()) == told["from_centre"] + told["from_lines"]
    assert done.returncode == 1  # rows of the office are missing, and it says which
    assert box.ask("ledger", "verify")["first_bad"] is None


def test_a_new_box_that_was_not_rebuilt_does_not_write_over_the_copy(lost: Lost, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(lost.copy, copy)
    before = list_of(copy)
    box = lost.office(tmp_path / "var", OPENPASPOR_SECOND_COPY=str(copy))

    done = box.run("run", "--port", str(box.port))

    assert done.returncode == 3
    assert "openpaspor node rebuild --second-copy" in done.stderr
    assert list_of(copy) == before
    assert not (box.home / "openpaspor.sqlite3").exists()
    again = box.run("node", "rebuild", "--second-copy", str(copy), "--keys-from", str(lost.keys))
    assert again.returncode == 0, again.stderr


def list_of(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
