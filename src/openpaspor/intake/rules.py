"""What a counter must see, ask and have before a file is complete. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from openpaspor.applications.answers import Answers
from openpaspor.applications.interview import EXAMINED, questions
from openpaspor.applications.papers import Paper
from openpaspor.applications.progress import Progress
from openpaspor.journey import State

AT_COUNTER = frozenset({State.ARRIVED, State.INCOMPLETE})
AMENDABLE = AT_COUNTER | {State.ENROLLED, State.ASKED}  # until the centre holds it, and when it asks

NOTE_LENGTH = 200  # characters
IDENTITY_FIELDS = ("full_name", "nik", "born")  # by which the same person is found again

AMEND_REASONS: dict[str, Any] = {
    "as-on-ktp": _("As on the identity card"),
    "as-on-certificate": _("As on the certificate"),
    "typing-error": _("Typing error of the applicant"),
    "changed-since": _("Changed since the application"),
    "filled-at-counter": _("Filled in at the counter"),
}


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
