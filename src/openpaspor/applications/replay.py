"""The application row as the log tells it: used by copies on every node, and to show that state = replay."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from openpaspor.facts import Fact
from openpaspor.facts.applications import Moved, Started, StopLifted, StopOrdered, Submitted, Told
from openpaspor.facts.base import parse_moment
from openpaspor.journey import START, Site

from .models import Channel

MOMENTS = frozenset({"bill_due_at", "place_starts_at", "decided_at"})
DAYS = frozenset({"owed_until", "promised_on", "collect_by"})


def columns_of(fact: Fact) -> dict[str, Any]:
    """The columns of the application row that one fact sets."""
    match fact:
        case Started():
            return {
                "kind": fact.kind,
                "channel": fact.channel,
                "office_id": fact.office or None,
                "booklet": fact.booklet,
                "years": fact.years,
                "state": START,
                "custodian": Site.OFFICE if fact.channel == Channel.COUNTER else Site.PORTAL,
            }
        case Submitted():
            return {
                name: getattr(fact, name)
                for name in (
                    "kind",
                    "booklet",
                    "years",
                    "nik_key",
                    "person_key",
                    "name_key",
                    "born_key",
                    "same_day",
                    "priority",
                )
            }
        case Moved():
            return {
                "state": fact.target,
                "version": fact.version,
                "term": fact.term,
                "custodian": fact.custodian,
                "reason": fact.reason,
            }
        case Told():
            return dict(_told(text) for text in fact.changes)
        case StopOrdered():
            return {"stop_order": fact.reason}
        case StopLifted():
            return {"stop_order": ""}
    return {}


def _told(text: str) -> tuple[str, Any]:
    name, _, raw = text.partition("=")
    value = json.loads(raw)
    if name in MOMENTS and value is not None:
        value = parse_moment(value)
    if name in DAYS and value is not None:
        value = date.fromisoformat(value)
    return ("office_id" if name == "office" else name), value
