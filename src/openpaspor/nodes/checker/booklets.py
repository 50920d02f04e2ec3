"""Booklets: B1 a number is given once, B2 nothing printed without approval and payment, B5 each is in one place."""

from __future__ import annotations

import json

from .run import Found, check, count, rows

STATES = ("stock", "allotted", "printed", "issued", "spoiled", "lost", "cancelled")
HOLDS_A_FILE = ("allotted", "printed", "issued")


@check(
    "B1", "A passport number is given once, for ever: no serial is printed or issued for two applications."
)
def given_once() -> Found:
    found = Found(count("SELECT count(*) FROM issuance_booklet"))
    found.offending = [
        f"{serial} twice"
        for (serial,) in rows("SELECT serial FROM issuance_booklet GROUP BY serial HAVING count(*) > 1")
    ]
    known = {serial for (serial,) in rows("SELECT serial FROM issuance_booklet")}
    holder: dict[str, str] = {}  # who the log says has it now
    printed: dict[str, str] = {}
    for kind, raw in rows(
        "SELECT kind, fact FROM ledger_entry WHERE kind IN"
        " ('issuance.serial_allotted', 'issuance.serial_freed', 'issuance.printed') ORDER BY id"
    ):
        fact = json.loads(raw)
        serial, ref = fact["serial"], fact["application"]
        if serial not in known:
            found.offending.append(f"{serial} of no stock")
        if kind == "issuance.serial_freed":
            holder.pop(serial, None)
        elif kind == "issuance.serial_allotted":
            if holder.get(serial, ref) != ref or serial in printed:
                found.offending.append(
                    f"{serial} allotted to {ref} and {holder.get(serial, printed.get(serial))}"
                )
            holder[serial] = ref
        else:
            if holder.get(serial) != ref or serial in printed:
                found.offending.append(f"{serial} printed for {ref}")
            printed[serial] = ref
    found.offending += [
        f"{serial} also in stock"
        for serial, state in rows("SELECT serial, state FROM issuance_booklet")
        if serial in printed and state in ("stock", "allotted")
    ]
    return found


@check(
    "B2",
    "Nothing is printed without an approval in force and a paid or lawfully exempt bill, both said before.",
)
def printed_by_right() -> Found:
    found = Found()
    state: dict[str, str] = {}
    bill: dict[str, str] = {}
    proven: set[str] = set()  # the money desk itself said so
    jobs = set()
    for kind, ref, raw in rows(
        "SELECT kind, application, fact FROM ledger_entry WHERE kind IN ('applications.moved', 'applications.told',"
        " 'payments.settled', 'payments.exempted', 'issuance.printed') ORDER BY id"
    ):
        fact = json.loads(raw)
        if kind == "applications.moved":
            if fact["move"] == "print" and state.get(ref) != "APPROVED":
                found.offending.append(f"{ref} printed out of {state.get(ref)}")
            state[ref] = fact["target"]
        elif kind == "applications.told":
            said = dict(text.split("=", 1) for text in fact["changes"])
            bill[ref] = json.loads(said["bill_status"]) if "bill_status" in said else bill.get(ref, "")
        elif kind == "issuance.printed":
            found.rows += 1
            jobs.add(fact["serial"])
            if state.get(ref) != "PRINTED":
                found.offending.append(f"{fact['serial']} without approval")
            if bill.get(ref) not in ("paid", "exempt") or ref not in proven:
                found.offending.append(f"{fact['serial']} without money")
        else:
            proven.add(ref)
    one_word = rows(
        "SELECT a.ref FROM payments_exemption e JOIN applications_application a ON a.id = e.application_id"
        " JOIN issuance_printjob j ON j.application_id = a.id"
        " WHERE e.status = 'granted' AND (e.decided_by = '' OR e.decided_by = e.proposed_by)"
    )
    found.offending += [f"{ref} exempt by one person" for (ref,) in one_word]
    unsaid = rows(
        "SELECT b.serial FROM issuance_printjob j JOIN issuance_booklet b ON b.id = j.booklet_id"
        " WHERE j.state = 'printed'"
    )
    found.offending += [f"{serial} printed unsaid" for (serial,) in unsaid if serial not in jobs]
    return found


@check(
    "B5",
    "A booklet is in one place: received = stock + reserved + printed + issued + spoiled + lost + cancelled.",
)
def in_one_place() -> Found:
    found = Found()
    for serial, state, application, rack in rows(
        "SELECT serial, state, application_id, rack FROM issuance_booklet"
    ):
        found.rows += 1
        astray = state not in STATES or (state == "stock" and application) or (rack and state != "printed")
        if astray or (state in HOLDS_A_FILE and application is None):
            found.offending.append(f"{serial} {state}")
    for batch, said, there in rows(
        "SELECT s.first, s.count, count(b.id) FROM issuance_stockbatch s LEFT JOIN issuance_booklet b ON b.batch_id = s.id"
        " WHERE s.state = 'received' GROUP BY s.id, s.first, s.count"
    ):
        if said != there:
            found.offending.append(f"{batch}: {there} of {said}")
    found.offending += [
        f"{batch} was not received"
        for (batch,) in rows(
            "SELECT DISTINCT s.first FROM issuance_stockbatch s JOIN issuance_booklet b ON b.batch_id = s.id"
            " WHERE s.state <> 'received' OR s.confirmed_by = '' OR s.confirmed_by = s.counted_by"
        )
    ]
    wanted = {"allotted": ("APPROVED",), "printed": ("PRINTED", "READY"), "issued": ("COLLECTED",)}
    for serial, state, on_row, at in rows(
        "SELECT b.serial, b.state, a.serial, a.state FROM issuance_booklet b"
        " JOIN applications_application a ON a.id = b.application_id WHERE b.state IN ('allotted', 'printed', 'issued')"
    ):
        if serial != on_row or at not in wanted[state]:
            found.offending.append(f"{serial} {state}, its file says {on_row or 'none'} {at}")
    return found
