"""Sealed entries and files are in a second place; trouble there is shown and holds nothing up."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import transaction

from openpaspor.facts.accounts import Looked
from openpaspor.ledger import node, second_copy
from openpaspor.ledger.models import Entry
from openpaspor.ledger.record import record
from openpaspor.ledger.seal import introduce_ourselves, seal_pending
from openpaspor.ledger.second_copy import Files, Keeper, Lines, NotOurs, lines_in, segments_in

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, settings):
    settings.SECOND_COPY = tmp_path / "second"
    (tmp_path / "second").mkdir()
    us = node.Node(name="denpasar", role="office", home=tmp_path / "home", offices=("DENPASAR",))
    us.home.mkdir()
    with node.standing_at(us):
        introduce_ourselves()
        yield us


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "second" / "denpasar" / "log"


def seal(count: int) -> None:
    with transaction.atomic():
        for _ in range(count):
            record(Looked(application="OP-1", why="counter", what="test"), actor="S-1", now=MONDAY)
    seal_pending()


def hashes(log: Path) -> list[str]:
    return [row["hash"] for row in map(json.loads, lines_in(log)) if "hash" in row]


def sealed() -> list[str]:
    return list(Entry.objects.sealed().values_list("hash", flat=True))


def test_each_sealed_entry_is_there_once_also_after_a_new_start(here, log):
    seal(3)
    Lines(here, log).follow()
    seal(2)

    lines = Lines(here, log)
    lines.follow()
    lines.follow()

    assert hashes(log) == sealed()
    assert len(segments_in(log)) == 1


def test_cut_off_at_any_byte_it_is_mended_and_goes_on(here, log):
    seal(3)
    Lines(here, log).follow()
    whole = segments_in(log)[0].read_bytes()
    seal(1)

    for length in range(0, len(whole) + 1, 23):
        segments_in(log)[0].write_bytes(whole[:length])
        Lines(here, log).follow()
        assert hashes(log) == sealed()


def test_a_full_segment_is_closed_with_its_hash_and_a_change_in_it_is_noticed(here, log, monkeypatch):
    monkeypatch.setattr(second_copy, "SEGMENT", 1000)
    lines = Lines(here, log)
    for _ in range(3):
        seal(2)
        lines.follow()
    assert len(segments_in(log)) == 3
    assert hashes(log) == sealed()

    first = segments_in(log)[0]
    first.write_bytes(first.read_bytes().replace(b'"hash"', b'"hasH"', 1))

    with pytest.raises(ValueError, match=r"000001\.jsonl was changed"):
        list(lines_in(log))


def test_lines_of_a_box_that_knows_more_than_we_do_are_never_written_over(here, log):
    seal(3)
    Lines(here, log).follow()
    Entry.objects.filter(seq=3).delete()  # an older database was put in place

    with pytest.raises(NotOurs):
        Lines(here, log).follow()


def test_files_are_copied_whole_and_only_new_ones_are_looked_at(tmp_path):
    store, target = node.here().store, tmp_path / "copy"
    digests = [store.put(f"paper {number}".encode()) for number in range(5)]
    files = Files(store.folder, target)
    files.follow()
    digests.append(store.put(b"one more"))
    files.follow()

    assert sorted(path.parent.name + path.name for path in target.rglob("*") if path.is_file()) == sorted(
        digests
    )


def test_a_file_half_written_when_the_box_died_is_copied_again(tmp_path):
    store, target = node.here().store, tmp_path / "copy"
    digest = store.put(b"paper")
    (target / digest[:2]).mkdir(parents=True)
    (target / digest[:2] / ".0123").write_bytes(b"pap")

    Files(store.folder, target).follow()

    assert (target / digest[:2] / digest[2:]).read_bytes() == b"paper"


def test_trouble_is_told_and_waited_out(here, log, tmp_path):
    keeper = Keeper(here, tmp_path / "second")
    keeper.copy.pages = None  # this test's database is inside a transaction
    seal(1)
    assert keeper.look() == ""
    assert not second_copy.state().is_late and second_copy.state().seq == 1
    shutil.move(tmp_path / "second", tmp_path / "unplugged")
    seal(1)

    assert keeper.look() == "no-folder"
    assert second_copy.state().is_late and second_copy.state().trouble == "no-folder"

    shutil.move(tmp_path / "unplugged", tmp_path / "second")
    assert keeper.look() == ""
    assert hashes(log) == sealed()
    assert not second_copy.state().is_late


def test_a_full_disk_is_told_by_its_name(here, tmp_path, monkeypatch):
    keeper = Keeper(here, tmp_path / "second")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(second_copy.os, "fsync", full)
    seal_without_fsync = Entry(
        node="denpasar", epoch=1, kind="accounts.looked", recorded_at=MONDAY, fact="{}"
    )
    seal_without_fsync.seq = seal_without_fsync.position = 1
    seal_without_fsync.save()

    assert keeper.look() == "full"
