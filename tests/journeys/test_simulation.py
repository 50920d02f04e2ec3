"""The simulation keeps every promise under some seeds, is the same each time, and finds mistakes that are put in on purpose.

`openpaspor simulate` runs as many seeds as one likes; here are only so many as a test run has time for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openpaspor.ledger import exchange, links, node, receive
from openpaspor.nodes.simulation import run, template

SEEDS, WIRE_SEEDS = range(1, 5), range(101, 107)
SHORT = 30  # actions


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory, django_db_blocker) -> Iterator[Path]:
    """Five nodes that know each other, and nothing else."""
    with django_db_blocker.unblock():
        prepared = tmp_path_factory.mktemp("wire") / "prepared"
        template.build(prepared, with_people=False)
        yield prepared


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory, django_db_blocker) -> Iterator[Path]:
    """Five nodes on a Tuesday morning."""
    with django_db_blocker.unblock():
        prepared = tmp_path_factory.mktemp("country") / "prepared"
        template.build(prepared)
        yield prepared


@pytest.mark.parametrize("seed", WIRE_SEEDS)
def test_the_wire_alone_keeps_its_promises(wire: Path, tmp_path: Path, seed: int):
    outcome = run.play(wire, tmp_path / "run", seed, wire_only=True)

    assert outcome.wrong == []
    assert outcome.actions == run.ACTIONS and outcome.messages > 50


@pytest.mark.parametrize("seed", SEEDS)
def test_the_country_keeps_its_promises(country: Path, tmp_path: Path, seed: int):
    outcome = run.play(country, tmp_path / "run", seed)

    assert outcome.wrong == []
    assert sum(count for what, count in outcome.seen.items() if what.endswith(" ok")) > 20


def test_a_seed_gives_the_same_run_each_time(wire: Path, tmp_path: Path):
    once, again, other = (
        run.play(wire, tmp_path / name, seed, actions=SHORT, wire_only=True)
        for name, seed in (("a", 7), ("b", 7), ("c", 8))
    )

    assert once.digest == again.digest
    assert once.trace == again.trace
    assert once.digest != other.digest


def gaps_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        exchange, "_take_dense", lambda message: receive.take(message.lines[1:] or message.lines)
    )


def repeats_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive, "_known", lambda came: {})


def heads_are_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node.Node, "remember_head", lambda us, seq, digest: None)


def history_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "_said_before", lambda link, peer, refs, *, before: [])


def forks_are_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "quarantine", lambda peer, code, place: None)


PLANTED = {
    gaps_are_taken: 1,
    repeats_are_not_known: 1,
    history_is_not_told: 1,
    heads_are_not_remembered: 12,
    forks_are_let_through: 1,
}


@pytest.mark.parametrize("plant", PLANTED)
def test_a_mistake_that_is_put_in_is_found(
    wire: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
):
    """Within thirty seeds; those that are known to find nothing are left out here, for time's sake."""
    plant(monkeypatch)

    seeds = range(PLANTED[plant], 31)
    found = (run.play(wire, tmp_path / str(seed), seed, actions=60, wire_only=True).wrong for seed in seeds)

    assert any(found)
