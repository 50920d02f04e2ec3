"""Indonesian mobile numbers: one form inside (`+62812…`), any form outside."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _

from openpaspor.kit.refused import Refused

_SIGNS = re.compile(r"[\s().\-\u00a0\u2010-\u2014]+")
_MOBILE = re.compile(r"\+628[0-9]{7,11}", re.ASCII)  # 8 to 12 digits after the country code
_LONGEST_INPUT = 40


class PhoneInvalid(Refused):
    code = "phone-invalid"
    message = _("This is not an Indonesian mobile number. Please write it like 0812 3456 7890.")
    status = 422


def normalise(text: str) -> str:
    """`08…`, `628…`, `+62 8…` and `8…`, with spaces, dots, hyphens or brackets, as `+628…`. Raises PhoneInvalid."""
    if len(text) > _LONGEST_INPUT:
        raise PhoneInvalid()
    number = _SIGNS.sub("", text)
    for prefix in ("+620", "+62", "00620", "0062", "620", "62", "0", ""):
        if number.startswith(prefix):
            number = "+62" + number[len(prefix) :]
            break
    if not _MOBILE.fullmatch(number):
        raise PhoneInvalid()
    return number


def is_valid(text: str) -> bool:
    try:
        normalise(text)
    except PhoneInvalid:
        return False
    return True


def local(number: str) -> str:
    """A normalised number as people write it: `0812-0000-0001`."""
    digits = "0" + number.removeprefix("+62")
    return "-".join([digits[:4], *(digits[start : start + 4] for start in range(4, len(digits), 4))])


def mask(number: str) -> str:
    """A number its owner recognises and nobody else can call: `0812-••••-••01`."""
    shown = local(number)
    hidden = [character if character == "-" else "•" for character in shown]
    return shown[:4] + "".join(hidden[4:-2]) + shown[-2:]
