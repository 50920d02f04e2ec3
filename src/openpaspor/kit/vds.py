"""Visible digital seals: signed bytes for a barcode on paper (ICAO Doc 9303-13, version 4). Pure bytes, no keys, no trust.

header     DC · version 03 · country, C40, 2 bytes · C40 of signer (2 letters, 2 characters), length of the certificate
           reference (2 hex digits) and the reference (hex digits) · day of issue and of signature, 3 bytes each ·
           feature reference · category (odd: defined by ICAO, even: national)
messages   tag · length as in DER · value; tags 00–FE
signature  FF · length as in DER · r‖s, raw. It covers header and messages, without the FF.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

MAGIC, VERSION_4, SIGNATURE = 0xDC, 0x03, 0xFF
_C40 = " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # values 3 to 39
_LOWEST, _ALONE = 3, 0xFE
_HEX = re.compile(r"[0-9A-F]+", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{1,3}", re.ASCII)
_SIGNER = re.compile(r"[A-Z]{2}[A-Z0-9]{2}", re.ASCII)


class Malformed(ValueError):
    """These bytes are no seal of version 4, or this value cannot stand in one."""


@dataclass(frozen=True, kw_only=True)
class Seal:
    """What a seal says, before anybody asks who signed it."""

    country: str  # one to three letters, as in a passport: IDN
    signer: str  # two letters of the country, two characters
    certificate: str  # upper-case hex digits; finds the signer's key
    issued: date  # day of the paper
    signed: date
    feature: int  # with `category`: which kind of paper, and so what the tags mean
    category: int
    messages: tuple[tuple[int, bytes], ...]  # tag and value, in their order


@dataclass(frozen=True)
class Scanned:
    """A seal as it was read: `signature` (r‖s) is over `body`, and nobody has checked it yet."""

    seal: Seal
    body: bytes
    signature: bytes


def body_of(seal: Seal) -> bytes:
    """Header and messages: the bytes that are signed. Raises Malformed for what no seal can carry."""
    forms = ((_COUNTRY, seal.country), (_SIGNER, seal.signer), (_HEX, seal.certificate))
    if not all(form.fullmatch(text) for form, text in forms) or len(seal.certificate) > 0xFF:
        raise Malformed("country, signer or certificate")
    out = bytearray([MAGIC, VERSION_4])
    out += c40(seal.country.ljust(3))
    out += c40(f"{seal.signer}{len(seal.certificate):02X}{seal.certificate}")
    out += day(seal.issued) + day(seal.signed) + _byte(seal.feature) + _byte(seal.category)
    for tag, value in seal.messages:
        if tag == SIGNATURE:
            raise Malformed("tag")
        out += _byte(tag) + _length(len(value)) + value
    return bytes(out)


def encode(body: bytes, signature: bytes) -> bytes:
    """The whole seal."""
    return body + bytes([SIGNATURE]) + _length(len(signature)) + signature


def decode(content: bytes) -> Scanned:
    """Take a seal apart to its last byte. Raises Malformed for whatever else it may be."""
    read = _Reader(content)
    if read.take(2) != bytes([MAGIC, VERSION_4]):
        raise Malformed("not a seal of version 4")
    country = text_of(read.take(2)).rstrip()
    start = text_of(read.take(4))
    signer, digits = start[:4], start[4:]
    if not (_COUNTRY.fullmatch(country) and _SIGNER.fullmatch(signer) and _HEX.fullmatch(digits)):
        raise Malformed("country or signer")
    size = int(digits, 16)
    certificate = text_of(read.take(-(-size // 3) * 2))
    if len(certificate) != size or not _HEX.fullmatch(certificate):
        raise Malformed("certificate")
    issued, signed = day_of(read.take(3)), day_of(read.take(3))
    feature, category = read.take(2)
    messages = []
    while (tag := read.peek()) != SIGNATURE:
        read.take(1)
        messages.append((tag, read.take(read.length())))
    body = content[: read.place]
    read.take(1)
    signature = read.take(read.length())
    if read.place != len(content) or not signature:
        raise Malformed("signature")
    seal = Seal(
        country=country,
        signer=signer,
        certificate=certificate,
        issued=issued,
        signed=signed,
        feature=feature,
        category=category,
        messages=tuple(messages),
    )
    return Scanned(seal, body, signature)


class _Reader:
    def __init__(self, content: bytes) -> None:
        self.content, self.place = content, 0

    def peek(self) -> int:
        if self.place >= len(self.content):
            raise Malformed("too short")
        return self.content[self.place]

    def take(self, count: int) -> bytes:
        if self.place + count > len(self.content):
            raise Malformed("too short")
        self.place += count
        return self.content[self.place - count : self.place]

    def length(self) -> int:
        """A definite DER length in its shortest form, up to two bytes of it."""
        first = self.take(1)[0]
        if first < 0x80:
            return first
        if first not in (0x81, 0x82):
            raise Malformed("length")
        value = int.from_bytes(self.take(first - 0x80), "big")
        if value < (0x80 if first == 0x81 else 0x100):
            raise Malformed("length")
        return value


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes([size])
    if size > 0xFFFF:
        raise Malformed("length")
    return bytes([0x81, size]) if size < 0x100 else bytes([0x82]) + size.to_bytes(2, "big")


def _byte(value: int) -> bytes:
    if not 0 <= value <= 0xFF:
        raise Malformed("not a byte")
    return bytes([value])


def c40(text: str) -> bytes:
    """Letters, digits and spaces (`<` becomes one) in two bytes for every three; one left over takes two bytes too."""
    text = text.replace("<", " ")
    if any(character not in _C40 for character in text):
        raise Malformed("C40")
    out = bytearray()
    for start in range(0, len(text), 3):
        group = text[start : start + 3]
        if len(group) == 1:
            out += bytes([_ALONE, ord(group) + 1])
            continue
        first, second, third = [_C40.index(character) + _LOWEST for character in group] + [0] * (
            3 - len(group)
        )
        out += (1600 * first + 40 * second + third + 1).to_bytes(2, "big")
    return bytes(out)


def text_of(content: bytes) -> str:
    """The text behind C40 bytes."""
    if len(content) % 2:
        raise Malformed("C40")
    text = ""
    for start in range(0, len(content), 2):
        text += _group(content[start : start + 2], is_last=start + 2 == len(content))
    return text


def _group(pair: bytes, *, is_last: bool) -> str:
    if pair[0] == _ALONE:
        character = chr(pair[1] - 1) if pair[1] else ""
        if not is_last or character not in _C40 or not character:
            raise Malformed("C40")
        return character
    number = int.from_bytes(pair, "big") - 1
    values = [number // 1600, number // 40 % 40, number % 40]
    if is_last and values[2] == 0:
        values.pop()
    if number < 0 or any(not _LOWEST <= value < 40 for value in values):
        raise Malformed("C40")
    return "".join(_C40[value - _LOWEST] for value in values)


def day(value: date) -> bytes:
    """MMDDYYYY as a number of three bytes."""
    return int(f"{value.month:02}{value.day:02}{value.year:04}").to_bytes(3, "big")


def day_of(content: bytes) -> date:
    return _moment_of(f"{int.from_bytes(content, 'big'):08}000000", len(content) == 3).date()


def moment(value: datetime) -> bytes:
    """MMDDYYYYhhmmss as a number of six bytes, UTC, whole seconds."""
    value = value.astimezone(UTC)
    if value.microsecond:
        raise Malformed("whole seconds")
    return int(f"{value.month:02}{value.day:02}{value.year:04}{value:%H%M%S}").to_bytes(6, "big")


def moment_of(content: bytes) -> datetime:
    return _moment_of(f"{int.from_bytes(content, 'big'):014}", len(content) == 6)


def _moment_of(digits: str, is_whole: bool) -> datetime:
    if not is_whole or len(digits) != 14:
        raise Malformed("date")
    month, of_month, year, hour, minute, second = (
        int(digits[start:end]) for start, end in ((0, 2), (2, 4), (4, 8), (8, 10), (10, 12), (12, 14))
    )
    try:
        return datetime(year, month, of_month, hour, minute, second, tzinfo=UTC)
    except ValueError as trouble:
        raise Malformed("date") from trouble
