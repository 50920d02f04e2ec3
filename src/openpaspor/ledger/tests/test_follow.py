"""Followers read in order; what they cannot take is parked and blocks its own application only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from openpaspor.facts.accounts import Looked
from openpaspor.kit import clock
from openpaspor.ledger import follow
from openpaspor.ledger.models import Cursor, Parked
from openpaspor.ledger.record import record
from openpaspor.ledger.seal import seal_pending

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


class Reader:
    """A follower that notes what it took and chokes on what it is told to."""

    def __init__(self) -> None:
        self.took: list[str] = []
        self.chokes_on: set[str] = set()

    def take(self, fact: Looked, entry: object) -> None:
        if fact.what in self.chokes_on:
            raise ValueError("cannot")
        self.took.append(f"{fact.application} {fact.what}")


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    reader = Reader()
    follower = follow.Follower(
        "test.reader", (Looked.name,), lambda entry: reader.take(entry.read(), entry), False
    )
    monkeypatch.setattr(follow, "_followers", {"test.reader": follower})
    return reader


def say(*lines: tuple[str, str]) -> None:
    with transaction.atomic():
        for application, what in lines:
            record(Looked(application=application, why="test", what=what), actor="S-1", now=MONDAY)
    seal_pending()


def test_entries_are_read_once_and_in_order(reader):
    say(("OP-A", "1"), ("OP-B", "2"))
    follow.follow_all()
    say(("OP-A", "3"))
    follow.follow_all()
    follow.follow_all()

    assert reader.took == ["OP-A 1", "OP-B 2", "OP-A 3"]
    assert Cursor.objects.get(pk="test.reader").position == 3


def test_a_bad_entry_is_parked_and_blocks_its_own_application_only(reader):
    reader.chokes_on = {"bad"}
    say(("OP-A", "bad"), ("OP-B", "1"), ("OP-A", "2"))
    follow.follow_all()

    assert "OP-B 1" in reader.took
    assert "OP-A 2" not in reader.took
    assert list(Parked.objects.values_list("cause", flat=True)) == ["ValueError", "behind"]


def test_what_overtook_what_it_waits_for_goes_through_when_that_has_come(reader, monkeypatch):
    """Over two lines a later move may come before the earlier ones."""
    steps: list[int] = []

    def take(entry):
        step = int(entry.read().what)
        if step != len(steps) + 1:
            raise follow.Later(entry.application)
        steps.append(step)

    monkeypatch.setitem(
        follow._followers, "test.reader", follow.Follower("test.reader", (Looked.name,), take, False)
    )
    for step in ("5", "1", "2", "3", "4"):
        say(("OP-A", step))
        follow.follow_all()

    assert steps == [1, 2, 3, 4, 5]
    assert not Parked.objects.exists()


def test_parked_entries_go_through_in_order_when_the_cause_is_gone(reader):
    reader.chokes_on = {"bad"}
    say(("OP-A", "bad"), ("OP-A", "2"))
    follow.follow_all()
    reader.took.clear()
    reader.chokes_on = set()

    assert follow.retry_parked() == 2
    assert reader.took == ["OP-A bad", "OP-A 2"]
    assert not Parked.objects.exists()


def test_nothing_is_tried_for_ever(reader, monkeypatch):
    reader.chokes_on = {"bad"}
    monkeypatch.setattr(follow, "BACK_OFF", timedelta(0))
    tried = []
    monkeypatch.setattr(reader, "take", lambda fact, entry: tried.append(fact.what) or fail())
    say(("OP-A", "bad"), ("OP-A", "2"))

    for _turn in range(20):
        follow.follow_all()

    assert tried == ["bad"] * (2 + follow.TRIES - 1)  # once in the batch, once alone, then the retries


def fail() -> None:
    raise ValueError("cannot")


def test_what_waits_long_is_looked_at_seldom(reader, monkeypatch):
    def take(entry):
        raise follow.Later(entry.application)

    waits = follow.Follower("test.reader", (Looked.name,), take, False)
    monkeypatch.setitem(follow._followers, "test.reader", waits)
    say(("OP-A", "1"))
    follow.follow_all()
    now = clock.real_now()

    pauses = []
    for waited in (1, 60, 86_400):
        Parked.objects.update(parked_at=now - timedelta(seconds=waited), retry_at=now)
        follow.follow_all()
        pauses.append(round((Parked.objects.get().retry_at - now).total_seconds(), -1))

    assert pauses == [0, 30, 300]


def test_what_one_follower_read_the_next_one_reads_again_once_something_was_written(monkeypatch):
    found: list[bool] = []

    def look(entry):
        found.append("row" in follow.unchanged())
        follow.unchanged()["row"] = entry

    def write(entry):
        Cursor.objects.filter(pk="nobody").update(position=1)

    steps = {"a": look, "b": look, "c": write, "d": look}
    names = {f"test.{name}": take for name, take in steps.items()}
    made = {name: follow.Follower(name, (Looked.name,), take, False) for name, take in names.items()}
    monkeypatch.setattr(follow, "_followers", made)
    say(("OP-A", "1"))
    follow.follow_all()

    assert found == [False, True, False]
    assert "row" not in follow.unchanged()
