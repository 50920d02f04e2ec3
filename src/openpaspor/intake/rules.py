"""What a counter must see, ask and have before a file is complete. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from openpaspor.applications.answers import Answers
from openpaspor.applications.papers import Paper
from openpaspor.applications.progress import Progress
from openpaspor.journey import State

AT_COUNTER = frozenset({State.ARRIVED, State.INCOMPLETE})
AMENDABLE = AT_COUNTER | {State.ENROLLED, State.ASKED}  # until the centre holds it, and when it asks
EXAMINED = frozenset({"lost", "damaged"})
NOTE_LENGTH = 200  # characters
IDENTITY_FIELDS = ("full_name", "nik", "born")  # by which the same person is found again

AMEND_REASONS: dict[str, Any] = {
    "as-on-ktp": _("As on the identity card"),
    "as-on-certificate": _("As on the certificate"),
    "typing-error": _("Typing error of the applicant"),
    "changed-since": _("Changed since the application"),
    "filled-at-counter": _("Filled in at the counter"),
}


@dataclass(frozen=True)
class Question:
    """One question of the interview, with chips to choose from. Its code and the code of the chip are kept."""

    code: str
    asks: Any
    chips: dict[str, Any]

    def answered(self, chip: str) -> Any:
        return self.chips.get(chip, chip)


PURPOSES = {
    "tourism": _("Holiday"),
    "umrah": _("Umrah or hajj"),
    "study": _("Study"),
    "work": _("Work"),
    "medical": _("Medical care"),
    "family": _("Family visit"),
    "other": _("Something else"),
}
YES_NO = {"yes": _("Yes"), "no": _("No")}

QUESTIONS: dict[str, Question] = {
    question.code: question
    for question in (
        Question("purpose", _("What is the journey for?"), PURPOSES),
        Question(
            "company",
            _("Who travels with you?"),
            {"alone": _("Alone"), "family": _("Family"), "friends": _("Friends"), "group": _("Group or agent")},
        ),
        Question(
            "funding",
            _("Who pays for the journey?"),
            {"self": _("I do"), "family": _("Family"), "employer": _("Employer"), "agent": _("Agent")},
        ),
        Question(
            "earlier",
            _("Have you had a passport before?"),
            {"never": _("Never"), "had": _("Yes, it is known"), "unknown": _("Not sure")},
        ),
        Question(
            "placement",
            _("Is there a letter of the manpower service?"),
            {"seen": _("Seen"), "none": _("No letter"), "not-needed": _("Not needed")},
        ),
        Question("organiser", _("Which organiser do you travel with?"), {"licensed": _("Licensed"), "own": _("On my own"), "unclear": _("Not clear")}),
        Question(
            "parents",
            _("Which parents are here?"),
            {"both": _("Both"), "one-with-letter": _("One, with letter"), "guardian": _("Guardian with decree"), "one": _("One, no letter")},
        ),
        Question("travels-with", _("With whom does the child travel?"), {"parents": _("Parents"), "family": _("Family"), "school": _("School or group")}),
        Question(
            "how",
            _("How did it happen?"),
            {"theft": _("Stolen"), "mislaid": _("Mislaid"), "disaster": _("Disaster"), "wear": _("Worn or wet"), "other": _("Other")},
        ),
        Question("before", _("Did it happen before?"), {"no": _("No"), "once": _("Once"), "more": _("More often")}),
        Question("help", _("Did anybody offer help for money?"), YES_NO),
    )
}  # fmt: skip


def questions(kind: str, purpose: str) -> tuple[Question, ...]:
    """The short question set of one kind of application and one purpose, in the order in which they are asked."""
    codes = ["purpose", "company", "funding"]
    if kind == "child":
        codes = ["parents", "travels-with", "purpose"]
    elif kind == "adult-new":
        codes.append("earlier")
    elif kind in EXAMINED:
        codes = ["how", "before", "purpose"]
    if purpose == "work":
        codes.append("placement")
    if purpose == "umrah":
        codes.append("organiser")
    return tuple(QUESTIONS[code] for code in codes)


def interview_gaps(kind: str, answers: Answers) -> tuple[str, ...]:
    """Codes of the questions that have no answer yet."""
    said = answers.interview
    asked = questions(kind, said.get("purpose") or answers.purpose)
    return tuple(question.code for question in asked if not said.get(question.code))


def needs_examination(kind: str) -> bool:
    """Lost and damaged passports are examined first, and the head of office decides."""
    return kind in EXAMINED


def papers_needed(kind: str, answers: Answers) -> tuple[Paper, ...]:
    """The papers this visitor must show, in the order in which they are asked for."""
    return Progress(kind, answers, frozenset()).papers


def papers_open(wanted: Iterable[Paper], verdicts: Mapping[str, str]) -> tuple[Paper, ...]:
    """The papers whose original was not seen to match."""
    return tuple(paper for paper in wanted if verdicts.get(paper.code) != "match")


def gaps(
    kind: str,
    answers: Answers,
    *,
    verdicts: Mapping[str, str],
    identity_confirmed: bool,
    portrait: bool,
    examined: bool,
) -> tuple[str, ...]:
    """Codes of what is missing before the file is complete: "identity", "paper:ktp", "question:purpose", …"""
    missing = [] if identity_confirmed else ["identity"]
    missing += [
        f"field:{name}"
        for name in ("full_name", "nik", "born", "sex", "birth_place")
        if not getattr(answers, name)
    ]
    missing += [f"paper:{paper.code}" for paper in papers_open(papers_needed(kind, answers), verdicts)]
    missing += [f"question:{code}" for code in interview_gaps(kind, answers)]
    if not portrait:
        missing.append("portrait")
    if needs_examination(kind) and not examined:
        missing.append("examination")
    return tuple(missing)


def changed_fields(before: Answers, changes: Mapping[str, Any]) -> tuple[str, ...]:
    """Which answers `changes` would really change, sorted."""
    return tuple(sorted(name for name, value in changes.items() if getattr(before, name) != value))


def penalty(outcome: str) -> str | None:
    """The penalty line of the bill: the kind's own, unless it was beyond anybody's control."""
    return "force-majeure" if outcome == "force-majeure" else None
