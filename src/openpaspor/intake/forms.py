"""What officers type at the counter."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from openpaspor.applications import eligibility, nik, reasons
from openpaspor.applications import forms as forms_at_home
from openpaspor.applications.answers import Answers
from openpaspor.applications.interview import EXAMINED, questions
from openpaspor.applications.models import Kind, Priority
from openpaspor.applications.papers import Paper
from openpaspor.kit import names, phones
from openpaspor.kit.refused import Refused
from openpaspor.offices.models import Booklet
from openpaspor.ui.forms import ActionForm, DateOfThreeBoxes

from . import rules
from .models import Outcome, Verdict

SEX = [("F", _("Female")), ("M", _("Male"))]
CIVIL = [("", _("Not stated")), *forms_at_home.CIVIL]
OLD_PLACES = [("", _("Not stated")), ("indonesia", _("In Indonesia")), ("abroad", _("Abroad"))]
TICKET = re.compile(r"([A-Z])\s*([0-9]{1,4})")
PARENT_FIELDS = ("father_name", "father_nik", "mother_name", "mother_nik")
OLD_FIELDS = ("old_number", "old_expires_on", "old_place")


def _name(text: str) -> str:
    try:
        return names.checked(text)
    except Refused as refusal:
        raise ValidationError(str(refusal), code=refusal.code) from None


def _nik(text: str) -> str:
    reading = nik.read_nik(text)
    if reading.error:
        raise ValidationError(nik.ERRORS[reading.error], code=reading.error)
    return reading.digits


def _phone(text: str) -> str:
    try:
        return phones.normalise(text) if text else ""
    except Refused as refusal:
        raise ValidationError(str(refusal), code=refusal.code) from None


def _digits(label: Any, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=40, widget=forms.TextInput(attrs={"inputmode": "numeric"}), **more
    )


class IdentityForm(ActionForm):
    """The answers as they should be, and why they are changed."""

    full_name = forms.CharField(label=_("Full name as on the identity card"), max_length=names.LONGEST)
    nik = _digits(_("NIK"))
    born = DateOfThreeBoxes(label=_("Date of birth"))
    birth_place = forms.CharField(label=_("Place of birth"), max_length=60)
    sex = forms.ChoiceField(label=_("Sex"), choices=SEX, widget=forms.RadioSelect)
    civil_status = forms.ChoiceField(label=_("Civil status"), choices=CIVIL, required=False)
    kk = _digits(_("Family card number"), required=False)
    phone = forms.CharField(
        label=_("Mobile number"), max_length=40, required=False, widget=forms.TextInput(attrs={"type": "tel"})
    )
    address = forms.CharField(
        label=_("Address"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    occupation = forms.ChoiceField(label=_("Occupation"), choices=forms_at_home.OCCUPATIONS, required=False)
    father_name = forms.CharField(label=_("Name of the father"), max_length=names.LONGEST, required=False)
    father_nik = _digits(_("NIK of the father"), required=False)
    mother_name = forms.CharField(label=_("Name of the mother"), max_length=names.LONGEST, required=False)
    mother_nik = _digits(_("NIK of the mother"), required=False)
    old_number = forms.CharField(label=_("Number of the old passport"), max_length=12, required=False)
    old_expires_on = DateOfThreeBoxes(label=_("Old passport valid until"), required=False)
    old_place = forms.ChoiceField(
        label=_("Where the old passport was issued"), choices=OLD_PLACES, required=False
    )
    destination = forms.CharField(label=_("Destination"), max_length=60, required=False)
    travel_on = DateOfThreeBoxes(label=_("Day of travel"), required=False)
    reason = forms.ChoiceField(
        label=_("Why is it changed?"), choices=list(rules.AMEND_REASONS.items()), initial="as-on-ktp"
    )

    def __init__(self, *args: Any, answers: Answers, kind: str, **kwargs: Any) -> None:
        initial = {name: getattr(answers, name) for name in self.base_fields if hasattr(answers, name)}
        super().__init__(*args, initial={**initial, **(kwargs.pop("initial", None) or {})}, **kwargs)
        hidden: tuple[str, ...] = () if kind == "child" else PARENT_FIELDS
        hidden += OLD_FIELDS if kind == "adult-new" else ()
        for name in hidden:
            del self.fields[name]

    def clean_full_name(self) -> str:
        return _name(self.cleaned_data["full_name"])

    def clean_father_name(self) -> str:
        return _name(self.cleaned_data["father_name"]) if self.cleaned_data["father_name"] else ""

    def clean_mother_name(self) -> str:
        return _name(self.cleaned_data["mother_name"]) if self.cleaned_data["mother_name"] else ""

    def clean_nik(self) -> str:
        return _nik(self.cleaned_data["nik"])

    def clean_father_nik(self) -> str:
        return _nik(self.cleaned_data["father_nik"]) if self.cleaned_data["father_nik"] else ""

    def clean_mother_nik(self) -> str:
        return _nik(self.cleaned_data["mother_nik"]) if self.cleaned_data["mother_nik"] else ""

    def clean_phone(self) -> str:
        return _phone(self.cleaned_data["phone"])

    def clean_old_number(self) -> str:
        return self.cleaned_data["old_number"].replace(" ", "").upper()

    @property
    def changes(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name not in ("nonce", "reason")}


class VerdictForm(ActionForm):
    verdict = forms.ChoiceField(choices=Verdict.choices)


class CaptureForm(ActionForm):
    picture = forms.FileField(
        label=_("Picture of the original"),
        help_text=_("JPEG, PNG or WebP, at most 10 MB."),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        error_messages={"required": _("Take a picture or choose a file first.")},
    )


class PortraitForm(ActionForm):
    photo = forms.FileField(
        label=_("Photo of the visitor"),
        help_text=_("JPEG, PNG or WebP, at most 10 MB. The shorter side has 480 pixels or more."),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        error_messages={"required": _("Take a photo or choose a file first.")},
    )


class InterviewForm(ActionForm):
    """The short question set as chips, and a note. Empty answers are kept open, not refused."""

    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=rules.NOTE_LENGTH,
        help_text=_("At most 200 characters. The applicant can read it later."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, answers: Answers, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        said = answers.interview
        self.questions = questions(kind, said.get("purpose") or answers.purpose)
        for question in self.questions:
            self.fields[question.code] = forms.ChoiceField(
                label=question.asks,
                choices=list(question.chips.items()),
                required=False,
                widget=forms.RadioSelect,
                initial=said.get(question.code) or (answers.purpose if question.code == "purpose" else None),
            )
        self.fields["note"].initial = said.get("note", "")
        self.order_fields([*(question.code for question in self.questions), "note"])

    @property
    def said(self) -> dict[str, str]:
        return {name: value for name, value in self.cleaned_data.items() if name != "nonce"}


class OweForm(ActionForm):
    """What the visitor still has to bring."""

    owed = forms.MultipleChoiceField(
        label=_("What is missing?"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, papers: tuple[Paper, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        listed = [(paper.code, paper.name) for paper in papers]
        self.fields["owed"].choices = listed + reasons.choices(reasons.Use.OWE)  # type: ignore[attr-defined]


class ExaminationForm(ActionForm):
    outcome = forms.ChoiceField(
        label=_("What did the examination find?"), choices=Outcome.choices, widget=forms.RadioSelect
    )


class WalkInForm(ActionForm):
    """The least one must know to take somebody in; the rest is filled in on the case."""

    ticket = forms.CharField(label=_("Ticket"), max_length=8, required=False)
    kind = forms.ChoiceField(label=_("What is it about?"), choices=Kind.choices, widget=forms.RadioSelect)
    nik = _digits(_("NIK"))
    full_name = forms.CharField(label=_("Full name as on the identity card"), max_length=names.LONGEST)
    born = DateOfThreeBoxes(label=_("Date of birth"))
    birth_place = forms.CharField(label=_("Place of birth"), max_length=60)
    sex = forms.ChoiceField(label=_("Sex"), choices=SEX, widget=forms.RadioSelect)
    civil_status = forms.ChoiceField(label=_("Civil status"), choices=CIVIL, required=False)
    phone = forms.CharField(
        label=_("Mobile number"),
        max_length=40,
        required=False,
        help_text=_("We send the news to this number."),
        widget=forms.TextInput(attrs={"type": "tel"}),
    )
    booklet = forms.ChoiceField(
        label=_("Booklet"), choices=Booklet.choices, widget=forms.RadioSelect, initial=Booklet.ELECTRONIC
    )
    years = forms.TypedChoiceField(
        label=_("Valid for"),
        choices=[(10, _("10 years")), (5, _("5 years"))],
        coerce=int,
        widget=forms.RadioSelect,
        initial=10,
    )
    priority = forms.ChoiceField(label=_("Priority"), choices=Priority.choices, required=False)
    priority_seen = forms.BooleanField(label=_("I have seen that the priority applies"), required=False)
    despite = forms.BooleanField(
        label=_("Make a new one all the same; the centre will see both"), required=False
    )

    def __init__(self, *args: Any, today: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_nik(self) -> str:
        return _nik(self.cleaned_data["nik"])

    def clean_full_name(self) -> str:
        return _name(self.cleaned_data["full_name"])

    def clean_phone(self) -> str:
        return _phone(self.cleaned_data["phone"])

    def clean_ticket(self) -> str:
        """As the hall writes it: `b12` is "B 012"."""
        found = TICKET.fullmatch(self.cleaned_data["ticket"].upper())
        if not found and self.cleaned_data["ticket"]:
            raise ValidationError(_("A ticket looks like B 012."), code="ticket-form")
        return f"{found[1]} {int(found[2]):03}" if found else ""

    def clean_born(self) -> Any:
        born = self.cleaned_data["born"]
        if born > self.today or born.year < self.today.year - eligibility.OLDEST:
            raise ValidationError(
                _("This birth date cannot be right. Please check the year."), code="born-impossible"
            )
        return born

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        born, kind = typed.get("born"), typed.get("kind", "")
        if born:
            known = Answers(born=born, civil_status=typed.get("civil_status", ""))
            obstacle = eligibility.obstacle(kind, known, self.today) if kind not in EXAMINED else ""
            if obstacle:
                self.add_error("kind", OBSTACLES.get(obstacle, obstacle))
        if typed.get("priority") and not typed.get("priority_seen"):
            self.add_error("priority_seen", _("Please confirm the priority, or choose none."))
        return typed

    @property
    def answers(self) -> Answers:
        typed = self.cleaned_data
        kept = ("nik", "full_name", "born", "birth_place", "sex", "civil_status", "phone")
        return Answers(**{name: typed[name] for name in kept}, truth_stated=True)


OBSTACLES = {
    "child-too-old": _("From 17 on, or when married, one applies as an adult."),
    "adult-too-young": _("Under 17 one applies as a child, with both parents."),
}


class TakeInForm(ActionForm):
    """Use the application that this person submitted at home."""

    ticket = forms.CharField(max_length=8, required=False, widget=forms.HiddenInput)
    priority = forms.ChoiceField(choices=Priority.choices, required=False, widget=forms.HiddenInput)
