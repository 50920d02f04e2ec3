"""What the print room says. Serials are of booklets; the number of an old passport is only ever a keyed hash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from .base import Fact


@dataclass(frozen=True, kw_only=True)
class StockCounted(Fact):
    """One person counted booklets that came in; a second one has to count them too."""

    name = "issuance.stock_counted"

    office: str
    booklet: str
    first: str  # serial
    last: str
    count: int


@dataclass(frozen=True, kw_only=True)
class StockReceived(Fact):
    """Booklets are in stock: two people counted the same."""

    name = "issuance.stock_received"

    office: str
    booklet: str
    first: str
    last: str
    count: int
    counted_by: str


@dataclass(frozen=True, kw_only=True)
class StockDropped(Fact):
    """A count was given up; none of its booklets came into stock."""

    name = "issuance.stock_dropped"

    office: str
    booklet: str
    first: str
    last: str
    count: int


@dataclass(frozen=True, kw_only=True)
class SerialAllotted(Fact):
    """A booklet is reserved for an approved application; the keyed hash is of what was approved to stand in it."""

    name = "issuance.serial_allotted"

    application: str
    serial: str
    personalisation: str


@dataclass(frozen=True, kw_only=True)
class SerialFreed(Fact):
    """The approval was withdrawn before printing, so the booklet went back to stock."""

    name = "issuance.serial_freed"

    application: str
    serial: str


@dataclass(frozen=True, kw_only=True)
class PrintSent(Fact):
    """The packet was verified and a data page goes to the printer. Ends in `printed`, or in a person's word about it."""

    name = "issuance.print_sent"

    application: str
    serial: str
    job: int  # number of the print job at this office; the printer's journal names it
    packet: int  # number of the approval packet that was verified
    personalisation: str  # keyed hash of what goes on the page


@dataclass(frozen=True, kw_only=True)
class Printed(Fact):
    """A data page was printed, into the booklet that was scanned before."""

    name = "issuance.printed"

    application: str
    serial: str
    personalisation: str
    issued_on: date  # local day
    expires_on: date
    job: int = 0
    packet: int = 0


@dataclass(frozen=True, kw_only=True)
class PrintResolved(Fact):
    """It was not known whether the printer had printed; a person looked at the booklet, or the printer itself said no."""

    name = "issuance.print_resolved"

    application: str
    serial: str
    job: int
    outcome: str  # printed, nothing


@dataclass(frozen=True, kw_only=True)
class Inspected(Fact):
    """A printed booklet was read back. `wrong` names what was not right; empty means it passed."""

    name = "issuance.inspected"

    application: str
    serial: str
    wrong: tuple[str, ...] = ()  # photo, data, chip, cover


@dataclass(frozen=True, kw_only=True)
class SpoilProposed(Fact):
    """One person wants a booklet written off; a second one has to agree."""

    name = "issuance.spoil_proposed"

    serial: str
    reason: str  # code
    becomes: str  # spoiled, lost, or cancelled after a withdrawn approval
    application: str = ""


@dataclass(frozen=True, kw_only=True)
class Spoiled(Fact):
    """A booklet was written off, by the word of two people. Its serial is never given again."""

    name = "issuance.spoiled"

    serial: str
    reason: str
    becomes: str
    proposed_by: str
    application: str = ""


@dataclass(frozen=True, kw_only=True)
class SpoilDeclined(Fact):
    """The second person did not agree; the booklet stays what it was."""

    name = "issuance.spoil_declined"

    serial: str
    application: str = ""


@dataclass(frozen=True, kw_only=True)
class Shelved(Fact):
    """The passport lies on the shelf and can be collected until a day."""

    name = "issuance.shelved"

    application: str
    serial: str
    rack: str
    collect_by: date  # local day


@dataclass(frozen=True, kw_only=True)
class OldPassportCancelled(Fact):
    """The holder's earlier passport counts no more: cut in front of the holder, or declared lost."""

    name = "issuance.old_passport_cancelled"

    application: str
    why: str  # replaced, declared-lost
    number_key: str = ""  # keyed hash of its number


@dataclass(frozen=True, kw_only=True)
class HandedOver(Fact):
    """The passport is in the hands of whom it belongs to."""

    name = "issuance.handed_over"

    application: str
    serial: str
    to: str  # holder, parent


@dataclass(frozen=True, kw_only=True)
class CollectReminder(Fact):
    """The passport has waited on the shelf for some days: remind its holder."""

    name = "issuance.collect_reminder"

    application: str
    day: int  # days since it was shelved
    collect_by: date
    asked: bool = False  # by a person, beside the calendar


@dataclass(frozen=True, kw_only=True)
class UncollectedEnded(Fact):
    """Nobody came in time; the booklet was cancelled."""

    name = "issuance.uncollected_ended"

    application: str
    serial: str
