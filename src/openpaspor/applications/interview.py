"""The short question set of the interview: asked at the counter, read at the centre. Pure.

The dossier keeps codes: `answers.interview[question] = chip`. Codes are kept for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

EXAMINED = frozenset({"lost", "damaged"})


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


def told(code: str, chip: str) -> tuple[Any, Any]:
    """A question and its answer in words; codes of a newer version as they are."""
    question = QUESTIONS.get(code)
    return (question.asks, question.answered(chip)) if question else (code, chip)
