"""What people type at the money desk, and at the demo bank."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from openpaspor.applications.models import Application
from openpaspor.kit import references
from openpaspor.ui.forms import ActionForm

from . import rules
from .gateways.demo import MOST_IDR
from .models import Bill, Deliver, Difference, Ground, Receipt, RefundReason, Status

LARGEST_FILE = 4 * 1024 * 1024  # bytes of a settlement file


def find_application(typed: str) -> Application | None:
    """The application of a reference as people write it."""
    try:
        ref = str(references.parse(typed))
    except references.ReferenceInvalid:
        return None
    return Application.objects.filter(ref=ref).select_related("office").first()


def find_bills(typed: str) -> list[Bill]:
    """The bill of a code, or every bill of a reference, newest first."""
    application = find_application(typed)
    if application:
        return list(Bill.objects.of(application))
    return list(Bill.objects.filter(code=rules.read_code(typed)[:32]))


class PlaceForm(ActionForm):
    """Towards which bill unmatched money is to be counted, and together with what."""

    bill = forms.CharField(label=_("Billing code or reference"), max_length=40)
    also = forms.ModelMultipleChoiceField(
        Receipt.objects.none(),
        label=_("Together with"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Only when several payments make up one bill."),
    )

    def __init__(self, *args: Any, receipt: Receipt, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Receipt.objects.unmatched().filter(code=receipt.code).exclude(pk=receipt.pk)
        self.fields["also"].queryset = others  # type: ignore[attr-defined]

    def clean_bill(self) -> Bill:
        bills = find_bills(self.cleaned_data["bill"])
        payable = [bill for bill in bills if bill.status in (Status.OPEN, Status.LAPSED)]
        if not bills:
            raise ValidationError(
                _("No bill has this code or reference. Check the digits."), code="unknown-bill"
            )
        return (payable or bills)[0]


class RefundForm(ActionForm):
    reason = forms.ChoiceField(
        label=_("Why it is given back"), choices=RefundReason.choices, widget=forms.RadioSelect
    )


class DifferenceForm(ActionForm):
    """How a difference came about."""

    reason = forms.ChoiceField(label=_("How it came about"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, difference: Difference, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(reason.value, reason.label) for reason in difference.reasons()]
        self.fields["reason"].choices = choices  # type: ignore[attr-defined]


class ProofForm(ActionForm):
    """A bank's signed receipt, as a scanner types it."""

    proof = forms.CharField(
        label=_("The bank's receipt"),
        max_length=2000,
        widget=forms.Textarea(
            attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false", "autofocus": True}
        ),
        help_text=_("Scan the square code on the receipt. The text begins with the letters of the bank."),
        error_messages={"required": _("Scan the receipt first.")},
    )


class SettlementForm(ActionForm):
    file = forms.FileField(
        label=_("Settlement file"), help_text=_("The bank's list of one or more days, as CSV with its total.")
    )

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if upload.size > LARGEST_FILE:
            raise ValidationError(
                _("This file is too large. Ask the bank for one day at a time."), code="too-large"
            )
        return upload


class ExemptionForm(ActionForm):
    """Whom the law lets not pay, and why."""

    ref = forms.CharField(label=_("Reference"), max_length=40, help_text=_("For example OP-A7K2-9QXM."))
    ground = forms.ChoiceField(label=_("Ground in the law"), choices=Ground.choices, widget=forms.RadioSelect)

    def __init__(self, *args: Any, office: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.office = office

    def clean_ref(self) -> Application:
        application = find_application(self.cleaned_data["ref"])
        if application is None or application.office_id not in (None, self.office):
            raise ValidationError(
                _("No application with this reference is at your office."), code="unknown-reference"
            )
        return application


class DecisionForm(ActionForm):
    decision = forms.ChoiceField(choices=[("grant", _("Grant")), ("decline", _("Decline"))])

    @property
    def is_granted(self) -> bool:
        return self.cleaned_data["decision"] == "grant"


class BankForm(ActionForm):
    """At the demo bank: what is paid, when, and how the bank tells."""

    code = forms.CharField(
        label=_("Billing code"), max_length=40, widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )
    amount_idr = forms.CharField(
        label=_("Amount in rupiah"), max_length=20, widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )
    paid_at = forms.CharField(
        label=_("Time of payment (WIB)"),
        required=False,
        max_length=40,
        help_text=_("Leave empty for now. Otherwise for example 2026-11-24 10:30."),
    )
    deliver = forms.ChoiceField(
        label=_("How the bank tells us"),
        required=False,
        widget=forms.RadioSelect,
        choices=Deliver.choices,
    )

    def clean_code(self) -> str:
        code = rules.read_code(self.cleaned_data["code"])
        if not re.fullmatch(r"[0-9]{1,32}", code):
            raise ValidationError(_("A billing code has digits only."), code="not-a-code")
        return code

    def clean_amount_idr(self) -> int:
        typed = re.sub(r"(?i)^rp|[\s.]", "", self.cleaned_data["amount_idr"].strip())
        if not re.fullmatch(r"[0-9]{1,12}", typed) or not 0 < int(typed) <= MOST_IDR:
            raise ValidationError(_("Enter whole rupiah, for example 950000."), code="not-an-amount")
        return int(typed)

    def clean_paid_at(self) -> datetime | None:
        """None for now: the moment is no part of what was asked, or a double click would pay twice."""
        typed = self.cleaned_data["paid_at"].strip()
        if not typed:
            return None
        try:
            moment = datetime.fromisoformat(typed)
        except ValueError:
            raise ValidationError(_("Write the time like 2026-11-24 10:30."), code="not-a-time") from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=rules.TREASURY)
        if not 2000 <= moment.year <= 2200:
            raise ValidationError(_("Write the time like 2026-11-24 10:30."), code="not-a-time")
        return moment.astimezone(UTC)

    def clean_deliver(self) -> Deliver:
        return Deliver(self.cleaned_data["deliver"] or Deliver.NOW)
