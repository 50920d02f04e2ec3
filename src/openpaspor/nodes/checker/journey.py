"""The journey: A1 state = replay, A2 only allowed moves, A3 no step back without a reason, A4 one holder, A6 repeating a deed
changes nothing, A7 nothing is stuck unseen."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from openpaspor.journey import ENDS, MOVES, STATES, Site, State

from .databases import EVERYTHING, OFFICE, PORTAL, Country, Database, Entry, utc
from .run import QUIET, Found, across, check

TOLD = (
    "bill_status", "bill_code", "bill_due_at", "bill_amount_idr", "place_status", "place_starts_at", "pass_number",
    "changes_used", "ticket", "papers_owed", "owed_until", "asked", "decision_reasons", "decided_at", "promised_on",
    "serial", "shelf", "collect_by", "priority", "office_id", "same_day", "stop_order",
)  # fmt: skip
PAID = ("paid", "exempt")
MOVED = ("state", "reason", "version", "custodian", "term")


MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")


def plain(value: Any) -> Any:
    """A column or a JSON value as text that compares across databases."""
    if isinstance(value, datetime) or (isinstance(value, str) and MOMENT.match(value)):
        return utc(value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if isinstance(value, bool) else value


def _replayed(here: Database) -> dict[str, dict[str, Any]]:
    """Every application's told and moved columns, from the log alone.

    Entries come over several lines in any order: moves count by their version, what is told by the version it was told at,
    then by when and where. A bill that is paid stays paid, whatever is said later of the same bill.
    """
    after: dict[str, dict[str, Any]] = {}
    said: list[
        tuple[int, datetime, int, str, dict[str, Any]]
    ] = []  # version, moment, place, application, columns
    latest: dict[tuple[str, str], datetime] = {}  # what one node said stays in the order of its log
    for place, entry in enumerate(sorted(here.entries, key=lambda one: one.own_order)):
        ref = entry.application
        if not ref or not entry.kind.startswith("applications."):
            continue
        moment = latest[ref, entry.node] = max(
            latest.get((ref, entry.node), entry.recorded_at), entry.recorded_at
        )
        after.setdefault(ref, {})
        version, columns = _columns(entry.kind, entry.fact)
        if entry.void:  # a pass number stays given
            columns = {name: value for name, value in columns.items() if name == "pass_number"}
        said.append((version, moment, place, ref, columns))
    said.sort(key=lambda one: one[:3])
    paid: dict[tuple[str, Any], str] = {}  # application and bill
    for _version, _moment, _place, ref, columns in said:
        after[ref].update(columns)
        if columns.get("bill_status") in PAID:
            paid[ref, after[ref].get("bill_code", "")] = columns["bill_status"]
    for ref, columns in after.items():
        if "bill_status" in columns and columns["bill_status"] not in PAID:
            columns["bill_status"] = paid.get((ref, columns.get("bill_code", "")), columns["bill_status"])
    return after


def _columns(kind: str, fact: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """What one entry says of the row, and at which version of the application."""
    if kind == "applications.started":
        return 0, {"office_id": fact.get("office") or None}
    if kind == "applications.submitted":
        return 0, {"same_day": fact.get("same_day", False), "priority": fact.get("priority", "")}
    if kind == "applications.moved":
        return fact["version"], {
            "state": fact["target"],
            "reason": fact.get("reason", ""),
            "version": fact["version"],
            "custodian": fact["custodian"],
            "term": fact["term"],
        }
    if kind == "applications.told":
        pairs = (text.partition("=") for text in fact["changes"])
        told = {("office_id" if name == "office" else name): json.loads(value) for name, _, value in pairs}
        return fact.get("version", 0), told
    if kind == "applications.stop_ordered":
        return 0, {"stop_order": fact["reason"]}
    return 0, {"stop_order": ""} if kind == "applications.stop_lifted" else {}


@check(
    "A1",
    "The state of each application, and all that was told of it, is the result of replaying its entries.",
)
def state_is_replay(here: Database) -> Found:
    found, replayed = Found(), _replayed(here)
    columns = (*MOVED, *TOLD)
    for ref, *values in here.rows(f"SELECT ref, {', '.join(columns)} FROM applications_application"):
        found.rows += 1
        said = replayed.get(ref)
        if said is None:
            found.offending.append(f"{ref} has no entry")
            continue
        for name, value in zip(columns, values, strict=True):
            if (
                name in said
                and plain(said[name]) != plain(value)
                or name not in said
                and name in TOLD
                and plain(value) not in (None, "", 0)
            ):
                found.offending.append(f"{ref} {name}")
    return found


@check(
    "A2",
    "Only moves of the map, one after the other, each in the version that follows, where it may happen, under its term.",
)
def only_allowed_moves(here: Database) -> Found:
    found = Found()
    parked = {
        ref for (ref,) in here.rows("SELECT DISTINCT application FROM ledger_parked")
    }  # an earlier part has not come
    at: dict[str, tuple[str, int]] = {}
    held: dict[str, tuple[str, int]] = {}  # custodian and term
    for ref, entry in _moves(here.entries):
        found.rows += 1
        if ref in parked:
            continue
        fact = entry.fact
        state, version = at.get(ref, ("DRAFT", 0))
        arrow, role = MOVES.get(fact["move"]), here.roles.get((entry.node, entry.epoch), EVERYTHING)
        custodian, term = held.get(ref, (fact["custodian"], fact["term"]))
        if (
            arrow is None
            or fact["origin"] != state
            or fact["origin"] not in arrow.origins
            or fact["target"] != arrow.target
            or fact["version"] != version + 1
            or fact["custodian"] != STATES[arrow.target].custodian
            or (state in ENDS and not arrow.takes)
            or (role != "everything" and role not in arrow.sites)
            or fact["term"] not in _terms(fact, term, custodian, role)
        ):
            found.offending.append(f"{ref} v{fact['version']}")
        at[ref] = (fact["target"], fact["version"])
        held[ref] = (fact["custodian"], fact["term"])
    return found


def _terms(fact: dict[str, Any], term: int, custodian: str, role: str) -> set[int]:
    """Which terms a move may have: one more for each hand-over. A booked visit passes to the office by the clock, unsaid.

    So what an office does with a booked visit comes after that hand-over, what a portal does before it.
    """
    target = fact["custodian"]
    as_written = term + (target != custodian)
    if fact["origin"] != "BOOKED" or custodian != "portal" or role == "portal":
        return {as_written}
    by_clock = term + 1 + (target != "office")
    return {by_clock} if role == "office" else {as_written, by_clock}


def _moves(entries: list[Entry]) -> list[tuple[str, Entry]]:
    """Every move that counts, by application and version."""
    moves = [
        (entry.application, entry)
        for entry in entries
        if entry.kind == "applications.moved" and not entry.void
    ]
    return sorted(moves, key=lambda one: (one[0], one[1].version or 0, one[1].id))


# Steps back that an applicant may see, and where the reason stands when it is not on the move itself.
BACKWARDS = {
    "unseat": ("appointments.place_freed", "reason"),
    "revoke": ("adjudication.revoked", "reason"),
    "spoil": ("issuance.spoiled", "reason"),
    "answer": ("adjudication.asked", "reasons"),
    "object": ("adjudication.objected", ""),
}
DONE_BY_APPLICANT = ("answer", "object")  # who did it oneself needs no notice
GONE = frozenset({State.WITHDRAWN, State.EXPIRED})  # an end is no step back


@across(
    "A3",
    "What an applicant sees goes back only by a named step, with a reason, and the applicant is told.",
    when=QUIET,
)
def no_step_back_in_silence(country: Country) -> Found:
    found = Found()
    reasons: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for entry in country.log:
        for kind, name in BACKWARDS.values():
            if entry.kind == kind:
                reasons[kind, entry.application].append(entry.fact.get(name) if name else True)
    told: dict[str, list[datetime]] = defaultdict(list)
    for one in country.of(PORTAL):
        for ref, at in one.rows(
            "SELECT application, created_at FROM notifications_message WHERE application <> ''"
        ):
            told[ref].append(utc(at))
    for ref, entry in _moves(country.log):
        found.rows += 1
        move, origin, target = (entry.fact[name] for name in ("move", "origin", "target"))
        if target in GONE or STATES[State(target)].step >= STATES[State(origin)].step:
            continue
        kind, _name = BACKWARDS.get(move, ("", ""))
        if not kind or not (entry.fact.get("reason") or any(reasons[kind, ref])):
            found.offending.append(f"{ref} v{entry.version}: {move} without a reason")
        elif told[ref] and move not in DONE_BY_APPLICANT and max(told[ref]) < entry.recorded_at:
            found.offending.append(f"{ref} v{entry.version}: {move} and nobody told")
    for one in country.of(PORTAL):
        _shown_backwards(one, found)
    return found


def _shown_backwards(portal: Database, found: Found) -> None:
    """What pages showed, one standing after the other: a step back is one of those above, made between the two."""
    named: dict[str, list[int]] = defaultdict(list)  # at which versions
    for ref, entry in _moves(portal.entries):
        if entry.fact["move"] in BACKWARDS:
            named[ref].append(entry.version or 0)
    doubted = {ref for (ref,) in portal.rows("SELECT application FROM ledger_conflict")}
    last: dict[str, tuple[int, int]] = {}  # step and version
    for ref, state, version in portal.rows(
        "SELECT a.ref, s.state, s.version FROM applications_shown s"
        " JOIN applications_application a ON a.id = s.application_id ORDER BY s.id"
    ):
        found.rows += 1
        if state in GONE:
            continue
        step = STATES[State(state)].step
        before, since = last.get(ref, (step, version))
        explained = any(since < at <= version for at in named[ref]) or ref in doubted
        if (step < before or version < since) and not explained:
            found.offending.append(
                f"{ref}: step {before} (v{since}) was shown, then step {step} (v{version})"
            )
        last[ref] = step, version


SEIZES = ("revoke",)  # takes what another site holds and has not offered: the words of two people are needed


@across(
    "A4",
    "One holder at a time: each move was made by who held the application under the term it names; nobody seizes one alone.",
)
def one_holder(country: Country) -> Found:
    found = Found()
    roles = {place: role for one in country.databases for place, role in one.roles.items()}
    booked = _visits(country)
    holder: dict[str, tuple[str, int, str]] = {}  # custodian, term, and the node that last moved under it
    by_version: dict[tuple[str, int], Entry] = {}
    for ref, entry in _moves(country.log):
        found.rows += 1
        before = by_version.setdefault((ref, entry.version or 0), entry)
        if before is not entry:
            found.offending.append(f"{ref} v{entry.version}: both {before.key} and {entry.key}")
            continue
        role = roles.get((entry.node, entry.epoch), EVERYTHING)
        custodian, term, node = holder.get(ref, (entry.fact["custodian"], entry.fact["term"], entry.node))
        passed = entry.fact["origin"] == State.BOOKED and _passed_by_the_clock(booked.get(ref), entry)
        taken = MOVES[entry.fact["move"]].takes if entry.fact["move"] in MOVES else False
        if role != EVERYTHING and not taken:
            if role != (OFFICE if passed and custodian == PORTAL else custodian):
                found.offending.append(
                    f"{ref} v{entry.version}: {role} {entry.node} moved what {custodian} held"
                )
            elif role == custodian and node != entry.node and role != OFFICE:
                found.offending.append(f"{ref} v{entry.version}: {node} and {entry.node} under term {term}")
        if (
            role not in (EVERYTHING, custodian) and entry.fact["move"] in SEIZES
        ):  # and nobody can give two words yet
            found.offending.append(f"{ref} v{entry.version}: seized from {custodian} by {entry.node} alone")
        if entry.fact["term"] < term:
            found.offending.append(f"{ref} v{entry.version}: term {entry.fact['term']} after {term}")
        # the next holder is known by name only once it has moved
        same = entry.fact["custodian"] == custodian
        holder[ref] = (entry.fact["custodian"], entry.fact["term"], entry.node if same else "")
        if not same:
            holder[ref] = (*holder[ref][:2], _only_node(roles, entry.fact["custodian"]))
    return found


def _only_node(roles: dict[tuple[str, int], str], site: str) -> str:
    """The node that does the work of a site, where there is but one."""
    names = {node for (node, _epoch), role in roles.items() if role in (site, EVERYTHING)}
    return names.pop() if len(names) == 1 else ""


def _visits(country: Country) -> dict[str, list[tuple[datetime, datetime]]]:
    """For each application: since when it had which place, as it was told (moment of telling, moment from which the office holds it)."""
    minutes = {
        (office or "", utc(since)): value
        for office, value, since in country.here.rows(
            "SELECT office_id, value, valid_from FROM offices_knob WHERE name = 'custody_cutoff_minute'"
        )
    }
    at_office: dict[str, str] = {}
    visits: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for entry in country.log:
        if entry.kind == "applications.started":
            at_office[entry.application] = entry.fact.get("office", "")
        if entry.kind != "applications.told" or entry.void:
            continue
        told = {
            name: json.loads(raw) for name, _, raw in (one.partition("=") for one in entry.fact["changes"])
        }
        at_office[entry.application] = told.get("office") or at_office.get(entry.application, "")
        office = at_office[entry.application]
        if told.get("place_starts_at") and office in country.offices:
            zone = ZoneInfo(country.offices[office])
            day = utc(told["place_starts_at"]).astimezone(zone).date() - timedelta(days=1)
            midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
            known = sorted(
                (place, since, value)
                for (place, since), value in minutes.items()
                if place in ("", office) and since <= midnight
            )  # the office's own after the nation's
            cut = known[-1][2] if known else 18 * 60
            visits[entry.application].append((entry.recorded_at, utc(midnight + timedelta(minutes=cut))))
    return visits


def _passed_by_the_clock(visits: list[tuple[datetime, datetime]] | None, entry: Entry) -> bool:
    """Whether the office holds a booked application at this moment without anybody having said so."""
    known = [cutoff for told, cutoff in visits or [] if told <= entry.recorded_at]
    return not known or entry.recorded_at >= known[-1]


@across("A6", "A deed has one row, its arguments never change, and who repeats it is told the same.")
def deeds_are_unique(country: Country) -> Found:
    found = Found()
    for one in country.databases:
        found.rows += one.count("SELECT count(*) FROM ledger_deed")
        found.offending += [
            id
            for (id,) in one.rows(
                "SELECT action_id FROM ledger_deed WHERE length(arguments) <> 64"
                " UNION SELECT action_id FROM ledger_deed GROUP BY action_id HAVING count(*) > 1"
            )
        ]
    for deed in country.deeds:
        found.rows += 1
        if any(one != deed.told[0] for one in deed.told):
            found.offending.append(f"{deed.key}: two answers")
    return found


# How many days an application may stay in a state before it must stand on somebody's list.
LIMITS = {
    State.DRAFT: 31, State.SUBMITTED: 31, State.HOLDING: 1, State.BOOKED: 45, State.ARRIVED: 1, State.INCOMPLETE: 15,
    State.MISSED: 31, State.ENROLLED: 1, State.REVIEW: 0, State.ASKED: 15, State.APPROVED: 0, State.PRINTED: 0, State.READY: 0,
}  # fmt: skip
LISTS = {  # where whoever must act finds it
    State.HOLDING: ("SELECT a.ref FROM applications_application a JOIN appointments_booking b ON b.application_id = a.id"
                    " WHERE b.state = 'held'"),
    State.SUBMITTED: "SELECT ref FROM applications_application WHERE bill_status IN ('paid', 'exempt')",
    State.ARRIVED: ("SELECT a.ref FROM applications_application a JOIN hall_ticket t ON t.application_id = a.id UNION"
                    " SELECT a.ref FROM applications_application a JOIN intake_case c ON c.application_id = a.id"
                    " WHERE c.finished_at IS NULL"),
    State.REVIEW: ("SELECT a.ref FROM applications_application a JOIN adjudication_case c ON c.application_id = a.id"
                   " WHERE c.is_open"),
    State.APPROVED: ("SELECT a.ref FROM applications_application a JOIN issuance_booklet b ON b.application_id = a.id"
                     " WHERE b.state = 'allotted' UNION SELECT ref FROM applications_application WHERE serial = ''"),
    State.PRINTED: ("SELECT a.ref FROM applications_application a JOIN issuance_booklet b ON b.application_id = a.id"
                    " WHERE b.state = 'printed'"),
    State.READY: ("SELECT a.ref FROM applications_application a JOIN issuance_booklet b ON b.application_id = a.id"
                  " WHERE b.state = 'printed' AND b.rack <> ''"),
}  # fmt: skip


@check(
    "A7",
    "Nothing is stuck without standing on a list: of whoever must act, of parked entries, or of what a person looks at.",
    when=QUIET,
)
def nothing_is_stuck_unseen(here: Database) -> Found:
    found = Found()
    listed = {state: {ref for (ref,) in here.rows(sql)} for state, sql in LISTS.items()}
    seen = {
        ref
        for (ref,) in here.rows(
            "SELECT application FROM ledger_parked UNION SELECT application FROM ledger_wanted"
            " UNION SELECT application FROM ledger_conflict UNION SELECT ref FROM applications_application"
            " WHERE stop_order <> '' UNION SELECT pass_ref FROM hall_ticket WHERE pass_ref <> ''"
        )
    }
    now = max((entry.recorded_at for entry in here.entries), default=datetime(1970, 1, 1, tzinfo=UTC))
    for ref, state, custodian, office, since, touched, owed in here.rows(
        "SELECT ref, state, custodian, office_id, state_since, touched_at, owed_until FROM applications_application"
    ):
        found.rows += 1
        if state not in LIMITS or ref in seen or not _works_here(here, custodian, office):
            continue
        waited = now - max(utc(since), utc(touched))
        if waited <= timedelta(days=LIMITS[state]) or ref in listed.get(state, ()):
            continue
        if owed is None or now.date() - date.fromisoformat(str(owed)) > timedelta(days=2):
            found.offending.append(f"{ref} {state} for {waited.days} days")
    return found


def _works_here(here: Database, custodian: str, office: str | None) -> bool:
    if here.role != OFFICE:
        return here.role in (EVERYTHING, custodian)
    return custodian == Site.OFFICE and office in here.serves
