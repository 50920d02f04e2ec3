"""The journey: A1 state = replay, A2 only allowed moves, A6 repeating a deed changes nothing."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from openpaspor.journey import ENDS, MOVES, STATES

from .run import Found, check, rows

TOLD = (
    "bill_status", "bill_code", "bill_due_at", "bill_amount_idr", "place_status", "place_starts_at", "pass_number",
    "changes_used", "ticket", "papers_owed", "owed_until", "asked", "decision_reasons", "decided_at", "promised_on",
    "serial", "shelf", "collect_by", "priority", "office_id", "same_day", "stop_order",
)  # fmt: skip
MOVED = ("state", "reason", "version", "custodian", "term")


def _plain(value: Any) -> Any:
    """A column or a JSON value as text that compares across databases."""
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and len(value) == 27 and value.endswith("Z"):
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC).isoformat()
    return value


def _replayed() -> dict[str, dict[str, Any]]:
    """Every application's told and moved columns, from the log alone.

    Entries come over several lines in any order: moves count by their version, what is told by the version it was told at,
    then by when and where.
    """
    after: dict[str, dict[str, Any]] = {}
    said: list[tuple[int, str, int, str, dict[str, Any]]] = []  # version, moment, place, application, columns
    latest: dict[tuple[str, str], str] = {}  # what one node said stays in the order of its log
    for place, (ref, node, at, kind, raw, void) in enumerate(
        rows(
            "SELECT application, node, recorded_at, kind, fact, void FROM ledger_entry"
            " WHERE kind LIKE 'applications.%%' AND application <> ''"
            " ORDER BY node, epoch, seq IS NULL, seq, id"
        )
    ):
        moment = latest[ref, node] = max(latest.get((ref, node), ""), str(_plain(at)))
        fact = json.loads(raw)
        after.setdefault(ref, {})
        version, columns = _columns(kind, fact)
        if void:  # a pass number stays given
            columns = {name: value for name, value in columns.items() if name == "pass_number"}
        said.append((version, moment, place, ref, columns))
    for _version, _moment, _place, ref, columns in sorted(said, key=lambda one: one[:3]):
        after[ref].update(columns)
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
def state_is_replay() -> Found:
    found, replayed = Found(), _replayed()
    columns = (*MOVED, *TOLD)
    for ref, *values in rows(f"SELECT ref, {', '.join(columns)} FROM applications_application"):
        found.rows += 1
        said = replayed.get(ref)
        if said is None:
            found.offending.append(f"{ref} has no entry")
            continue
        for name, value in zip(columns, values, strict=True):
            if (
                name in said
                and _plain(said[name]) != _plain(value)
                or name not in said
                and name in TOLD
                and _plain(value) not in (None, "", 0)
            ):
                found.offending.append(f"{ref} {name}")
    return found


@check(
    "A2",
    "Only moves of the map, one after the other, each in the version that follows, where it may happen, under its term.",
)
def only_allowed_moves() -> Found:
    found = Found()
    parked = {
        ref for (ref,) in rows("SELECT DISTINCT application FROM ledger_parked")
    }  # an earlier part has not come
    roles = {
        (node, epoch): role for node, epoch, role in rows("SELECT node, epoch, role FROM ledger_noderecord")
    }
    at: dict[str, tuple[str, int]] = {}
    held: dict[str, tuple[str, int]] = {}  # custodian and term
    for ref, node, epoch, raw in rows(
        "SELECT application, node, epoch, fact FROM ledger_entry WHERE kind = 'applications.moved'"
        " AND NOT void ORDER BY application, version"
    ):
        found.rows += 1
        if ref in parked:
            continue
        fact = json.loads(raw)
        state, version = at.get(ref, ("DRAFT", 0))
        arrow, role = MOVES.get(fact["move"]), roles.get((node, epoch), "everything")
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


@check("A6", "A deed has one row, and its arguments never change.")
def deeds_are_unique() -> Found:
    found = Found(rows("SELECT count(*) FROM ledger_deed")[0][0])
    found.offending = [
        id for (id,) in rows("SELECT action_id FROM ledger_deed GROUP BY action_id HAVING count(*) > 1")
    ] + [id for (id,) in rows("SELECT action_id FROM ledger_deed WHERE length(arguments) <> 64")]
    return found
