"""What lies on the desk for one case: its sections, papers, pictures and forms, ready for the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from openpaspor.applications import eligibility, nik, reasons
from openpaspor.applications import rules as waiting
from openpaspor.applications.answers import Answers
from openpaspor.applications.models import Application, Attachment
from openpaspor.applications.papers import Paper
from openpaspor.journey import State
from openpaspor.offices import policy
from openpaspor.ui.forms import ActionForm

from . import actions, forms, rules
from .models import Case, Examination, Verdict
from .portrait import WARNINGS

ORDER = ("identity", "papers", "interview", "exam", "photo", "summary")
NAMES = {
    "identity": _("Identity"),
    "papers": _("Papers"),
    "interview": _("Interview"),
    "exam": _("Examination"),
    "photo": _("Photo"),
    "summary": _("Summary"),
}
ANCHORS = {
    "identity": "identitas",
    "papers": "dokumen",
    "interview": "wawancara",
    "exam": "pemeriksaan",
    "photo": "foto",
    "summary": "selesai",
}
SECTION_BY_ANCHOR = {anchor: name for name, anchor in ANCHORS.items()}


@dataclass(frozen=True, kw_only=True)
class Section:
    """One entry of the section rail."""

    code: str
    name: Any
    anchor: str
    done: bool
    current: bool
    left: int  # how many things are still open in it
    key: str = ""  # Ctrl+↓ or Ctrl+↑ when it is next to the current one


@dataclass(frozen=True, kw_only=True)
class PaperRow:
    """One paper that the case needs."""

    paper: Paper
    picture: Attachment | None
    verdict: str
    promised: bool  # "I bring the original"
    form: forms.CaptureForm

    @property
    def verdict_name(self) -> Any:
        return Verdict(self.verdict).label if self.verdict else ""


def whole_case(
    application: Application,
    answers: Answers,
    *,
    wanted: str,
    viewed: str,
    bound: Mapping[str, ActionForm],
    may_edit: bool,
    now: datetime,
) -> dict[str, Any]:
    """Everything the case page shows. `wanted` is a section, `viewed` a paper, `bound` forms with something to fix."""
    assert application.office
    file = Case.objects.filter(application=application).first() or Case(application=application)
    verdicts = actions.verdicts_of(file)
    examination = Examination.objects.filter(case=file).first() if file.pk else None
    missing = actions.gaps_of(application, file, now, answers)
    sections = _sections(application, missing, wanted)
    rows = _paper_rows(application, answers, verdicts, bound)
    editable = may_edit and application.state in rules.AMENDABLE
    return {
        "application": application,
        "office": application.office,
        "answers": answers,
        "case": file,
        "sections": sections,
        "current": next(row.code for row in sections if row.current),
        "editable": editable,
        "before_centre": application.state in rules.AT_COUNTER | {State.ENROLLED},
        "typed_in_vain": bool(bound) and not editable,
        "at_counter": may_edit and application.state in rules.AT_COUNTER,
        "missing": _missing_words(missing),
        "nik_warnings": _nik_warnings(answers),
        "age": eligibility.age(answers.born, application.office.local(now).date()) if answers.born else None,
        "papers": rows,
        "viewer": _viewer(application, viewed, rows),
        "portrait": picture_of(application, "portrait"),
        "portrait_warnings": [
            WARNINGS[code] for code in file.portrait_warnings.split(",") if code in WARNINGS
        ],
        "examination": examination,
        "identity_form": bound.get("identity_form")
        or forms.IdentityForm(answers=answers, kind=application.kind, auto_id="id_identity_%s"),
        "confirm_form": ActionForm(auto_id=False),
        "interview_form": bound.get("interview_form")
        or forms.InterviewForm(answers=answers, kind=application.kind, auto_id="id_interview_%s"),
        "portrait_form": bound.get("portrait_form") or forms.PortraitForm(auto_id="id_portrait_%s"),
        "exam_form": forms.ExaminationForm(
            auto_id="id_exam_%s", initial={"outcome": examination.proposed} if examination else None
        ),
        "owe_form": bound.get("owe_form") or _owe_form(rows, missing),
        "finish_form": ActionForm(auto_id=False),
        "owed": reasons.read(application.papers_owed),
        "asked": reasons.read(application.asked),
        "owe_until": actions.owed_until(application, now),
        "promised_on": actions.promised_on(application, now),
        "bill_days": policy.value("counter_bill_days", office=application.office.code, now=now),
        "waits": waiting.blockers(application),
        "form": next((form for form in bound.values() if form.errors), None),
    }


def _sections(application: Application, missing: tuple[str, ...], wanted: str) -> list[Section]:
    left = dict.fromkeys(ORDER, 0)
    for gap in missing:
        left[_section_of(gap)] += 1
    left["summary"] = 1
    codes = [code for code in ORDER if code != "exam" or rules.needs_examination(application.kind)]
    first_open = next(code for code in codes if left[code])
    current = wanted if wanted in codes else first_open
    at = codes.index(current)
    keys = {at + 1: "Ctrl+ArrowDown", at - 1: "Ctrl+ArrowUp"}
    return [
        Section(
            code=code,
            name=NAMES[code],
            anchor=ANCHORS[code],
            done=not left[code],
            current=code == current,
            left=left[code] if code != "summary" else 0,
            key=keys.get(number, ""),
        )
        for number, code in enumerate(codes)
    ]


def _section_of(gap: str) -> str:
    kind = gap.partition(":")[0]
    return {
        "identity": "identity",
        "field": "identity",
        "paper": "papers",
        "question": "interview",
        "portrait": "photo",
        "examination": "exam",
    }[kind]


def _missing_words(missing: tuple[str, ...]) -> list[Any]:
    """What is missing, one line a section."""
    counted: dict[str, int] = {}
    for gap in missing:
        counted[_section_of(gap)] = counted.get(_section_of(gap), 0) + 1
    return [(NAMES[code], ANCHORS[code], counted[code]) for code in ORDER if code in counted]


def _paper_rows(
    application: Application, answers: Answers, verdicts: dict[str, str], bound: Mapping[str, ActionForm]
) -> list[PaperRow]:
    pictures = {row.kind: row for row in Attachment.objects.filter(application=application).live()}
    return [
        PaperRow(
            paper=paper,
            picture=pictures.get(paper.code),
            verdict=verdicts.get(paper.code, ""),
            promised=paper.code in answers.to_bring,
            form=bound.get(f"capture_{paper.code}")  # type: ignore[arg-type]
            or forms.CaptureForm(auto_id=f"id_{paper.code}_%s"),
        )
        for paper in rules.papers_needed(application.kind, answers)
    ]


def picture_of(application: Application, kind: str) -> Attachment | None:
    return Attachment.objects.filter(application=application, kind=kind).live().last()


def _viewer(application: Application, wanted: str, rows: list[PaperRow]) -> dict[str, Any] | None:
    """Which picture lies in the evidence viewer: the one asked for, else the first one not seen yet."""
    shown = [row for row in rows if row.picture]
    chosen = next((row for row in shown if row.paper.code == wanted), None)
    chosen = chosen or next((row for row in shown if not row.verdict), shown[0] if shown else None)
    if chosen is None:
        return None
    return {"code": chosen.paper.code, "name": chosen.paper.name}


def _nik_warnings(answers: Answers) -> list[Any]:
    if not answers.nik:
        return []
    reading = nik.read_nik(answers.nik, born=answers.born, sex=answers.sex)
    return [nik.WARNINGS[code] for code in reading.warnings] + (
        [nik.ERRORS[reading.error]] if reading.error else []
    )


def _owe_form(rows: list[PaperRow], missing: tuple[str, ...]) -> forms.OweForm:
    form = forms.OweForm(papers=tuple(row.paper for row in rows), auto_id="id_owe_%s")
    owed = [row.paper.code for row in rows if row.verdict != Verdict.MATCH]
    form.fields["owed"].initial = owed + (["examination"] if "examination" in missing else [])
    return form
