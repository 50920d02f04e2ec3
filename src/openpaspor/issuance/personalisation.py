"""What stands in a passport: taken out of the dossier and laid out on the page."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from openpaspor.applications import dossier
from openpaspor.applications.answers import Answers
from openpaspor.applications.models import Application
from openpaspor.applications.personalisation import portrait_of
from openpaspor.kit.mrz_name import components
from openpaspor.kit.paper import DataPage, data_page_pdf
from openpaspor.kit.refused import Refused

from . import mrz
from .models import PrintJob


class NotPrintable(Refused):
    code = "data-missing"
    message = _("The file has no photo or no birth date, so no page can be made of it. Tell the centre.")
    status = 422


def lines_of(answers: Answers, serial: str, issued: date, expires: date) -> mrz.Lines:
    """The two machine-readable lines as they must come out of the printer."""
    if answers.born is None:
        raise NotPrintable()
    return mrz.lines(
        mrz.Person(
            full_name=answers.full_name,
            number=serial,
            born=answers.born,
            sex=answers.sex or "X",
            expires=expires,
            issued=issued,
        )
    )


def visual_name(answers: Answers) -> str:
    """The whole name as the visual zone carries it: capitals, no punctuation, never cut."""
    return " ".join(components(answers.full_name))


def data_page(
    application: Application, answers: Answers, serial: str, issued: date, expires: date, *, now: datetime
) -> bytes:
    """The page as PDF. The caller has recorded the look. Raises NotPrintable without photo or birth date."""
    portrait = portrait_of(application)
    if portrait is None or answers.born is None or application.office is None:
        raise NotPrintable()
    lines = lines_of(answers, serial, issued, expires)
    return data_page_pdf(
        DataPage(
            document_code=mrz.document_code(issued),
            number=serial,
            primary=visual_name(answers),
            secondary="",
            born=answers.born,
            sex=answers.sex or "X",
            birth_place=answers.birth_place.upper(),
            issued=issued,
            expires=expires,
            authority=application.office.name,
            line1=lines.line1,
            line2=lines.line2,
            portrait=dossier.open_attachment(portrait, actor="worker", why="print", now=now),
            made_at=now,
        )
    )


def page_of(job: PrintJob, answers: Answers) -> bytes:
    """The page of a print job, as it was printed."""
    application = job.application
    return data_page(
        application, answers, job.booklet.serial, job.issued_on, job.expires_on, now=job.printed_at
    )


def lines_of_job(job: PrintJob, answers: Answers) -> mrz.Lines:
    return lines_of(answers, job.booklet.serial, job.issued_on, job.expires_on)
