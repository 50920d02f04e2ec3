"""Application references: `OP-XXXX-XXXX`, read over the telephone and typed with one thumb.

Eight symbols of a 30-letter alphabet without 0 O 1 I L U: issuer 2, serial 5, check 1.

- The serial is permuted with the issuer's key, so that the next reference cannot be guessed and no two collide.
- The check symbol is Verhoeff's scheme over the dihedral group of order 30 (thirty symbols: fifteen rotations, fifteen
  reflections). It finds *every* wrong symbol and *every* swap of neighbours. Luhn mod 30 misses swaps, and
  ISO 7064 MOD 31,30 misses a few; no weighted sum over an even alphabet finds all of both.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from openpaspor.kit.refused import Refused

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
ISSUER_SYMBOLS, SERIAL_SYMBOLS = 2, 5
SERIALS = len(ALPHABET) ** SERIAL_SYMBOLS  # 24,300,000 per issuer
_HALVES = (4860, 5000)  # their product is SERIALS, so the permutation needs no cycle walking
_ROUNDS = 10
_SKIPPED = str.maketrans("", "", " \t\r\n\u00a0-\u2010\u2011\u2012\u2013\u2014\u2212._/")
_LONGEST_INPUT = 60  # characters; more is not a slip of the thumb


class ReferenceInvalid(Refused):
    code = "reference-invalid"
    message = _("This code is not right. Please compare it with your message: it looks like OP-A7K2-9QXM.")
    status = 422


@dataclass(frozen=True)
class Reference:
    """A reference whose check symbol is right."""

    issuer: str  # two symbols; belongs to one node and epoch
    body: str  # five symbols, the permuted serial
    check: str  # one symbol

    def __str__(self) -> str:
        symbols = self.issuer + self.body + self.check
        return f"OP-{symbols[:4]}-{symbols[4:]}"


def make(issuer: str, serial: int, key: bytes) -> str:
    """The reference of the `serial`-th application of `issuer`. The same three give the same reference for ever."""
    if len(issuer) != ISSUER_SYMBOLS or any(symbol not in ALPHABET for symbol in issuer):
        raise ValueError("An issuer is two symbols of the alphabet.")
    if not 0 <= serial < SERIALS:
        raise ValueError("This issuer has no serial left.")
    body = _symbols(_permuted(serial, issuer, key))
    return str(Reference(issuer, body, check_symbol(issuer + body)))


def number_of(issuer: str) -> int:
    """An issuer code as a number, 0 to 899."""
    first, second = (ALPHABET.index(symbol) for symbol in issuer)
    return first * len(ALPHABET) + second


def parse(text: str) -> Reference:
    """Read a reference as people type it: lower case, spaces, no hyphens, no `OP`. Raises ReferenceInvalid."""
    symbols = text[:_LONGEST_INPUT].translate(_SKIPPED)
    if not symbols.isascii():
        raise ReferenceInvalid()
    symbols = symbols.upper()
    if symbols[:2] in ("OP", "0P"):  # neither O nor 0 is in the alphabet, so this cannot be an issuer
        symbols = symbols[2:]
    if len(symbols) != 8 or any(symbol not in ALPHABET for symbol in symbols):
        raise ReferenceInvalid()
    if check_symbol(symbols[:7]) != symbols[7]:
        raise ReferenceInvalid()
    return Reference(symbols[:2], symbols[2:7], symbols[7])


def is_valid(text: str) -> bool:
    try:
        parse(text)
    except ReferenceInvalid:
        return False
    return True


def check_symbol(symbols: str) -> str:
    """The symbol that brings the product of all eight, each turned as often as its place says, to the identity."""
    product = 0
    for place, symbol in enumerate(symbols):
        product = _times(product, _turned(ALPHABET.index(symbol), place))
    last = len(symbols)
    return next(s for s in ALPHABET if _times(product, _turned(ALPHABET.index(s), last)) == 0)


def _times(x: int, y: int) -> int:
    """Multiply in the dihedral group of order 30: 0–14 are rotations, 15–29 are reflections."""
    reflected = (x >= 15) != (y >= 15)
    turn = (x % 15 - y % 15 if x >= 15 else x % 15 + y % 15) % 15
    return turn + 15 * reflected


def _turned(value: int, times: int) -> int:
    """Apply the anti-symmetric mapping r→r⁻¹, rʲs→rʲ⁺¹s: x·T(y) ≠ y·T(x) whenever x ≠ y."""
    if value >= 15:
        return 15 + (value - 15 + times) % 15
    return value if times % 2 == 0 else -value % 15


def _symbols(number: int) -> str:
    digits = []
    for _place in range(SERIAL_SYMBOLS):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def _permuted(serial: int, issuer: str, key: bytes) -> int:
    """A Feistel network over 4860 × 5000: every round adds a keyed hash of one half to the other, so it is a bijection."""
    high, low = _HALVES
    left, right = divmod(serial, low)
    for turn in range(_ROUNDS):
        if turn % 2 == 0:
            left = (left + _hashed(key, issuer, turn, right)) % high
        else:
            right = (right + _hashed(key, issuer, turn, left)) % low
    return left * low + right


def _hashed(key: bytes, issuer: str, turn: int, half: int) -> int:
    message = f"openpaspor-reference-v1\n{issuer}\n{turn}\n{half}".encode()
    return int.from_bytes(hmac.digest(key, message, "sha256")[:16], "big")
