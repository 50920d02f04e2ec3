"""Codes that people type to show who they are. Pure: no database, no clock."""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

TOTP_SECONDS = 30  # RFC 6238, and what every authenticator app assumes: SHA-1, six digits, half a minute
TOTP_TOLERANCE = 1  # steps before and after the present one, for a phone whose clock is a little off
TOTP_SECRET_BYTES = 20
PASSWORD_LENGTH = 12  # characters, at least; NIST SP 800-63B asks for length, not for kinds of characters
RECOVERY_CODES = 10
RECOVERY_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_NOT_A_SIGN = re.compile(r"[^0-9A-Za-z]+")


def digits_of(text: str) -> str:
    """A code as it was pasted, without spaces, dots and hyphens."""
    return _NOT_A_SIGN.sub("", text[:40])


def totp_at(secret: bytes, step: int) -> str:
    """The six digits of the `step`-th half-minute since 1970."""
    return HOTP(secret, 6, SHA1(), enforce_key_length=False).generate(step).decode()  # noqa: S303 - RFC 6238


def totp_step(secret: bytes, code: str, seconds: float) -> int | None:
    """The half-minute to which a code belongs, if that is near `seconds` since 1970; else None."""
    present = int(seconds) // TOTP_SECONDS
    typed = digits_of(code)
    for step in range(present - TOTP_TOLERANCE, present + TOTP_TOLERANCE + 1):
        if hmac.compare_digest(totp_at(secret, step), typed):
            return step
    return None


def totp_text(secret: bytes) -> str:
    """A secret as people type it into an authenticator app: base32."""
    return base64.b32encode(secret).decode().rstrip("=")


def totp_address(secret: bytes, login: str) -> str:
    """What the QR code of the set-up page says."""
    words = urlencode(
        {"secret": totp_text(secret), "issuer": "OpenPaspor", "digits": 6, "period": TOTP_SECONDS}
    )
    return f"otpauth://totp/OpenPaspor:{quote(login)}?{words}"


def recovery_code() -> str:
    """One code to print, e.g. `7KX2-QM4D`."""
    signs = "".join(secrets.choice(RECOVERY_ALPHABET) for _place in range(8))
    return f"{signs[:4]}-{signs[4:]}"


def first_password() -> str:
    """A password to hand over on paper: four groups of four, about 78 bits."""
    return "-".join(
        "".join(secrets.choice(RECOVERY_ALPHABET) for _place in range(4)) for _group in range(4)
    ).lower()
