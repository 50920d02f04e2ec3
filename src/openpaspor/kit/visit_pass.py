"""The visit pass as text: `OP2:` and Base45 of a visible digital seal, checked at the office's door without any line.

The table of tags is published in `docs/visit-pass.md`. Only characters of the QR alphanumeric mode, so that a keyboard
scanner can type it, in either case of letters.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from openpaspor.kit import base45, references, vds
from openpaspor.kit.refused import Refused
from openpaspor.kit.vds import Malformed, Scanned, Seal

PREFIX = "OP2:"
COUNTRY, SIGNER = "IDN", "IDOP"
FEATURE, CATEGORY = 0x50, 0x02  # a category that is even is a nation's own
LONGEST_NAME = 39
TAG_REFERENCE, TAG_NAME, TAG_PLACE, TAG_BOOK, TAG_PAID, TAG_NUMBER = range(1, 7)
OPTIONAL_FROM = 0x80  # a tag from here on may be passed over by who does not know it
KINDS = ("adult-new", "adult-replace", "child", "lost", "damaged")  # code 1, 2, 3 …; never renumbered
BOOKLETS = ("regular", "electronic")  # code 1, 2 …; never renumbered
LONGEST_SCAN = 2000  # characters; one pass several times over
_LONGEST_TEXT = 400  # characters; a pass has about 200
_LONGEST_NUMBER = 2  # bytes
_MOMENT = 6  # bytes
_OFFICE = re.compile(r"[A-Z0-9-]{1,48}", re.ASCII)
_NAME = re.compile(r"[A-Z]+(?: [A-Z]+)*", re.ASCII)

Sign = Callable[[bytes], bytes]  # r‖s, 64 bytes, over a body


class PassRefused(Refused):
    """Why a scan opens no door. `verdict` and `reason` are those of ICAO Doc 9303-13."""

    status = 422
    verdict: ClassVar[str] = "INVALID"  # or UNKNOWN: it may be genuine, we cannot tell

    @property
    def reason(self) -> str:
        return self.code.upper().replace("-", "_")


class ReadError(PassRefused):
    code = "read-error"
    message = _("The pass was not read whole. Scan it once more, or type the code OP-… or the NIK.")


class WrongFormat(PassRefused):
    code = "wrong-format"
    message = _("This is not a visit pass that can be read here. Type the code OP-… or the NIK instead.")


class UnknownCertificate(PassRefused):
    code = "unknown-certificate"
    verdict = "UNKNOWN"
    message = _(
        "This office does not know who signed this pass, so it cannot tell whether it is genuine. Look for the visit by code or NIK."
    )


class UntrustedCertificate(PassRefused):
    code = "untrusted-certificate"
    verdict = "UNKNOWN"
    message = _(
        "This pass is signed by a site that may not give out passes for that office. Look for the visit by code or NIK."
    )


class RevokedCertificate(PassRefused):
    code = "revoked-certificate"
    message = _("The key that signed this pass was withdrawn. Look for the visit by code or NIK.")


class InvalidSignature(PassRefused):
    code = "invalid-signature"
    message = _(
        "This pass was changed or forged: its signature is not right. Look for the visit by code or NIK, and tell the head of office."
    )


class InvalidDocumentType(PassRefused):
    code = "invalid-documenttype"
    message = _("This seal is genuine, but it belongs to another kind of paper. Ask for the visit pass.")


class UnknownFeature(PassRefused):
    code = "unknown-feature"
    verdict = "UNKNOWN"
    message = _(
        "This pass is genuine, but says something that this office’s version cannot read yet. Look for the visit by code or NIK."
    )


@dataclass(frozen=True, kw_only=True)
class VisitPass:
    """What an office must know at the door. Valid at its office on its day only; the highest number known counts."""

    number: int  # 1, 2, 3 … one more with every change of the appointment
    ref: str  # OP-XXXX-XXXX
    office: str  # office code
    starts_at: datetime  # UTC, whole seconds
    kind: str  # of KINDS
    booklet: str  # of BOOKLETS
    paid: bool
    name: str  # as the machine-readable line carries it, A–Z and spaces, at most 39


def encode(pass_: VisitPass, *, certificate: str, on: date, sign: Sign) -> str:
    """The text for the QR code, made and signed on day `on`. Raises ValueError for a pass that cannot be written."""
    seal = Seal(
        country=COUNTRY,
        signer=SIGNER,
        certificate=certificate,
        issued=on,
        signed=on,
        feature=FEATURE,
        category=CATEGORY,
        messages=_messages(pass_),
    )
    body = vds.body_of(seal)
    return PREFIX + base45.encode(vds.encode(body, sign(body)))


def looks_like_one(text: str) -> bool:
    """Whether a scan is meant as a pass, and not as a reference or a NIK."""
    return text.lstrip()[: len(PREFIX)].upper() == PREFIX


def unfold(text: str) -> Scanned:
    """The seal in a scanned text, whoever signed it. Raises ReadError or WrongFormat, whatever was scanned."""
    text = text[:LONGEST_SCAN].strip()  # Base45 never ends in a space
    if not text.isascii() or not looks_like_one(text):
        raise WrongFormat()
    text = _once(text)
    if len(text) > _LONGEST_TEXT:
        raise ReadError()
    try:
        content = base45.decode(text.upper()[len(PREFIX) :])
    except ValueError as trouble:
        raise ReadError() from trouble
    try:
        return vds.decode(content)
    except Malformed as trouble:
        raise WrongFormat() from trouble


def _once(text: str) -> str:
    """A scanner that is quicker than the page types a pass again behind itself, the last time perhaps not to its end."""
    first, *again = "".join(text.upper().splitlines()).split(PREFIX)[1:]
    *whole, last = again or [first]
    is_same = all(one == first for one in whole) and (first + PREFIX).startswith(last)
    return PREFIX + first if is_same else text


def read(seal: Seal) -> VisitPass:
    """What a seal says as a visit pass. Raises InvalidDocumentType, UnknownFeature or WrongFormat.

    Only exactly what `encode` writes is taken, even from a good key.
    """
    if (seal.country, seal.feature, seal.category) != (COUNTRY, FEATURE, CATEGORY):
        raise InvalidDocumentType()
    known = tuple((tag, value) for tag, value in seal.messages if tag < OPTIONAL_FROM)
    if any(tag not in range(TAG_REFERENCE, TAG_NUMBER + 1) for tag, _value in known):
        raise UnknownFeature()
    try:
        pass_ = _pass_of(dict(known))
        if _messages(pass_) != known:
            raise WrongFormat()
    except (KeyError, ValueError, references.ReferenceInvalid) as trouble:
        raise WrongFormat() from trouble
    return pass_


def _messages(pass_: VisitPass) -> tuple[tuple[int, bytes], ...]:
    reference = references.parse(pass_.ref)
    fits = _OFFICE.fullmatch(pass_.office) and _NAME.fullmatch(pass_.name) and len(pass_.name) <= LONGEST_NAME
    if not fits or not 1 <= pass_.number < 256**_LONGEST_NUMBER:
        raise ValueError("This pass cannot be written.")
    return (
        (TAG_REFERENCE, vds.c40(reference.issuer + reference.body + reference.check)),
        (TAG_NAME, vds.c40(pass_.name)),
        (TAG_PLACE, vds.c40(pass_.office.replace("-", " ")) + vds.moment(pass_.starts_at)),
        (TAG_BOOK, bytes([KINDS.index(pass_.kind) + 1, BOOKLETS.index(pass_.booklet) + 1])),
        (TAG_PAID, bytes([pass_.paid])),
        (TAG_NUMBER, pass_.number.to_bytes(-(-pass_.number.bit_length() // 8), "big")),
    )


def _pass_of(values: dict[int, bytes]) -> VisitPass:
    kind, booklet = values[TAG_BOOK]
    if not 1 <= kind <= len(KINDS) or not 1 <= booklet <= len(BOOKLETS):
        raise UnknownFeature()
    place = values[TAG_PLACE]
    return VisitPass(
        number=int.from_bytes(values[TAG_NUMBER], "big"),
        ref=str(references.parse(vds.text_of(values[TAG_REFERENCE]))),
        office=vds.text_of(place[:-_MOMENT]).replace(" ", "-"),
        starts_at=vds.moment_of(place[-_MOMENT:]),
        kind=KINDS[kind - 1],
        booklet=BOOKLETS[booklet - 1],
        paid=values[TAG_PAID] != b"\0",
        name=vds.text_of(values[TAG_NAME]),
    )
