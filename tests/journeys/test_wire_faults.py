"""The power goes at every fault point of the wire, at the side that passes it. Afterwards both sides know the same, once."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from openpaspor.nodes.cluster.machines import Cluster, Plan
from openpaspor.nodes.commands.faults import fault_points
from openpaspor.nodes.drills.people import Person, Refusal, Unknown, ticket_of, walk_in
from openpaspor.nodes.installation import Installation
from openpaspor.offices.workdays import is_working_day
from tests.namespaces import may_make_namespaces

pytestmark = [pytest.mark.slow, pytest.mark.once]
AT = {  # which node passes the point
    "wire.after_piece": "denpasar",
    "wire.after_last_piece": "denpasar",
    "wire.before_queue_commit": "pusat",
    "wire.before_take_commit": "pusat",
    "wire.before_answer": "pusat",
    "wire.before_confirm": "denpasar",
}
FILES = ("wire.after_piece", "wire.after_last_piece")


def working_day(after: int) -> str:
    """The day `after` working days from now."""
    day = datetime.now(UTC).date()
    while after:
        day += timedelta(days=1)
        after -= is_working_day(day)
    return day.isoformat()


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    plan = Plan().only("pusat", "portal", "denpasar").elsewhere()
    cluster = Cluster(tmp_path_factory.mktemp("wire-faults") / "cluster", plan, say=lambda _text: None)
    cluster.build()
    try:
        cluster.start()
        cluster.wait_until_quiet()
        yield cluster
    finally:
        cluster.drop()


def wait_for_death(node: Installation, seconds: float = 90) -> None:
    ends = time.monotonic() + seconds
    while node.is_running:
        assert time.monotonic() < ends, f"the fault point was not passed: {node.log.read_text()[-500:]}"
        time.sleep(0.05)
    node.kill()


def log_of(node: Installation, name: str) -> list[tuple[int, int, str]]:
    return [
        (epoch, seq, digest)
        for epoch, seq, digest in node.rows(
            f"SELECT epoch, seq, hash FROM ledger_entry WHERE node = '{name}' AND seq > 0 ORDER BY epoch, seq"
        )
    ]


def test_every_fault_point_of_the_wire_is_tried():
    assert {point.name for point in fault_points() if point.name.startswith("wire.")} == set(AT)


@pytest.mark.parametrize("point", AT)
def test_a_power_cut_on_the_wire_harms_nothing(trio: Cluster, point: str):
    if point in FILES:
        trio.nodes["portal"].stop()
        day = working_day(2 + FILES.index(point))
        booked = trio.nodes["portal"].order("demo", "--furnish", "DENPASAR", "--visits", "1", "--on", day)
        assert booked["booked"]
    victim = trio.nodes[AT[point]]
    victim.stop()
    victim.environment["OPENPASPOR_FAULT"] = point
    victim.begin()
    trio.nodes["portal"].start() if point in FILES else None
    try:
        while victim.is_running and not victim.ready():
            time.sleep(0.05)
        if point not in FILES:
            walk_in(Person(trio.nodes["denpasar"], "petugas.denpasar"))
    except Unknown:
        pass  # it died before it could answer
    wait_for_death(victim)
    del victim.environment["OPENPASPOR_FAULT"]

    victim.start()
    trio.wait_until_quiet()

    ours = log_of(trio.nodes["denpasar"], "denpasar")
    assert ours and ours == log_of(trio.nodes["pusat"], "denpasar")
    unfetched = trio.nodes["denpasar"].order("node", "status", fine=(0, 1))["unfetched"]
    assert point not in FILES or _comes_to_zero(trio.nodes["denpasar"], unfetched)


def _comes_to_zero(node: Installation, unfetched: int, seconds: float = 30) -> bool:
    ends = time.monotonic() + seconds
    while unfetched and time.monotonic() < ends:
        time.sleep(0.5)
        unfetched = node.order("node", "status", fine=(0, 1))["unfetched"]
    return unfetched == 0


@contextlib.contextmanager
def disk_of_its_own(node: Installation, size: str = "1g") -> Iterator[None]:
    """The stopped node's folder on a disk that nobody else uses."""
    kept = node.home.with_suffix(".kept")
    node.home.rename(kept)
    node.home.mkdir(mode=0o700)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "openpaspor", node.home], check=True
    )
    try:
        shutil.copytree(kept, node.home, dirs_exist_ok=True)
        yield
    finally:
        node.stop()
        shutil.rmtree(kept)
        shutil.copytree(node.home, kept)
        subprocess.run(["umount", node.home], check=True)
        node.home.rmdir()
        kept.rename(node.home)


def fill_disk(node: Installation) -> Path:
    """Let not a byte be free; what the database had set aside is given back before."""
    with contextlib.closing(sqlite3.connect(node.home / "openpaspor.sqlite3")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    filler = node.home / "filler"
    with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(2**20)):
            pass
    return filler


@pytest.mark.skipif(not may_make_namespaces(), reason="a disk of its own needs root")
def test_a_full_disk_at_the_centre_stops_no_office_and_loses_nothing(trio: Cluster):
    centre, office = trio.nodes["pusat"], trio.nodes["denpasar"]
    for node in trio.nodes.values():
        node.stop()
    with disk_of_its_own(centre):
        trio.start()
        trio.wait_until_quiet()
        before = len(log_of(centre, "denpasar"))
        filler = fill_disk(centre)

        officer = Person(office, "petugas.denpasar")
        given = {ticket_of(walk_in(officer)) for _ in range(3)}
        ends = time.monotonic() + 60
        while office_line(office)["state"] != "cut":
            assert time.monotonic() < ends, office.ready()
            time.sleep(0.5)
        assert len(given) == 3 and office_line(office)["unsent"] >= 3
        assert len(log_of(centre, "denpasar")) == before

        filler.unlink()
        trio.wait_until_quiet(seconds=120)
        ours = log_of(office, "denpasar")
        assert len(ours) >= before + 3
        assert ours == log_of(centre, "denpasar")
    trio.start()
    trio.wait_until_quiet()


@pytest.mark.skipif(not may_make_namespaces(), reason="a disk of its own needs root")
def test_a_full_disk_at_an_office_is_one_sentence_and_counts_nothing(trio: Cluster):
    office = trio.nodes["denpasar"]
    office.stop()
    with disk_of_its_own(office):
        office.start()
        officer = Person(office, "petugas.denpasar")
        form = officer.form("/petugas/langsung/")
        before = office.rows("SELECT count(*) FROM hall_ticket")
        filler = fill_disk(office)

        with pytest.raises(Refusal) as refused:
            officer.send("/petugas/langsung/", form, priority="")
        assert refused.value.status == 507 and 'data-code="no-room"' in refused.value.page
        assert "/petugas/" in officer.see("/petugas/")  # what can be read is read

        filler.unlink()
        assert office.rows("SELECT count(*) FROM hall_ticket") == before
        officer.send("/petugas/langsung/", form, priority="")  # the same form again
        assert office.rows("SELECT count(*) FROM hall_ticket")[0][0] == before[0][0] + 1
        trio.wait_until_quiet(seconds=120)
    office.start()
    trio.wait_until_quiet()


def office_line(office: Installation) -> dict[str, Any]:
    """How the office's line to the centre is, by itself."""
    return next(line for line in office.ready()["lines"] if line["peer"] == "pusat")


def test_afterwards_log_and_invariants_are_whole_at_every_node(trio: Cluster):
    trio.stop()

    assert trio.faults(empty=["B1", "B2", "B4", "B6", "B7", "B8", "P2", "P3", "P4"]) == []


def test_a_disk_image_from_before_is_noticed(trio: Cluster, tmp_path: Path):
    """Somebody puts an old copy of the box's database back: it refuses to start, and says what to do."""
    office = trio.nodes["denpasar"]
    kept = (office.home / "openpaspor.sqlite3").read_bytes()
    office.start()
    walk_in(Person(office, "petugas.denpasar"))
    while office.ready()["unsealed"]:
        time.sleep(0.1)
    office.stop()
    for path in office.home.glob("openpaspor.sqlite3*"):
        path.unlink()
    (office.home / "openpaspor.sqlite3").write_bytes(kept)

    office.begin()
    wait_for_death(office)

    assert "epoch" in office.log.read_text()[-600:]
