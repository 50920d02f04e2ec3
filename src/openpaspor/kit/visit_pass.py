"""The visit pass as text: `OP1:` and Base45 of a signed payload, checked at the office's door without any line.

Layout, all numbers big-endian: version 1 · pass number u16 · reference 5 bytes (eight symbols of 30) · start in minutes
since 1970 u32 · paid u8 · office, kind and name, each a length byte and ASCII · Ed25519 signature 64 bytes, over a prefix
and everything before it. Only characters of the QR alphanumeric mode, so that a keyboard scanner can type it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext_lazy as _

from openpaspor.kit import base45, references
from openpaspor.kit.refused import Refused

PREFIX = "OP1:"
SIGNED_PREFIX = b"openpaspor-pass-v1\n"
LONGEST_NAME = 39
_VERSION = 1
_HEAD = struct.Struct(">BH5sIB")
_SIGNATURE = 64  # bytes
_LONGEST_TEXT = 400  # characters; a pass has about 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFICE = re.compile(r"[A-Z0-9-]{1,48}", re.ASCII)
_KIND = re.compile(r"[a-z0-9-]{1,24}", re.ASCII)
_NAME = re.compile(r"[A-Z]+(?: [A-Z]+)*", re.ASCII)

Sign = Callable[[bytes], bytes]
Verify = Callable[[bytes, bytes], bool]  # (signature, message), as `partial(keys.verify, public)` takes them


class PassInvalid(Refused):
    code = "pass-invalid"
    message = _("This is not a valid visit pass. Please give the code in words, or your NIK and birth date.")
    status = 422


@dataclass(frozen=True, kw_only=True)
class VisitPass:
    """What an office must know at the door. Valid at its office on its day only; the highest number known counts."""

    number: int  # 1, 2, 3 … one more with every change of the appointment
    ref: str  # OP-XXXX-XXXX
    office: str  # office code
    starts_at: datetime  # UTC, whole minutes
    kind: str  # kind of application
    paid: bool
    name: str  # as the machine-readable line carries it, A–Z and spaces, at most 39


def encode(pass_: VisitPass, sign: Sign) -> str:
    """The text for the QR code. Raises ValueError for a pass that cannot be written."""
    body = _body(pass_)
    signature = sign(SIGNED_PREFIX + body)
    if len(signature) != _SIGNATURE:
        raise ValueError("A signature has 64 bytes.")
    return PREFIX + base45.encode(body + signature)


def decode(text: str, verify: Verify) -> VisitPass:
    """The pass in a scanned text, if its signature is good; PassInvalid for everything else, whatever was scanned."""
    text = text[: _LONGEST_TEXT + 1].strip()
    if not text.startswith(PREFIX) or len(text) > _LONGEST_TEXT:
        raise PassInvalid()
    for lost in ("", " ", "  "):  # Base45 may end in spaces, which forms and scanners like to drop
        signed = _signed(text[len(PREFIX) :] + lost)
        if signed and verify(signed[1], SIGNED_PREFIX + signed[0]):
            return _read(signed[0])
    raise PassInvalid()


def looks_like_one(text: str) -> bool:
    """Whether a scan is meant as a pass, and not as a reference or a NIK."""
    return text.lstrip().startswith(PREFIX)


def _body(pass_: VisitPass) -> bytes:
    reference = references.parse(pass_.ref)
    minutes, rest = divmod(pass_.starts_at - _EPOCH, timedelta(minutes=1))
    texts = ((_OFFICE, pass_.office), (_KIND, pass_.kind), (_NAME, pass_.name))
    fits = all(form.fullmatch(text) for form, text in texts) and len(pass_.name) <= LONGEST_NAME
    if rest or not fits or not (1 <= pass_.number < 1 << 16 and 0 <= minutes < 1 << 32):
        raise ValueError("This pass cannot be written.")
    head = _HEAD.pack(_VERSION, pass_.number, _packed(reference), minutes, pass_.paid)
    return head + b"".join(bytes([len(text)]) + text.encode("ascii") for _form, text in texts)


def _signed(text: str) -> tuple[bytes, bytes] | None:
    try:
        content = base45.decode(text)
    except ValueError:
        return None
    return (content[:-_SIGNATURE], content[-_SIGNATURE:]) if len(content) > _SIGNATURE else None


def _read(body: bytes) -> VisitPass:
    """Take a signed body apart. Only exactly what `_body` writes is taken, even from a good key."""
    try:
        version, number, packed, minutes, paid = _HEAD.unpack_from(body)
        office, kind, name = _texts(body[_HEAD.size :])
        pass_ = VisitPass(
            number=number,
            ref=_unpacked(packed),
            office=office,
            starts_at=_EPOCH + timedelta(minutes=minutes),
            kind=kind,
            paid=bool(paid),
            name=name,
        )
        if version != _VERSION or _body(pass_) != body:
            raise PassInvalid()
    except (struct.error, ValueError, IndexError, OverflowError, references.ReferenceInvalid) as trouble:
        raise PassInvalid() from trouble
    return pass_


def _texts(rest: bytes) -> list[str]:
    texts = []
    for _field in range(3):
        length = rest[0]
        texts.append(rest[1 : 1 + length].decode("ascii"))
        rest = rest[1 + length :]
    return texts


def _packed(reference: references.Reference) -> bytes:
    number = 0
    for symbol in reference.issuer + reference.body + reference.check:
        number = number * len(references.ALPHABET) + references.ALPHABET.index(symbol)
    return number.to_bytes(5, "big")


def _unpacked(packed: bytes) -> str:
    number, symbols = int.from_bytes(packed, "big"), []
    for _place in range(8):
        number, value = divmod(number, len(references.ALPHABET))
        symbols.append(references.ALPHABET[value])
    if number:
        raise PassInvalid()
    return str(references.parse("".join(reversed(symbols))))
