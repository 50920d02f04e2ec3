"""The power goes at every fault point of the wire, at the side that passes it. Afterwards both sides know the same, once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from openpaspor.nodes.cluster.machines import Cluster, Plan
from openpaspor.nodes.commands.faults import fault_points
from openpaspor.nodes.drills.people import Person, Unknown, walk_in
from openpaspor.nodes.installation import Installation
from openpaspor.offices.workdays import is_working_day

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
