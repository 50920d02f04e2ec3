"""What fits into one SMS: 160 characters of the GSM 7-bit alphabet (3GPP TS 23.038), where a few count double."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 160
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
DOUBLE = frozenset("^{}\\[~]|€\f")
_SIGNS = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " "}
)


def length(text: str) -> int:
    """How many of the 160 places a text takes. Raises ValueError for a sign outside the alphabet."""
    strange = [sign for sign in text if sign not in BASIC and sign not in DOUBLE]
    if strange:
        raise ValueError(f"not in the GSM alphabet: {''.join(strange)}")
    return len(text) + sum(sign in DOUBLE for sign in text)


def plain(text: str) -> str:
    """A value (a name, an office) in signs of the alphabet: accents go where they must, the rest becomes a full stop."""
    shown = []
    for sign in text.translate(_SIGNS):
        bare = sign if sign in BASIC else unicodedata.normalize("NFD", sign)[0]
        shown.append(bare if bare in BASIC else ".")
    return "".join(shown)


def shorter(text: str, by: int, *, least: int = 6) -> str:
    """A value with at least `by` places fewer, ending in a full stop, but never under `least` places."""
    kept = max(least, len(text) - by - 1)
    return text if kept >= len(text) else text[:kept].rstrip(" .,") + "."


def short_name(full_name: str) -> str:
    """SITI AMINAH BINTI ABDULLAH → SITI A.; I MADE SUDARMA → I MADE S.; a single name stays whole."""
    words = plain(full_name).upper().split()
    whole = 2 if len(words) > 2 and len(words[0]) <= 2 else 1  # Balinese birth words say little by themselves
    return " ".join(words[:whole]) + (f" {words[whole][0]}." if len(words) > whole else "")


def short_office(name: str) -> str:
    """Kantor Imigrasi Kelas I TPI Denpasar → Kanim Denpasar."""
    return plain(re.sub(r"^Kantor Imigrasi( Kelas [IV]+)?( Khusus)?( Non)?( TPI)? ", "Kanim ", name))
