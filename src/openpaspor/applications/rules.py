"""Why does it wait? One pure answer for the tracker, the officer, the print room and the tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from openpaspor.journey import State

DID_NOT_COME = "did-not-come"  # reasons of a missed visit
AGAIN = "did-not-come-again"  # nor to the one that made good a missed one: that is done once


class Who(StrEnum):
    """Who acts next."""

    YOU = "you"
    OFFICE = "office"
    CENTRE = "centre"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Wait:
    """What we wait for (a code of the tracker), who acts, until when, and what the applicant can do (a code)."""

    code: str
    who: Who
    until: datetime | date | None = None
    can_do: str = ""


class Row(Protocol):
    """What the answer is read from: the columns of the application row, nothing else."""

    state: str
    reason: str
    stop_order: str
    bill_status: str
    bill_due_at: datetime | None
    place_starts_at: datetime | None
    owed_until: date | None
    promised_on: date | None
    collect_by: date | None
    serial: str


def blockers(row: Row) -> tuple[Wait, ...]:
    """Everything that keeps the application from its next step, most pressing first. Empty when it is over and done."""
    return tuple(_blockers(row))


def _blockers(row: Row) -> list[Wait]:
    if row.stop_order:
        return [Wait("EXTRA", Who.CENTRE, row.promised_on, "wait")]
    waits = []
    match row.state:
        case State.DRAFT:
            waits.append(Wait("DRAFT", Who.YOU, None, "continue"))
        case State.SUBMITTED:
            waits.append(Wait("CHOOSE", Who.YOU, None, "choose-place"))
        case State.HOLDING:
            matching = row.bill_status == "matching"
            waits.append(
                Wait("PAY_MATCH", Who.OFFICE, None, "do-not-pay-again")
                if matching
                else Wait("WAIT_PAY", Who.YOU, row.bill_due_at, "pay")
            )
        case State.BOOKED:
            waits.append(Wait("APPT", Who.YOU, row.place_starts_at, "come"))
        case State.MISSED:
            waits.append(
                Wait("MISSED_AGAIN", Who.NOBODY, None, "ask-today")
                if row.reason == AGAIN
                else Wait("MISSED", Who.YOU, None, "rescue")
            )
        case State.ARRIVED:
            waits.append(Wait("IN_HALL", Who.OFFICE, None, "wait-for-call"))
        case State.INCOMPLETE:
            waits.append(Wait("FIX_DOC", Who.YOU, row.owed_until, "bring-papers"))
        case State.ENROLLED:
            waits.append(Wait("LINK", Who.OFFICE, row.promised_on, "wait"))
        case State.REVIEW:
            waits.append(Wait("CENTRE_Q", Who.CENTRE, row.promised_on, "wait"))
        case State.ASKED:
            waits.append(Wait("ASKED", Who.YOU, row.owed_until, "answer"))
        case State.APPROVED:
            waits.append(Wait("PRINT" if row.serial else "BOOK", Who.OFFICE, row.promised_on, "wait"))
        case State.PRINTED:
            waits.append(Wait("PRINT", Who.OFFICE, row.promised_on, "wait"))
        case State.READY:
            waits.append(Wait("READY", Who.YOU, row.collect_by, "collect"))
        case State.COLLECTED:
            return []
        case State.REFUSED:
            waits.append(Wait("REFUSED", Who.YOU, None, "object"))
        case _:
            waits.append(Wait(str(row.state), Who.NOBODY, None, "start-again"))
    if row.state in (State.ENROLLED, State.REVIEW, State.APPROVED):
        if row.bill_status in ("open", "lapsed"):
            waits.insert(0, Wait("WAIT_PAY", Who.YOU, row.bill_due_at, "pay"))
        elif row.bill_status == "matching":
            waits.insert(0, Wait("PAY_MATCH", Who.OFFICE, None, "do-not-pay-again"))
    return waits
