"""Forms of the print room. Scanners act as keyboards: every scan is a text field that takes what they type."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from openpaspor.kit.refused import Refused
from openpaspor.offices.models import Booklet as BookletKind
from openpaspor.ui.forms import ActionForm

from . import rules
from .models import Receiver, SpoilReason
from .mrz import LENGTH

CHECK_NAMES: dict[str, Any] = {
    "photo": _("Photo"),
    "data": _("Data page"),
    "chip": _("Chip"),
    "cover": _("Cover and pages"),
}
SCAN = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
FOCUS = {**SCAN, "autofocus": True}


class SerialField(forms.CharField):
    """A booklet's serial, scanned or typed."""

    def __init__(self, *, focus: bool = False, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={**(FOCUS if focus else SCAN), "class": "digits w-medium"})
        super().__init__(max_length=40, widget=widget, **kwargs)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        try:
            return rules.read_serial(text) if text else ""
        except Refused as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from refusal


class ScanForm(ActionForm):
    """The booklet in the hand, before it goes into the printer."""

    serial = SerialField(label=_("Scan the booklet"), focus=True)


class InspectForm(ActionForm):
    """The two lines as the reader reads them back, and four ticks (or the one button that says all four)."""

    lines = forms.CharField(
        label=_("Read the two lines of the booklet"),
        max_length=400,
        widget=forms.Textarea(attrs={**FOCUS, "rows": 2, "cols": 46, "class": "mrz-input"}),
    )
    right = forms.MultipleChoiceField(
        label=_("Four things are right"),
        choices=list(CHECK_NAMES.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def clean_lines(self) -> tuple[str, str]:
        """Two lines, however the reader parts them; lengths are judged by the comparison, not here."""
        parts = self.cleaned_data["lines"].upper().split()
        text = "".join(parts)
        return (parts[0], parts[1]) if len(parts) == 2 else (text[:LENGTH], text[LENGTH:])

    def clean_right(self) -> list[str]:
        """All four, by four ticks or by the one button; three ticks and the button are a contradiction."""
        ticked = self.cleaned_data["right"]
        if len(ticked) == len(rules.CHECKS) or (not ticked and self.data.get("all") == "1"):
            return list(rules.CHECKS)
        raise ValidationError(
            _("Tick all four, or report what is wrong. A booklet passes with four ticks only."), code="ticks"
        )


class WrongForm(ActionForm):
    """What is wrong with a printed booklet, and so why it is to be written off."""

    wrong = forms.MultipleChoiceField(
        label=_("What is wrong?"), choices=list(CHECK_NAMES.items()), widget=forms.CheckboxSelectMultiple
    )
    reason = forms.ChoiceField(
        label=_("Why?"),
        choices=[
            (one.value, one.label)
            for one in SpoilReason
            if one not in (SpoilReason.MISSING, SpoilReason.WITHDRAWN)
        ],
        widget=forms.RadioSelect,
    )


class CountInForm(ActionForm):
    """A delivery: the first and the last booklet of a box."""

    kind = forms.ChoiceField(
        label=_("Kind of booklet"), choices=BookletKind.choices, widget=forms.RadioSelect
    )
    first = SerialField(label=_("First booklet"))
    last = SerialField(label=_("Last booklet"))


class SecondCountForm(ActionForm):
    """What the second person counted, without being told what the first one did."""

    counted = forms.IntegerField(
        label=_("How many did you count?"), min_value=1, max_value=rules.LONGEST_RANGE
    )


class SpoilForm(ActionForm):
    """A booklet to be written off, by its serial."""

    serial = SerialField(label=_("Booklet"))
    reason = forms.ChoiceField(
        label=_("Why?"),
        choices=[(one.value, one.label) for one in SpoilReason if one != SpoilReason.WITHDRAWN],
        widget=forms.RadioSelect,
    )


class VerdictForm(ActionForm):
    """The second person's word; the pressed button carries it."""

    verdict = forms.ChoiceField(choices=[("agree", _("Agree")), ("decline", _("Decline"))])


class OutcomeForm(ActionForm):
    """What the booklet shows, when nobody knew whether it was printed; the pressed button carries it."""

    outcome = forms.ChoiceField(
        choices=[("printed", _("It is printed")), ("nothing", _("It is still blank"))]
    )


class HandOverForm(ActionForm):
    """What whoever comes has shown and signed. Which fields stand here depends on the application."""

    to = forms.ChoiceField(
        label=_("Who is here?"), choices=Receiver.choices, initial=Receiver.HOLDER, widget=forms.RadioSelect
    )
    nik = forms.CharField(
        label=_("NIK on the identity card"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={**FOCUS, "inputmode": "numeric", "class": "w-medium"}),
    )
    card_agrees = forms.BooleanField(label=_("Card, photo and person agree"), required=False)
    old_number = forms.CharField(
        label=_("Number of the old passport"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={**SCAN, "class": "digits w-medium"}),
    )
    old_cancelled = forms.BooleanField(label=_("Old passport cancelled, corner cut"), required=False)
    signed = forms.BooleanField(label=_("Receipt signed"), required=False)

    def __init__(self, *args: Any, child: bool, old: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.old = old
        if not child:
            del self.fields["to"]
        if old != "show":
            del self.fields["old_number"], self.fields["old_cancelled"]

    def clean_nik(self) -> str:
        digits = "".join(letter for letter in self.cleaned_data["nik"] if not letter.isspace())
        if digits and not (len(digits) == 16 and digits.isascii() and digits.isdigit()):
            raise ValidationError(
                _("A NIK has 16 digits. Read it again, or tick that the card agrees."), code="nik"
            )
        return digits

    def clean_old_number(self) -> str:
        typed = self.cleaned_data["old_number"]
        number = rules.read_old_number(typed)
        if typed and not number:
            raise ValidationError(
                _("This is no passport number. Scan the old passport, or type its number."), code="old"
            )
        return number

    def clean(self) -> dict[str, Any] | None:
        """Without both the number and the tick the old passport does not count as cancelled."""
        if self.old == "show" and not self.cleaned_data.get("old_cancelled"):
            self.cleaned_data["old_number"] = ""
        return self.cleaned_data
