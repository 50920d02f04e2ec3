"""What the centre says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from .base import Fact

APPROVAL_WITHDRAWN = "approval-withdrawn"  # reason of the stop, and of the way back to review


@dataclass(frozen=True, kw_only=True)
class Checked(Fact):
    """The checks ran over a file: how each ended, as `check=result`."""

    name = "adjudication.checked"

    application: str
    results: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CaseTaken(Fact):
    """The queue gave the file to an adjudicator."""

    name = "adjudication.case_taken"

    application: str


@dataclass(frozen=True, kw_only=True)
class CaseSkipped(Fact):
    """An adjudicator gave a case back to the queue, with a reason."""

    name = "adjudication.case_skipped"

    application: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Decided(Fact):
    """An adjudicator decided; it takes effect later and can be taken back until then."""

    name = "adjudication.decided"

    application: str
    verdict: str  # approve, ask, refuse, defer
    reasons: tuple[str, ...] = ()
    effective_at: datetime | None = None  # none while a second person must agree
    until: date | None = None  # of a deferral


@dataclass(frozen=True, kw_only=True)
class SecondOpinion(Fact):
    """A different adjudicator decided the same file without seeing the first opinion."""

    name = "adjudication.second_opinion"

    application: str
    verdict: str
    agrees: bool
    first: str  # who gave the first opinion


@dataclass(frozen=True, kw_only=True)
class TakenBack(Fact):
    """A decision was taken back before it counted."""

    name = "adjudication.taken_back"

    application: str
    verdict: str


@dataclass(frozen=True, kw_only=True)
class Asked(Fact):
    """The centre needs more, from the applicant, until a day."""

    name = "adjudication.asked"

    application: str
    reasons: tuple[str, ...]
    until: date


@dataclass(frozen=True, kw_only=True)
class Answered(Fact):
    """The applicant answered what the centre asked; the words are in the dossier."""

    name = "adjudication.answered"

    application: str


@dataclass(frozen=True, kw_only=True)
class Objected(Fact):
    """The applicant objects to a refusal; the words are in the dossier."""

    name = "adjudication.objected"

    application: str


@dataclass(frozen=True, kw_only=True)
class PacketSigned(Fact):
    """The approval packet: the centre's leave to one office to print one booklet. Its signature is that of its entry.

    Good while the application is APPROVED at the version it names, so for one booklet: a spoiled one waits for the next packet.
    """

    name = "adjudication.packet_signed"

    application: str
    number: int  # 1, 2, 3 … of this application
    version: int  # of the application, as the approval or the spoiling of a booklet left it
    office: str  # the only one that may print it
    booklet: str
    years: int  # for which the passport is good
    personalisation: str  # keyed hash of what must stand on the data page
    decided_by: str
    decided_at: datetime
    reasons: tuple[str, ...] = ()
    second_by: str = ""  # where two people had to agree


@dataclass(frozen=True, kw_only=True)
class Revoked(Fact):
    """An approval was withdrawn: its packets up to `packet` print nothing more, and what is printed stays in the house."""

    name = "adjudication.revoked"
    urgent = True

    application: str
    reason: str
    packet: int = 0  # number of the last packet that was signed; none when 0


@dataclass(frozen=True, kw_only=True)
class WithdrawalLifted(Fact):
    """The withdrawal of an approval counts no more: another person lifted it, or the file is back in review."""

    name = "adjudication.withdrawal_lifted"

    application: str
    packet: int = 0  # as the withdrawal named it


@dataclass(frozen=True, kw_only=True)
class WatchListed(Fact):
    """A person was put on the watch-list, as keyed hashes. The list never leaves the centre in clear."""

    name = "adjudication.watch_listed"

    nik_key: str
    person_key: str
    reason: str
