"""What must stand on the data page, as centre and print room both read it out of the dossier."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from openpaspor.ledger import node

from .answers import Answers
from .models import Application, Attachment, Kind

CHILD_YEARS = 5  # Permenkumham 18/2022: ten years only for adults


@dataclass(frozen=True, kw_only=True)
class Personalisation:
    """Everything on the data page but the number and the dates of issue and expiry."""

    full_name: str
    born: str
    sex: str
    birth_place: str
    booklet: str
    years: int
    portrait: str  # SHA-256 of the photo as it is kept

    def token(self) -> str:
        """The keyed hash that stands in the log, 32 hex digits and the same on every node; nothing can be read out of it."""
        return node.here().keys.token("personalisation", json.dumps(asdict(self), sort_keys=True))


def years_valid(kind: str, years: int) -> int:
    return min(years, CHILD_YEARS) if kind == Kind.CHILD else years


def portrait_of(application: Application) -> Attachment | None:
    return Attachment.objects.filter(application=application, kind="portrait").live().last()


def personalisation_of(application: Application, answers: Answers) -> Personalisation:
    portrait = portrait_of(application)
    return Personalisation(
        full_name=answers.full_name,
        born=answers.born.isoformat() if answers.born else "",
        sex=answers.sex,
        birth_place=answers.birth_place,
        booklet=application.booklet,
        years=years_valid(application.kind, application.years),
        portrait=portrait.digest if portrait else "",
    )
