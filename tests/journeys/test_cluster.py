"""Five real processes on loopback, and what happens when the lines between them fail in every way a line can."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import ssl
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openpaspor.nodes.checker import ClientLedger
from openpaspor.nodes.cluster.machines import Cluster, NoSuchNode, Plan
from openpaspor.nodes.drills import lines
from openpaspor.nodes.drills.people import Person, tickets_of, walk_in
from openpaspor.nodes.installation import DrillFailed, Installation

pytestmark = pytest.mark.once

ON_SCREEN = 10.0  # seconds until an officer reads that the line is cut
NO_APPLICATIONS = (
    "A1",
    "A2",
    "A3",
    "A4",
    "A7",
    "B2",
    "L7",
    "P2",
    "P3",
    "P4",
    "P7",
    "S3",
    "S5",
    "Y1",
)  # only tickets
FOUND = 60.0  # seconds until a line that swallows everything is known as cut


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster") / "cluster", Plan().elsewhere(), say=lambda _text: None)
    made.build()
    try:
        made.start()
        made.wait_until_quiet()
        yield made
    finally:
        made.drop()


def test_a_node_that_somebody_else_killed_starts_at_the_first_word(cluster: Cluster):
    office = cluster.nodes["jayapura"]
    for pid in office.home.with_suffix(".pid").read_text().split():
        os.kill(int(pid), signal.SIGKILL)
    seconds_until(lambda: not office.is_running, 10)

    office.start()

    assert office.ready()
    cluster.wait_until_quiet()


def seconds_until(what: Callable[[], bool], within: float) -> float:
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < within, "it did not happen in time"
        time.sleep(0.2)
    return time.monotonic() - began


def line(cluster: Cluster, node: str, peer: str) -> str:
    ready = cluster.nodes[node].ready()
    return next((one["state"] for one in ready.get("lines", ()) if one["peer"] == peer), "")


def screen_of(officer: Person) -> str:
    return officer.see("/status.json")


@pytest.mark.slow
@pytest.mark.parametrize("how", ["closed", "half-open", "one-way"])
def test_a_cut_is_on_the_officers_screen_and_goes_away_by_itself(cluster: Cluster, how: str):
    officer = Person(cluster.nodes["denpasar"], "petugas.denpasar")
    assert '"S1"' not in screen_of(officer)

    cluster.shape("denpasar", "pusat", how)
    shown = seconds_until(lambda: '"S1"' in screen_of(officer), FOUND)
    at_the_centre = seconds_until(lambda: line(cluster, "pusat", "denpasar") == "cut", FOUND)
    given = tickets_of([walk_in(officer)])
    assert line(cluster, "denpasar", "portal") == "open"
    assert line(cluster, "jayapura", "pusat") == "open"

    cluster.shape("denpasar", "pusat", "open")
    seconds_until(lambda: line(cluster, "denpasar", "pusat") == "open", FOUND)
    cluster.wait_until_quiet()
    assert shown <= ON_SCREEN and shown + at_the_centre <= FOUND
    assert given and '"S1"' not in screen_of(officer)


@pytest.mark.slow
def test_a_node_that_was_killed_comes_back_and_says_what_it_had_not_said(cluster: Cluster):
    officer = Person(cluster.nodes["jayapura"], "petugas.jayapura")
    cluster.shape("jayapura", "pusat", "closed")
    walk_in(officer)
    cluster.nodes["jayapura"].kill()
    assert [one["state"] for one in cluster.status() if one["node"] == "jayapura"] == ["down"]
    cluster.shape("jayapura", "pusat", "open")

    cluster.nodes["jayapura"].start()
    cluster.wait_until_quiet()

    ours = cluster.nodes["jayapura"].rows("SELECT hash FROM ledger_entry WHERE node = 'jayapura' AND seq > 0")
    theirs = {row[0] for row in cluster.nodes["pusat"].rows("SELECT hash FROM ledger_entry")}
    assert ours and {row[0] for row in ours} <= theirs


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and last change of everything in it."""
    there = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in there}


@pytest.mark.slow
def test_a_box_that_was_given_the_disk_of_another_does_not_start_and_writes_nothing(cluster: Cluster):
    box, disk = cluster.nodes["denpasar"], cluster.nodes["jayapura"].home
    for name in ("denpasar", "jayapura"):
        cluster.nodes[name].stop()
    before = contents(disk)
    exchanged = Installation(
        disk, OPENPASPOR_CLOCK=box.environment["OPENPASPOR_CLOCK"], OPENPASPOR_NODE="denpasar"
    )

    with pytest.raises(DrillFailed) as refused:
        exchanged.start()
    with pytest.raises(DrillFailed):
        exchanged.order("node", "quarantine-lift", "pusat")

    said = str(refused.value).strip().splitlines()[-1]
    assert said.startswith(
        f"This box is set up as denpasar (OPENPASPOR_NODE), but the folder {disk} is that of jayapura."
    )
    assert contents(disk) == before
    assert tickets_of([walk_in(Person(cluster.nodes["jakarta-selatan"], "petugas.jakarta-selatan"))])
    cluster.start()
    cluster.wait_until_quiet()


@pytest.mark.slow
def test_the_wire_is_encrypted_and_its_certificate_is_checked(cluster: Cluster):
    door = next(member.door for member in cluster.plan.members if member.role == "centre")
    trusted = ssl.create_default_context(cafile=str(cluster.folder / "ca.pem"))

    with urllib.request.urlopen(f"https://localhost:{door}/healthz", context=trusted, timeout=5) as answer:
        assert answer.status == 200
    stranger = http.client.HTTPSConnection("127.0.0.1", door, timeout=5, context=ssl.create_default_context())
    with pytest.raises(ssl.SSLCertVerificationError):
        stranger.connect()


@pytest.mark.slow
def test_a_line_that_does_not_exist_is_said_in_one_sentence(cluster: Cluster):
    with pytest.raises(NoSuchNode, match="There is no line between denpasar and jayapura"):
        cluster.shape("denpasar", "jayapura", "closed")


@pytest.mark.slow
def test_what_clients_were_told_is_at_every_node_and_nothing_else(cluster: Cluster, tmp_path: Path):
    told = ClientLedger(tmp_path / "clients.jsonl")
    for office in ("denpasar", "jakarta-selatan", "jayapura"):
        officer = Person(cluster.nodes[office], f"petugas.{office}")
        nonce = secrets.token_urlsafe(16)
        request = told.ask(officer.at.home.name, "walk_in", nonce)
        officer.fill_in("/petugas/langsung/", priority="", nonce=nonce)
        told.answer(request, "ok")
    cluster.wait_until_quiet()

    assert cluster.faults(clients=[told.path], empty=NO_APPLICATIONS) == []

    told.answer(told.ask("denpasar", "walk_in", "never-done"), "ok")
    assert cluster.faults(clients=[told.path], empty=NO_APPLICATIONS) == [
        "A5: ['walk_in never-done done 0 times']"
    ]


@pytest.mark.slow
def test_a_cluster_goes_on_where_it_stopped(cluster: Cluster):
    before = cluster.nodes["denpasar"].rows("SELECT max(number) FROM hall_ticket")
    cluster.stop()

    again = Cluster(cluster.folder, say=lambda _text: None)
    again.start()
    try:
        given = tickets_of([walk_in(Person(again.nodes["denpasar"], "petugas.denpasar"))])
        again.wait_until_quiet()
        assert given and before <= again.nodes["denpasar"].rows("SELECT max(number) FROM hall_ticket")
        assert json.loads((again.folder / "built.json").read_text())
    finally:
        again.stop()


@pytest.mark.slow
def test_news_is_not_late_on_a_line_that_is_full_of_pictures(cluster: Cluster):
    """The last one here: what the pictures belong to is made up. `openpaspor bench line` is the five minutes of it."""
    cluster.stop()

    told = lines.full_line(cluster, seconds=9, mbit=1.0, say=lambda _text: None)

    assert told["was_full"] and told["deeds"] >= 3, told
    assert told["late_seconds"]["max"] <= lines.LATE, told
    assert told["shown_as_cut"] == 0
