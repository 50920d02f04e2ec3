"""A node whose clock jumps doubts it: it says so, and nothing runs out until it is right again or somebody confirms it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from openpaspor.facts.base import format_moment
from openpaspor.kit import clock
from openpaspor.ledger import clock_watch, epochs, node, sweeps, worker
from openpaspor.ledger.models import Entry
from openpaspor.ledger.seal import introduce_ourselves, seal_pending
from openpaspor.ledger.sweeps import every

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Clocks:
    """The wall clock and the ticks of a machine."""

    wall: datetime = NOON
    ticks: float = 1000.0

    def __call__(self) -> tuple[datetime, float]:
        return self.wall, self.ticks

    def passes(self, span: timedelta) -> None:
        self.wall += span
        self.ticks += span.total_seconds()


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clocks]:
    """An office whose clock was right a moment ago."""
    monkeypatch.setattr(sweeps, "_sweeps", {})
    clocks = Clocks()
    clock.play(clocks)
    try:
        with node.standing_at(node.Node("denpasar", "office", tmp_path, offices=("DENPASAR",))):
            introduce_ourselves()
            clock_watch.look()
            yield clocks
    finally:
        clock.play(None)


def said() -> list[tuple[str, str]]:
    seal_pending()
    entries = Entry.objects.filter(kind__startswith="ledger.clock").order_by("seq")
    return [(entry.kind.removeprefix("ledger.clock_"), entry.actor) for entry in entries]


def test_a_clock_that_goes_on_is_never_doubted(box: Clocks):
    for _day in range(3):
        box.passes(timedelta(days=1))
        assert not clock_watch.look()

    assert said() == []


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_a_step_is_doubted_once_and_the_doubt_ends_by_itself_when_the_clock_is_right_again(
    box: Clocks, step: timedelta
):
    box.wall += step
    assert clock_watch.look() and clock_watch.look()
    box.passes(timedelta(minutes=5))
    box.wall -= step

    assert not clock_watch.look()
    assert said() == [("doubted", "worker"), ("trusted", "worker")]
    assert Entry.objects.get(kind="ledger.clock_doubted").values["off_s"] == step.total_seconds()


def test_a_second_or_two_is_no_step(box: Clocks):
    box.wall += timedelta(seconds=90)

    assert not clock_watch.look()


def test_while_it_is_doubted_what_runs_out_waits_and_all_else_goes_on(box: Clocks):
    ran: list[str] = []

    @every(seconds=1, by_date=True)
    def lapse_something(*, now: datetime) -> int:
        ran.append("lapse")
        return 0

    @every(seconds=1)
    def send_something(*, now: datetime) -> int:
        ran.append("send")
        return 0

    box.wall += HOUR
    worker.turn(force_sweeps=True)
    clock_watch.confirm(actor="S-1", now=clock.now())
    worker.turn(force_sweeps=True)

    assert ran == ["send", "lapse", "send"]
    assert said() == [("doubted", "worker"), ("trusted", "S-1")]


def test_after_a_boot_only_an_earlier_time_is_doubted(box: Clocks, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(clock_watch, "_boot", lambda: "another")
    box.wall, box.ticks = NOON + timedelta(days=3), 5.0
    assert not clock_watch.look()

    monkeypatch.setattr(clock_watch, "_boot", lambda: "a third")
    box.wall, box.ticks = datetime(2020, 1, 1, tzinfo=UTC), 5.0
    assert clock_watch.look()


def test_a_doubt_outlives_a_boot_until_somebody_says_what_time_it_is(
    box: Clocks, monkeypatch: pytest.MonkeyPatch
):
    box.wall += HOUR
    clock_watch.look()
    monkeypatch.setattr(clock_watch, "_boot", lambda: "another")
    box.ticks = 5.0
    assert clock_watch.look()

    clock_watch.hear(format_moment(box.wall - HOUR))
    assert clock_watch.look()  # the centre says that it is an hour off
    box.wall -= HOUR
    assert not clock_watch.look()


def test_the_centre_tells_a_box_that_its_clock_was_wrong_all_the_time(box: Clocks):
    clock_watch.hear(format_moment(NOON + HOUR))

    assert clock_watch.look()


def test_a_disk_that_is_full_stops_no_worker(box: Clocks):
    (node.here().home / "clock-trusted.new").mkdir()  # nothing can be written there

    box.passes(timedelta(minutes=5))

    assert not clock_watch.look()


def test_a_doubt_goes_with_the_node_into_a_new_epoch(box: Clocks):
    """A box that is exchanged, or a backup, begins a log anew: it too says since when its times may be wrong."""
    box.wall += HOUR
    worker.turn()
    epochs.raise_epoch("restore")
    worker.turn()
    worker.turn()
    box.wall -= HOUR
    worker.turn()
    seal_pending()

    entries = Entry.objects.filter(kind__startswith="ledger.clock").order_by("epoch", "seq")
    assert [(entry.epoch, entry.kind.removeprefix("ledger.clock_")) for entry in entries] == [
        (1, "doubted"), (2, "doubted"), (2, "trusted"),
    ]  # fmt: skip
    assert entries[1].values["after_seq"] == 0
