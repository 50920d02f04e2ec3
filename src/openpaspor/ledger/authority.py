"""Who may say what: a table of role × fact kind. Whatever a node signs, beyond this it is kept but acted on by nobody."""

from __future__ import annotations

from typing import Any

from openpaspor.journey import MOVES

from .models import NodeRecord

EVERYTHING, PORTAL, OFFICE, CENTRE = "everything", "portal", "office", "centre"

# The longest name that fits counts: a kind, else its room.
MAY_SAY: dict[str, frozenset[str]] = {
    "accounts": frozenset({CENTRE}),  # an office creates no users
    "accounts.access_reset": frozenset({PORTAL, OFFICE, CENTRE}),  # each box gives its own first passwords
    "accounts.looked": frozenset({PORTAL, OFFICE, CENTRE}),
    "adjudication": frozenset({CENTRE}),
    "adjudication.answered": frozenset({PORTAL, OFFICE}),
    "adjudication.objected": frozenset({PORTAL, CENTRE}),
    "applications": frozenset({PORTAL, OFFICE, CENTRE}),
    "applications.started": frozenset({PORTAL, OFFICE}),
    "applications.submitted": frozenset({PORTAL, OFFICE}),
    "applications.stop_ordered": frozenset({PORTAL, CENTRE}),
    "applications.stop_lifted": frozenset({PORTAL, CENTRE}),
    "appointments": frozenset({PORTAL, OFFICE, CENTRE}),
    "appointments.unsold_handed_over": frozenset({PORTAL}),  # who sells a pot says what is left of it
    "hall": frozenset({OFFICE}),
    "intake": frozenset({OFFICE}),
    "issuance": frozenset({OFFICE, CENTRE}),
    "issuance.print_sent": frozenset({OFFICE}),
    "issuance.printed": frozenset({OFFICE}),
    "issuance.print_resolved": frozenset({OFFICE}),
    "ledger": frozenset({CENTRE}),
    "ledger.clock_doubted": frozenset({PORTAL, OFFICE, CENTRE}),  # of its own clock
    "ledger.clock_trusted": frozenset({PORTAL, OFFICE, CENTRE}),
    "ledger.doubt_decided": frozenset({PORTAL, OFFICE, CENTRE}),  # looked at by whoever works with it
    "notifications": frozenset({PORTAL, OFFICE, CENTRE}),
    "notifications.outage_announced": frozenset({CENTRE}),
    "offices": frozenset({CENTRE}),  # quotas' ceilings and all other knobs
    "payments": frozenset({PORTAL, CENTRE}),  # an office settles nothing
    "payments.bill_opened": frozenset({PORTAL, OFFICE, CENTRE}),
    "payments.bill_lapsed": frozenset({PORTAL, OFFICE, CENTRE}),
    "payments.proof_shown": frozenset({PORTAL, OFFICE, CENTRE}),  # and waits for the bank's own word
    "payments.bill_cancelled": frozenset({PORTAL, OFFICE, CENTRE}),
    "payments.exemption_proposed": frozenset({PORTAL, OFFICE, CENTRE}),
    "payments.exemption_declined": frozenset({PORTAL, OFFICE, CENTRE}),
    "payments.exempted": frozenset({PORTAL, OFFICE, CENTRE}),
}


def forbids(speaker: NodeRecord, kind: str, fact: dict[str, Any]) -> bool:
    """True when `speaker` has no authority to say this. Kinds that this version does not know are judged by their room."""
    if speaker.role == EVERYTHING:
        return False
    roles = MAY_SAY.get(kind) or MAY_SAY.get(kind.partition(".")[0])
    if roles is None or speaker.role not in roles:
        return roles is not None
    if speaker.role == OFFICE and fact.get("office") and fact["office"] not in speaker.offices:
        return kind.partition(".")[0] in {"hall", "intake", "issuance"}  # of another office's hall
    if kind == "applications.moved":
        arrow = MOVES.get(fact.get("move", ""))
        return arrow is not None and speaker.role not in arrow.sites
    return False
