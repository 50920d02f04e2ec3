"""Real processes: the centre burns and comes back from a backup; a copy of an office's box comes to life beside it."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openpaspor.nodes.cluster.machines import Cluster, Plan
from openpaspor.nodes.drills.people import Form, Person, Refusal, forms_of, tickets_of, walk_in
from openpaspor.nodes.installation import Installation

from .test_cluster import NO_APPLICATIONS

pytestmark = pytest.mark.once

IN_TIME = 40.0  # seconds; on a quiet machine a tenth of it


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    plan = Plan().only("pusat", "portal", "denpasar")
    made = Cluster(tmp_path_factory.mktemp("lost") / "cluster", plan.elsewhere(), say=lambda _text: None)
    made.build()
    try:
        made.start()
        made.wait_until_quiet()
        yield made
    finally:
        made.drop()


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
    found = node.rows(
        "SELECT json_extract(fact, '$.issuer') FROM ledger_entry WHERE kind = 'ledger.node_listed'"
    )
    return [row[0] for row in found]


def announce_outage(operator: Person) -> None:
    """Nobody has an appointment here, so the page has no button; the deed is the same."""
    forms = forms_of(operator.see("/ops/gangguan/"))
    token = {
        name: value for one in forms for name, value in one.fields.items() if name == "csrfmiddlewaretoken"
    }
    operator.send("/ops/gangguan/", Form("", token | {"nonce": [secrets.token_urlsafe(16)]}))


@pytest.mark.slow
def test_a_burnt_centre_hears_everything_again_before_it_decides(cluster: Cluster, tmp_path: Path):
    centre, office = cluster.nodes["pusat"], cluster.nodes["denpasar"]
    officer = Person(office, "petugas.denpasar")
    walk_in(officer)
    cluster.wait_until_quiet()
    centre.order("backup", "--to", str(tmp_path / "backup"), "--keys-to", str(tmp_path / "safe"))
    given = tickets_of([walk_in(officer) for _time in range(3)])
    announce_outage(Person(centre, "ops.pusat"))
    cluster.wait_until_quiet()
    said = log_of(centre, by="pusat")
    centre.burn()
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
    assert cluster.faults(empty=NO_APPLICATIONS) == []


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
