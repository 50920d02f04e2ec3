"""The form every page of ours uses, and the date in three boxes."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NoReturn

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db.models import Model
from django.forms.renderers import DjangoTemplates
from django.forms.utils import ErrorList
from django.template.loader import get_template
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

NONCE_SHAPE = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")


def fresh_nonce() -> str:
    return secrets.token_urlsafe(12)


def is_nonce(text: str) -> bool:
    return bool(NONCE_SHAPE.match(text))


class PageRenderer(DjangoTemplates):
    """Django's own engine for widgets, the project's engine for whole forms (it knows our components)."""

    def get_template(self, template_name: str) -> Any:
        if template_name == ActionForm.template_name:
            return get_template(template_name)
        return super().get_template(template_name)


class PlainErrors(ErrorList):
    """The errors of one field, as the `field` component shows them."""

    template_name = "ui/forms/errors.html"


class ActionForm(forms.Form):
    """A form that may be sent twice and counts once.

    The page carries a nonce; what was typed is hashed with it into `action_id`, so a double
    click or the back button repeats the same deed, and changed answers are a new one.
    """

    template_name = "ui/forms/form.html"
    default_renderer = PageRenderer
    use_required_attribute = False

    nonce = forms.CharField(
        required=False, initial=fresh_nonce, widget=forms.HiddenInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("error_class", PlainErrors)
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            say_what_is_missing(field)

    def clean_nonce(self) -> str:
        """A page without a sound nonce is a fresh deed each time, never somebody else's."""
        nonce = self.cleaned_data["nonce"]
        return nonce if is_nonce(nonce) else fresh_nonce()

    @property
    def action_id(self) -> str:
        """What `once()` remembers this deed by. Cleans the form if nobody has yet."""
        if not self.is_bound:
            raise ValueError("Only a form that was sent has an action_id.")
        self.errors  # noqa: B018 - reading them cleans the form
        answers = {name: value for name, value in self.cleaned_data.items() if name != "nonce"}
        return f"form:{self.cleaned_data['nonce']}:{digest_of(answers)}"


DJANGO_SAYS_REQUIRED = forms.Field.default_error_messages["required"]


def say_what_is_missing(field: forms.Field) -> None:
    """Name the field in the sentence, so that the list on top of the page can be read by itself."""
    if field.error_messages.get("required") != DJANGO_SAYS_REQUIRED or not field.label:
        return
    if isinstance(field, forms.BooleanField):
        sentence = _("Tick “%(label)s” to go on.")
    elif isinstance(field, forms.ChoiceField):
        sentence = _("Choose an answer: %(label)s")
    elif isinstance(field, forms.FileField):
        sentence = _("Choose a file: %(label)s")
    else:
        sentence = _("Fill in: %(label)s")
    field.error_messages["required"] = format_lazy_label(sentence, label=field.label)


format_lazy_label = lazy(lambda sentence, label: str(sentence) % {"label": label}, str)


def digest_of(answers: dict[str, Any]) -> str:
    """First 16 hex digits of SHA-256 over the answers in the order of their names."""
    lines = "\n".join(f"{name}={as_text(value)!r}" for name, value in sorted(answers.items()))
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


def as_text(value: Any) -> str:
    if isinstance(value, File):
        return digest_of_file(value)
    if isinstance(value, Model):
        return f"{value._meta.label}:{value.pk}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return "\x1f".join(as_text(one) for one in value)
    return str(value)


def digest_of_file(upload: File) -> str:
    digest = hashlib.sha256()
    upload.seek(0)
    for chunk in iter(lambda: upload.read(65536), b""):
        digest.update(chunk)
    upload.seek(0)
    return digest.hexdigest()


def _described(label: Any, hint: Any) -> SafeString:
    return format_html('{}<span class="choice-hint">{}</span>', label, hint)


described = lazy(_described, SafeString)
"""`described(_("E-passport"), _("With a chip"))`: the label of a choice with a line of help under it."""


class ThreeBoxDate(forms.MultiWidget):
    """Day, month and year in three boxes; `birthday=True` lets the browser fill in a birth date."""

    template_name = "ui/forms/date.html"
    use_fieldset = True

    def __init__(self, attrs: dict[str, Any] | None = None, *, birthday: bool = False) -> None:
        boxes: dict[str, forms.Widget | type[forms.Widget]] = {}
        for box, width in (("day", 2), ("month", 2), ("year", 4)):
            hints = {"inputmode": "numeric", "maxlength": width + 2, "class": f"box box-{width}"}
            hints["autocomplete"] = f"bday-{box}" if birthday else "off"
            boxes[box] = forms.TextInput(attrs=hints)
        super().__init__(boxes, attrs)

    def decompress(self, value: date | str | None) -> list[Any]:
        if isinstance(value, str):
            try:
                value = date.fromisoformat(value)
            except ValueError:
                return [None, None, None]
        return [value.day, value.month, value.year] if value else [None, None, None]


class DateOfThreeBoxes(forms.MultiValueField):
    """A calendar day typed as three numbers. Says in plain words which number is wrong."""

    default_error_messages = {
        "required": _("Enter the date as day, month and year."),
        "incomplete": _("Enter the date as day, month and year."),
        "number": _("Use numbers only, for example 27 3 1999."),
        "year": _("Enter the year with four digits, for example 1999."),
        "month": _("The month must be a number from 1 to 12."),
        "day": _("This date does not exist. Please check the day and the month."),
    }

    def __init__(self, *, birthday: bool = False, **kwargs: Any) -> None:
        kwargs.setdefault("widget", ThreeBoxDate(birthday=birthday))
        boxes = [forms.CharField(required=False) for _box in range(3)]
        super().__init__(fields=boxes, require_all_fields=False, **kwargs)

    def clean(self, value: Any) -> date | None:
        if isinstance(value, date):
            return super().clean([str(value.day), str(value.month), str(value.year)])
        return super().clean([(box or "").strip() for box in value] if value else value)

    def compress(self, boxes: list[str]) -> date | None:
        if not any(boxes):
            return None
        if not all(boxes):
            self._refuse("incomplete")
        if not all(box.isascii() and box.isdigit() for box in boxes):
            self._refuse("number")
        day, month, year = (int(box) for box in boxes)
        if not 1000 <= year <= 9999:
            self._refuse("year")
        if not 1 <= month <= 12:
            self._refuse("month")
        try:
            return date(year, month, day)
        except ValueError:
            self._refuse("day")

    def _refuse(self, code: str) -> NoReturn:
        raise ValidationError(self.error_messages[code], code=code)
