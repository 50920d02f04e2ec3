"""Full names: what a person may type, and the form in which we look them up."""

from __future__ import annotations

import unicodedata

from django.utils.translation import gettext_lazy as _

from openpaspor.kit import mrz_name
from openpaspor.kit.refused import Refused

LONGEST = 120  # characters
_MARKS = frozenset(
    " '\u2019\u2018\u02bc\u02bb`.-\u2010\u2011,/"
)  # as birth certificates and identity cards print them


class NameInvalid(Refused):
    """The family of refusals of a typed name."""

    code = "name-invalid"
    message = _("Please write the name with letters only.")
    status = 422


class NameEmpty(NameInvalid):
    code = "name-empty"
    message = _("Please write the full name.")


class NameTooLong(NameInvalid):
    code = "name-too-long"
    message = _("A name can have at most 120 characters. Please tell an officer if yours is longer.")


class NameHasDigits(NameInvalid):
    code = "name-digits"
    message = _("A name has no digits. Please use letters only.")


class NameHasSigns(NameInvalid):
    code = "name-signs"
    message = _("A name has no such sign: %(sign)s. Please use letters only.")


def checked(text: str) -> str:
    """A full name with its spaces tidied, or a NameInvalid that says what is wrong. One word is a whole name."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise NameEmpty()
    if len(name) > LONGEST:
        raise NameTooLong()
    if any(unicodedata.category(character) in ("Nd", "Nl", "No") for character in name):
        raise NameHasDigits()
    for character in name:
        if character not in _MARKS and not mrz_name.transliterate(character).strip():
            raise NameHasSigns(sign=_shown(character))
    if not mrz_name.components(name):
        raise NameEmpty()
    return name


def normalise(text: str) -> str:
    """The one form under which a name is searched: A–Z, marks folded as in the passport, single spaces."""
    return " ".join(mrz_name.components(text))


def _shown(character: str) -> str:
    return character if character.isprintable() else f"U+{ord(character):04X}"
