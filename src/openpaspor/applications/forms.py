"""The forms of the applicant: five questions, the pages of an application, one paper, and tracking."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from openpaspor.kit import names, phones, references
from openpaspor.kit.refused import Refused
from openpaspor.offices.models import Booklet
from openpaspor.ui.forms import ActionForm, DateOfThreeBoxes, described

from . import eligibility
from .answers import Answers
from .models import Application, Kind, Priority
from .needs import Need, need_of
from .nik import ERRORS, WARNINGS, read_nik

PASSPORT_NUMBER = re.compile(r"[A-Z]{1,2}[0-9]{6,7}")
BOOKLETS = [
    (
        Booklet.ELECTRONIC,
        described(
            _("E-passport"), _("With a chip. Needed for visa-free travel to Japan and for automatic gates.")
        ),
    ),
    (
        Booklet.REGULAR,
        described(_("Regular passport"), _("Without a chip. Not every office makes it any more.")),
    ),
]
CIVIL = [
    ("single", _("Single")),
    ("married", _("Married")),
    ("divorced", _("Divorced")),
    ("widowed", _("Widowed")),
]
OCCUPATIONS = [
    ("", _("I would rather not say")),
    ("private", _("Employee of a company")),
    ("own", _("Own business, farmer or fisher")),
    ("civil", _("Civil servant or state official")),
    ("military", _("Army or police")),
    ("student", _("Student or pupil")),
    ("homemaker", _("Homemaker")),
    ("none", _("Not working now")),
    ("other", _("Something else")),
]
PURPOSES = [
    ("tourism", _("Holiday")),
    ("umrah", _("Umrah or hajj")),
    ("family", _("Visiting family")),
    ("study", _("Study")),
    ("work", _("Work")),
    ("medical", _("Medical treatment")),
    ("other", _("Something else, or not known yet")),
]


def _refusal_as_error(check: Callable[[str], str], text: str) -> str:
    try:
        return check(text)
    except Refused as refusal:
        raise ValidationError(str(refusal), code=refusal.code) from None


class NameField(forms.CharField):
    """A full name. One word is a whole name."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("error_messages", {"required": names.NameEmpty.message})
        super().__init__(**kwargs)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        return _refusal_as_error(names.checked, text) if text else ""


class NikField(forms.CharField):
    """Sixteen digits, with any spaces or dots. What cannot be a NIK is an error; what is odd is asked back later."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("error_messages", {"required": ERRORS["nik-empty"]})
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if not text:
            return ""
        reading = read_nik(text)
        if not reading.valid:
            raise ValidationError(ERRORS[reading.error], code=reading.error)
        return reading.digits


class PhoneField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        return _refusal_as_error(phones.normalise, text) if text else ""

    def prepare_value(self, value: Any) -> Any:
        return phones.local(value) if isinstance(value, str) and value.startswith("+62") else value


def one_of(label: Any, choices: Any, missing: Any = None, **kwargs: Any) -> forms.ChoiceField:
    """A group of radio buttons that must be answered."""
    messages = {"required": missing or _("Please choose one."), "invalid_choice": _("Please choose one.")}
    return forms.ChoiceField(
        label=label, choices=choices, widget=forms.RadioSelect, error_messages=messages, **kwargs
    )


class CheckForm(ActionForm):
    """Five questions that give kind, papers, fee and days."""

    whose = one_of(
        _("Who is the passport for?"),
        missing=_("Choose who the passport is for."),
        choices=[
            ("adult", described(_("An adult"), _("17 or older, or married."))),
            ("child", described(_("A child"), _("Younger than 17. Both parents come along."))),
        ],
    )
    had = one_of(
        _("Has this person had a passport before?"),
        missing=_("Choose whether there was a passport before."),
        choices=[
            ("never", _("No, never")),
            ("expired", described(_("Yes, expired or soon"), _("It ends within six months, or has ended."))),
            ("full", described(_("Yes, but its pages are full"), _("There is no room for a visa or stamp."))),
            (
                "valid",
                described(_("Yes, and it is still good"), _("Longer than six months, with free pages.")),
            ),
            ("lost", _("Yes, but it is lost")),
            ("damaged", _("Yes, but it is damaged")),
        ],
    )
    travel = one_of(
        _("When is the journey?"),
        missing=_("Choose when the journey is."),
        choices=[
            ("soon", _("Within two weeks")),
            ("later", _("Later")),
            ("unknown", _("Not known yet")),
        ],
    )
    booklet = one_of(_("Which passport would you like?"), BOOKLETS, missing=_("Choose the kind of passport."))
    years = one_of(
        _("How long shall it be valid?"),
        missing=_("Choose how long it shall be valid."),
        choices=[
            ("10", described(_("10 years"), _("For adults only."))),
            ("5", described(_("5 years"), _("A child's passport is always valid for 5 years."))),
        ],
    )

    @property
    def need(self) -> Need:
        given = self.cleaned_data
        return need_of(
            whose=given["whose"],
            had=given["had"],
            travel=given["travel"],
            booklet=given["booklet"],
            years=int(given["years"]),
        )


class StartForm(CheckForm):
    """The same five answers, carried into a new application."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("whose", "had", "travel", "booklet", "years"):
            self.fields[name].widget = forms.HiddenInput()


class StepForm(ActionForm):
    """One page of an application. Fields are named like those of `Answers`."""

    def __init__(
        self, *args: Any, application: Application, answers: Answers, today: date, **kwargs: Any
    ) -> None:
        self.application, self.answers, self.today = application, answers, today
        kwargs.setdefault("initial", self.as_answered(answers))
        super().__init__(*args, **kwargs)

    def as_answered(self, answers: Answers) -> dict[str, Any]:
        return {name: getattr(answers, name) for name in self.base_fields if hasattr(answers, name)}

    def changes(self) -> dict[str, Any]:
        """What to write into the dossier."""
        return {name: value for name, value in self.cleaned_data.items() if hasattr(self.answers, name)}

    def told(self) -> dict[str, Any]:
        """What to write onto the application row."""
        return {}

    def warnings(self) -> list[str]:
        """Codes of what looks odd and may be right all the same."""
        return []

    @property
    def is_child(self) -> bool:
        return self.application.kind == Kind.CHILD


class IdentityForm(StepForm):
    full_name = NameField(
        label=_("Full name as on the identity card (KTP)"),
        help_text=_("A single name is fine. Without titles."),
        max_length=200,
        widget=forms.TextInput(
            attrs={"autocomplete": "name", "autocapitalize": "words", "spellcheck": "false"}
        ),
    )
    nik = NikField(label=_("NIK"), help_text=_("16 digits, on the KTP or the family card."), max_length=60)
    born = DateOfThreeBoxes(label=_("Birth date"), help_text=_("For example 27 3 1999."), birthday=True)
    birth_place = forms.CharField(
        label=_("Birth place"),
        help_text=_("Town or regency, as on the KTP."),
        max_length=60,
        error_messages={"required": _("Please write the town or regency of birth.")},
    )
    sex = one_of(_("Sex"), [("F", _("Female")), ("M", _("Male"))], missing=_("Choose female or male."))
    civil_status = one_of(_("Civil status"), CIVIL, missing=_("Choose the civil status."))
    warned = forms.CharField(required=False, widget=forms.HiddenInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_child:
            self.fields["full_name"].label = _("Full name of the child as on the birth certificate")
            self.fields["nik"].label = _("NIK of the child")
            self.fields["nik"].help_text = _("16 digits, on the family card (KK).")
            self.fields["birth_place"].help_text = _("Town or regency, as on the birth certificate.")
            del self.fields["civil_status"]

    def clean_born(self) -> date:
        born = self.cleaned_data["born"]
        if born > self.today:
            raise ValidationError(
                _("This birth date is still to come. Please check the year."), code="born-later"
            )
        if eligibility.age(born, self.today) > eligibility.OLDEST:
            raise ValidationError(
                _("This birth date is too long ago. Please check the year."), code="born-too-early"
            )
        return born

    def warnings(self) -> list[str]:
        given = self.cleaned_data
        return nik_warnings(given["nik"], given["born"], given["sex"], self.today)


def nik_warnings(nik: str, born: date | None, sex: str, today: date) -> list[str]:
    """Codes of WARNINGS for a NIK that is sound in form."""
    reading = read_nik(nik, born=born, sex=sex, today=today)
    return [code for code in reading.warnings if code in WARNINGS]


class ContactForm(StepForm):
    phone = PhoneField(
        label=_("Mobile number"),
        help_text=_("We send news to this number."),
        max_length=40,
        error_messages={"required": phones.PhoneInvalid.message},
    )
    address = forms.CharField(
        label=_("Home address"),
        help_text=_("Street, village, district, town or regency. As you live now."),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "street-address"}),
        error_messages={"required": _("Please write the address where you live now.")},
    )
    occupation = forms.ChoiceField(label=_("Occupation"), choices=OCCUPATIONS, required=False)
    priority = forms.ChoiceField(
        label=_("Do you need the priority line?"),
        help_text=_("Nobody needs a letter for it. From 60 and for children under 5 it is given by itself."),
        required=False,
        choices=[
            ("", _("No")),
            (Priority.PREGNANT, _("Pregnant or breastfeeding")),
            (Priority.DISABLED, _("Disability")),
            (Priority.SICK, _("Ill")),
        ],
    )

    def as_answered(self, answers: Answers) -> dict[str, Any]:
        account = self.application.account
        phone = answers.phone or (account.phone if account else "")
        return {**super().as_answered(answers), "phone": phone, "priority": self.application.priority}

    def told(self) -> dict[str, Any]:
        return {"priority": self.cleaned_data["priority"]}


class ParentsForm(StepForm):
    """An adult's parents: names only, for the register."""

    mother_name = NameField(label=_("Name of the mother"), max_length=200)
    father_name = NameField(label=_("Name of the father"), max_length=200, required=False)


class ChildParentsForm(StepForm):
    mother_name = NameField(label=_("Name of the mother"), max_length=200, required=False)
    mother_nik = NikField(label=_("NIK of the mother"), max_length=60, required=False)
    father_name = NameField(label=_("Name of the father"), max_length=200, required=False)
    father_nik = NikField(label=_("NIK of the father"), max_length=60, required=False)
    one_parent = forms.BooleanField(
        label=_("Only one parent can act for the child"),
        help_text=_(
            "Leave the other one empty. Bring the paper that shows why: death certificate, court decision."
        ),
        required=False,
    )

    def as_answered(self, answers: Answers) -> dict[str, Any]:
        one = bool(answers.father_name) != bool(answers.mother_name)
        return {**super().as_answered(answers), "one_parent": one}

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        parents = [parent for parent in ("mother", "father") if not self._is_empty(parent)]
        for parent in parents or ["mother"]:
            self._insist(parent)
        if len(parents) == 1 and not given.get("one_parent"):
            self._insist("father" if parents == ["mother"] else "mother")
        if len(parents) == 2 and given.get("one_parent"):
            self.add_error(
                "one_parent", ValidationError(_("You named both parents. Please untick this."), code="both")
            )
        return given

    def _is_empty(self, parent: str) -> bool:
        return not any((self.data.get(f"{parent}_{part}") or "").strip() for part in ("name", "nik"))

    def _insist(self, parent: str) -> None:
        missing = {"name": names.NameEmpty.message, "nik": ERRORS["nik-empty"]}
        for part, says in missing.items():
            field = f"{parent}_{part}"
            if not self.cleaned_data.get(field) and field not in self.errors:
                self.add_error(field, ValidationError(says, code="required"))


class OldPassportForm(StepForm):
    old_number = forms.CharField(
        label=_("Number of the old passport"),
        help_text=_("A letter and seven digits, for example C1234567."),
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
        error_messages={"required": _("Please write the number of the old passport.")},
    )
    old_expires_on = DateOfThreeBoxes(label=_("It is valid until"), help_text=_("For example 30 6 2026."))
    old_reason = one_of(
        _("Why do you replace it?"),
        [("expired", _("It has ended or ends within six months")), ("full", _("Its pages are full"))],
        missing=_("Choose why you replace it."),
    )
    old_place = one_of(
        _("Where was it issued?"),
        [
            ("indonesia", described(_("In Indonesia, after 2009"), _("Then we need no family card."))),
            ("abroad", _("Abroad, or in 2009 or before")),
        ],
        missing=_("Choose where it was issued."),
    )

    def clean_old_number(self) -> str:
        number = re.sub(r"[\s.\-]+", "", self.cleaned_data["old_number"]).upper()
        if not PASSPORT_NUMBER.fullmatch(number):
            raise ValidationError(
                _("A passport number is one or two letters and six or seven digits."), code="passport-number"
            )
        return number

    def clean_old_expires_on(self) -> date:
        day = self.cleaned_data["old_expires_on"]
        if day > self.today + timedelta(days=366 * 10):
            raise ValidationError(
                _("No passport is valid for that long. Please check the year."), code="too-late"
            )
        return day


class JourneyForm(StepForm):
    purpose = one_of(_("Why do you travel?"), PURPOSES, missing=_("Choose why you travel."))
    destination = forms.CharField(
        label=_("Country"), help_text=_("You may not know it yet."), max_length=60, required=False
    )
    travel_on = DateOfThreeBoxes(label=_("Date of the journey"), required=False)

    def clean_travel_on(self) -> date | None:
        day = self.cleaned_data["travel_on"]
        if day and day < self.today:
            raise ValidationError(
                _("This day has passed. Please check it, or leave it empty."), code="passed"
            )
        return day


class BookletForm(StepForm):
    """Which passport: kept on the application row."""

    booklet = one_of(_("Which passport would you like?"), BOOKLETS)
    years = one_of(_("How long shall it be valid?"), [("10", _("10 years")), ("5", _("5 years"))])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_child:
            del self.fields["years"]

    def as_answered(self, answers: Answers) -> dict[str, Any]:
        return {"booklet": self.application.booklet, "years": str(self.application.years)}

    def told(self) -> dict[str, Any]:
        return {"booklet": self.cleaned_data["booklet"], "years": int(self.cleaned_data.get("years", 5))}


FORMS: dict[str, type[StepForm]] = {
    "identitas": IdentityForm,
    "kontak": ContactForm,
    "orang-tua": ParentsForm,
    "paspor-lama": OldPassportForm,
    "perjalanan": JourneyForm,
    "paspor": BookletForm,
}


def form_for(slug: str, kind: str) -> type[StepForm]:
    """The form of one page."""
    return ChildParentsForm if slug == "orang-tua" and kind == Kind.CHILD else FORMS[slug]


class PaperForm(ActionForm):
    """A photo of one paper: from the camera, or from the gallery."""

    photo = forms.FileField(required=False, allow_empty_file=True)
    chosen = forms.FileField(required=False, allow_empty_file=True)

    @property
    def upload(self) -> Any:
        return self.cleaned_data.get("photo") or self.cleaned_data.get("chosen")


class TruthForm(ActionForm):
    truth = forms.BooleanField(
        label=_("What I wrote is true, and the papers are mine"),
        help_text=_("Untrue answers can end the application, and the fee is not paid back."),
        error_messages={"required": _("Please confirm that your answers are true.")},
    )


class TrackForm(ActionForm):
    """Status without sign-in: the reference and the birth date."""

    ref = forms.CharField(
        label=_("Reference"),
        help_text=_("It looks like OP-A7K2-9QXM and stands in our messages."),
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    born = DateOfThreeBoxes(label=_("Birth date of the person"), help_text=_("For example 27 3 1999."))

    def clean_ref(self) -> str:
        return _refusal_as_error(lambda text: str(references.parse(text)), self.cleaned_data["ref"])
