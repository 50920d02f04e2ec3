"""Names as the machine-readable line carries them (ICAO Doc 9303-3 §4.6 and §6.A, 9303-4 §4.2.3).

Indonesian names have no assumed family name: without a `primary` the whole name is the primary identifier and nothing
follows it. The line has 39 places. A longer name is cut by one policy:

1. a primary identifier of at most 30 places stays whole and the secondary is cut at place 39;
2. a longer one is shortened from its last component to its first, each keeping at least one letter, until it fits
   beside the secondary or is down to 30 places, and then the secondary is cut at place 39;
3. a name that is primary only is simply cut at place 39;
4. the last place must be a letter: where the cut would leave a filler, the last long component before it gives up one
   more letter, so that the next component's first letter stands there.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from openpaspor.kit.refused import Refused

PLACES = 39
PRIMARY_KEPT = 30  # places a primary identifier may always use
FILLER = "<"


class NameUnwritable(Refused):
    code = "name-unwritable"
    message = _("This name has no letters that a passport can carry.")
    status = 422


class NotPartOfName(Refused):
    code = "name-primary-not-in-name"
    message = _("The family name must be a part of the full name.")
    status = 422


# 9303-3 §6.A, U+00C0–U+017D and U+1E9E. Where the standard leaves a choice we write AE, AA, OE, UE and N.
TRANSLITERATION = {
    **dict.fromkeys("ÀÁÂÃĀĂĄ", "A"),
    "Ä": "AE",
    "Å": "AA",
    "Æ": "AE",
    **dict.fromkeys("ÇĆĈĊČ", "C"),
    **dict.fromkeys("ÐĎĐ", "D"),
    **dict.fromkeys("ÈÉÊËĒĔĖĘĚ", "E"),
    **dict.fromkeys("ĜĞĠĢ", "G"),
    **dict.fromkeys("ĤĦ", "H"),
    **dict.fromkeys("ÌÍÎÏĨĪĬĮİı", "I"),
    "Ĳ": "IJ",
    "Ĵ": "J",
    "Ķ": "K",
    **dict.fromkeys("ĹĻĽĿŁ", "L"),
    **dict.fromkeys("ÑŃŅŇŊ", "N"),
    **dict.fromkeys("ÒÓÔÕŌŎŐ", "O"),
    "Ö": "OE",
    "Ø": "OE",
    "Œ": "OE",
    **dict.fromkeys("ŔŖŘ", "R"),
    **dict.fromkeys("ŚŜŞŠ", "S"),
    "ß": "SS",
    "ẞ": "SS",
    **dict.fromkeys("ŢŤŦ", "T"),
    "Þ": "TH",
    **dict.fromkeys("ÙÚÛŨŪŬŮŰŲ", "U"),
    "Ü": "UE",
    "Ŵ": "W",
    **dict.fromkeys("ÝŶŸ", "Y"),
    **dict.fromkeys("ŹŻŽ", "Z"),
}
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_SEPARATORS = frozenset(
    ",-<\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
)  # become a gap between components


class MrzName(NamedTuple):
    """The two identifiers as the line carries them, after any cut, their components parted by single spaces."""

    primary: str
    secondary: str  # empty for a name that is primary only
    truncated: bool  # True if the line carries less than the whole name

    @property
    def field(self) -> str:
        """Places 6–44 of the first line."""
        return str(self).ljust(PLACES, FILLER)

    def __str__(self) -> str:
        parts = [self.primary, self.secondary] if self.secondary else [self.primary]
        return "<<".join(part.replace(" ", FILLER) for part in parts)


def machine_name(full_name: str, primary: str | None = None) -> MrzName:
    """What the machine-readable line will carry of this name. Raises NameUnwritable if nothing is left of it."""
    return name_lines(full_name, primary)


def name_lines(full_name: str, primary: str | None = None) -> MrzName:
    """Split and cut a name. `primary` is the family name inside `full_name`, at its end or elsewhere, if there is one."""
    first, second = _identifiers(full_name, primary)
    if not first:
        raise NameUnwritable()
    cut_first, cut_second = _cut(first, second)
    return MrzName(" ".join(cut_first), " ".join(cut_second), (cut_first, cut_second) != (first, second))


def components(name: str) -> list[str]:
    """The parts of a name in A–Z: apostrophes join, hyphens and commas part, every other mark goes without a trace."""
    return transliterate(name).split()


def transliterate(name: str) -> str:
    """A name in A–Z and spaces. Letters outside the standard's table lose their marks; what has no Latin base is dropped."""
    composed = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).upper())
    return "".join(_written(character) for character in composed)


def _written(character: str) -> str:
    if character in _LETTERS:
        return character
    if character in TRANSLITERATION:
        return TRANSLITERATION[character]
    if character.isspace() or character in _SEPARATORS:
        return " "
    base = unicodedata.normalize("NFD", character)[0].upper()
    return base if base in _LETTERS else TRANSLITERATION.get(base, "")


def _identifiers(full_name: str, primary: str | None) -> tuple[list[str], list[str]]:
    whole = components(full_name)
    family = components(primary or "")
    if not family:
        return whole, []
    for start in range(
        len(whole) - len(family), -1, -1
    ):  # the last place where it stands: a family name comes last
        if whole[start : start + len(family)] == family:
            return family, whole[:start] + whole[start + len(family) :]
    raise NotPartOfName()


def _cut(first: list[str], second: list[str]) -> tuple[list[str], list[str]]:
    if _places(first, second) <= PLACES:
        return first, second
    if not second:
        return _cut_at(first, PLACES), []
    room = max(PRIMARY_KEPT, PLACES - 2 - _length(second))
    first = _shortened(first, room)
    return _end_in_a_letter(first, second)


def _end_in_a_letter(first: list[str], second: list[str]) -> tuple[list[str], list[str]]:
    """Cut the secondary; if it has only single letters, the primary gives up the one letter that is needed.

    A name of single letters throughout cannot end in a letter at place 39 (every length is odd); it ends at place 38.
    """
    room = PLACES - 2 - _length(first)
    kept = _cut_at(second, room)
    if _length(kept) == room or kept == second or all(len(part) == 1 for part in first):
        return first, kept
    return _end_in_a_letter(_shortened(first, _length(first) - 1), second)


def _cut_at(parts: list[str], room: int) -> list[str]:
    """As much of the parts as `room` holds, ending in a letter at its last place wherever a part can give up a letter."""
    parts = list(parts)
    while True:
        kept = FILLER.join(parts)[:room]
        if kept[-1:] != FILLER:
            return kept.split(FILLER)
        whole = kept[:-1].split(FILLER)
        long_ones = [place for place, part in enumerate(whole) if len(part) > 1]
        if not long_ones:
            return whole
        parts[long_ones[-1]] = parts[long_ones[-1]][:-1]


def _shortened(parts: list[str], room: int) -> list[str]:
    """Take letters from the last part to the first, each keeping one; then drop parts from the end."""
    parts = list(parts)
    for place in range(len(parts) - 1, -1, -1):
        excess = _length(parts) - room
        if excess <= 0:
            break
        parts[place] = parts[place][: max(1, len(parts[place]) - excess)]
    while _length(parts) > room:
        parts.pop()
    return parts


def _length(parts: list[str]) -> int:
    return len(FILLER.join(parts))


def _places(first: list[str], second: list[str]) -> int:
    return _length(first) + (2 + _length(second) if second else 0)
