"""The checks of the centre: what the machine can compare before a person looks. They flag; they never decide."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from openpaspor import journey
from openpaspor.applications import nik
from openpaspor.applications.answers import Answers
from openpaspor.applications.interview import EXAMINED
from openpaspor.applications.models import Application
from openpaspor.journey import State
from openpaspor.ledger import node

from .models import ExaminationFinding, OldPassport, Result, WatchListEntry

FAILED = journey.ENDS - {State.COLLECTED}  # ended without a passport: nothing to compare with


@dataclass(frozen=True)
class Found:
    """How one check ended."""

    code: str
    result: Result
    detail: str = ""
    others: tuple[str, ...] = ()  # references


def number_key(number: str) -> str:
    """The keyed hash of a passport number, however it was typed."""
    plain = "".join(number.split()).upper()
    return node.here().keys.token("passport", plain) if plain else ""


def run(application: Application, answers: Answers) -> list[Found]:
    """Every check for one file, in the order in which they are shown."""
    found = [
        same_identity(application),
        same_document(application, answers),
        watch_list(application),
        nik_reading(answers),
    ]
    if application.kind in EXAMINED:
        found.append(examination(application))
    return found


def same_identity(application: Application) -> Found:
    """Other applications of the same NIK, or of the same name and birth date."""
    if not application.nik_key or not application.person_key:
        return Found("same-identity", Result.UNCHECKED, "no-identity")
    same = Q(nik_key=application.nik_key) | Q(person_key=application.person_key)
    others = list(
        Application.objects.filter(same).exclude(pk=application.pk).exclude(state__in=FAILED).order_by("pk")
    )
    if not others:
        return Found("same-identity", Result.PASS)
    refs = tuple(other.ref for other in others)[:8]
    if any(
        other.nik_key == application.nik_key and other.person_key != application.person_key
        for other in others
    ):
        return Found("same-identity", Result.FLAG, "nik-other-name", refs)
    if any(other.nik_key != application.nik_key for other in others):
        return Found("same-identity", Result.FLAG, "name-other-nik", refs)
    if any(not other.is_over for other in others):
        return Found("same-identity", Result.FLAG, "open-application", refs)
    if application.kind == "adult-new":
        return Found("same-identity", Result.FLAG, "already-holds", refs)
    return Found("same-identity", Result.PASS, "", refs)  # their earlier passport


def same_document(application: Application, answers: Answers) -> Found:
    """The old passport: named by nobody else, and issued to this person if it was issued here."""
    key = number_key(answers.old_number)
    if not key:
        known = application.kind not in ("adult-replace", "damaged")
        return Found(
            "same-document", Result.PASS if known else Result.UNCHECKED, "" if known else "no-number"
        )
    issued = Application.objects.filter(
        serial="".join(answers.old_number.split()).upper(), state=State.COLLECTED
    )
    holder = issued.exclude(pk=application.pk).order_by("-pk").first()
    if holder is not None and holder.nik_key != application.nik_key:
        return Found("same-document", Result.FLAG, "other-holder", (holder.ref,))
    same = OldPassport.objects.filter(number_key=key).exclude(application=application)
    same = same.exclude(application__state__in=journey.ENDS)
    refs = tuple(same.order_by("pk").values_list("application__ref", flat=True)[:8])
    return (
        Found("same-document", Result.FLAG, "number-in-use", refs)
        if refs
        else Found("same-document", Result.PASS)
    )


def watch_list(application: Application) -> Found:
    """The list by exact NIK, else by exact normalised name with birth date."""
    if not application.nik_key and not application.person_key:
        return Found("watch-list", Result.UNCHECKED, "no-identity")
    listed = WatchListEntry.objects.filter(removed_at=None)
    if application.nik_key and listed.filter(nik_key=application.nik_key).exists():
        return Found("watch-list", Result.FLAG, "nik-on-list")
    if application.person_key and listed.filter(person_key=application.person_key).exists():
        return Found("watch-list", Result.FLAG, "name-on-list")
    return Found("watch-list", Result.PASS)


def nik_reading(answers: Answers) -> Found:
    """What the NIK itself says of birth date and sex."""
    if not answers.nik:
        return Found("nik", Result.UNCHECKED, "no-identity")
    reading = nik.read_nik(answers.nik, born=answers.born, sex=answers.sex)
    if not reading.valid:
        return Found("nik", Result.FLAG, "nik-unreadable")
    return Found("nik", Result.FLAG, reading.warnings[0]) if reading.warnings else Found("nik", Result.PASS)


def examination(application: Application) -> Found:
    """What the office found about the loss or the damage."""
    finding = ExaminationFinding.objects.filter(application_ref=application.ref).first()
    if finding is None:
        return Found("examination", Result.UNCHECKED, "not-examined")
    careless = finding.outcome == "careless"
    return Found("examination", Result.FLAG if careless else Result.PASS, "careless" if careless else "")
