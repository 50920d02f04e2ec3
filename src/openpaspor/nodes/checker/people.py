"""People and keys: B3 two people where two are needed, K1 who is put out does nothing more, K2 each within a role, K4 what is
encrypted opens, K5 a code counts once."""

from __future__ import annotations

import base64
from collections import defaultdict
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag

from .databases import Database, utc
from .opening import box_key, opened, unwrapped
from .run import NIGHTLY, Found, check

SECOND_PERSON = {  # who did the first half stands in this field of what the second one said
    "issuance.stock_received": "counted_by",
    "issuance.spoiled": "proposed_by",
    "intake.examination_decided": "proposed_by",
    "adjudication.second_opinion": "first",
}
TWO_PEOPLE = (  # table, what happened, first person, second person
    ("payments_exemption", "status = 'granted'", "proposed_by", "decided_by"),
    ("payments_receipt", "place = 'refunded'", "refund_asked_by", "refund_agreed_by"),
    ("issuance_stockbatch", "state = 'received'", "counted_by", "confirmed_by"),
    ("issuance_spoilproposal", "state = 'agreed'", "proposed_by", "decided_by"),
    ("intake_examination", "outcome <> ''", "proposed_by", "decided_by"),
    (
        "adjudication_decision",
        "verdict = 'refuse' AND status IN ('pending', 'effective')",
        "made_by",
        "second_by",
    ),
    ("adjudication_stopbycentre", "lifted_at IS NOT NULL", "ordered_by", "lifted_by"),
)


@check("B3", "Maker is not checker: where two are needed they are two, and nobody decides what is their own.")
def two_people(here: Database) -> Found:
    found = Found()
    for entry in here.entries:
        if entry.kind in SECOND_PERSON:
            found.rows += 1
            if entry.fact[SECOND_PERSON[entry.kind]] == entry.actor:
                found.offending.append(f"{entry.key}: {entry.kind} by one person")
        if entry.kind == "adjudication.packet_signed":
            found.rows += 1
            if entry.fact["decided_by"] == entry.fact.get("second_by"):
                found.offending.append(f"{entry.key}: a packet that one person signed twice")
    for table, happened, first, second in TWO_PEOPLE:
        for id, one, other in here.rows(f"SELECT id, {first}, {second} FROM {table} WHERE {happened}"):
            found.rows += 1
            if not other or one == other:
                found.offending.append(f"{table} {id}: {one or 'nobody'} and {other or 'nobody'}")
    owner = dict(
        here.rows(
            "SELECT a.ref, u.code FROM applications_application a JOIN accounts_user u ON u.id = a.account_id"
        )
    )
    for entry in here.entries:
        if entry.kind.startswith(
            ("adjudication.decided", "adjudication.second", "issuance.", "payments.exempted")
        ):
            found.rows += 1
            if owner.get(entry.application) == entry.actor:
                found.offending.append(f"{entry.key}: {entry.kind} by its applicant")
    return found


LATE = timedelta(seconds=60)


@check("K1", "Who has no posting any more, and a node that was revoked, says nothing that counts.")
def put_out_means_out(here: Database) -> Found:
    """People: on their own node, by the order in which it learnt of the end. Nodes: by the moment of their revocation."""
    found = Found()
    held: dict[str, int] = defaultdict(int)  # postings in force, as this node knows
    out: dict[str, datetime] = {}
    for entry in here.entries:
        if entry.kind == "accounts.posting_granted":
            held[entry.fact["person"]] += 1
            out.pop(entry.fact["person"], None)
        elif entry.kind == "accounts.posting_ended":
            person = entry.fact["person"]
            held[person] -= 1
            if held[person] <= 0:
                out[person] = entry.recorded_at
        since = out.get(entry.actor)
        found.rows += 1
        if since and entry.node == here.name and not entry.void and entry.recorded_at - since > LATE:
            found.offending.append(f"{entry.key}: {entry.kind} by {entry.actor}")
    revoked = {
        (node, epoch): utc(at)
        for node, epoch, at in here.rows(
            "SELECT node, epoch, revoked_at FROM ledger_noderecord WHERE revoked_at IS NOT NULL"
        )
    }
    for entry in here.entries:
        gone = revoked.get((entry.node, entry.epoch))
        if gone and entry.recorded_at - gone > LATE and not entry.void:
            found.offending.append(f"{entry.key}: said by a node that was revoked")
    return found


DESK, CENTRE, PRINT, HEAD, KAS = {"officer", "head"}, {"adjudicator"}, {"print", "head"}, {"head"}, {"kas"}
WHO_MAY = {  # the longest name that fits counts; what is not named, anybody on duty may
    "adjudication": CENTRE,
    "adjudication.answered": CENTRE | DESK,
    "adjudication.objected": CENTRE | DESK,
    "hall": DESK | PRINT,
    "hall.day_pot_set": HEAD,
    "intake": DESK,
    "intake.examination_decided": HEAD,
    "issuance": PRINT,
    "issuance.printed": {"print"},
    "issuance.handed_over": PRINT | DESK,
    "issuance.old_passport_cancelled": PRINT | DESK,
    "appointments.quota_set": HEAD,
    "appointments.day_closed": HEAD,
    "appointments.calendar_opened": HEAD,
    "payments.money_": KAS,
    "payments.refund_": KAS,
    "payments.settlement_read": KAS,
    "payments.difference_": KAS,
}


@check("K2", "Each act of staff lies within a role, and at an office, that the person had then.")
def within_a_role(here: Database) -> Found:
    found = Found()
    postings: dict[str, list[tuple[str, str | None, datetime, datetime | None]]] = defaultdict(list)
    for code, role, office, starts, ends in here.rows(
        "SELECT u.code, p.role, p.office_id, p.starts_at, p.ends_at FROM accounts_posting p"
        " JOIN accounts_user u ON u.id = p.person_id"
    ):
        postings[code].append((role, office, utc(starts), utc(ends) if ends else None))
    for entry in here.entries:
        if entry.actor not in postings or entry.kind == "accounts.looked":
            continue
        found.rows += 1
        names = [name for name in WHO_MAY if entry.kind.startswith(name)]
        may = WHO_MAY[max(names, key=len)] if names else None
        office = entry.fact.get("office")
        within = any(
            (may is None or role in may)
            and starts <= entry.recorded_at
            and (ends is None or entry.recorded_at <= ends + LATE)
            and (not office or place in (None, office))
            for role, place, starts, ends in postings[entry.actor]
        )
        if not within:
            found.offending.append(f"{entry.key}: {entry.kind} by {entry.actor}")
    return found


@check(
    "K4",
    "What is encrypted opens with the keys in force: a sample of dossiers, one in a hundred and at least twenty.",
    when=NIGHTLY,
    may_be_empty=True,
)
def dossiers_open(here: Database) -> Found:
    found = Found()
    box = box_key(here)
    if box is None:
        return found
    wrapped = here.rows(
        "SELECT a.ref, k.wrapped, d.document FROM applications_dossierkey k"
        " JOIN applications_application a ON a.id = k.application_id"
        " JOIN applications_dossier d ON d.application_id = a.id WHERE k.node = %s ORDER BY a.ref", here.name,
    )  # fmt: skip
    step = max(1, len(wrapped) // max(20, len(wrapped) // 100))
    for ref, closed, document in wrapped[::step]:
        found.rows += 1
        try:
            secret = unwrapped(box, base64.b64decode(closed))
            opened(secret, bytes(document), f"openpaspor-dossier-v1|{ref}|answers")
        except (InvalidTag, ValueError):
            found.offending.append(f"{ref} does not open")
    return found


@check("K5", "A one-time code counts once, within its life and its tries.", may_be_empty=True)
def a_code_counts_once(here: Database) -> Found:
    found = Found()
    for id, tries, sent, expires, used, replaced in here.rows(
        "SELECT id, tries, sent_at, expires_at, used_at, replaced FROM accounts_challenge"
    ):
        found.rows += 1
        in_time = used is None or (utc(sent) <= utc(used) <= utc(expires) and tries >= 1 and not replaced)
        if not in_time or tries > 3:
            found.offending.append(f"code {id}: {tries} tries")
    return found
