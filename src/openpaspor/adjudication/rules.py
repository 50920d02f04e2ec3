"""What may be decided, with which reasons, and when two people are needed. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from openpaspor.applications.reasons import Reason, Use, for_use

DEFER_MONTHS = (6, 24)  # Permenkumham 8/2014 as changed: six months to two years
TEXT_LENGTH = 500  # characters an applicant may write

USES = {"ask": Use.ASK, "defer": Use.DEFER, "refuse": Use.REFUSE}

CHECKS: dict[str, Any] = {
    "same-identity": _("Same identity"),
    "same-document": _("Same old passport"),
    "watch-list": _("Watch-list"),
    "nik": _("NIK against the answers"),
    "examination": _("Examination at the office"),
}

DETAILS: dict[str, Any] = {
    "open-application": _("Another application of this person is open."),
    "nik-other-name": _("Another application has the same NIK and another name or birth date."),
    "name-other-nik": _("Another application has the same name and birth date and another NIK."),
    "already-holds": _("This person collected a passport from us before, but asks for a first one."),
    "no-identity": _("There is nothing to search with."),
    "number-in-use": _("Another open application names the same old passport."),
    "other-holder": _("The old passport was issued to another person."),
    "no-number": _("The number of the old passport is not known."),
    "nik-on-list": _("The NIK is on the watch-list. Approving needs a second person."),
    "name-on-list": _("Name and birth date are on the watch-list. A name alone never refuses anybody."),
    "unknown-province": _("The NIK begins with a province we do not know."),
    "birth-date-differs": _("The birth date in the NIK differs from the answers."),
    "sex-differs": _("The sex in the NIK differs from the answers."),
    "nik-unreadable": _("The NIK cannot be read."),
    "careless": _("Careless without acceptable reason, says the office."),
    "not-examined": _("The office has told no outcome."),
}

WATCH_REASONS: dict[str, Any] = {
    "prevented": _("Travel prevented by an authority"),
    "wanted": _("Wanted by the police"),
    "lost-document": _("Document reported in wrong hands"),
    "other": _("Other"),
}


def allowed_reasons(verdict: str) -> tuple[Reason, ...]:
    """The reasons one may give for a verdict. An approval needs none."""
    return for_use(USES[verdict]) if verdict in USES else ()


def reasons_fit(verdict: str, reasons: Iterable[str]) -> bool:
    """True when every reason belongs to the verdict, and there is one where one is needed."""
    given = set(reasons)
    allowed = {reason.code for reason in allowed_reasons(verdict)}
    return given <= allowed and (bool(given) or verdict == "approve")


def needs_second(verdict: str, details: Iterable[str]) -> bool:
    """Refusals, and approvals over a hit of the NIK on the watch-list, need a second, different person."""
    return verdict == "refuse" or (verdict == "approve" and "nik-on-list" in set(details))


def months_later(day: date, months: int) -> date:
    """The same day `months` later, or the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise ValueError(months)


def deferral_fits(today: date, until: date) -> bool:
    """Six months at least, two years at most."""
    least, most = DEFER_MONTHS
    return months_later(today, least) <= until <= months_later(today, most)
