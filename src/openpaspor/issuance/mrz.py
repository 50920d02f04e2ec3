"""The two machine-readable lines of a passport (TD3, ICAO Doc 9303-3 and 9303-4), written and read.

The name part lives in `kit.mrz_name`, because the applicant sees it long before the print room does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy as _

from openpaspor.kit.mrz_name import FILLER, MrzName, name_lines
from openpaspor.kit.refused import Refused

LENGTH = 44
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
_WEIGHTS = (7, 3, 1)

# 9303-4 §4.4 (amendment of 20 February 2026): from 1 January 2028 every passport carries a second letter.
ORDINARY_BEFORE, ORDINARY = "P<", "PP"
SECOND_LETTER_REQUIRED_FROM = date(2028, 1, 1)

# Field → (line, first place, last place), places counted from 1 as the standard counts them.
PLACES = {
    "document_code": (1, 1, 2),
    "issuer": (1, 3, 5),
    "name": (1, 6, 44),
    "number": (2, 1, 9),
    "number_digit": (2, 10, 10),
    "nationality": (2, 11, 13),
    "born": (2, 14, 19),
    "born_digit": (2, 20, 20),
    "sex": (2, 21, 21),
    "expires": (2, 22, 27),
    "expires_digit": (2, 28, 28),
    "optional": (2, 29, 42),
    "optional_digit": (2, 43, 43),
    "composite_digit": (2, 44, 44),
}


class MrzUnwritable(Refused):
    """A field cannot be written into the lines as it is."""

    code = "mrz-unwritable"
    message = _("The machine-readable lines cannot carry this %(field)s.")
    status = 422


@dataclass(frozen=True, kw_only=True)
class Person:
    """What the two lines are made of."""

    full_name: str
    number: str  # of the booklet, 1 to 9 letters and digits
    born: date | str  # a date, or text with unknown parts as X: "1985-XX-XX"
    sex: str  # M, F or X (not stated)
    expires: date
    issued: date  # decides the document code
    primary: str | None = None  # family name inside full_name; None: the whole name is primary
    nationality: str = "IDN"
    issuer: str = "IDN"
    optional: str = ""  # up to 14 letters and digits; Indonesia's use of it is not known, so it stays empty
    document_code: str | None = None  # None: by the date of issue


@dataclass(frozen=True)
class Lines:
    line1: str
    line2: str
    name: MrzName


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with two lines."""

    code: str  # "number-digit", "born-digit", "composite-digit", "length", "alphabet", "differs" …
    field: str  # a key of PLACES, or "line1" / "line2"
    line: int
    place: int  # from 1
    found: str
    expected: str = ""

    @property
    def words(self) -> str:
        return str(FAULTS[self.code]) % {
            "line": self.line,
            "place": self.place,
            "found": self.found,
            "expected": self.expected,
            "field": self.field,
        }


FAULTS = {
    "length": _("Line %(line)d has %(found)s characters instead of 44."),
    "alphabet": _("Line %(line)d, place %(place)d: “%(found)s” cannot stand in these lines."),
    "document-code": _("Line 1 does not begin like a passport: “%(found)s”."),
    "name": _("Line 1 carries no name."),
    "sex": _("Line 2, place 21: “%(found)s” is not M, F or <."),
    "date": _("Line 2, place %(place)d: “%(found)s” is no date."),
    "number-digit": _("The check digit of the passport number is %(found)s and should be %(expected)s."),
    "born-digit": _("The check digit of the birth date is %(found)s and should be %(expected)s."),
    "expires-digit": _("The check digit of the expiry date is %(found)s and should be %(expected)s."),
    "optional-digit": _("The check digit of the optional field is %(found)s and should be %(expected)s."),
    "composite-digit": _("The last check digit is %(found)s and should be %(expected)s."),
    "differs": _("Line %(line)d, place %(place)d: read “%(found)s”, approved “%(expected)s”."),
}


@dataclass(frozen=True)
class Reading:
    """Two lines taken apart. Fields are as printed, without trailing fillers; `faults` is empty for good lines."""

    document_code: str
    issuer: str
    primary: str
    secondary: str
    number: str
    nationality: str
    born: str  # YYMMDD, fillers for unknown parts; the century is not in the lines
    sex: str
    expires: str
    optional: str
    may_be_cut: bool  # the name fills its last place (9303-3: assume that it may be cut)
    faults: tuple[Fault, ...]

    @property
    def is_good(self) -> bool:
        return not self.faults


def document_code(issued: date, *, second_letter_from: date = SECOND_LETTER_REQUIRED_FROM) -> str:
    """`P<` or `PP`, by the date of issue. A State may begin with `PP` earlier than 2028, never later."""
    if second_letter_from > SECOND_LETTER_REQUIRED_FROM:
        raise ValueError("Every passport issued from 1 January 2028 carries a second letter.")
    return ORDINARY if issued >= second_letter_from else ORDINARY_BEFORE


def lines(person: Person, *, second_letter_from: date = SECOND_LETTER_REQUIRED_FROM) -> Lines:
    """The two lines of this person's passport. Raises MrzUnwritable or a refusal of the name."""
    name = name_lines(person.full_name, person.primary)
    code = person.document_code or document_code(person.issued, second_letter_from=second_letter_from)
    if not re.fullmatch(r"P[A-Z<]", code):
        raise MrzUnwritable(field="document code")
    line1 = code + _padded(person.issuer, 3, "issuer") + name.field
    number = _padded(person.number, 9, "number")
    born = birth_field(person.born)
    expires = f"{person.expires:%y%m%d}"
    optional = _padded(person.optional, 14, "optional field", empty=True)
    start = _with_digit(number) + _padded(person.nationality, 3, "nationality") + _with_digit(born)
    end = sex_field(person.sex) + _with_digit(expires) + _with_digit(optional)
    line2 = start + end
    return Lines(line1, line2 + str(check_digit(_composite(line2))), name)


def check_digit(text: str) -> int:
    """Weights 7, 3, 1; `<` is 0, `A` is 10 … `Z` is 35."""
    return sum(_value(character) * _WEIGHTS[place % 3] for place, character in enumerate(text)) % 10


def birth_field(born: date | str) -> str:
    """`YYMMDD`; unknown parts are fillers: `1985-XX-XX` gives `85<<<<`."""
    if isinstance(born, date):
        return f"{born:%y%m%d}"
    parts = re.fullmatch(r"(?:\d\d(\d\d)|XXXX)-(\d\d|XX)-(\d\d|XX)", born, re.ASCII)
    if not parts:
        raise MrzUnwritable(field="birth date")
    written = "".join("<<" if part in (None, "XX") else part for part in parts.groups())
    if not _is_date(written):
        raise MrzUnwritable(field="birth date")
    return written


def sex_field(sex: str) -> str:
    if sex not in ("M", "F", "X", FILLER):
        raise MrzUnwritable(field="sex")
    return FILLER if sex == "X" else sex


def read(line1: str, line2: str) -> Reading:
    """Take two lines apart and check every digit. Says which digit is wrong, never guesses what was meant."""
    line1, line2 = line1.rstrip("\r\n"), line2.rstrip("\r\n")
    faults = [*_form_faults(1, line1), *_form_faults(2, line2)]
    if not faults:
        faults = [*_content_faults(line1, line2), *_digit_faults(line2)]
    both = (line1.ljust(LENGTH, FILLER), line2.ljust(LENGTH, FILLER))
    primary, secondary = _names(part(both, "name"))
    return Reading(
        document_code=part(both, "document_code"),
        issuer=part(both, "issuer").rstrip(FILLER),
        primary=primary,
        secondary=secondary,
        number=part(both, "number").rstrip(FILLER),
        nationality=part(both, "nationality").rstrip(FILLER),
        born=part(both, "born"),
        sex=part(both, "sex"),
        expires=part(both, "expires"),
        optional=part(both, "optional").rstrip(FILLER),
        may_be_cut=part(both, "name")[-1] != FILLER,
        faults=tuple(faults),
    )


def differences(approved: Lines, line1: str, line2: str) -> tuple[Fault, ...]:
    """What the print room reads back against what was approved: every place that differs, with its field."""
    faults = []
    for line, expected, found in ((1, approved.line1, line1), (2, approved.line2, line2)):
        found = found.rstrip("\r\n")
        if len(found) != LENGTH:
            faults.append(Fault("length", f"line{line}", line, 1, str(len(found)), str(LENGTH)))
            continue
        for place in range(1, LENGTH + 1):
            if expected[place - 1] != found[place - 1]:
                field = field_at(line, place)
                faults.append(Fault("differs", field, line, place, found[place - 1], expected[place - 1]))
    return tuple(faults)


def field_at(line: int, place: int) -> str:
    return next(
        field for field, (row, first, last) in PLACES.items() if row == line and first <= place <= last
    )


def part(both: tuple[str, str], field: str) -> str:
    line, first, last = PLACES[field]
    return both[line - 1][first - 1 : last]


def _form_faults(line: int, text: str) -> list[Fault]:
    if len(text) != LENGTH:
        return [Fault("length", f"line{line}", line, 1, str(len(text)), str(LENGTH))]
    return [
        Fault("alphabet", field_at(line, place), line, place, character)
        for place, character in enumerate(text, start=1)
        if character not in ALPHABET
    ]


def _content_faults(line1: str, line2: str) -> list[Fault]:
    both, faults = (line1, line2), []
    if not re.fullmatch(r"P[A-Z<]", part(both, "document_code")):
        faults.append(Fault("document-code", "document_code", 1, 1, part(both, "document_code")))
    if not part(both, "name").strip(FILLER):
        faults.append(Fault("name", "name", 1, 6, ""))
    if part(both, "sex") not in ("M", "F", FILLER):
        faults.append(Fault("sex", "sex", 2, 21, part(both, "sex")))
    if not _is_date(part(both, "born")):
        faults.append(Fault("date", "born", 2, 14, part(both, "born")))
    if FILLER in part(both, "expires") or not _is_date(part(both, "expires")):
        faults.append(Fault("date", "expires", 2, 22, part(both, "expires")))
    return faults


def _digit_faults(line2: str) -> list[Fault]:
    both, faults = ("", line2), []
    for field in ("number", "born", "expires", "optional"):
        expected, found = str(check_digit(part(both, field))), part(both, f"{field}_digit")
        empty = field == "optional" and not part(both, field).strip(FILLER)
        if found != expected and not (empty and found == FILLER):
            _line, place, _last = PLACES[f"{field}_digit"]
            faults.append(Fault(f"{field}-digit", f"{field}_digit", 2, place, found, expected))
    expected, found = str(check_digit(_composite(line2))), line2[43]
    if found != expected:
        faults.append(Fault("composite-digit", "composite_digit", 2, 44, found, expected))
    return faults


def _composite(line2: str) -> str:
    """Places 1–10, 14–20 and 22–43 of the second line."""
    return line2[0:10] + line2[13:20] + line2[21:43]


def _names(field: str) -> tuple[str, str]:
    """Primary and secondary identifier. Some States write `<<NAME` with an empty primary: read, never written."""
    primary, _gap, secondary = field.rstrip(FILLER).partition("<<")
    return " ".join(primary.split(FILLER)).strip(), " ".join(secondary.split(FILLER)).strip()


def _value(character: str) -> int:
    return 0 if character == FILLER else int(character, 36)


def _with_digit(field: str) -> str:
    return field + str(check_digit(field))


def _padded(text: str, places: int, field: str, *, empty: bool = False) -> str:
    fits = len(text) <= places and (text or empty)
    if not fits or any(character not in ALPHABET for character in text):
        raise MrzUnwritable(field=field)
    return text.ljust(places, FILLER)


def _is_date(field: str) -> bool:
    """Whether six places can be a date: each part digits or two fillers; 29 February needs only a possible year."""
    parts = [field[start : start + 2] for start in (0, 2, 4)]
    if not all(item == "<<" or (item.isdigit() and item.isascii()) for item in parts):
        return False
    year, month, day = (None if item == "<<" else int(item) for item in parts)
    leap_year, january, first = 2000, 1, 1
    try:
        date(
            leap_year if year is None else 2000 + year,
            january if month is None else month,
            first if day is None else day,
        )
    except ValueError:
        return False
    return True
