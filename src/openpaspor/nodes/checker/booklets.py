"""Booklets: B1 a number is given once, B2 nothing printed without a packet and payment, B4 the printer's journal is ours, B5 each is
in one place, B6 the old passport goes when the new one is given, B7 the page is what was approved, B8 a withdrawal stops."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from .databases import CENTRE, EVERYTHING, OFFICE, Country, Database, Entry, utc
from .run import QUIET, Found, across, check

STATES = ("stock", "allotted", "printed", "issued", "spoiled", "lost", "cancelled")
HOLDS_A_FILE = ("allotted", "printed", "issued")
OF_A_SERIAL = ("issuance.serial_allotted", "issuance.serial_freed", "issuance.printed")


@across(
    "B1",
    "A passport number is given once, for ever, in the whole country: no serial is printed or issued for two applications.",
    at=(OFFICE,),
)
def given_once(country: Country) -> Found:
    found = Found()
    states: dict[str, str] = {}
    for one in country.databases:
        for serial, state in one.rows("SELECT serial, state FROM issuance_booklet"):
            found.rows += 1
            if serial in states:
                found.offending.append(f"{serial} twice")
            states[serial] = state
    holder: dict[str, str] = {}  # who the log says has it now
    printed: dict[str, str] = {}
    known = Received(country)
    for entry in country.said(*OF_A_SERIAL):
        serial, ref = entry.fact["serial"], entry.fact["application"]
        if serial not in states and not known.has(serial):
            found.offending.append(f"{serial} of no stock")
        if entry.kind == "issuance.serial_freed":
            holder.pop(serial, None)
        elif entry.kind == "issuance.serial_allotted":
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
        for serial, state in states.items()
        if serial in printed and state in ("stock", "allotted")
    ]
    return found


class Received:
    """The serials of which the log says that two people counted them in."""

    def __init__(self, country: Country) -> None:
        self.ranges = [
            (entry.fact["first"], entry.fact["last"]) for entry in country.said("issuance.stock_received")
        ]

    def has(self, serial: str) -> bool:
        return any(first <= serial <= last for first, last in self.ranges)


@check(
    "B2",
    "Nothing is printed without the centre's packet for this version and a paid or lawfully exempt bill, both known at the printing"
    " node before.",
    at=(OFFICE,),
)
def printed_by_right(here: Database) -> Found:
    found = Found()
    state: dict[str, tuple[int, str]] = {}  # by the highest version that has come
    bill: dict[str, str] = {}
    proven: set[str] = set()  # the money desk itself said so
    packets: dict[tuple[str, int], Entry] = {}
    sent: set[tuple[str, int]] = set()  # application and job
    printed: set[str] = set()
    for entry in here.entries:
        fact, ref, own = entry.fact, entry.application, entry.node == here.name
        if entry.void:
            continue
        if entry.kind == "applications.moved":
            state[ref] = max(state.get(ref, (0, "")), (fact["version"], fact["target"]))
        elif entry.kind == "applications.told":
            said = dict(text.split("=", 1) for text in fact["changes"])
            bill[ref] = json.loads(said["bill_status"]) if "bill_status" in said else bill.get(ref, "")
        elif entry.kind in ("payments.settled", "payments.exempted"):
            proven.add(ref)
        elif entry.kind == "adjudication.packet_signed" and _by_the_centre(here, entry):
            packets[ref, fact["number"]] = entry
        elif entry.kind == "issuance.print_sent" and own:
            found.rows += 1
            sent.add((ref, fact["job"]))
            packet = packets.get((ref, fact["packet"]))
            if packet is None or (packet.fact["version"], "APPROVED") != state.get(ref):
                found.offending.append(f"{fact['serial']} without a packet")
            if bill.get(ref) not in ("paid", "exempt") or ref not in proven:
                found.offending.append(f"{fact['serial']} without money")
        elif entry.kind == "issuance.printed" and own:
            found.rows += 1
            printed.add(fact["serial"])
            if state.get(ref, (0, ""))[1] != "PRINTED":
                found.offending.append(f"{fact['serial']} without approval")
            if fact.get("job") and (ref, fact["job"]) not in sent:
                found.offending.append(f"{fact['serial']} was never sent to the printer")
    one_word = here.rows(
        "SELECT a.ref FROM payments_exemption e JOIN applications_application a ON a.id = e.application_id"
        " JOIN issuance_printjob j ON j.application_id = a.id"
        " WHERE e.status = 'granted' AND (e.decided_by = '' OR e.decided_by = e.proposed_by)"
    )
    found.offending += [f"{ref} exempt by one person" for (ref,) in one_word]
    jobs = here.rows(
        "SELECT b.serial FROM issuance_printjob j JOIN issuance_booklet b ON b.id = j.booklet_id WHERE j.state = 'printed'"
    )
    found.offending += [f"{serial} printed unsaid" for (serial,) in jobs if serial not in printed]
    return found


def _by_the_centre(here: Database, entry: Entry) -> bool:
    return here.roles.get((entry.node, entry.epoch)) in (CENTRE, EVERYTHING)


UNKNOWN_FOR = 1  # working days that a print may stay unknown


@check(
    "B4",
    "The printer's journal and ours agree: each line is one print job; a job that printed is one line, one that did not is none;"
    " nothing stays unknown for more than a working day.",
    when=QUIET,
    at=(OFFICE,),
    may_be_empty=True,
)
def journals_agree(here: Database) -> Found:
    found = Found()
    lines = Counter(
        job or serial for job, serial in here.rows("SELECT job, serial FROM issuance_printerline")
    )  # a line from before jobs were numbered names its booklet alone
    now = max((entry.recorded_at for entry in here.entries), default=None)
    known = set()
    for id, serial, state, booklet, inspected, at in here.rows(
        "SELECT j.id, b.serial, j.state, b.state, j.inspected_at, j.printed_at FROM issuance_printjob j"
        " JOIN issuance_booklet b ON b.id = j.booklet_id"
    ):
        found.rows += 1
        key = str(id) if str(id) in lines else serial
        known.add(key)
        if lines[key] not in {"printed": (1,), "void": (0,)}.get(state, (0, 1)):
            found.offending.append(
                f"job {id} of {serial}: {state}, and {lines[key]} lines in the printer's journal"
            )
        if state == "sent" and now and _working_days(utc(at), now) > UNKNOWN_FOR:
            found.offending.append(f"job {id} of {serial}: nobody says what became of it")
        if (
            state == "printed"
            and inspected is None
            and booklet not in ("printed", "spoiled", "lost", "cancelled")
        ):
            found.offending.append(f"job {id} of {serial}: {booklet}, and never inspected")
    found.rows += len(lines)
    found.offending += [f"{key} is in the printer's journal alone" for key in sorted(set(lines) - known)]
    return found


def _working_days(since: datetime, now: datetime) -> int:
    """Mondays to Fridays that lie between two moments."""
    days = (now.date() - since.date()).days
    return sum((since + timedelta(days=day)).weekday() < 5 for day in range(1, days))


@check(
    "B5",
    "A booklet is in one place: received = stock + reserved + printed + issued + spoiled + lost + cancelled.",
    at=(OFFICE,),
)
def in_one_place(here: Database) -> Found:
    found = Found()
    for serial, state, application, rack in here.rows(
        "SELECT serial, state, application_id, rack FROM issuance_booklet"
    ):
        found.rows += 1
        astray = state not in STATES or (state == "stock" and application) or (rack and state != "printed")
        if astray or (state in HOLDS_A_FILE and application is None):
            found.offending.append(f"{serial} {state}")
    for batch, said, there in here.rows(
        "SELECT s.first, s.count, count(b.id) FROM issuance_stockbatch s LEFT JOIN issuance_booklet b ON b.batch_id = s.id"
        " WHERE s.state = 'received' GROUP BY s.id, s.first, s.count"
    ):
        if said != there:
            found.offending.append(f"{batch}: {there} of {said}")
    found.offending += [
        f"{batch} was not received"
        for (batch,) in here.rows(
            "SELECT DISTINCT s.first FROM issuance_stockbatch s JOIN issuance_booklet b ON b.batch_id = s.id"
            " WHERE s.state <> 'received' OR s.confirmed_by = '' OR s.confirmed_by = s.counted_by"
        )
    ]
    wanted = {"allotted": ("APPROVED",), "printed": ("PRINTED", "READY"), "issued": ("COLLECTED",)}
    for serial, state, on_row, at in here.rows(
        "SELECT b.serial, b.state, a.serial, a.state FROM issuance_booklet b"
        " JOIN applications_application a ON a.id = b.application_id WHERE b.state IN ('allotted', 'printed', 'issued')"
    ):
        if serial != on_row or at not in wanted[state]:
            found.offending.append(f"{serial} {state}, its file says {on_row or 'none'} {at}")
    return found


REPLACES = ("adult-replace", "lost", "damaged")  # kinds that always have an earlier passport


@across(
    "B6",
    "One valid passport per person: who is given a new one has the old one cancelled or declared lost.",
    may_be_empty=True,
)
def old_one_cancelled(country: Country) -> Found:
    found = Found()
    kind: dict[str, str] = {}
    person: dict[str, str] = {}
    gone: set[str] = set()
    given: dict[str, str] = {}  # by person: the application whose passport is in their hands
    for entry in country.log:
        fact, ref = entry.fact, entry.application
        if entry.void:
            continue
        if entry.kind == "applications.submitted":
            kind[ref], person[ref] = fact["kind"], fact["nik_key"] or fact["person_key"]
        elif entry.kind == "issuance.old_passport_cancelled":
            gone.add(ref)
        elif entry.kind == "issuance.handed_over":
            found.rows += 1
            had_one = kind.get(ref) in REPLACES or person.get(ref, "") in given
            if had_one and ref not in gone:
                found.offending.append(f"{fact['serial']} given for {ref}, its old one still valid")
            if person.get(ref):
                given[person[ref]] = ref
    return found


@across(
    "B7",
    "What is on the page is what was approved: one hash in the packet, the allotment, the job and the print.",
    may_be_empty=True,
)
def page_is_what_was_approved(country: Country) -> Found:
    found = Found()
    approved: dict[tuple[str, int], str] = {}  # by application and packet
    allotted: dict[tuple[str, str], str] = {}  # by application and serial
    for entry in sorted(country.said(*OF_A_PAGE), key=lambda one: OF_A_PAGE.index(one.kind)):
        fact, ref, page = entry.fact, entry.application, entry.fact["personalisation"]
        if entry.kind == "adjudication.packet_signed":
            approved[ref, fact["number"]] = page
        elif entry.kind == "issuance.serial_allotted":
            allotted[ref, fact["serial"]] = page
        else:
            found.rows += 1
            wanted = {allotted.get((ref, fact["serial"]))}
            wanted |= {approved.get((ref, fact["packet"]))} if fact.get("packet") else set()
            if wanted != {page}:
                found.offending.append(f"{fact['serial']} of {ref}: {entry.kind}")
    for one in country.databases:
        pages: dict[str, Any] = {
            entry.fact["serial"]: entry.fact["personalisation"]
            for entry in one.own
            if entry.kind == "issuance.printed"
        }
        found.offending += [
            f"{one.name}: {serial} is otherwise in its job"
            for serial, page in one.rows(
                "SELECT b.serial, j.personalisation FROM issuance_printjob j JOIN issuance_booklet b ON b.id = j.booklet_id"
                " WHERE j.state = 'printed'"
            )
            if pages.get(serial, page) != page
        ]
    return found


OF_A_PAGE = (
    "adjudication.packet_signed", "issuance.serial_allotted", "issuance.print_sent", "issuance.printed",
)  # fmt: skip
STOPPED_WITHIN = timedelta(seconds=60)


@check(
    "B8",
    "A withdrawn approval stops the print within a minute of being known at the node; what is printed is not handed over meanwhile.",
    at=(OFFICE,),
    may_be_empty=True,
)
def a_stop_stops(here: Database) -> Found:
    found = Found()
    withdrawn: dict[str, Entry] = {}
    stopped: dict[str, Entry] = {}
    for entry in here.entries:
        ref, fact = entry.application, entry.fact
        if entry.void or (entry.node == here.name and here.lost(entry.epoch, entry.seq or 0)):
            continue  # of what came back after a restore nothing says when it was known here
        if entry.kind == "adjudication.revoked":
            found.rows += 1
            withdrawn[ref] = entry
        elif entry.kind == "adjudication.withdrawal_lifted":
            withdrawn.pop(ref, None)
        elif entry.kind == "applications.stop_ordered":
            found.rows += 1
            stopped[ref] = entry
        elif entry.kind == "applications.stop_lifted":
            stopped.pop(ref, None)
        elif entry.node == here.name and entry.kind in ("issuance.print_sent", "issuance.handed_over"):
            back = withdrawn.get(ref)
            if back and entry.kind == "issuance.print_sent" and fact["packet"] > back.fact.get("packet", 0):
                back = None  # approved anew, under a packet that was not withdrawn
            for stop in filter(None, (stopped.get(ref), back)):
                if entry.recorded_at - stop.recorded_at > STOPPED_WITHIN:
                    found.offending.append(f"{fact['serial']} of {ref}: {entry.kind} after {stop.key}")
    return found
