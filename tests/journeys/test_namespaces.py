"""An office and a centre on a wire of their own: unplugged, deaf, for seconds and for three days; it recovers without hands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from openpaspor.kit import clock
from openpaspor.nodes.drills.people import Person, tickets_of, walk_in
from tests.namespaces import Box, Wire, may_make_namespaces

pytestmark = [
    pytest.mark.slow,
    pytest.mark.once,
    pytest.mark.skipif(not may_make_namespaces(), reason="network namespaces need root"),
]
ON_SCREEN, FOUND = 10.0, 60.0  # seconds
LATER = timedelta(days=3)


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    folder = tmp_path_factory.mktemp("namespaces")
    with Wire(folder) as wire:
        centre, office = wire.plug_in("pusat"), wire.plug_in("denpasar")
        for box in (centre, office):
            box.environment["OPENPASPOR_CLOCK"] = str(folder / "clock.json")
        centre.order("node", "init", "--name", "pusat", "--role", "centre", "--url", centre.from_outside)
        centre.order("demo", "--furnish", "DENPASAR")
        code = centre.order("node", "invite", "denpasar", "--role", "office", "--offices", "DENPASAR")["code"]
        centre.start()
        office.order("node", "enrol", code, "--centre", centre.from_outside)
        office.order("demo", "--furnish", "DENPASAR")
        office.start()
        seconds_until(lambda: is_quiet(office), 30)
        yield wire


def seconds_until(what: Callable[[], bool], within: float) -> float:
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < within, "it did not happen in time"
        time.sleep(0.2)
    return time.monotonic() - began


def line(box: Box) -> dict:
    return next(iter(box.ready().get("lines", ())), {"state": "", "unsent": 0})


def is_quiet(box: Box) -> bool:
    return line(box)["state"] == "open" and not line(box)["unsent"]


def give_numbers(office: Box, count: int) -> set[int]:
    officer = office.inside(lambda: Person(office, "petugas.denpasar"))
    return set(tickets_of([office.inside(lambda: walk_in(officer)) for _ in range(count)]))


def said_and_heard(wire: Wire) -> tuple[list, list]:
    asked = (
        "SELECT epoch, seq, hash FROM ledger_entry WHERE node = 'denpasar' AND seq > 0 ORDER BY epoch, seq"
    )
    return wire.boxes["denpasar"].rows(asked), wire.boxes["pusat"].rows(asked)


def test_a_pulled_plug_is_seen_at_both_ends_and_everything_arrives_once(wire: Wire):
    office, centre = wire.boxes["denpasar"], wire.boxes["pusat"]

    office.pull_the_plug()
    here = seconds_until(lambda: line(office)["state"] == "cut", FOUND)
    there = seconds_until(lambda: line(centre)["state"] == "cut", FOUND)
    given = give_numbers(office, 3)
    office.plug_back()
    seconds_until(lambda: is_quiet(office), FOUND)

    said, heard = said_and_heard(wire)
    assert len(given) == 3 and said == heard
    assert here <= ON_SCREEN and here + there <= FOUND


def test_a_line_that_works_one_way_only_is_found(wire: Wire):
    office, centre = wire.boxes["denpasar"], wire.boxes["pusat"]

    with centre.deaf_to(office):
        found = seconds_until(lambda: line(office)["state"] == "cut", FOUND)
        give_numbers(office, 2)
    seconds_until(lambda: is_quiet(office), FOUND)

    said, heard = said_and_heard(wire)
    assert found <= FOUND and said == heard


def test_three_days_without_a_line(wire: Wire):
    office = wire.boxes["denpasar"]
    clock.use_file(wire.folder / "clock.json")
    office.pull_the_plug()
    seconds_until(lambda: line(office)["state"] == "cut", FOUND)

    given = []
    for day in range(LATER.days):
        clock.set_to(datetime.now(UTC) + timedelta(days=day + 1))
        given.append(give_numbers(office, 2))
    office.kill()
    office.start()
    office.plug_back()
    seconds_until(lambda: is_quiet(office), FOUND)
    clock.use_file(None)

    said, heard = said_and_heard(wire)
    assert [len(one) for one in given] == [2, 2, 2] and said == heard
