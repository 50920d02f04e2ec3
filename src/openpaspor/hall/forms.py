"""Forms of the hall."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from openpaspor.applications.models import Priority
from openpaspor.ui.forms import ActionForm, DateOfThreeBoxes

from .models import HoldReason

PRIORITIES = [(value, label) for value, label in Priority.choices if value]


class ArriveForm(ActionForm):
    """What a visitor shows: a scanned pass, a code, a ticket or a NIK; with a NIK, the birth date."""

    what = forms.CharField(label=_("Pass, code or NIK"), max_length=500)
    born = DateOfThreeBoxes(label=_("Birth date, for a NIK"), required=False)


class PriorityForm(ActionForm):
    """Which line: none, or a reason for the priority line. No proof is asked."""

    priority = forms.ChoiceField(
        label=_("Which line?"),
        choices=[("", _("Ordinary line")), *PRIORITIES],
        required=False,
        widget=forms.RadioSelect,
    )


class CounterForm(ActionForm):
    """Which counter an officer sits down at, and which lines it serves."""

    number = forms.IntegerField(label=_("Counter"), min_value=1, max_value=99)
    serves = forms.MultipleChoiceField(
        label=_("Serves"),
        choices=[
            ("A", _("A · appointments")),
            ("B", _("B · walk-in")),
            ("P", _("P · priority")),
            ("C", _("C · collection")),
        ],
        initial=["A", "B", "P", "C"],
        widget=forms.CheckboxSelectMultiple,
    )


class HoldForm(ActionForm):
    reason = forms.ChoiceField(label=_("Why?"), choices=HoldReason.choices, widget=forms.RadioSelect)


class TransferForm(ActionForm):
    """Another counter, or back into line."""

    counter = forms.IntegerField(label=_("To counter"), min_value=1, max_value=99, required=False)


class DayPotForm(ActionForm):
    walk_in = forms.IntegerField(label=_("Walk-in places"), min_value=0, max_value=999)
    priority = forms.IntegerField(label=_("Priority places"), min_value=0, max_value=999)


class NothingForm(ActionForm):
    """Only the nonce: one press, one deed."""
