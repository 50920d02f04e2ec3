"""Two nodes moved one application: whatever came first over which line, every node keeps the same rows and lists the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from openpaspor import journey
from openpaspor.applications import branches
from openpaspor.applications.branches import Said, judge
from openpaspor.applications.models import Application
from openpaspor.facts import Fact
from openpaspor.facts.applications import Moved, Started, Submitted, Told
from openpaspor.facts.base import format_moment
from openpaspor.ledger import conflicts, follow, wire, worker
from openpaspor.ledger.models import Conflict, Entry, Parked
from openpaspor.nodes.checker import run_checks
from openpaspor.nodes.demo.box import Box

pytestmark = pytest.mark.django_db
REF = "OP-44ZQ-NSYZ"
MONDAY = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)  # 09.00 at Denpasar
TUESDAY, THURSDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=3)
ROLES = {"portal": "portal", "denpasar": "office", "ambon": "office", "pusat": "centre"}
BOXES = {
    "portal": Box("portal", ()),
    "denpasar": Box("denpasar", ("DENPASAR",)),
    "ambon": Box("ambon", ("AMBON",)),
    "pusat": Box("pusat", ()),
}
Log = list[tuple[Fact, str, datetime]]


def moved(version: int, arrow: journey.Move, origin: str, term: int) -> Moved:
    return Moved(
        application=REF,
        move=arrow.name,
        origin=origin,
        target=arrow.target,
        version=version,
        term=term,
        custodian=journey.STATES[arrow.target].custodian,
    )


def told(version: int, **changes: Any) -> Told:
    said = tuple(f"{name}={json.dumps(value)}" for name, value in changes.items())
    return Told(application=REF, changes=said, version=version)


def deed(at: datetime, *facts: Fact) -> Log:
    return [(fact, "S-1", at) for fact in facts]


BOOKED = [
    *deed(
        MONDAY - timedelta(days=5),
        Started(application=REF, kind="adult-new", channel="online"),
        Submitted(
            application=REF, kind="adult-new", booklet="electronic", years=10, nik_key="n", person_key="p"
        ),
        moved(1, journey.SUBMIT, "DRAFT", 1),
    ),
    *deed(
        MONDAY - timedelta(days=4),
        moved(2, journey.HOLD, "SUBMITTED", 1),
        told(2, place_starts_at=format_moment(MONDAY), office="DENPASAR", place_status="held"),
    ),
    *deed(
        MONDAY - timedelta(days=3),
        moved(3, journey.BOOK, "HOLDING", 1),
        told(3, place_status="booked", pass_number=1),
    ),
]
CHANGED = deed(
    MONDAY - timedelta(days=1),
    moved(4, journey.CHANGE, "BOOKED", 1),
    told(4, place_starts_at=format_moment(THURSDAY), pass_number=2, changes_used=1),
)
TO_AMBON = deed(
    MONDAY - timedelta(days=1),
    moved(4, journey.CHANGE, "BOOKED", 1),
    told(4, place_starts_at=format_moment(THURSDAY), pass_number=2, office="AMBON"),
)
WITHDRAWN = deed(MONDAY - timedelta(hours=20), moved(4, journey.WITHDRAW, "BOOKED", 2))
CHANGED_TWICE = [
    *CHANGED,
    *deed(
        MONDAY - timedelta(hours=18),
        moved(5, journey.CHANGE, "BOOKED", 1),
        told(5, place_starts_at=format_moment(TUESDAY), pass_number=3),
    ),
]
CAME = [
    *deed(MONDAY, moved(4, journey.ARRIVE, "BOOKED", 2), told(4, place_status="used")),
    *deed(MONDAY, told(4, ticket="A 001")),
    *deed(MONDAY + timedelta(hours=1), moved(5, journey.OWE, "ARRIVED", 2), told(5, papers_owed="kk")),
]
MISSED = deed(MONDAY + timedelta(hours=7), moved(4, journey.MISS, "BOOKED", 2), told(4, place_status="freed"))
MADE_GOOD = deed(
    MONDAY + timedelta(days=2),
    moved(5, journey.RESCUE, "MISSED", 3),
    told(5, place_starts_at=format_moment(THURSDAY), pass_number=2, place_status="booked"),
)
ENDED = deed(MONDAY + timedelta(days=8), moved(5, journey.EXPIRE, "MISSED", 3))
CAME_ON_THURSDAY = deed(
    THURSDAY, moved(5, journey.ARRIVE, "BOOKED", 2), told(5, place_status="used", ticket="A 007")
)
UNSEATED = deed(
    MONDAY - timedelta(hours=12), moved(4, journey.UNSEAT, "BOOKED", 3), told(4, place_status="freed")
)

STORIES: dict[str, tuple[dict[str, Log], dict[str, Any], dict[str, str]]] = {
    "an old pass after a change": (
        {"portal": BOOKED + CHANGED, "denpasar": CAME},
        {"state": "INCOMPLETE", "version": 5, "place_starts_at": MONDAY, "pass_number": 2, "changes_used": 0},
        {"portal change 4": "presence-wins"},
    ),
    "an old pass after two changes": (
        {"portal": BOOKED + CHANGED_TWICE, "denpasar": CAME},
        {"state": "INCOMPLETE", "place_starts_at": MONDAY, "pass_number": 3, "ticket": "A 001"},
        {"portal change 4": "presence-wins", "portal change 5": "built-on-void"},
    ),
    "an old pass after a withdrawal": (
        {"portal": BOOKED + WITHDRAWN, "denpasar": CAME},
        {"state": "INCOMPLETE", "papers_owed": "kk"},
        {"portal withdraw 4": "presence-wins"},
    ),
    "missed by an office that heard of no change": (
        {"portal": BOOKED + CHANGED, "denpasar": MISSED, "ambon": CAME_ON_THURSDAY},
        {"state": "ARRIVED", "version": 5, "place_starts_at": THURSDAY, "ticket": "A 007"},
        {"denpasar miss 4": "not-missed"},
    ),
    "a missed visit that was made good before the office had heard of it": (
        {"portal": BOOKED + MADE_GOOD, "denpasar": MISSED + ENDED},
        {"state": "BOOKED", "version": 5, "place_starts_at": THURSDAY, "pass_number": 2},
        {"denpasar expire 5": "not-expired"},
    ),
    "received at two offices, first on the old pass": (
        {"portal": BOOKED + TO_AMBON, "denpasar": CAME, "ambon": CAME_ON_THURSDAY},
        {"state": "INCOMPLETE", "office_id": "DENPASAR", "ticket": "A 001"},
        {"portal change 4": "arrived-twice", "ambon arrive 5": "built-on-void"},
    ),
    "an old term": (
        {"portal": BOOKED + CHANGED, "denpasar": UNSEATED},
        {"state": "SUBMITTED", "term": 3, "place_status": "freed", "place_starts_at": MONDAY},
        {"portal change 4": "old-term"},
    ),
    "equal terms": (
        {
            "portal": BOOKED,
            "ambon": UNSEATED,
            "denpasar": deed(
                MONDAY - timedelta(hours=13),
                moved(4, journey.WITHDRAW, "BOOKED", 3),
                told(4, place_status="freed"),
            ),
        },
        {"state": "WITHDRAWN", "place_status": "freed"},
        {"ambon unseat 4": "equal-terms"},
    ),
}


def hear(name: str, log: Log) -> None:
    """The log of a node, as far as it has come; what is known already changes nothing."""
    about, *lines = BOXES[name].lines(log)
    record = json.loads(about)
    record["node_record"]["role"] = ROLES[name]
    wire.import_lines([json.dumps(record), *lines])
    follow.follow_all()


def settled() -> dict[str, Any]:
    """All that this node keeps of the application, without the keys of its own rows."""
    while Parked.objects.exists():
        follow.retry_soon(REF)
        if not follow.follow_all():
            break
    row = Application.objects.filter(ref=REF).values().get()
    for local in ("id", "account_id", "touched_at"):
        del row[local]
    listed = [
        (one.code, str(one.entry), str(one.other), json.dumps(one.detail, sort_keys=True))
        for one in Conflict.objects.select_related("entry", "other")
    ]
    void = [str(one) for one in Entry.objects.filter(void=True)]
    return {
        "row": row,
        "listed": sorted(listed),
        "void": sorted(void),
        "parked": [str(one) for one in Parked.objects.all()],
    }


def deliver(logs: dict[str, Log], order: list[str]) -> dict[str, Any]:
    """Hear one more entry of the named log at each step, then the rest."""
    heard = dict.fromkeys(logs, 0)
    for name in order:
        heard[name] += 1
        hear(name, logs[name][: heard[name]])
    return settled()


@pytest.fixture
def straight(request: pytest.FixtureRequest) -> dict[str, dict[str, Any]]:
    """What each story gives when every log is heard whole, one after the other."""
    found = {}
    for story, (logs, _row, _void) in STORIES.items():
        with transaction.atomic():
            for name, log in logs.items():
                hear(name, log)
            found[story] = settled()
            transaction.set_rollback(True)
    return found


@pytest.mark.parametrize("story", STORIES)
def test_who_counts(story):
    logs, row, void = STORIES[story]
    for name, log in logs.items():
        hear(name, log)

    end = settled()

    assert {name: end["row"][name] for name in row} == row
    found = {
        f"{one.entry.node} {one.entry.values['move']} {one.entry.version}": one.code
        for one in Conflict.objects.select_related("entry")
    }
    assert found == void
    assert end["parked"] == []
    moves = Entry.objects.filter(kind=Moved.name, void=True)
    assert {f"{one.node} {one.values['move']} {one.version}" for one in moves} == set(void)
    assert [result.status for result in run_checks(["A1", "A2"])] == ["pass", "pass"]


@settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_every_order_of_hearing_gives_the_same_rows(straight, data):
    story = data.draw(st.sampled_from(sorted(STORIES)))
    logs = STORIES[story][0]
    steps = [name for name, log in logs.items() for _entry in log]
    order = data.draw(st.permutations(steps))

    with transaction.atomic():
        end = deliver(logs, list(order))
        transaction.set_rollback(True)

    assert end == straight[story]


def test_the_place_that_is_still_taken_is_named():
    hear("portal", BOOKED + CHANGED)
    hear("denpasar", CAME)

    assert Conflict.objects.get().detail == {
        "node": "portal", "kind": "applications.moved", "version": 4, "move": "change", "place": format_moment(THURSDAY),
    }  # fmt: skip


WHO = {"portal": "portal", "denpasar": "office", "ambon": "office", "pusat": "centre"}
ARROWS = [arrow.name for arrow in journey.MOVES.values() if arrow.name not in ("submit", "hold", "book")]


@st.composite
def forks(draw: Any) -> list[Said]:
    """Some nodes that go on from one booked visit, each for a few moves, knowing nothing of the others."""
    said = [
        Said(number, moved(number, arrow, origin, 1), "portal", (1, number), "portal", MONDAY)
        for number, (arrow, origin) in enumerate(
            [(journey.SUBMIT, "DRAFT"), (journey.HOLD, "SUBMITTED"), (journey.BOOK, "HOLDING")], start=1
        )
    ]
    for name, role in WHO.items():
        state, term, version = "BOOKED", 1, 3
        for seq in range(draw(st.integers(0, 4))):
            arrows = journey.moves_from(journey.State(state))
            if not arrows:
                break
            arrow = draw(st.sampled_from(arrows))
            term, version = term + draw(st.integers(0, 2)), version + 1
            at = MONDAY + timedelta(hours=draw(st.integers(0, 3)))
            fact = moved(version, arrow, state, term)
            said.append(Said(len(said) + 1, fact, name, (1, 10 + seq), role, at))
            state = str(arrow.target)
    return said


@settings(max_examples=150, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(said=forks(), data=st.data())
def test_the_judgement_is_whole_and_does_not_depend_on_order(said, data):
    verdict = judge(said)
    other = judge(data.draw(st.permutations(said)))

    assert (other.standing, other.void) == (verdict.standing, verdict.void)
    counted = {one.entry for one in verdict.standing} | set(verdict.void)
    assert counted == {one.entry for one in said}  # nothing waits when everything was heard
    assert [one.fact.version for one in verdict.standing] == list(range(1, len(verdict.standing) + 1))
    assert {void.code for void in verdict.void.values()} <= set(branches.CODES)


@pytest.mark.parametrize(("picked", "state"), [("entry", "WITHDRAWN"), ("other", "INCOMPLETE")])
def test_a_withdrawal_that_a_visit_overtook_is_done_after_all_when_a_person_says_so(picked, state):
    hear("portal", BOOKED + WITHDRAWN)
    hear("denpasar", CAME)
    doubt = Conflict.objects.get()

    assert conflicts.decide(doubt.pk, picked, office="DENPASAR", actor="S-1", now=TUESDAY)
    worker.work_until_idle(with_sweeps=False)

    row = Application.objects.get(ref=REF)
    assert (row.state, row.reason) == (state, "by-applicant" if state == "WITHDRAWN" else "")
    assert [result.status for result in run_checks(["A1", "A2"])] == ["pass", "pass"]
