"""What must be true of all nodes together once everything is healed and quiet."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from openpaspor.applications.followers import GIVEN_BACK
from openpaspor.applications.models import Application
from openpaspor.ledger.models import Conflict, Deed, Entry, Link, Parked, Wanted
from openpaspor.nodes.checker import run_checks

from .people import Act
from .world import CENTRE, OFFICES, PORTAL, World

LOCAL = {"id", "account", "touched_at"}  # columns of an application that only the node itself knows
Place = tuple[str, int, int]


def faults_of(world: World, acts: list[Act], *, rooms: bool) -> list[str]:
    """One sentence for everything that is wrong; empty when all is well."""
    wrong: list[str] = []
    hashes: dict[str, dict[Place, str]] = {}
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    left_to_a_person: set[str] = set()
    for site in world.sites.values():
        with world.at(site):
            wrong += [f"{site.name}: {row} is parked: {row.cause}" for row in Parked.objects.all()]
            wrong += [f"{site.name}: file {row} never came" for row in Wanted.objects.all()]
            wrong += [
                f"{site.name}: {row} quarantined: {row.quarantined}"
                for row in Link.objects.exclude(quarantined="")
            ]
            if Entry.objects.unsealed().exists():
                wrong.append(f"{site.name}: entries are not sealed")
            hashes[site.name] = {
                (name, epoch, seq or 0): digest
                for name, epoch, seq, digest in Entry.objects.sealed().values_list(
                    "node", "epoch", "seq", "hash"
                )
            }
            doubted = Conflict.objects.exclude(
                code=GIVEN_BACK
            )  # of what is given back every node has the same words
            left_to_a_person |= set(doubted.values_list("application", flat=True))
            done = set(Deed.objects.values_list("pk", flat=True))
            if rooms:
                rows[site.name] = _rows()
                wrong += _failed_checks(site.name)
                wrong += _lost_deeds(site.name, acts, done)
    wrong += _not_at_the_centre(hashes)
    with world.at(world.sites[CENTRE]):
        wrong += _not_told(hashes)
    return wrong + _differing_rows(rows, left_to_a_person)


def _rows() -> dict[str, dict[str, Any]]:
    names = [field.attname for field in Application._meta.concrete_fields if field.name not in LOCAL]
    return {row["ref"]: row for row in Application.objects.values(*names)}


def _failed_checks(name: str) -> list[str]:
    whole = {"L1", "L2"} if name != CENTRE else set()  # of other logs only a part came
    # booklets are at the offices, receipts at the portal
    alone = whole | ({"P3"} if name in OFFICES else {"B1", "B2"})
    return [
        f"{name}: {result.id} {result.offending[:3]}"
        for result in run_checks()
        if result.status == "fail" and not result.saw_nothing and result.id not in alone
    ]


def _lost_deeds(name: str, acts: list[Act], done: set[str]) -> list[str]:
    return [
        f"{name}: acknowledged and gone: {act} ({act.action_id})"
        for act in acts
        if act.site == name and act.answer == "ok" and act.leaves_a_deed and not any(
            known == act.action_id or known.startswith(f"{act.action_id}:") for known in done
        )
    ]  # fmt: skip


def _not_at_the_centre(hashes: dict[str, dict[Place, str]]) -> list[str]:
    """Every entry of each node is at the centre with the same hash, and nobody has another one at its place."""
    wrong = []
    centre = hashes[CENTRE]
    for name, known in hashes.items():
        for place, digest in known.items():
            if centre.get(place, "") != digest and (place[0] == name or place in centre):
                wrong.append(f"{name}: {place} is {'another' if place in centre else 'not'} at the centre")
    return wrong


def _not_told(hashes: dict[str, dict[Place, str]]) -> list[str]:
    """The portal is told everything; an office all that was ever said of applications that somebody named it for."""
    said = [
        ((entry.node, entry.epoch, entry.seq or 0), entry.application, entry.values.get("office", ""))
        for entry in Entry.objects.sealed()
    ]
    wrong = [
        f"{PORTAL}: {place} was never told" for place, _ref, _office in said if place not in hashes[PORTAL]
    ]
    for name, office in OFFICES.items():
        theirs = {ref for _place, ref, named in said if ref and named == office}
        wrong += [
            f"{name}: {place} of {ref} was never told"
            for place, ref, _office in said
            if ref in theirs and place not in hashes[name]
        ]
    return wrong


def _differing_rows(rows: dict[str, dict[str, dict[str, Any]]], left_to_a_person: set[str]) -> list[str]:
    by_ref: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for name, known in rows.items():
        for ref, row in known.items():
            by_ref[ref][name] = row
    wrong = []
    for ref, at in sorted(by_ref.items()):
        if ref in left_to_a_person:
            continue  # two nodes said what cannot both stand; it is in *Perlu dilihat*
        if CENTRE not in at:
            wrong.append(f"{ref} is not at the centre, but at {', '.join(at)}")
            continue
        for name, row in at.items():
            unlike = {key: (row[key], at[CENTRE][key]) for key in row if row[key] != at[CENTRE][key]}
            if unlike:
                wrong.append(f"{ref} differs at {name} and centre: {unlike}")
    return wrong
