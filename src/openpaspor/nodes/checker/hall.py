"""The hall: Q1–Q7, numbers, counters, the close of the day, priority, passes and local days."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from zoneinfo import ZoneInfo

from .databases import OFFICE, Country, Database, Entry, utc
from .run import QUIET, Found, across, check

LIVE = ("waiting", "called", "held")


@check(
    "Q1",
    "A queue number is given once per office, local date and series, and lies in its range.",
    at=(OFFICE,),
    may_be_empty=True,
)
def numbers_are_unique(here: Database) -> Found:
    found = Found(here.count("SELECT count(*) FROM hall_ticket"))
    found.offending = [
        f"{office} {day} {series} {number}"
        for office, day, series, number in here.rows(
            "SELECT office_id, day, series, number FROM hall_ticket"
            " GROUP BY office_id, day, series, number HAVING count(*) > 1"
        )
    ] + [
        f"{office} {day} {series} {number} beyond its range"
        for office, day, series, number in here.rows(
            "SELECT t.office_id, t.day, t.series, t.number FROM hall_ticket t LEFT JOIN hall_numberrange r"
            " ON r.office_id = t.office_id AND r.day = t.day AND r.series = t.series"
            " WHERE r.next IS NULL OR t.number >= r.next"
        )
    ]
    given: dict[tuple[str, ...], str] = {}
    for entry in here.entries:
        if entry.kind == "hall.ticket_issued":
            number = (entry.fact["office"], entry.fact["day"], entry.fact["ticket"])
            if number in given:
                found.offending.append(f"{' '.join(number)} given at {given[number]} and {entry.key}")
            given[number] = entry.key
    return found


@across(
    "Q2",
    "Numbers of a series go up in the order in which they were given; a hole is there only where an epoch began.",
    when=QUIET,
    may_be_empty=True,
)
def numbers_go_up(country: Country) -> Found:
    found = Found()
    last: dict[tuple[str, ...], tuple[int, int]] = {}  # number and epoch
    issued = sorted(country.said("hall.ticket_issued"), key=lambda one: one.own_order)
    for entry in issued:
        found.rows += 1
        series, _, number = entry.fact["ticket"].partition(" ")
        key = (entry.node, entry.fact["office"], entry.fact["day"], series)
        before, epoch = last.get(key, (0, 1))
        jumps = int(number) != before + 1 and entry.epoch == epoch
        if int(number) <= before or jumps:
            found.offending.append(
                f"{entry.fact['office']} {entry.fact['day']} {entry.fact['ticket']} after {before}"
            )
        last[key] = (int(number), entry.epoch)
    return found


@check(
    "Q3", "A called ticket is at one counter, and a counter has at most one.", at=(OFFICE,), may_be_empty=True
)
def one_ticket_at_a_counter(here: Database) -> Found:
    found = Found(here.count("SELECT count(*) FROM hall_ticket"))
    found.offending = [
        f"ticket {id} at no counter"
        for (id,) in here.rows("SELECT id FROM hall_ticket WHERE state = 'called' AND counter_id IS NULL")
    ] + [
        f"counter {counter} has {number}"
        for counter, number in here.rows(
            "SELECT counter_id, count(*) FROM hall_ticket WHERE state = 'called' AND counter_id IS NOT NULL"
            " GROUP BY counter_id HAVING count(*) > 1"
        )
    ] + [
        f"officer {officer} sits at {number} counters"
        for officer, number in here.rows(
            "SELECT officer_id, count(*) FROM hall_counter WHERE officer_id IS NOT NULL"
            " GROUP BY officer_id HAVING count(*) > 1"
        )
    ]  # fmt: skip
    return found


@check(
    "Q4",
    "When a day is closed, each ticket was served, did not come, or left, and says why.",
    when=QUIET,
    at=(OFFICE,),
    may_be_empty=True,
)
def nobody_is_forgotten(here: Database) -> Found:
    """Somebody may still be received after the close; that number waits for the next one."""
    found = Found()
    closed: set[tuple[str, str]] = set()
    given_later: set[tuple[str, str, str]] = set()
    for entry in sorted(here.entries, key=lambda one: one.own_order):
        if entry.kind == "hall.day_ended":
            closed.add((entry.fact["office"], entry.fact["day"]))
            given_later = {one for one in given_later if one[:2] != (entry.fact["office"], entry.fact["day"])}
        elif entry.kind == "hall.ticket_issued" and (entry.fact["office"], entry.fact["day"]) in closed:
            given_later.add((entry.fact["office"], entry.fact["day"], entry.fact["ticket"]))
    for id, office, day, series, number, state, reason, ended_at in here.rows(
        "SELECT id, office_id, day, series, number, state, reason, ended_at FROM hall_ticket"
    ):
        if (office, str(day)) in closed and (office, str(day), f"{series} {number:03d}") not in given_later:
            found.rows += 1
            if state in LIVE or ended_at is None or (state == "left" and not reason):
                found.offending.append(f"ticket {id} of {office} on {day}: {state}")
    return found


@check(
    "Q5",
    "Two of the priority line are never called in a row while somebody else waited all the while for the same counter.",
    when=QUIET,
    at=(OFFICE,),
    may_be_empty=True,
)
def priority_is_bounded(here: Database) -> Found:
    found = Found()
    serves = {
        id: (letters, utc(opened) if opened else None)
        for id, letters, opened in here.rows("SELECT id, serves, opened_at FROM hall_counter")
    }
    moved = {
        (entry.fact["office"], entry.fact["day"], entry.fact["ticket"])
        for entry in here.entries
        if entry.kind == "hall.ticket_changed" and entry.fact["state"] in ("held", "waiting")
    }  # put aside or handed on: where it stood in between is not on the row
    days: dict[tuple[str, str], list[tuple]] = defaultdict(list)
    for office, day, series, number, line, issued, called, turn, counter in here.rows(
        "SELECT office_id, day, series, number, line, issued_at, called_at, turn, counter_id FROM hall_ticket"
    ):
        label = f"{series} {number:03d}"
        if (office, str(day), label) not in moved:
            found.rows += 1
            days[office, str(day)].append(
                (label, line, utc(issued), utc(called) if called else None, turn, counter)
            )
    for (office, day), tickets in days.items():
        turns = {turn: one for *one, turn, _counter in tickets if turn}
        counters = {turn: counter for *_, turn, counter in tickets if turn}
        for turn, (label, line, _issued, at) in turns.items():
            before = turns.get(turn - 1)
            letters, opened = serves.get(counters[turn], ("", None))
            if line != "P" or before is None or before[1] != "P" or opened is None or opened > before[3]:
                continue
            waited = [
                other
                for other, row, issued, called, _turn, _counter in tickets
                if row in "AB" and row in letters and issued < before[3] and (called is None or called > at)
            ]
            if waited:
                found.offending.append(f"{office} {day}: {before[0]} and {label} before {waited[0]}")
    return found


@across(
    "Q6",
    "A pass opens one arrival over all nodes; where two nodes each let it in, a person is told.",
    may_be_empty=True,
)
def one_arrival_per_pass(country: Country) -> Found:
    found = Found()
    opened: dict[tuple[str, int], list[Entry]] = defaultdict(list)
    for entry in country.log:
        if entry.kind == "hall.ticket_issued" and entry.fact.get("pass_number"):
            opened[entry.application, entry.fact["pass_number"]].append(entry)
    told = {
        ref for one in country.databases for (ref,) in one.rows("SELECT application FROM ledger_conflict")
    }
    told |= {entry.application for entry in country.log if entry.kind == "hall.pass_not_joined"}
    for (ref, number), entries in opened.items():
        found.rows += 1
        nodes = {entry.node for entry in entries}
        if len(entries) > 1 and (len(nodes) == 1 or ref not in told):
            found.offending.append(f"pass {number} of {ref}: {', '.join(entry.key for entry in entries)}")
    for one in country.databases:
        found.offending += [
            f"{one.name}: pass {number} of {ref} arrived twice"
            for ref, number in one.rows(
                "SELECT ref, number FROM hall_passarrival GROUP BY ref, number HAVING count(*) > 1"
            )
        ]
    return found


@check("Q7", "The local date of a number and of a place is that of its office's clock.", may_be_empty=True)
def local_days(here: Database) -> Found:
    found = Found()

    def local(office: str, moment: datetime | str) -> str:
        return str(utc(moment).astimezone(ZoneInfo(here.offices[office])).date())

    for id, office, day, issued in here.rows("SELECT id, office_id, day, issued_at FROM hall_ticket"):
        found.rows += 1
        if str(day) != local(office, issued):
            found.offending.append(f"ticket {id} of {office}: {day}")
    for office, day, starts in here.rows("SELECT DISTINCT office_id, day, starts_at FROM appointments_slot"):
        found.rows += 1
        if str(day) != local(office, starts):
            found.offending.append(f"places of {office} at {starts}: {day}")
    for entry in here.entries:
        if entry.kind in ("hall.ticket_issued", "hall.ticket_called") and not entry.void:
            found.rows += 1
            if entry.fact["day"] != local(entry.fact["office"], entry.recorded_at):
                found.offending.append(f"{entry.key}: {entry.fact['day']}")
    return found
