"""What people type to sign in, and what operators type about staff."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from openpaspor.kit import phones
from openpaspor.offices.models import Office
from openpaspor.ui.forms import ActionForm

from .models import Role


class AccessForm(ActionForm):
    """The number of somebody who shall get a first password."""

    login = forms.CharField(
        label=_("Staff number"),
        max_length=60,
        error_messages={"required": _("Enter the staff number.")},
        widget=forms.TextInput(attrs={"class": "w-medium", "autocomplete": "off", "spellcheck": "false"}),
    )


class PhoneForm(ActionForm):
    """A mobile number, in any way people write it."""

    phone = forms.CharField(
        label=_("Mobile number"),
        help_text=_("We send a six-digit code to this number. For example 0812 3456 7890."),
        error_messages={"required": _("Enter your mobile number.")},
        widget=forms.TextInput(
            attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel", "class": "w-short"}
        ),
    )
    next = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput())

    def clean_phone(self) -> str:
        try:
            return phones.normalise(self.cleaned_data["phone"])
        except phones.PhoneInvalid as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from None


class NewPhoneForm(PhoneForm):
    """Another number for the same account."""

    phone = forms.CharField(
        label=_("New mobile number"),
        help_text=_("We send a six-digit code to the new number. Your old number stays until you enter it."),
        error_messages={"required": _("Enter your new mobile number.")},
        widget=forms.TextInput(
            attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel", "class": "w-short"}
        ),
    )


CODE_BOX = {
    "inputmode": "numeric",
    "autocomplete": "one-time-code",
    "class": "w-short",
    "spellcheck": "false",
}


class CodeForm(ActionForm):
    """Six digits from a message or an app; spaces and hyphens may come along."""

    code = forms.CharField(
        label=_("Six-digit code"),
        max_length=40,
        error_messages={"required": _("Enter the code from the message.")},
        widget=forms.TextInput(attrs=CODE_BOX),
    )


class AppCodeForm(ActionForm):
    """A code of the authenticator app, or a printed one."""

    code = forms.CharField(
        label=_("Code from your authenticator app"),
        help_text=_("Six digits. Without your phone: one of your printed recovery codes."),
        max_length=40,
        error_messages={"required": _("Enter the code your app shows now.")},
        widget=forms.TextInput(attrs={**CODE_BOX, "inputmode": "text"}),
    )


class SetUpForm(ActionForm):
    """The first code of an app that was just set up."""

    code = forms.CharField(
        label=_("Code your app shows now"),
        max_length=40,
        error_messages={"required": _("Enter the code your app shows now.")},
        widget=forms.TextInput(attrs=CODE_BOX),
    )


class StaffSignInForm(ActionForm):
    login = forms.CharField(
        label=_("Staff number"),
        max_length=60,
        error_messages={"required": _("Enter your staff number.")},
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username",
                "autocapitalize": "none",
                "spellcheck": "false",
                "class": "w-medium",
            }
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        error_messages={"required": _("Enter your password.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "class": "w-medium"}),
    )
    next = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput())


class NewPasswordForm(ActionForm):
    """A password that only its owner knows, in place of the first one."""

    password = forms.CharField(
        label=_("New password"),
        help_text=_(
            "At least 12 characters. Three or four words you remember are better than signs you forget."
        ),
        max_length=200,
        strip=False,
        error_messages={"required": _("Enter a new password.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "w-medium"}),
    )
    again = forms.CharField(
        label=_("The same password again"),
        max_length=200,
        strip=False,
        error_messages={"required": _("Enter the new password again.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "w-medium"}),
    )

    def clean_password(self) -> str:
        validate_password(self.cleaned_data["password"])
        return self.cleaned_data["password"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("password") and cleaned.get("again") and cleaned["password"] != cleaned["again"]:
            self.add_error("again", _("The two passwords differ. Type them again."))
        return cleaned


class PostingForm(ActionForm):
    """A role, and the office where it is held."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    office = forms.ModelChoiceField(
        label=_("Office"),
        help_text=_("Only for counter officers, heads of office and print rooms."),
        queryset=Office.objects.order_by("city", "name"),
        required=False,
        empty_label=_("At the centre"),
    )


class NewPersonForm(PostingForm):
    """Somebody new on the staff, with a first posting."""

    login = forms.RegexField(
        label=_("Staff number"),
        help_text=_("Small letters, digits, dots and hyphens, for example 198705 or adi.denpasar."),
        regex=r"\A[A-Za-z0-9][A-Za-z0-9.\-]{2,59}\Z",
        error_messages={
            "required": _("Enter the staff number."),
            "invalid": _("Use 3 to 60 letters, digits, dots and hyphens."),
        },
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    field_order = ["login", "role", "office"]
