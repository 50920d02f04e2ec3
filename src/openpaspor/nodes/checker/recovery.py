"""After a loss: R1 what was acknowledged is there or is younger than promised, R2 a restored centre has all again, R3 two versions
side by side lose nothing."""

from __future__ import annotations

from datetime import timedelta

from .clients import OK
from .databases import Country, utc
from .log import nodes_beside_the_centre
from .places import deed_rows, insist_on_clients
from .run import CHECKS, QUIET, CannotJudge, Found, across

PROMISED = timedelta(
    seconds=10
)  # how old the second copy of a box may be, docs/operate/when-a-box-is-lost.md


@across(
    "R1",
    "After a loss all that was acknowledged before the point that was restored is there; with a second copy at most ten seconds are not.",
    when=QUIET,
    may_be_empty=True,
)
def acknowledged_is_there(country: Country) -> Found:
    insist_on_clients(country)
    ended = [
        (one, row)
        for one in country.databases
        for row in one.closed
        if row["why"] in ("restore", "rebuild", "roll-back")
    ]
    if not ended:
        raise CannotJudge("a node that was restored")
    found, done = Found(), deed_rows(country)
    acknowledged = [deed for deed in country.deeds if deed.answer == OK]
    for deed in acknowledged:
        found.rows += 1
        if not done[deed.action_id] and not any(
            _may_be_lost(one, row, deed.at, acknowledged) for one, row in ended
        ):
            found.offending.append(f"{deed.key} of {deed.at:%H:%M:%S} is lost")
    return found


def _may_be_lost(one, row, at, acknowledged) -> bool:  # type: ignore[no-untyped-def]
    """Whether a deed of this moment lies between the last entry that was restored and the loss."""
    closed_at, last = utc(row["at"]), one.by_place.get((one.name, row["epoch"], row["seq"]))
    if at > closed_at or (last is not None and last.sealed_at and at < last.sealed_at - PROMISED):
        return False
    loss = max((deed.at for deed in acknowledged if deed.at <= closed_at), default=closed_at)
    return row["why"] != "rebuild" or loss - at <= PROMISED


@across("R2", "A restored centre has again what the offices still have, of its own log too.", when=QUIET)
def restored_centre_has_all(country: Country) -> Found:
    centre, others = nodes_beside_the_centre(country)
    if not centre.closed:
        raise CannotJudge("a centre that was restored")
    found = Found()
    for one in others:
        for place, entry in one.by_place.items():
            found.rows += 1
            if place not in centre.by_place or centre.by_place[place].hash != entry.hash:
                found.offending.append(f"{entry.key} is at {one.name} and not at the centre")
    numbers = CHECKS["B1"].look(country)
    return Found(found.rows + numbers.rows, found.offending + numbers.offending)


@across("R3", "Nodes of two versions side by side lose nothing: A1, A5, Y1 and Y4 hold.", when=QUIET)
def versions_side_by_side(country: Country) -> Found:
    versions = {frozenset(one.rows("SELECT app, name FROM django_migrations")) for one in country.databases}
    if len(versions) < 2:
        raise CannotJudge("nodes of two versions")
    found = Found()
    for id in ("A1", "A5", "Y1", "Y4"):
        seen = CHECKS[id].look(country)
        found.rows += seen.rows
        found.offending += [f"{id}: {key}" for key in seen.offending]
    return found
