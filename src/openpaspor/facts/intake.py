"""What the counter says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from .base import Fact


@dataclass(frozen=True, kw_only=True)
class WalkedIn(Fact):
    """Somebody came without an appointment and was taken in at a counter."""

    name = "intake.walked_in"

    application: str
    office: str
    kind: str
    ticket: str = ""
    priority: str = ""


@dataclass(frozen=True, kw_only=True)
class IdentityConfirmed(Fact):
    """An officer compared the answers with the person and the papers."""

    name = "intake.identity_confirmed"

    application: str


@dataclass(frozen=True, kw_only=True)
class Amended(Fact):
    """An officer corrected or completed answers: the codes of the fields, never what they hold."""

    name = "intake.amended"

    application: str
    fields: tuple[str, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class PaperJudged(Fact):
    """An original was compared with its picture."""

    name = "intake.paper_judged"

    application: str
    paper: str
    verdict: str  # match, differs, retake


@dataclass(frozen=True, kw_only=True)
class PaperCaptured(Fact):
    """A picture of a paper was taken at the counter; it replaces the earlier one."""

    name = "intake.paper_captured"

    application: str
    paper: str


@dataclass(frozen=True, kw_only=True)
class Interviewed(Fact):
    """The questions were asked; the answers are in the dossier."""

    name = "intake.interviewed"

    application: str


@dataclass(frozen=True, kw_only=True)
class PortraitTaken(Fact):
    """The photo of the holder was taken; codes of what one should look at again."""

    name = "intake.portrait_taken"

    application: str
    warnings: tuple[str, ...] = ()  # dark, bright, flat


@dataclass(frozen=True, kw_only=True)
class PapersOwed(Fact):
    """The visit ended without all that is needed; the rest is owed until a day."""

    name = "intake.papers_owed"

    application: str
    papers: tuple[str, ...]  # codes of papers and reasons
    until: date


@dataclass(frozen=True, kw_only=True)
class ExaminationProposed(Fact):
    """An officer examined how a passport was lost or damaged (BAP) and proposes an outcome."""

    name = "intake.examination_proposed"

    application: str
    outcome: str  # not-careless, force-majeure, careless


@dataclass(frozen=True, kw_only=True)
class ExaminationDecided(Fact):
    """The head of office decided the examination; nobody decides what they proposed."""

    name = "intake.examination_decided"

    application: str
    outcome: str
    proposed_by: str


@dataclass(frozen=True, kw_only=True)
class Enrolled(Fact):
    """Papers seen, interviewed, photographed: the file is complete at the office and offered to the centre."""

    name = "intake.enrolled"

    application: str
    office: str
    promised_on: date | None = None  # local day; none for lost and damaged passports
