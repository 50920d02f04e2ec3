"""Which moves count when two nodes moved one application. Pure: the same moves give the same answer, in any order.

Each move names its version and the state it leaves, so the moves of an application form a tree. We walk it from the root;
where two nodes moved at the same version, one branch goes on and the others are void, with all that was built on them:

1. **Coming counts most.** A branch in which the visitor arrived at an office goes before one in which nobody came (*presence
   wins*); of two arrivals the earlier one.
2. **Not coming counts least.** That a visit was missed, or that a time to act ran out, is said by who heard of no deed; any deed
   explains it.
3. The higher **term** goes first: who took the application over later had it.
4. Of equal terms, the site that holds the application by the map; then who said it first; then the name of the node.

Nothing here looks at a clock or at what this node heard first, so all nodes agree as soon as they have heard the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from openpaspor import journey
from openpaspor.facts.applications import Moved

PRESENCE = frozenset({journey.ARRIVE.name, journey.ARRIVE_LATE.name, journey.ARRIVE_OLD_PASS.name})
NOBODY_ACTED = {
    journey.MISS.name: "not-missed",
    journey.EXPIRE.name: "not-expired",
}  # and the code where somebody did
PRESENCE_WINS, ARRIVED_TWICE = "presence-wins", "arrived-twice"
OLD_TERM, EQUAL_TERMS, ON_VOID = "old-term", "equal-terms", "built-on-void"
OLD_PASS = "old-pass"  # no fork: the office heard of the change after the visit
CODES = (PRESENCE_WINS, ARRIVED_TWICE, *NOBODY_ACTED.values(), OLD_TERM, EQUAL_TERMS, ON_VOID)
NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Said:
    """One move in a log."""

    entry: int  # the caller's key
    fact: Moved
    node: str
    place: tuple[int, float]  # epoch, seq; infinite while unsealed
    role: str  # of the node
    at: datetime


@dataclass(frozen=True)
class Void:
    """Why a move does not count, and the one that counts in its stead."""

    code: str
    instead: Said


@dataclass
class Verdict:
    """What the known moves say together. What is in neither waits for an earlier part."""

    standing: list[Said] = field(default_factory=list)
    void: dict[int, Void] = field(default_factory=dict)


_Tree = dict[int, list[Said]]


def fits(fact: Moved, *, state: str, term: int) -> bool:
    """Whether a move goes on from there."""
    return fact.origin == state and fact.term >= term


def judge(moves: Iterable[Said]) -> Verdict:
    """Walk the tree from its root and choose at each fork."""
    tree: _Tree = defaultdict(list)
    for one in sorted(moves, key=lambda one: (one.node, one.place)):
        tree[one.fact.version].append(one)
    verdict, state, term, version = Verdict(), str(journey.START), 0, 1
    while going_on := [one for one in tree.get(version, ()) if fits(one.fact, state=state, term=term)]:
        best = min(_newest_of_each_node(going_on), key=lambda one: _order(one, tree))
        verdict.standing.append(best)
        for other in going_on:
            if other is not best:
                verdict.void[other.entry] = Void(_why(best, other, tree), best)
        state, term, version = best.fact.target, best.fact.term, version + 1
    _void_what_was_built_on_void(tree, verdict)
    return verdict


def _newest_of_each_node(moves: Sequence[Said]) -> list[Said]:
    """A node that moved twice from one version had learnt in between that its first move does not count."""
    newest: dict[str, Said] = {}
    for one in sorted(moves, key=lambda one: one.place):
        newest[one.node] = one
    return list(newest.values())


def _came_at(one: Said, tree: _Tree) -> datetime | None:
    """When somebody first arrived on the branch that begins with this move."""
    if one.fact.move in PRESENCE:
        return one.at
    after = [
        next_ for next_ in tree.get(one.fact.version + 1, ())
        if fits(next_.fact, state=one.fact.target, term=one.fact.term)
    ]  # fmt: skip
    return min((came for next_ in after if (came := _came_at(next_, tree))), default=None)


def _order(one: Said, tree: _Tree) -> tuple[int, datetime, int, bool, datetime, str]:
    """The lowest goes on."""
    came = _came_at(one, tree)
    rank = 0 if came else 2 if one.fact.move in NOBODY_ACTED else 1
    holder = journey.STATES[journey.State(one.fact.origin)].custodian
    return rank, came or NEVER, -one.fact.term, one.role not in (holder, "everything"), one.at, one.node


def _why(best: Said, other: Said, tree: _Tree) -> str:
    """Why `other` does not count. By the two moves alone, but for an arrival on the branch that is void."""
    if _came_at(other, tree):
        return ARRIVED_TWICE
    if other.fact.move in NOBODY_ACTED:
        return NOBODY_ACTED[other.fact.move]
    if best.fact.move in PRESENCE or best.fact.move == journey.MISS.name:  # missed, and then late after all
        return PRESENCE_WINS
    return OLD_TERM if other.fact.term < best.fact.term else EQUAL_TERMS


def _void_what_was_built_on_void(tree: _Tree, verdict: Verdict) -> None:
    """Whoever moved on from a void move: void too, unless a move we have not judged may lead there."""
    standing = {one.entry for one in verdict.standing}
    for version in sorted(tree):
        before = tree.get(version - 1, [])
        for one in tree[version]:
            if one.entry in standing or one.entry in verdict.void:
                continue
            parents = [past for past in before if fits(one.fact, state=past.fact.target, term=past.fact.term)]
            lost = [verdict.void[past.entry] for past in parents if past.entry in verdict.void]
            if parents and len(lost) == len(parents):
                verdict.void[one.entry] = Void(ON_VOID, lost[0].instead)
            elif not parents and (stood := _same_origin(one, verdict)):
                verdict.void[one.entry] = Void(OLD_TERM, stood)


def _same_origin(one: Said, verdict: Verdict) -> Said | None:
    """The move that counts beside one that left the same state under a term that was over."""
    at = one.fact.version - 1
    beside = verdict.standing[at] if at < len(verdict.standing) else None
    return beside if beside and beside.fact.origin == one.fact.origin else None
