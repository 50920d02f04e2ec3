"""The NIK, the sixteen-digit number of every Indonesian: read kindly, warn, and block only what cannot be a NIK.

Province 2, regency 2, district 2 (of the *first* registration, never changed), birth day 2 (+ 40 for women), month 2,
year 2, serial 4 from 0001. A registered NIK may contradict the true birth date or sex, and old region codes live on:
such things are warnings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy as _

LENGTH = 16
WOMEN_ADD = 40  # to the day of birth
_SIGNS = re.compile(r"[\s.\-\u00a0\u2010-\u2014]+")
_CENTURIES = (2000, 1900)  # the first NIK were given to people born after 1900

# Kemendagri's codes, which differ from those of the statistics office.
PROVINCES = {
    "11": "Aceh",
    "12": "Sumatera Utara",
    "13": "Sumatera Barat",
    "14": "Riau",
    "15": "Jambi",
    "16": "Sumatera Selatan",
    "17": "Bengkulu",
    "18": "Lampung",
    "19": "Kepulauan Bangka Belitung",
    "21": "Kepulauan Riau",
    "31": "DKI Jakarta",
    "32": "Jawa Barat",
    "33": "Jawa Tengah",
    "34": "DI Yogyakarta",
    "35": "Jawa Timur",
    "36": "Banten",
    "51": "Bali",
    "52": "Nusa Tenggara Barat",
    "53": "Nusa Tenggara Timur",
    "61": "Kalimantan Barat",
    "62": "Kalimantan Tengah",
    "63": "Kalimantan Selatan",
    "64": "Kalimantan Timur",
    "65": "Kalimantan Utara",
    "71": "Sulawesi Utara",
    "72": "Sulawesi Tengah",
    "73": "Sulawesi Selatan",
    "74": "Sulawesi Tenggara",
    "75": "Gorontalo",
    "76": "Sulawesi Barat",
    "81": "Maluku",
    "82": "Maluku Utara",
    "91": "Papua",
    "92": "Papua Barat",
    "93": "Papua Selatan",
    "94": "Papua Tengah",
    "95": "Papua Pegunungan",
    "96": "Papua Barat Daya",
}

ERRORS = {
    "nik-empty": _("Please write the NIK: the 16 digits on the identity card."),
    "nik-other-digits": _("Please write the NIK with the digits 0 to 9."),
    "nik-letters": _("A NIK has digits only. Please look for letters, such as O instead of 0."),
    "nik-length": _("A NIK has 16 digits. Please compare it with the identity card."),
    "nik-date": _("Digits 7 to 12 of this NIK are no date. Please compare it with the identity card."),
    "nik-serial": _("A NIK does not end in 0000. Please compare it with the identity card."),
}
WARNINGS = {
    "unknown-province": _("We do not know the first two digits of this NIK. If your card shows them, go on."),
    "birth-date-differs": _(
        "The birth date in this NIK differs from the one you gave. If both are as on your papers, go on."
    ),
    "sex-differs": _(
        "The sex in this NIK differs from the one you gave. If both are as on your papers, go on."
    ),
}


@dataclass(frozen=True)
class NikReading:
    """What a NIK says. `born` is None where its century is not known, `sex` is "M", "F" or ""."""

    valid: bool
    digits: str = ""  # sixteen, or what was left of the text
    born: date | None = None
    sex: str = ""
    warnings: tuple[str, ...] = ()  # keys of WARNINGS
    error: str = ""  # a key of ERRORS

    @property
    def province(self) -> str:
        return PROVINCES.get(self.digits[:2], "")


def read_nik(text: str, *, born: date | None = None, sex: str = "", today: date | None = None) -> NikReading:
    """Read a NIK as typed. `born` and `sex` are what the person states; `today` settles the century without them."""
    digits = _SIGNS.sub("", text)
    error = _form_error(digits)
    if error:
        return NikReading(False, digits[:40], error=error)
    day, month, year, serial = int(digits[6:8]), int(digits[8:10]), int(digits[10:12]), digits[12:]
    read_sex = "F" if day > WOMEN_ADD else "M"
    dates = _dates(day - WOMEN_ADD if read_sex == "F" else day, month, year)
    if not dates:
        return NikReading(False, digits, error="nik-date")
    if serial == "0000":
        return NikReading(False, digits, error="nik-serial")
    read_born = _likeliest(dates, born, today)
    return NikReading(True, digits, read_born, read_sex, tuple(_warnings(digits, dates, read_sex, born, sex)))


def _form_error(digits: str) -> str:
    if not digits:
        return "nik-empty"
    if not digits.isascii() and digits.isdecimal():
        return "nik-other-digits"
    if not (digits.isascii() and digits.isdigit()):
        return "nik-letters"
    return "" if len(digits) == LENGTH else "nik-length"


def _dates(day: int, month: int, year: int) -> list[date]:
    """The dates these six digits can stand for, the latest first. 29 February of 00 is one of 2000 only."""
    dates = []
    for century in _CENTURIES:
        try:
            dates.append(date(century + year, month, day))
        except ValueError:
            continue
    return dates


def _likeliest(dates: list[date], born: date | None, today: date | None) -> date | None:
    if born is not None:
        return next((read for read in dates if read == born), None) or min(
            dates, key=lambda read: abs(read - born)
        )
    if today is not None:
        return next((read for read in dates if read <= today), dates[-1])
    return dates[0] if len(dates) == 1 else None


def _warnings(digits: str, dates: list[date], read_sex: str, born: date | None, sex: str) -> list[str]:
    found = []
    if digits[:2] not in PROVINCES:
        found.append("unknown-province")
    if born is not None and born not in dates:
        found.append("birth-date-differs")
    if sex and sex != read_sex:
        found.append("sex-differs")
    return found
