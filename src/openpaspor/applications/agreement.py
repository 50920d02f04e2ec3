"""Bring what this node keeps of an application to what all known entries say together, so that all nodes agree."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from openpaspor.facts import Fact
from openpaspor.facts.applications import Moved, Started, StopLifted, StopOrdered, Submitted, Told
from openpaspor.facts.base import format_moment, parse_moment
from openpaspor.ledger import conflicts
from openpaspor.ledger.models import Conflict, Entry, NodeRecord

from .branches import (
    ARRIVED_TWICE,
    CODES,
    OLD_PASS,
    ON_VOID,
    PRESENCE_WINS,
    Said,
    Verdict,
    Void,
    judge,
)
from .models import Application, BillStatus
from .replay import columns_of

TELLING = (Started, Submitted, Told, StopOrdered, StopLifted)
DONE = (BillStatus.PAID, BillStatus.EXEMPT)
PASS_NUMBER = "pass_number"  # stays given out, also by a deed that does not count


def said_of(application: str) -> list[tuple[int, dict[str, Any]]]:
    """What was told of an application, as (entry, columns), what counts most last.

    By the version a node knew when it told it, then by time; what one node said stays in the order of its log, also where a
    reaction speaks of an earlier moment.
    """
    kinds = [kind.name for kind in TELLING]
    entries = Entry.objects.filter(application=application, kind__in=kinds)
    latest: dict[str, datetime] = {}
    ordered: list[tuple[Any, int, dict[str, Any]]] = []
    for entry in sorted(entries, key=_place):
        at = latest[entry.node] = max(latest.get(entry.node, entry.recorded_at), entry.recorded_at)
        version = entry.values.get("version", 0) if entry.kind == Told.name else 0
        ordered.append(((version, at, _place(entry)), entry.pk, _columns(entry)))
    return _paid_stays([(key, columns) for _order, key, columns in sorted(ordered, key=lambda one: one[0])])


def _paid_stays(said: list[tuple[int, dict[str, Any]]]) -> list[tuple[int, dict[str, Any]]]:
    """A bill that is paid stays paid, whatever a node says of the same bill that had not heard so."""
    code, paid, less = "", set(), []
    for _key, columns in said:
        code = columns.get("bill_code", code)
        if columns.get("bill_status") in DONE:
            paid.add(code)
        elif "bill_status" in columns:
            less.append((code, columns))
    for code, columns in less:
        if code in paid:
            del columns["bill_status"]
    return said


def _place(entry: Entry) -> tuple[str, int, float, int]:
    """Its place in the log of its node; what is not sealed yet comes after what is."""
    return entry.node, entry.epoch, math.inf if entry.seq is None else entry.seq, entry.pk


def _columns(entry: Entry) -> dict[str, Any]:
    said = columns_of(entry.read())
    return {name: value for name, value in said.items() if name == PASS_NUMBER} if entry.void else said


def is_said_later(entry: Entry, fact: Fact) -> set[str]:
    """The columns of this fact that another known entry counts more for."""
    said = said_of(entry.application)
    mine = [key for key, _columns in said].index(entry.pk)
    later = {name for _key, columns in said[mine + 1 :] for name in columns}
    return {name for name in columns_of(fact) if name in later or name not in said[mine][1]}


def belongs_to_void(entry: Entry) -> bool:
    """Whether what was told in this entry was told in the deed of a move that does not count."""
    listed = Conflict.objects.filter(code__in=CODES, application=entry.application).select_related("entry")
    moves = [one.entry for one in listed if one.entry and one.entry.kind == Moved.name and one.entry.void]
    return (entry.node, entry.recorded_at) in {(move.node, move.recorded_at) for move in moves}


def agree(application: Application) -> Verdict:
    """Judge all known moves; mark the void ones and what was told with them, list them, and bring the row in line.

    Inside the caller's transaction, with the row locked. Moves that wait for an earlier part are in neither list of the
    verdict. Asked again, changes nothing.
    """
    moves = {one.pk: one for one in Entry.objects.filter(kind=Moved.name, application=application.ref)}
    others = Conflict.objects.filter(entry__in=moves).exclude(code__in=CODES)
    for barred in others.values_list("entry", flat=True):  # nobody acts on them, whatever else was said
        moves.pop(barred, None)
    roles = {(row.node, row.epoch): row.role for row in NodeRecord.objects.all()}
    verdict = judge(_said(one, roles) for one in moves.values())
    columns = {name for one in moves.values() for name in _mark(one, void=one.pk in verdict.void)}
    for key, void in verdict.void.items():
        _list(moves[key], void, moves[void.instead.entry])
    stand = [one.entry for one in verdict.standing]
    Conflict.objects.filter(code__in=CODES, entry__in=stand, seen_at=None).delete()
    _write_row(application, verdict, columns)
    return verdict


def _said(entry: Entry, roles: dict[tuple[str, int], str]) -> Said:
    fact, role = entry.read(), roles.get((entry.node, entry.epoch), "everything")
    assert isinstance(fact, Moved)
    return Said(entry.pk, fact, entry.node, _place(entry)[1:3], role, entry.recorded_at)


def place_left_over(conflict: Conflict) -> tuple[str, datetime] | None:
    """Office and time of the place that is still taken though the visitor came elsewhere or earlier; None when there is none."""
    if (
        conflict.code not in (PRESENCE_WINS, ARRIVED_TWICE, ON_VOID, OLD_PASS)
        or "place" not in conflict.detail
    ):
        return None
    application = Application.objects.filter(ref=conflict.application).first()
    office = conflict.detail.get("office") or (application.office_id if application else "")
    return office or "", parse_moment(conflict.detail["place"])


def _mark(move: Entry, *, void: bool) -> set[str]:
    """Let a move count or not, and with it what its node told in the same deed. Returns the columns that changes."""
    if not void and not move.void:
        return set()
    Entry.objects.filter(pk=move.pk).update(void=void)
    turned = [one for one in _told_with(move) if one.void != void]
    Entry.objects.filter(pk__in=[one.pk for one in turned]).update(void=void)
    return {name for one in turned for name in columns_of(one.read())}


def _told_with(move: Entry) -> list[Entry]:
    """What was told in the deed of a move: by the same node at the same moment."""
    deed = Entry.objects.filter(
        kind=Told.name, application=move.application, node=move.node, recorded_at=move.recorded_at
    )
    return list(deed.order_by("id"))


def _list(move: Entry, void: Void, instead: Entry) -> None:
    """*Perlu dilihat*: the void move, what counts in its stead, and the place it named, which is not given back by itself."""
    detail: dict[str, str | int] = {"version": move.version or 0, "move": move.values["move"]}
    for one in _told_with(move):
        said = columns_of(one.read())
        if said.get("place_starts_at"):
            detail["place"] = format_moment(said["place_starts_at"])
        if said.get("office_id"):
            detail["office"] = said["office_id"]
    Conflict.objects.filter(code__in=CODES, entry=move, seen_at=None).exclude(code=void.code).delete()
    conflicts.set_aside(move, void.code, other=instead, **detail)


def _write_row(application: Application, verdict: Verdict, columns: set[str]) -> None:
    """State and term from the last move that counts; told columns that were said by a void deed from what still stands."""
    new: dict[str, Any] = {}
    if verdict.standing:
        last = verdict.standing[-1]
        new = {**columns_of(last.fact), "state_since": last.at}
    if columns:
        blank = Application()
        new |= {name: getattr(blank, name) for name in columns}
        for _key, said in said_of(application.ref):
            new |= {name: value for name, value in said.items() if name in columns}
    changed = {name: value for name, value in new.items() if getattr(application, name) != value}
    if changed:
        Application.objects.filter(pk=application.pk).update(**changed)
