"""Each pot is sold by one node, and what the portal leaves over passes to the office by its own count: nothing is sold twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from openpaspor.appointments import actions, sweeps
from openpaspor.appointments.models import Booking, HandedOver, Pot, Slot, SlotClosed, SlotFull
from openpaspor.appointments.tests import make
from openpaspor.facts.appointments import UnsoldHandedOver
from openpaspor.hall import actions as hall
from openpaspor.hall import desk, followers
from openpaspor.hall.models import DayFull, DayPot
from openpaspor.hall.rules import Series
from openpaspor.hall.tests.making import action, make_officer
from openpaspor.kit import clock
from openpaspor.ledger import links, node
from openpaspor.ledger.models import Entry, Link, NodeRecord
from openpaspor.ledger.node import Node, standing_at
from openpaspor.ledger.seal import introduce_ourselves
from openpaspor.offices.models import Knob, Office

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 26)  # a Thursday
CUTOFF = datetime(2026, 11, 25, 18, 0, tzinfo=make.WITA)
MORNING = datetime(2026, 11, 26, 8, 0, tzinfo=make.WITA)
OWN = 2  # walk-in places


@dataclass
class Two:
    """A portal that sells three places online, and an office that has two of its own."""

    office: Office
    portal: Node
    box: Node
    slot: Slot

    def close_list(self, now: datetime = CUTOFF) -> None:
        with standing_at(self.portal):
            sweeps.hand_over_unsold(now=now)

    def hear(self) -> None:
        """The line brings what the portal said."""
        with standing_at(self.box):
            for entry in Entry.objects.filter(kind=UnsoldHandedOver.name):
                left = followers.handed_to_us(entry)
                assert left
                followers.take_over_unsold(left, entry)

    def walk_in(self, now: datetime = MORNING) -> None:
        with standing_at(self.box):
            hall.issue_walk_in(self.office, action_id=action(), actor="S-1", now=now)

    @property
    def pot(self) -> DayPot:
        return DayPot.objects.get(series=Series.WALK_IN, day=DAY)


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    monkeypatch.setattr(clock, "now", lambda: make.NOW)
    office = make.make_office()
    long_ago = make.NOW - timedelta(days=30)
    Knob.objects.create(name="walk_in_places", office=office, value=OWN, valid_from=long_ago)
    slot = make.make_slot(office, day=DAY, offered=3)
    portal = replace(node.here(), role="portal")
    yield Two(office, portal, Node("box", "office", tmp_path / "box", (office.pk,)), slot)


def test_at_the_cut_off_the_unsold_places_serve_walk_ins(two: Two):
    make.make_booked(two.slot)
    two.close_list(CUTOFF - timedelta(microseconds=1))
    assert not HandedOver.objects.exists()

    two.close_list()
    two.close_list()
    two.hear()

    said = [entry.read() for entry in Entry.objects.filter(kind=UnsoldHandedOver.name)]
    assert [(fact.office, fact.day, fact.places) for fact in said] == [(two.office.pk, DAY, 2)]
    for _person in range(OWN + 2):
        two.walk_in()
    with pytest.raises(DayFull):
        two.walk_in()


def test_without_the_portals_count_they_stay_empty_and_the_screen_says_so(two: Two, client, monkeypatch):
    officer = make_officer(two.office)
    client.force_login(officer)
    client.get("/petugas/")  # the addresses of this process are those of the node it began as
    two.close_list()
    for _person in range(OWN):
        two.walk_in()
    with pytest.raises(DayFull):
        two.walk_in()

    with standing_at(two.portal):
        introduce_ourselves()
        NodeRecord.objects.update(role="portal")
    with standing_at(two.box):
        introduce_ourselves()
        links.make_links()
        Link.objects.update(answered_at=clock.real_now() - timedelta(hours=1))
        assert desk.online_note(two.office, MORNING).startswith(
            "Tempat daring yang belum terjual tidak dapat dipakai: portal tidak tersambung sejak "
        )
        monkeypatch.setattr(clock, "now", lambda: MORNING)
        page = client.get("/petugas/").content.decode()
    assert 'data-code="online-places-empty"' in page

    two.hear()
    with standing_at(two.box):
        assert desk.online_note(two.office, MORNING) == ""


def test_the_place_of_a_hold_that_lapses_after_the_cut_off_does_not_count_for_the_office(two: Two):
    make.hold(make.make_application(), two.slot)
    two.close_list()

    lapsed = Booking.objects.get()
    actions.lapse(lapsed, action_id="l", actor="worker", now=CUTOFF + timedelta(hours=1))
    two.slot.refresh_from_db()

    assert (two.slot.taken, two.slot.offered, HandedOver.objects.get().places) == (0, 1, 2)


def test_nobody_sells_what_is_not_theirs(two: Two):
    wish = make.make_application()
    with standing_at(replace(two.box, name=two.portal.name)), pytest.raises(actions.NotSoldHere):
        make.hold(wish, two.slot)
    with standing_at(two.portal), pytest.raises(hall.NumbersElsewhere) as refused:
        hall.issue_walk_in(two.office, action_id=action(), actor="S-1", now=MORNING)

    assert str(two.office) in str(refused.value)
    assert {pot.value for pot in Pot} == {"online", "same-day", "rescue"}


STEPS = st.lists(st.sampled_from(["online", "late", "walk-in", "close", "hear", "free"]), max_size=16)


@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_two_nodes_together_never_oversell(two: Two, steps: list[str]):
    """Whatever happens in which order: at most five people have a place, three by the portal and two by the office."""
    with transaction.atomic():
        for step in steps:
            try:
                if step in ("online", "late"):
                    with standing_at(two.portal):
                        two.slot.take_places(1, now=make.NOW if step == "online" else CUTOFF)
                elif step == "free" and Slot.objects.get().taken:
                    two.slot.give_back()
                elif step == "walk-in":
                    two.walk_in()
                elif step == "close":
                    two.close_list()
                elif step == "hear":
                    two.hear()
            except (SlotFull, SlotClosed, DayFull):
                continue
            walked = sum(DayPot.objects.values_list("taken", flat=True))
            assert Slot.objects.get().taken + walked <= 3 + OWN
        transaction.set_rollback(True)
