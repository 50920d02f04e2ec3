"""Real processes, portal and centre on PostgreSQL where there is one: the centre burns and comes back from a backup, an approval is
withdrawn while the line is cut, a copy of an office's box comes to life beside it.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from openpaspor.kit import clock
from openpaspor.nodes.cluster.machines import Cluster, Plan
from openpaspor.nodes.drills.denpasar import CLOSES, OPENS, at, three_days
from openpaspor.nodes.drills.denpasar.back_office import SERIAL, decide_all, print_some, printable
from openpaspor.nodes.drills.denpasar.morning import Day, Visitor
from openpaspor.nodes.drills.people import Form, Person, Refusal, forms_of, tickets_of, walk_in
from openpaspor.nodes.installation import Installation
from tests import postgres

pytestmark = pytest.mark.once

IN_TIME = 40.0  # seconds; on a quiet machine a tenth of it


BOOKED = 3  # visits; each becomes a file that the centre decides


@dataclass
class Files:
    """Who was served, and on which day."""

    day: date
    people: dict[str, dict[str, Any]]  # by reference


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    plan = Plan().only("pusat", "portal", "denpasar").elsewhere()
    url = postgres.url() if postgres.is_available() else ""
    made = Cluster(
        tmp_path_factory.mktemp("lost") / "cluster", plan, database_url=url, say=lambda _text: None
    )
    made.build(moment=at(three_days(datetime.now(UTC).date())[0], OPENS))
    tools = postgres.wheel_binaries()
    if tools:
        made.nodes["pusat"].environment["PATH"] = f"{tools}{os.pathsep}{os.environ['PATH']}"
    try:
        made.start()
        made.wait_until_quiet()
        yield made
    finally:
        made.drop()


@pytest.fixture(scope="module")
def files(cluster: Cluster) -> Files:
    """A few people have booked, come, and been seen; their files are at the centre."""
    office, portal = cluster.nodes["denpasar"], cluster.nodes["portal"]
    _today, day, _later = three_days(datetime.now(UTC).date())
    portal.stop()
    booked = portal.order("demo", "--furnish", "DENPASAR", "--visits", str(BOOKED), "--on", day.isoformat())
    portal.start()
    step_clock(cluster, at(day, OPENS))
    cluster.wait_until_quiet()
    people = {one["ref"]: one | {"born": date.fromisoformat(one["born"])} for one in booked["booked"]}
    visits = Day(office, begins=at(day, OPENS), ends=at(day, CLOSES), counters=1, seed=1)
    visits.open_counters()
    for number, one in enumerate(people.values()):
        comes = datetime.fromisoformat(one["place_at"]) - timedelta(minutes=5)
        visits.expect(Visitor(number, "booked", comes, about=one, ref=one["ref"]))
    visits.run()
    visits.close_counters()
    assert all(one.done_at for one in visits.visitors), (visits.refused, visits.notes)
    step_clock(cluster, at(day, CLOSES))
    settle(cluster)
    return Files(day, people)


def step_clock(cluster: Cluster, moment: datetime) -> None:
    clock.use_file(cluster.folder / "clock.json")
    clock.set_to(moment)


def settle(cluster: Cluster) -> None:
    """Until everything was said to everybody, pictures too."""
    cluster.wait_until_quiet()
    for node in cluster.nodes.values():
        wait_until(
            lambda node=node: node.rows("SELECT count(*) FROM ledger_wanted") == [(0,)], "files are missing"
        )
    cluster.wait_until_quiet()


def state_of(node: Installation, ref: str) -> str:
    return str(node.rows(f"SELECT state FROM applications_application WHERE ref = '{ref}'")[0][0])


def said_of(node: Installation, kind: str) -> list[str]:
    """The applications of which something was said."""
    asked = f"SELECT application FROM ledger_entry WHERE kind = '{kind}' ORDER BY application"
    return [row[0] for row in node.rows(asked)]


def wait_until(what: Callable[[], bool], why: str) -> None:
    ends = time.monotonic() + IN_TIME
    while not what():
        assert time.monotonic() < ends, why
        time.sleep(0.2)


def log_of(node: Installation, *, by: str) -> set[str]:
    """The hashes of what a node wrote, as they lie in the database of `node`."""
    return {row[0] for row in node.rows(f"SELECT hash FROM ledger_entry WHERE seq > 0 AND node = '{by}'")}  # noqa: S608


def issuers(node: Installation) -> list[str]:
    """Every issuer code that was ever given, as often as it was."""
    listed = node.rows("SELECT fact FROM ledger_entry WHERE kind = 'ledger.node_listed'")
    return [json.loads(row[0])["issuer"] for row in listed]


def announce_outage(operator: Person) -> None:
    """Nobody has an appointment here, so the page has no button; the deed is the same."""
    forms = forms_of(operator.see("/ops/gangguan/"))
    token = {
        name: value for one in forms for name, value in one.fields.items() if name == "csrfmiddlewaretoken"
    }
    operator.send("/ops/gangguan/", Form("", token | {"nonce": [secrets.token_urlsafe(16)]}))


@pytest.mark.slow
def test_a_burnt_centre_hears_everything_again_before_it_decides(
    cluster: Cluster, files: Files, tmp_path: Path
):
    centre, office = cluster.nodes["pusat"], cluster.nodes["denpasar"]
    officer = Person(office, "petugas.denpasar")
    walk_in(officer)
    cluster.wait_until_quiet()
    centre.order("backup", "--to", str(tmp_path / "backup"), "--keys-to", str(tmp_path / "safe"))
    given = tickets_of([walk_in(officer) for _time in range(3)])
    assert set(decide_all(centre)) == set(files.people)
    step_clock(cluster, at(files.day, CLOSES) + timedelta(minutes=5))  # the adjudicators let it stand
    wait_until(lambda: set(printable(office)) == set(files.people), "approved, with a packet")
    announce_outage(Person(centre, "ops.pusat"))
    cluster.wait_until_quiet()
    said = log_of(centre, by="pusat")
    cluster.burn("pusat")
    alone = tickets_of([walk_in(officer)])

    cluster.shape("denpasar", "pusat", "closed")
    restored = centre.order(
        "restore", "--from", str(tmp_path / "backup"), "--keys-from", str(tmp_path / "safe")
    )
    assert restored["epoch"] == 2 and not said <= log_of(centre, by="pusat")
    centre.start()
    wait_until(
        lambda: centre.order("node", "status", fine=(0, 1))["waits_for"] == ["denpasar"],
        "the centre waits for those who have not answered, and for nobody else",
    )
    with pytest.raises(Refusal) as refused:
        announce_outage(Person(centre, "ops.pusat"))
    assert refused.value.status == 503 and "denpasar" in refused.value.page

    cluster.shape("denpasar", "pusat", "open")
    officer.send(
        "/petugas/luring/", officer.form("/petugas/luring/", "/coba/")
    )  # goes by itself too, in half a minute
    wait_until(
        lambda: not centre.order("node", "status", fine=(0, 1))["waits_for"], "the office gave nothing back"
    )
    announce_outage(Person(centre, "ops.pusat"))
    after = tickets_of([walk_in(officer)])
    cluster.wait_until_quiet()

    assert said <= log_of(centre, by="pusat")
    for node in ("denpasar", "portal"):
        assert log_of(cluster.nodes[node], by=node) == log_of(centre, by=node)
    new = log_of(centre, by="pusat") - said
    assert new and new <= log_of(cluster.nodes["portal"], by="pusat")
    assert len(given | alone | after) == 5
    assert len(issuers(centre)) == len(set(issuers(centre))) == 4
    assert {state_of(centre, ref) for ref in files.people} == {"APPROVED"}
    assert said_of(centre, "adjudication.packet_signed") == sorted(files.people)  # once
    assert decide_all(centre) == [] and set(printable(office)) == set(files.people)


@pytest.mark.slow
def test_an_approval_that_was_withdrawn_during_a_cut_is_heard_of_before_anything_is_printed(
    cluster: Cluster, files: Files
):
    centre, office = cluster.nodes["pusat"], cluster.nodes["denpasar"]
    printed, waiting, good = printable(office)
    printer = Person(office, "cetak.denpasar")
    cluster.shape("denpasar", "pusat", "closed")
    wait_until(lambda: line_of(office, "pusat") == "cut", "the line is cut")
    assert print_some(office, files.people, today=files.day, limit=1) == [printed]
    page = printer.see(f"/cetak/{waiting}/")
    job = printer.form(f"/cetak/{waiting}/", "/cetak/", page)
    adjudicator = Person(centre, "adjudikator1.pusat")
    for ref in (printed, waiting):
        adjudicator.send(f"/pusat/{ref}/", adjudicator.form(f"/pusat/{ref}/", "/tarik/"))
    centre.kill()
    centre.start()  # what it had said when it died is in its log before anybody is answered

    cluster.shape("denpasar", "pusat", "open")
    wait_until(lambda: line_of(office, "pusat") == "open", "the line is back")
    serial = SERIAL.search(page)
    assert serial
    with pytest.raises(Refusal) as refused:
        printer.send(f"/cetak/{waiting}/", job, serial=serial.group(1))
    assert refused.value.status == 409
    settle(cluster)

    withdrawn = centre.rows("SELECT fact FROM ledger_entry WHERE kind = 'adjudication.revoked'")
    packets = [json.loads(row[0])["packet"] for row in withdrawn]
    assert packets == [1, 1]  # known, though signed after the backup
    for node in cluster.nodes.values():
        assert state_of(node, waiting) == "REVIEW"
    assert state_of(office, printed) == "READY" and printed in printer.see("/cetak/tertahan/")
    assert printable(office) == [good]
    assert office.rows("SELECT application_id FROM issuance_printjob") == office.rows(
        f"SELECT id FROM applications_application WHERE ref = '{printed}'"
    )
    assert print_some(office, files.people, today=files.day, limit=3) == [good]
    settle(cluster)
    assert cluster.faults() == []


@pytest.mark.slow
def test_an_old_copy_of_a_box_is_noticed_its_hall_goes_on_and_a_person_lets_it_in(
    cluster: Cluster, tmp_path: Path
):
    centre, office = cluster.nodes["pusat"], cluster.nodes["denpasar"]
    office.stop()
    shutil.copytree(office.home, tmp_path / "copy")
    office.start()
    for _time in range(4):
        walk_in(Person(office, "petugas.denpasar"))
    cluster.wait_until_quiet()
    names = ("OPENPASPOR_WIRE_CA", "OPENPASPOR_CLOCK")
    with Installation(tmp_path / "copy", **{name: office.environment[name] for name in names}) as copy:
        copy.start()
        in_the_hall = tickets_of([walk_in(Person(copy, "petugas.denpasar"))])
        wait_until(lambda: line_of(copy, "pusat") == "quarantined", "two boxes write under one name")
        told = copy.order("node", "status", fine=(1,))["links"]
        assert [line["trouble"].split()[0] for line in told if line["peer"] == "pusat"] == ["other-past"]
        assert in_the_hall and not (log_of(copy, by="denpasar") - log_of(office, by="denpasar")) & log_of(
            centre, by="denpasar"
        )
        assert line_of(office, "pusat") == "open" and tickets_of(
            [walk_in(Person(office, "petugas.denpasar"))]
        )
        cluster.wait_until_quiet()

        office.kill()  # its disk died: the copy is all there is
        copy.stop()
        copy.order("epoch", "raise")
        copy.order("node", "quarantine-lift", "pusat")
        copy.start()
        walk_in(Person(copy, "petugas.denpasar"))
        wait_until(lambda: bool(new_at(centre)) and new_at(centre) == new_at(copy), "the copy is not heard")
        assert line_of(copy, "pusat") == "open"


def line_of(node: Installation, peer: str) -> str:
    return next((one["state"] for one in node.ready().get("lines", ()) if one["peer"] == peer), "")


def new_at(node: Installation) -> set[str]:
    """What the office wrote in its second epoch."""
    return {
        row[0]
        for row in node.rows(
            "SELECT hash FROM ledger_entry WHERE seq > 0 AND node = 'denpasar' AND epoch = 2"
        )
    }
