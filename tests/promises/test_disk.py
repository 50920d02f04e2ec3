"""What was called safe is there after a power cut, on a file system that forgets whatever was not synced."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from openpaspor.ledger import identity
from openpaspor.ledger.keys import KeyRing
from openpaspor.ledger.store import Store
from tests.disks import Disk
from tests.namespaces import may_make_namespaces

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not may_make_namespaces(), reason="a disk of its own needs root"),
]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    (tmp_path / "home").mkdir()
    disk = Disk(tmp_path / "disk", tmp_path / "home")
    try:
        yield disk
    finally:
        disk.plug_out()


def power_comes_back(disk: Disk) -> None:
    disk.lose_power()
    disk.plug_out()
    disk.plug_in()


def test_a_picture_that_was_put_away_is_there(disk: Disk):
    address = Store(disk.folder / "attachments").put(b"a face")

    power_comes_back(disk)

    assert Store(disk.folder / "attachments").get(address) == b"a face"


def test_a_key_that_was_used_is_not_made_a_second_time(disk: Disk):
    signs = KeyRing(disk.folder / "keys").sign_public

    power_comes_back(disk)

    assert KeyRing(disk.folder / "keys").sign_public == signs


def test_a_node_that_was_named_knows_its_name(disk: Disk):
    identity.write(disk.folder, identity.Identity(name="denpasar", role="office", offices=("DENPASAR",)))

    power_comes_back(disk)

    assert getattr(identity.read(disk.folder), "name", "") == "denpasar"
