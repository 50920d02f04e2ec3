"""THE MAP: the states of an application, the moves between them, and where each move may happen.

Plain data, read by everybody, importing nothing of ours. `docs/journey.md` and its diagram are made from it
(`openpaspor journey --write`). The only code that writes a state is `applications.actions.move`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Site(StrEnum):
    """A kind of place where an application can be in somebody's hands."""

    PORTAL = "portal"
    OFFICE = "office"
    CENTRE = "centre"
    CLOSED = "closed"


class State(StrEnum):
    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    HOLDING = "HOLDING"
    BOOKED = "BOOKED"
    ARRIVED = "ARRIVED"
    INCOMPLETE = "INCOMPLETE"
    ENROLLED = "ENROLLED"
    REVIEW = "REVIEW"
    ASKED = "ASKED"
    APPROVED = "APPROVED"
    PRINTED = "PRINTED"
    READY = "READY"
    COLLECTED = "COLLECTED"
    REFUSED = "REFUSED"
    DEFERRED = "DEFERRED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"
    MISSED = "MISSED"
    UNCOLLECTED = "UNCOLLECTED"


@dataclass(frozen=True)
class StateNote:
    """What a state means, who holds the application in it, and the public step (1–7) it belongs to."""

    means: str
    custodian: Site
    step: int


STATES: dict[State, StateNote] = {
    State.DRAFT: StateNote("being filled in", Site.PORTAL, 1),
    State.SUBMITTED: StateNote("complete, eligible, numbered, identity fixed", Site.PORTAL, 2),
    State.HOLDING: StateNote("a place is held and its bill is open", Site.PORTAL, 2),
    State.BOOKED: StateNote("place confirmed, visit pass issued", Site.PORTAL, 3),
    State.ARRIVED: StateNote("came to the office, booked or walk-in", Site.OFFICE, 4),
    State.INCOMPLETE: StateNote("papers or an examination owed, with a date", Site.OFFICE, 4),
    State.ENROLLED: StateNote("papers seen, interviewed, photographed", Site.OFFICE, 4),
    State.REVIEW: StateNote("at the centre: checks and decision", Site.CENTRE, 5),
    State.ASKED: StateNote("the centre needs more from the office or the applicant", Site.OFFICE, 5),
    State.APPROVED: StateNote("decided; packet signed, serial allotted", Site.OFFICE, 6),
    State.PRINTED: StateNote("personalised, not yet inspected", Site.OFFICE, 6),
    State.READY: StateNote("inspected, on the shelf, applicant told", Site.OFFICE, 7),
    State.COLLECTED: StateNote("handed over, old passport cancelled", Site.CLOSED, 7),
    State.REFUSED: StateNote("not approved, with reasons; can be objected to", Site.CLOSED, 5),
    State.DEFERRED: StateNote("put off to a date, with reasons", Site.CLOSED, 5),
    State.WITHDRAWN: StateNote("taken back by the applicant", Site.CLOSED, 1),
    State.EXPIRED: StateNote("given up: a deadline passed", Site.CLOSED, 1),
    State.MISSED: StateNote("did not come; can be rescued", Site.OFFICE, 3),
    State.UNCOLLECTED: StateNote("printed but not fetched in time", Site.CLOSED, 7),
}


@dataclass(frozen=True)
class Move:
    """One arrow of the map. `sites` says where it may happen.

    `takes` marks the arrows by which a site takes an application it does not hold yet; all others need custody.
    """

    name: str
    origins: tuple[State, ...]
    target: State
    sites: tuple[Site, ...]
    takes: bool = False


_P, _O, _C = Site.PORTAL, Site.OFFICE, Site.CENTRE

SUBMIT = Move("submit", (State.DRAFT,), State.SUBMITTED, (_P, _O))
HOLD = Move("hold", (State.SUBMITTED,), State.HOLDING, (_P, _O))
BOOK = Move("book", (State.HOLDING,), State.BOOKED, (_P, _O))
LAPSE = Move("lapse", (State.HOLDING,), State.SUBMITTED, (_P, _O))
CHANGE = Move("change", (State.BOOKED,), State.BOOKED, (_P, _O))
UNSEAT = Move("unseat", (State.BOOKED,), State.SUBMITTED, (_P, _O))
RESEAT = Move("reseat", (State.SUBMITTED,), State.BOOKED, (_P, _O))
MISS = Move("miss", (State.BOOKED,), State.MISSED, (_O,))
RESCUE = Move("rescue", (State.MISSED,), State.BOOKED, (_P, _O), takes=True)
ARRIVE = Move("arrive", (State.BOOKED,), State.ARRIVED, (_O,))
ARRIVE_LATE = Move("arrive_late", (State.MISSED,), State.ARRIVED, (_O,))
ARRIVE_OLD_PASS = Move("arrive_old_pass", (State.BOOKED,), State.ARRIVED, (_O,), takes=True)
WALK_IN = Move("walk_in", (State.DRAFT, State.SUBMITTED), State.ARRIVED, (_O,))
OWE = Move("incomplete", (State.ARRIVED,), State.INCOMPLETE, (_O,))
ENROL = Move("enrol", (State.ARRIVED, State.INCOMPLETE), State.ENROLLED, (_O,))
LAPSE_INCOMPLETE = Move("lapse_incomplete", (State.INCOMPLETE,), State.EXPIRED, (_O,))
RECEIVE = Move("receive", (State.ENROLLED,), State.REVIEW, (_C,), takes=True)
APPROVE = Move("approve", (State.REVIEW,), State.APPROVED, (_C,))
REFUSE = Move("refuse", (State.REVIEW,), State.REFUSED, (_C,))
DEFER = Move("defer", (State.REVIEW,), State.DEFERRED, (_C,))
ASK = Move("ask", (State.REVIEW,), State.ASKED, (_C,))
ANSWER = Move("answer", (State.ASKED,), State.ENROLLED, (_O, _P), takes=True)
REVOKE = Move("revoke", (State.APPROVED,), State.REVIEW, (_O, _C), takes=True)
OBJECT = Move("object", (State.REFUSED,), State.REVIEW, (_P, _C), takes=True)
PRINT = Move("print", (State.APPROVED,), State.PRINTED, (_O,))
SPOIL = Move("spoil", (State.PRINTED, State.READY), State.APPROVED, (_O,))
PASS_INSPECTION = Move("pass", (State.PRINTED,), State.READY, (_O,))
COLLECT = Move("collect", (State.READY,), State.COLLECTED, (_O,))
END_UNCOLLECTED = Move("end_uncollected", (State.READY,), State.UNCOLLECTED, (_O,))
WITHDRAW = Move(
    "withdraw",
    (
        State.DRAFT,
        State.SUBMITTED,
        State.HOLDING,
        State.BOOKED,
        State.ARRIVED,
        State.INCOMPLETE,
        State.MISSED,
    ),
    State.WITHDRAWN,
    (_P, _O),
)
EXPIRE = Move("expire", (State.DRAFT, State.SUBMITTED, State.MISSED, State.ASKED), State.EXPIRED, (_P, _O))

MOVES: dict[str, Move] = {
    arrow.name: arrow
    for arrow in (
        SUBMIT, HOLD, BOOK, LAPSE, CHANGE, UNSEAT, RESEAT, MISS, RESCUE, ARRIVE, ARRIVE_LATE, ARRIVE_OLD_PASS, WALK_IN, OWE,
        ENROL, LAPSE_INCOMPLETE, RECEIVE, APPROVE, REFUSE, DEFER, ASK, ANSWER, REVOKE, OBJECT, PRINT, SPOIL,
        PASS_INSPECTION, COLLECT, END_UNCOLLECTED, WITHDRAW, EXPIRE,
    )
}  # fmt: skip

START = State.DRAFT
ENDS = frozenset(
    {State.COLLECTED, State.REFUSED, State.DEFERRED, State.WITHDRAWN, State.EXPIRED, State.UNCOLLECTED}
)


def moves_from(state: State) -> tuple[Move, ...]:
    """Every arrow that leaves `state`, in the order of the map."""
    return tuple(arrow for arrow in MOVES.values() if state in arrow.origins)
