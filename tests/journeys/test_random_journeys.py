"""Whoever tries whatever wherever: an application never leaves the map, and its row is always what its entries say."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from openpaspor import journey
from openpaspor.applications import actions as desk
from openpaspor.applications.models import Application
from openpaspor.journey import Site, State
from openpaspor.kit.refused import Refused
from openpaspor.ledger import node
from openpaspor.nodes.checker import run_checks

MORNING = datetime(2026, 11, 23, 1, tzinfo=UTC)
VISIT = datetime(2026, 11, 25, 1, tzinfo=UTC)  # custody goes to the office by the clock the evening before
ROLES = {
    "portal": (Site.PORTAL,), "office": (Site.OFFICE,), "centre": (Site.CENTRE,),
    "everything": (Site.PORTAL, Site.OFFICE, Site.CENTRE, Site.CLOSED),
}  # fmt: skip
PEOPLE = st.integers(0, 2)


@dataclass
class Expected:
    """What we ourselves think of an application, by the map alone."""

    state: State = State.DRAFT
    version: int = 0
    custodian: Site = Site.PORTAL
    stopped: bool = False

    def holder(self, now: datetime) -> Site:
        evening_before = datetime(2026, 11, 24, 10, tzinfo=UTC)  # 18.00 in Bali
        by_the_clock = self.state == State.BOOKED and now >= evening_before
        return Site.OFFICE if by_the_clock and self.custodian == Site.PORTAL else self.custodian

    def allows(self, arrow: journey.Move, role: str, now: datetime) -> bool:
        stopped = self.stopped and arrow.name not in desk.DESPITE_STOP
        held = arrow.takes or self.holder(now) in ROLES[role]
        return self.state in arrow.origins and not stopped and held and bool({*arrow.sites} & {*ROLES[role]})


class Journeys(RuleBasedStateMachine):
    """Three applications, every move, every site, stop orders, and the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.whole_life = transaction.atomic()
        self.whole_life.__enter__()
        self.tried = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.whole_life.__exit__(None, None, None)

    @initialize()
    def three_drafts(self) -> None:
        self.now = MORNING
        self.rows, self.expected = [], []
        for number in range(3):
            row = desk.start_application("adult-new", action_id=f"a{number}", actor="A-1", now=self.now)
            desk.tell(row, actor="A-1", now=self.now, office="DENPASAR", place_starts_at=VISIT)
            self.rows.append(Application.objects.select_related("office").get(pk=row.pk))
            self.expected.append(Expected())

    @rule(who=PEOPLE, arrow=st.sampled_from([*journey.MOVES.values()]), role=st.sampled_from([*ROLES]))
    def try_any_move(self, who: int, arrow: journey.Move, role: str) -> None:
        self._move(who, arrow, role)

    @rule(who=PEOPLE, choice=st.randoms(use_true_random=False))
    def go_on_somehow(self, who: int, choice) -> None:  # type: ignore[no-untyped-def]
        """A move that the map offers from here, so that lives become long."""
        offered = journey.moves_from(State(self.rows[who].state))
        if offered:
            self._move(who, choice.choice(offered), "everything")

    def _move(self, who: int, arrow: journey.Move, role: str) -> None:
        row, ours = self.rows[who], self.expected[who]
        allowed, happened = ours.allows(arrow, role, self.now), False
        where = node.Node(name="satu", role=role, home=django_settings.HOME, offices=("DENPASAR",))
        with suppress(Refused), node.standing_at(where), transaction.atomic():
            desk.move(row, arrow, actor="S-1", now=self.now)
            happened = True
        assert happened == allowed, (arrow.name, role, ours)
        if happened:
            ours.state, ours.version = arrow.target, ours.version + 1
            ours.custodian = journey.STATES[arrow.target].custodian

    @rule(who=PEOPLE)
    def stop_or_lift(self, who: int) -> None:
        row, ours = self.rows[who], self.expected[who]
        if ours.stopped:
            desk.lift_stop(row, actor="S-2", now=self.now)
        else:
            desk.order_stop(row, "watch-list", actor="S-2", now=self.now)
        ours.stopped = not ours.stopped

    @rule(who=PEOPLE)
    def two_tabs(self, who: int) -> None:
        """An object that was read earlier cannot move what has moved since."""
        stale = Application.objects.select_related("office").get(pk=self.rows[who].pk)
        before = stale.version
        self.go_on_somehow(who, choice=_First())
        if self.rows[who].version == before:
            return
        with pytest.raises(Refused), transaction.atomic():
            desk.move(stale, next(iter(journey.moves_from(State(stale.state)))), actor="S-1", now=self.now)

    @rule(hours=st.integers(1, 20))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @invariant()
    def the_row_is_what_the_map_says(self) -> None:
        for row, ours in zip(self.rows, self.expected, strict=True):
            kept = Application.objects.get(pk=row.pk)
            assert (kept.state, kept.version, kept.custodian) == (ours.state, ours.version, ours.custodian)
            assert bool(kept.stop_order) == ours.stopped
            assert (row.state, row.version) == (kept.state, kept.version)

    @invariant()
    def the_row_is_the_replay_of_its_entries(self) -> None:
        self.tried += 1
        if self.tried % 5:
            return
        results = run_checks(["A1", "A2", "L7"])
        assert not [row for row in results if row.offending and not row.saw_nothing]


class _First:
    def choice(self, offered):  # type: ignore[no-untyped-def]
        return offered[0]


@pytest.mark.django_db
def test_random_moves_never_leave_the_map():
    run_state_machine_as_test(
        Journeys,
        settings=settings(
            max_examples=12, stateful_step_count=30, deadline=None, suppress_health_check=[*HealthCheck]
        ),
    )
