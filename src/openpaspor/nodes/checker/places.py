"""Places: S1 none sold beyond the quota, S2 the counter equals the count, S3 one live booking per person, S5 what clients
were told is so, S6 a lowered quota cancels nobody in silence, S7 a move frees and takes at once."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from .clients import OK, REFUSED, Deed
from .databases import PORTAL, Country, Database, utc
from .run import QUIET, CannotJudge, Found, across, check


@check("S1", "No slot is sold beyond its quota; lowering a quota cancels nobody.", at=(PORTAL,))
def never_oversold(here: Database) -> Found:
    found = Found(here.count("SELECT count(*) FROM appointments_slot"))
    for slot, sold, capacity in here.rows(
        "SELECT s.id, count(b.id), s.capacity FROM appointments_slot s JOIN appointments_booking b ON b.slot_id = s.id"
        " WHERE b.state IN ('held', 'booked', 'used', 'missed') GROUP BY s.id, s.capacity HAVING count(b.id) > s.capacity"
    ):
        found.offending.append(f"slot {slot}: {sold} of {capacity}")
    return found


@check("S2", "A slot's counter equals its bookings that were not given back.", at=(PORTAL,))
def counter_is_count(here: Database) -> Found:
    found = Found()
    for slot, taken, counted in here.rows(
        "SELECT s.id, s.taken, count(b.id) FROM appointments_slot s LEFT JOIN appointments_booking b"
        " ON b.slot_id = s.id AND b.freed_at IS NULL GROUP BY s.id, s.taken"
    ):
        found.rows += 1
        if taken != counted:
            found.offending.append(f"slot {slot}: counter {taken}, bookings {counted}")
    return found


@check("S3", "One live booking per person inside this node.", at=(PORTAL,))
def one_place_each(here: Database) -> Found:
    found = Found(here.count("SELECT count(*) FROM appointments_booking"))
    found.offending = [
        key
        for (key,) in here.rows(
            "SELECT a.nik_key FROM appointments_booking b JOIN applications_application a ON a.id = b.application_id"
            " WHERE b.state IN ('held', 'booked') AND a.nik_key <> '' GROUP BY a.nik_key HAVING count(*) > 1"
        )
    ] + [
        f"application {application}"
        for (application,) in here.rows(
            "SELECT application_id FROM appointments_booking WHERE state IN ('held', 'booked')"
            " GROUP BY application_id HAVING count(*) > 1"
        )
    ]
    return found


PLACES = {
    "hold": "appointments.place_held",
    "book": "appointments.place_booked",
    "change": "appointments.place_changed",
}


def deed_rows(country: Country) -> dict[str, set[str]]:
    """Which nodes did a deed, by every name a client may know it by: the action id, or the nonce of its form."""
    done: dict[str, set[str]] = defaultdict(set)
    for one in country.databases:
        for (id,) in one.rows("SELECT action_id FROM ledger_deed"):
            done[id].add(one.name)
            head, _, tail = id.partition(":")
            done[tail.partition(":")[0] if head == "form" else id.rpartition(":")[0]].add(one.name)
    return done


def insist_on_clients(country: Country) -> None:
    if not country.deeds:
        raise CannotJudge("a client ledger (--client)")


@across(
    "S5",
    "Every place a client was promised is there, with its office and time; what was refused is not; nothing is there twice.",
    when=QUIET,
)
def promises_to_clients(country: Country) -> Found:
    insist_on_clients(country)
    found, done = Found(), deed_rows(country)
    said: dict[tuple[str, str], list[tuple[str, datetime]]] = defaultdict(list)
    for entry in country.said(*PLACES.values()):
        where = (entry.fact["office"], utc(entry.fact["starts_at"]))
        said[entry.kind, entry.application].append(where)
    for deed in country.deeds:
        if deed.asked not in PLACES:
            continue
        found.rows += 1
        times = said[PLACES[deed.asked], deed.what.get("application", "")]
        if deed.answer == OK and (not done[deed.action_id] or not _agrees(deed, times)):
            found.offending.append(f"{deed.key}: promised and not there")
        if deed.answer == REFUSED and done[deed.action_id]:
            found.offending.append(f"{deed.key}: refused and done")
        if len(done[deed.action_id]) > 1:
            found.offending.append(f"{deed.key}: done at {', '.join(sorted(done[deed.action_id]))}")
    return found


def _agrees(deed: Deed, times: list[tuple[str, datetime]]) -> bool:
    """Whether one of the places that the log says is the one that was promised."""
    office, at = deed.what.get("office"), deed.what.get("starts_at")
    return any(office in (None, place) and (at is None or utc(at) == moment) for place, moment in times)


@check(
    "S6",
    "A quota below what is sold was lowered after the last sale, and every place given back says why.",
    at=(PORTAL,),
)
def lowered_in_the_open(here: Database) -> Found:
    found = Found(here.count("SELECT count(*) FROM appointments_slot"))
    lowered: dict[tuple[str, ...], datetime] = {}
    for entry in here.entries:
        if entry.kind == "appointments.quota_set" and not entry.void:
            key = tuple(entry.fact[name] for name in ("office", "day", "pot", "booklet"))
            lowered[key] = max(entry.recorded_at, lowered.get(key, entry.recorded_at))
    for slot, office, day, pot, kind, last in here.rows(
        "SELECT s.id, s.office_id, s.day, s.pot, s.booklet_kind, max(b.held_at) FROM appointments_slot s"
        " JOIN appointments_booking b ON b.slot_id = s.id AND b.freed_at IS NULL"
        " GROUP BY s.id, s.office_id, s.day, s.pot, s.booklet_kind, s.offered HAVING count(b.id) > s.offered"
    ):
        since = lowered.get((office, str(day), pot, kind))
        if since is None or since < utc(last):
            found.offending.append(f"slot {slot}: sold beyond its quota and nobody lowered it")
    said = {entry.application for entry in here.entries if entry.kind in GIVEN_BACK}
    for id, ref, reason in here.rows(
        "SELECT b.id, a.ref, b.reason FROM appointments_booking b JOIN applications_application a"
        " ON a.id = b.application_id WHERE b.state IN ('freed', 'lapsed')"
    ):
        if not reason or ref not in said:
            found.offending.append(f"booking {id} of {ref}: given back without a word")
    return found


GIVEN_BACK = ("appointments.place_freed", "appointments.place_changed")


@check(
    "S7",
    "Moving a booking frees the old place and takes the new one in one step, and says so.",
    at=(PORTAL,),
    may_be_empty=True,
)
def moved_at_once(here: Database) -> Found:
    found = Found()
    said = {
        (entry.application, utc(entry.fact["old_starts_at"]), utc(entry.fact["starts_at"]))
        for entry in here.entries
        if entry.kind == "appointments.place_changed"
    }
    for id, ref, held_at, freed_at, state, was_at, is_at in here.rows(
        "SELECT n.id, a.ref, n.held_at, o.freed_at, o.state, so.starts_at, sn.starts_at FROM appointments_booking n"
        " JOIN appointments_booking o ON o.id = n.instead_of_id JOIN applications_application a ON a.id = n.application_id"
        " JOIN appointments_slot so ON so.id = o.slot_id JOIN appointments_slot sn ON sn.id = n.slot_id"
        " WHERE n.why IN ('changed', 'day-closed')"
    ):
        found.rows += 1
        at_once = freed_at is not None and utc(freed_at) == utc(held_at) and state == "freed"
        if not at_once or (ref, utc(was_at), utc(is_at)) not in said:
            found.offending.append(f"booking {id} of {ref}")
    found.offending += [
        f"booking {id} was moved twice"
        for (id,) in here.rows(
            "SELECT instead_of_id FROM appointments_booking WHERE instead_of_id IS NOT NULL"
            " GROUP BY instead_of_id HAVING count(*) > 1"
        )
    ]
    return found
