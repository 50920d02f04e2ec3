"""Why an application was refused, deferred, asked about or sent home, in words for the applicant.

Officers and adjudicators pick codes; the applicant reads these sentences in both languages. Codes are kept for ever
(they stand in the ledger); a changed meaning is a new code. Columns hold them comma separated:
`decision_reasons` (REFUSE, DEFER), `asked` (ASK), `papers_owed` (OWE, or the code of a paper).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .papers import PAPERS


class Use(StrEnum):
    """When a reason may be given."""

    REFUSE = "refuse"
    DEFER = "defer"
    ASK = "ask"
    OWE = "owe"  # at the counter: papers or an examination are missing


@dataclass(frozen=True)
class Reason:
    """One reason: what it says, what the applicant can do, and for which answers it may be used."""

    code: str
    says: Any
    can_do: Any
    uses: frozenset[Use]


def _reason(code: str, says: Any, can_do: Any, *uses: Use) -> Reason:
    return Reason(code, says, can_do, frozenset(uses))


REASONS: dict[str, Reason] = {
    reason.code: reason
    for reason in (
        _reason(
            "identity-not-proven",
            _("Your papers do not show clearly enough who you are."),
            _("Object and bring more papers that show your name, birth date and parents."),
            Use.REFUSE,
        ),
        _reason(
            "paper-not-confirmed",
            _("The authority that issued one of your papers does not confirm it."),
            _("Ask that authority for a letter, then object or apply again."),
            Use.REFUSE,
        ),
        _reason(
            "statement-differs",
            _("What you told us differs from what we found."),
            _("Object and explain the difference, or apply again with the right answers."),
            Use.REFUSE,
        ),
        _reason(
            "citizenship-not-proven",
            _("Your papers do not show that you are an Indonesian citizen."),
            _("Object and bring proof of your citizenship."),
            Use.REFUSE,
        ),
        _reason(
            "prevented",
            _("An authority has asked us not to issue a passport to you for now."),
            _("Ask at the immigration office which authority this is. You can also object."),
            Use.REFUSE,
        ),
        _reason(
            "work-without-placement",
            _("You want to work abroad, but there is no letter of the manpower service."),
            _("Ask the manpower service of your district for the letter, then apply again."),
            Use.REFUSE,
            Use.DEFER,
        ),
        _reason(
            "passport-still-valid",
            _("You already have a passport that is valid for more than six months."),
            _("Use that passport. If it is lost or damaged, come to an office."),
            Use.REFUSE,
        ),
        _reason(
            "careless-loss",
            _("Your passport was lost or damaged and the examination found no acceptable reason."),
            _("Apply again after the date of the decision letter. You can also object."),
            Use.DEFER,
        ),
        _reason(
            "citizenship-choice",
            _("The child has two citizenships and must choose one in less than a year."),
            _("Make the choice first, then apply again."),
            Use.DEFER,
        ),
        _reason(
            "custody-open",
            _("It is not yet decided which parent may act for the child."),
            _("Apply again when the court has decided, and bring the decision."),
            Use.DEFER,
        ),
        _reason(
            "population-record-differs",
            _("Your data at the population office (Dukcapil) differ from your papers."),
            _("Have the data corrected at Dukcapil and show us their letter."),
            Use.DEFER,
            Use.ASK,
        ),
        _reason(
            "paper-unreadable",
            _("We cannot read one of your papers."),
            _("Take the photo again by daylight and send it."),
            Use.ASK,
        ),
        _reason(
            "name-differs",
            _("Your name is not written the same way on all your papers."),
            _("Tell us which one is right and send a paper that shows it."),
            Use.ASK,
            Use.OWE,
        ),
        _reason(
            "purpose-unclear",
            _("We need to know more about your journey."),
            _("Write in two or three sentences where you are going, with whom and what for."),
            Use.ASK,
        ),
        _reason(
            "parents-consent",
            _("The consent of one parent is missing."),
            _("Send the statement or the power of attorney of that parent."),
            Use.ASK,
            Use.OWE,
        ),
        _reason(
            "photo-again",
            _("Your photo or fingerprints must be taken again."),
            _("Come to the office where you were photographed. You need no new appointment."),
            Use.ASK,
        ),
        _reason(
            "original-missing",
            _("The original of one of your papers was not there."),
            _("Bring the original to the office. You need no new appointment."),
            Use.OWE,
        ),
        _reason(
            "third-paper-incomplete",
            _("Your paper does not show birth date, birth place and the names of your parents."),
            _("Bring another one: birth certificate, marriage book, diploma, or a letter of the authority."),
            Use.OWE,
        ),
        _reason(
            "parent-absent",
            _("A parent who must be present was not there."),
            _("Come again with both parents, or bring the power of attorney of the one who cannot come."),
            Use.OWE,
        ),
        _reason(
            "examination",
            _("An officer must first ask you how the passport was lost or damaged."),
            _("Come to the examination on the day the office told you."),
            Use.OWE,
        ),
    )
}


def for_use(use: Use) -> tuple[Reason, ...]:
    """The reasons an officer or adjudicator may choose from, in the order of the table."""
    return tuple(reason for reason in REASONS.values() if use in reason.uses)


def choices(use: Use) -> list[tuple[str, Any]]:
    """The same as (code, sentence) pairs for a form."""
    return [(reason.code, reason.says) for reason in for_use(use)]


def read(codes: str | Iterable[str]) -> tuple[Reason, ...]:
    """The reasons behind a column or a list of codes. A code of a paper reads as its missing original."""
    listed = codes.split(",") if isinstance(codes, str) else codes
    return tuple(_read(code.strip()) for code in listed if code.strip())


def _read(code: str) -> Reason:
    if code in REASONS:
        return REASONS[code]
    if code in PAPERS:
        return Reason(
            code,
            gettext("This paper is missing: %(paper)s.") % {"paper": PAPERS[code].name},
            gettext("Bring the original to the office. You need no new appointment."),
            frozenset({Use.OWE, Use.ASK}),
        )
    return Reason(  # of a newer version than this node
        code,
        gettext("An officer will tell you the reason."),
        gettext("Ask at the office."),
        frozenset(),
    )
