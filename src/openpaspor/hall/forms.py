"""Forms of the hall."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from openpaspor.applications.models import Priority
from openpaspor.kit.visit_pass import LONGEST_SCAN
from openpaspor.ui.forms import ActionForm, DateOfThreeBoxes

from . import desk
from .models import HoldReason

PRIORITIES = [(value, label) for value, label in Priority.choices if value]
SERVES = [
    ("A", _("A · appointments")),
    ("B", _("B · walk-in")),
    ("P", _("P · priority")),
    ("C", _("C · collection")),
]


class ArriveForm(ActionForm):
    """What a visitor shows: a scanned pass, a code, a number or a NIK; with a NIK, the birth date."""

    what = forms.CharField(
        label=_("Pass, code, number or NIK"),
        max_length=LONGEST_SCAN,
        widget=forms.TextInput(
            attrs={"autofocus": True, "autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )  # fmt: skip
    born = DateOfThreeBoxes(label=_("Birth date, for a NIK"), required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        what = cleaned.get("what", "")
        if desk.looks_like_nik(what) and not cleaned.get("born") and "born" not in self.errors:
            self.add_error("born", _("With a NIK, give the birth date too."))
        elif what.replace(" ", "").isdecimal() and not desk.looks_like_nik(what):
            wrong = _("A NIK has 16 digits from 0 to 9; this has %(n)s. Look at the card again.")
            self.add_error("what", wrong % {"n": len(desk.ascii_digits(what))})
        return cleaned


class PriorityForm(ActionForm):
    """Which line: none, or a reason for the priority line. No proof is asked."""

    priority = forms.ChoiceField(
        label=_("Which line?"),
        choices=[("", _("Ordinary line")), *PRIORITIES],
        required=False,
        widget=forms.RadioSelect,
    )


class PassForm(PriorityForm):
    """The pass that was scanned, carried along until the number is given."""

    what = forms.CharField(max_length=LONGEST_SCAN, widget=forms.HiddenInput)


class CounterForm(ActionForm):
    """Which counter an officer sits down at, and which lines it serves."""

    number = forms.IntegerField(
        label=_("Counter"), min_value=1, max_value=99, widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )
    serves = forms.MultipleChoiceField(
        label=_("Serves"), choices=SERVES, initial=list("ABPC"), widget=forms.CheckboxSelectMultiple
    )


class HoldForm(ActionForm):
    reason = forms.ChoiceField(label=_("Why?"), choices=HoldReason.choices)


class TransferForm(ActionForm):
    """`counter-3`, or `line-P`."""

    to = forms.CharField(validators=[RegexValidator(r"\A(counter-\d{1,2}|line-[ABPC])\Z")])

    @property
    def counter(self) -> int | None:
        kind, _dash, which = self.cleaned_data["to"].partition("-")
        return int(which) if kind == "counter" else None

    @property
    def line(self) -> str:
        kind, _dash, which = self.cleaned_data["to"].partition("-")
        return which if kind == "line" else ""


class DayPotForm(ActionForm):
    """How many people of both lines come in on one day, out of those that can be chosen."""

    walk_in = forms.IntegerField(
        label=_("Walk-in places"),
        min_value=0,
        max_value=999,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    priority = forms.IntegerField(
        label=_("Priority places"),
        min_value=0,
        max_value=999,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )


class NothingForm(ActionForm):
    """Only the nonce: one press, one deed."""


def day_in(text: str, days: list[date]) -> date:
    """The day somebody asks for in the address, if it is one of those on offer. Raises ValidationError."""
    try:
        day = date.fromisoformat(text) if text else days[0]
    except ValueError as trouble:
        raise ValidationError("no day") from trouble
    if day not in days:
        raise ValidationError("not on offer")
    return day
