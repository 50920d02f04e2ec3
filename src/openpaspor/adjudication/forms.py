"""What adjudicators choose and what applicants write to them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, override

from openpaspor.applications.reasons import Reason
from openpaspor.ui.forms import ActionForm

from . import rules
from .models import SkipReason, Verdict

VERDICT_KEYS = {Verdict.APPROVE: "a", Verdict.ASK: "m", Verdict.DEFER: "l", Verdict.REFUSE: "x"}


def _months(months: int) -> str:
    return ngettext("%(months)s month", "%(months)s months", months) % {"months": months}


MONTHS = [
    (months, lazy(_months, str)(months)) for months in range(rules.DEFER_MONTHS[0], rules.DEFER_MONTHS[1] + 1)
]


later_html = lazy(format_html, SafeString)  # in the language of whoever reads it


class KeyedChoices(forms.CheckboxSelectMultiple):
    """Checkboxes that the digits 1 to 9 reach while they are on the screen."""

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(*args, **kwargs)
        number = int(option["index"]) + 1
        return option | {"attrs": option["attrs"] | ({"data-key": str(number)} if number < 10 else {})}


class KeyedVerdicts(forms.RadioSelect):
    """A, M, L and X."""

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(*args, **kwargs)
        return option | {"attrs": option["attrs"] | {"data-key": VERDICT_KEYS[Verdict(option["value"])]}}


def _in_both_languages(number: int, reason: Reason) -> Any:
    """What the applicant will read, in Indonesian and in English, with the key that chooses it."""
    with override("id"):
        indonesian = f"{reason.says} {reason.can_do}"
    with override("en"):
        english = f"{reason.says} {reason.can_do}"
    key = format_html("<kbd>{}</kbd> ", number) if number < 10 else ""
    return format_html(
        '{}<span lang="id">{}</span><span class="choice-hint" lang="en">{}</span>', key, indonesian, english
    )


class DecideForm(ActionForm):
    """One verdict, its reasons in the applicant's words, and for a deferral how long."""

    verdict = forms.ChoiceField(
        label=_("Decision"),
        choices=[
            (verdict.value, later_html("<kbd>{}</kbd> {}", VERDICT_KEYS[verdict].upper(), verdict.label))
            for verdict in Verdict
        ],
        widget=KeyedVerdicts,
        error_messages={"required": _("Choose a decision first.")},
    )
    reasons_ask = forms.MultipleChoiceField(label=_("What do we ask?"), required=False, widget=KeyedChoices)
    reasons_defer = forms.MultipleChoiceField(
        label=_("Why do we defer?"), required=False, widget=KeyedChoices
    )
    reasons_refuse = forms.MultipleChoiceField(
        label=_("Why do we refuse?"), required=False, widget=KeyedChoices
    )
    months = forms.TypedChoiceField(
        label=_("For how long?"), choices=MONTHS, coerce=int, initial=6, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for verdict in rules.USES:
            choices = [
                (reason.code, _in_both_languages(number, reason))
                for number, reason in enumerate(rules.allowed_reasons(verdict), start=1)
            ]
            self.fields[f"reasons_{verdict}"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        verdict = typed.get("verdict", "")
        if verdict in rules.USES and not typed.get(f"reasons_{verdict}"):
            self.add_error(f"reasons_{verdict}", _("Choose at least one reason."))
        return typed

    @property
    def verdict_chosen(self) -> str:
        return self.cleaned_data["verdict"]

    @property
    def reasons(self) -> list[str]:
        return list(self.cleaned_data.get(f"reasons_{self.verdict_chosen}") or [])

    def until(self, today: date) -> date | None:
        if self.verdict_chosen != Verdict.DEFER:
            return None
        return rules.months_later(today, self.cleaned_data.get("months") or rules.DEFER_MONTHS[0])


class SkipForm(ActionForm):
    reason = forms.ChoiceField(label=_("Why do you pass it on?"), choices=SkipReason.choices)


class FindForm(forms.Form):
    """Open a decided case by its reference."""

    ref = forms.CharField(max_length=60)


class AnswerForm(ActionForm):
    """The applicant's answer to a question of the centre."""

    text = forms.CharField(
        label=_("Your answer"),
        help_text=_("At most 500 characters. Two or three sentences are enough."),
        max_length=rules.TEXT_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    photo = forms.FileField(
        label=_("Photo of a paper"),
        help_text=_("JPEG, PNG or WebP, at most 10 MB."),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        if not self.errors and not typed.get("text") and not typed.get("photo"):
            raise ValidationError(_("Write an answer or add a photo."), code="answer-empty")
        return typed


class ObjectionForm(ActionForm):
    text = forms.CharField(
        label=_("Why do you think the decision is wrong?"),
        help_text=_("At most 500 characters. Say what is different and which paper shows it."),
        max_length=rules.TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": _("Write why you object.")},
    )
