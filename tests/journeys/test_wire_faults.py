"""The power goes at every fault point of the wire, at the side that passes it. Afterwards both sides know the same, once."""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from openpaspor.nodes.checker import ClientLedger
from openpaspor.nodes.cluster.machines import Cluster, Plan
from openpaspor.nodes.commands.faults import fault_points
from openpaspor.nodes.drills.people import Person, Refusal, Unknown, ticket_of, walk_in
from openpaspor.nodes.installation import Installation
from openpaspor.offices.workdays import is_working_day
from tests import disks
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
needs_root = pytest.mark.skipif(not may_make_namespaces(), reason="a disk of its own needs root")
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


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> ClientLedger:
    """What officers asked for and were told, for the checker at the end."""
    return ClientLedger(tmp_path_factory.mktemp("told") / "clients.jsonl")


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


def spare_nothing(node: Installation) -> Path:
    """Let not a byte be free; what the database had set aside is given back before. Returns the file that takes it all."""
    with contextlib.closing(sqlite3.connect(node.home / "openpaspor.sqlite3")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return disks.fill(node.home)


@needs_root
def test_a_full_disk_at_the_centre_stops_no_office_and_loses_nothing(trio: Cluster):
    centre, office = trio.nodes["pusat"], trio.nodes["denpasar"]
    for node in trio.nodes.values():
        node.stop()
    with disks.in_memory(centre):
        trio.start()
        trio.wait_until_quiet()
        before = len(log_of(centre, "denpasar"))
        filler = spare_nothing(centre)

        officer = Person(office, "petugas.denpasar")
        given = {ticket_of(walk_in(officer)) for _ in range(3)}
        wait_until_cut(office)
        assert len(given) == 3 and office_line(office)["unsent"] >= 3
        assert len(log_of(centre, "denpasar")) == before

        filler.unlink()
        trio.wait_until_quiet(seconds=120)
        ours = log_of(office, "denpasar")
        assert len(ours) >= before + 3
        assert ours == log_of(centre, "denpasar")


@needs_root
def test_a_full_disk_at_an_office_is_one_sentence_and_counts_nothing(trio: Cluster):
    office = trio.nodes["denpasar"]
    office.stop()
    with disks.in_memory(office):
        trio.start()
        officer = Person(office, "petugas.denpasar")
        form = officer.form("/petugas/langsung/")
        before = office.rows("SELECT count(*) FROM hall_ticket")
        filler = spare_nothing(office)

        with pytest.raises(Refusal) as refused:
            officer.send("/petugas/langsung/", form, priority="")
        assert refused.value.status == 507 and 'data-code="no-room"' in refused.value.page
        assert "/petugas/" in officer.see("/petugas/")  # what can be read is read

        filler.unlink()
        assert office.rows("SELECT count(*) FROM hall_ticket") == before
        officer.send("/petugas/langsung/", form, priority="")  # the same form again
        assert office.rows("SELECT count(*) FROM hall_ticket")[0][0] == before[0][0] + 1
        trio.wait_until_quiet(seconds=120)


@pytest.fixture(scope="module")
def machines(trio: Cluster) -> Iterator[dict[str, disks.Disk]]:
    """Office and centre on disks that break, and everybody at work."""
    office, centre = trio.nodes["denpasar"], trio.nodes["pusat"]
    trio.stop()
    with disks.on_ext4(office) as here, disks.on_ext4(centre) as there:
        trio.start()
        trio.wait_until_quiet()
        yield {"denpasar": here, "pusat": there}


@needs_root
def test_a_disk_that_turns_read_only_at_the_centre_stops_no_office_and_loses_nothing(
    trio: Cluster, machines: dict[str, disks.Disk]
):
    centre, office = trio.nodes["pusat"], trio.nodes["denpasar"]
    before = len(log_of(centre, "denpasar"))
    assert centre.ready()["can_write"]
    machines["pusat"].turn_read_only()

    officer = Person(office, "petugas.denpasar")
    given = {ticket_of(walk_in(officer)) for _ in range(3)}
    wait_until_cut(office)
    assert len(given) == 3 and office_line(office)["unsent"] >= 3
    assert why_not_ready(centre)["can_write"] is False

    start_the_machine_anew(centre, machines["pusat"])
    trio.wait_until_quiet(seconds=120)
    ours = log_of(office, "denpasar")
    assert len(ours) >= before + 3
    assert ours == log_of(centre, "denpasar")


@needs_root
def test_a_disk_that_turns_read_only_at_an_office_is_one_sentence_and_counts_nothing(
    trio: Cluster, machines: dict[str, disks.Disk]
):
    office = trio.nodes["denpasar"]
    officer = Person(office, "petugas.denpasar")
    form = officer.form("/petugas/langsung/")
    before = office.rows("SELECT count(*) FROM hall_ticket")
    machines["denpasar"].turn_read_only()

    with pytest.raises(Refusal) as refused:
        officer.send("/petugas/langsung/", form, priority="")
    assert refused.value.status == 507 and 'data-code="no-room"' in refused.value.page
    assert "/petugas/" in officer.see("/petugas/")  # what can be read is read
    assert why_not_ready(office)["can_write"] is False

    start_the_machine_anew(office, machines["denpasar"])
    assert office.rows("SELECT count(*) FROM hall_ticket") == before
    officer.send("/petugas/langsung/", form, priority="")  # the same form again
    assert office.rows("SELECT count(*) FROM hall_ticket")[0][0] == before[0][0] + 1


@needs_root
def test_a_power_cut_takes_what_was_not_synced_and_nothing_that_was_confirmed(
    trio: Cluster, machines: dict[str, disks.Disk], told: ClientLedger
):
    """At the office and at the centre, while visitors get numbers and pictures are on their way; the moments are chance."""
    office, centre, portal = (trio.nodes[name] for name in ("denpasar", "pusat", "portal"))
    portal.stop()
    assert portal.order("demo", "--furnish", "DENPASAR", "--visits", "2", "--on", working_day(4))["booked"]
    portal.begin()
    with Counter(office, told) as counter:
        for node in (office, centre, office):
            time.sleep(random.uniform(0.2, 2.0))
            machines[node.home.name].lose_power()
            start_the_machine_anew(node, machines[node.home.name])
        counter.give_one_more()
    trio.wait_until_quiet(seconds=120)

    there_are = [row[0] for row in office.rows("SELECT id FROM hall_ticket")]
    assert counter.given and set(counter.given) <= set(there_are)
    for name in ("denpasar", "portal"):
        assert log_of(trio.nodes[name], name) == log_of(centre, name)
    assert all(_comes_to_zero(node, 1) for node in trio.nodes.values())
    assert named_for(office) and named_for(office) <= files_of(office)


def named_for(node: Installation) -> set[str]:
    """The files that the log names and that this node may open."""
    rows = node.rows("SELECT fact FROM ledger_entry WHERE kind = 'applications.dossier_sealed'")
    facts = [json.loads(row[0]) for row in rows]
    ours = [one for one in facts if any(key.split(":")[0] == node.home.name for key in one["keys"])]
    return {
        digest
        for one in ours
        for digest in (one["document"], *(paper.split(":")[1] for paper in one["attachments"]))
    }


def files_of(node: Installation) -> set[str]:
    return {path.parent.name + path.name for path in (node.home / "attachments").glob("??/*")}


class Counter:
    """An officer who gives number after number, and sends a form again whose answer did not come."""

    def __init__(self, office: Installation, told: ClientLedger) -> None:
        self.officer = Person(office, "petugas.denpasar", told)
        self.given: list[int] = []  # tickets whose page was seen
        self._closed = threading.Event()
        self._at_work = threading.Thread(target=self._work)

    def __enter__(self) -> Counter:
        self._at_work.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._at_work.join()

    def _work(self) -> None:
        form = None
        while form or not self._closed.wait(0.05):
            with contextlib.suppress(Unknown, Refusal):
                form = form or self.officer.form("/petugas/langsung/")
                self.given.append(ticket_of(self.officer.send("/petugas/langsung/", form, priority="")))
                form = None

    def give_one_more(self) -> None:
        seen = len(self.given)
        wait_until(lambda: len(self.given) > seen)


def start_the_machine_anew(node: Installation, disk: disks.Disk) -> None:
    node.kill()
    disk.plug_out()
    disk.plug_in()
    node.start()


def why_not_ready(node: Installation) -> dict[str, Any]:
    """What `/readyz` says when it says no."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{node.url}/readyz", timeout=5)
    assert refused.value.code == 503
    return dict(json.load(refused.value))


def wait_until(what: Callable[[], bool], seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.2)


def wait_until_cut(office: Installation) -> None:
    wait_until(lambda: office_line(office)["state"] == "cut")


def office_line(office: Installation) -> dict[str, Any]:
    """How the office's line to the centre is, by itself."""
    return next(line for line in office.ready()["lines"] if line["peer"] == "pusat")


def test_afterwards_log_and_invariants_are_whole_at_every_node(trio: Cluster, told: ClientLedger):
    trio.stop()

    assert (
        trio.faults(clients=[told.path], empty=["B1", "B2", "B4", "B6", "B7", "B8", "S5", "P2", "P3", "P4"])
        == []
    )


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
