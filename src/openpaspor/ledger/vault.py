"""What lies outside the home is closed: long files piece by piece, short ones whole, keys under a passphrase."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from openpaspor.kit.disk import sync_folder

from .keys import Unreadable, decrypt, encrypt

MAGIC = b"OPV1"
PIECE = 2**20  # bytes of plaintext
SCRYPT = {"n": 2**15, "r": 8, "p": 1}  # 32 MB, a tenth of a second: RFC 7914's interactive choice, doubled


@dataclass(frozen=True)
class Part:
    """A closed file as it lies there."""

    size: int  # bytes
    sha256: str


def _key_of(key: bytes, salt: bytes, purpose: str) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=salt, info=b"openpaspor-vault-v1\n" + purpose.encode()).derive(key)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def pieces_of(source: IO[bytes]) -> Iterator[bytes]:
    """A file in pieces."""
    while piece := source.read(PIECE):
        yield piece


def close_file(plain: Iterable[bytes], path: Path, key: bytes, purpose: str) -> Part:
    """Write `plain` to `path`, closed, on the disk when this returns; aside first, so that a half one never shows.

    Each piece is bound to its number, and the last one says so: nothing can be cut off, moved or put in.
    """
    salt = os.urandom(16)
    cipher = AESGCM(_key_of(key, salt, purpose))
    digest, size = hashlib.sha256(), 0
    aside = path.with_name(f".{path.name}.new")
    try:
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
            for chunk in _closed(plain, cipher, MAGIC + salt):
                handle.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(path.parent)
    return Part(size, digest.hexdigest())


def _closed(plain: Iterable[bytes], cipher: AESGCM, head: bytes) -> Iterator[bytes]:
    yield head
    number, held = 0, b""
    for piece in plain:
        if held:
            yield _framed(cipher.encrypt(_nonce(number, last=False), held, None))
            number += 1
        held = piece
    yield _framed(cipher.encrypt(_nonce(number, last=True), held, None))


def _framed(sealed: bytes) -> bytes:
    return len(sealed).to_bytes(4, "big") + sealed


def open_file(path: Path, key: bytes, purpose: str) -> Iterator[bytes]:
    """The plaintext that `close_file` wrote, in pieces. Raises Unreadable, maybe after some pieces."""
    with open(path, "rb") as handle:
        if handle.read(len(MAGIC)) != MAGIC:
            raise Unreadable(purpose)
        cipher = AESGCM(_key_of(key, handle.read(16), purpose))
        number, sealed = 0, _next_frame(handle)
        while sealed is not None:
            following = _next_frame(handle)
            try:
                yield cipher.decrypt(_nonce(number, last=following is None), sealed, None)
            except (InvalidTag, ValueError) as trouble:
                raise Unreadable(purpose) from trouble
            number, sealed = number + 1, following
        if not number:
            raise Unreadable(purpose)


def _next_frame(handle: BinaryIO) -> bytes | None:
    head = handle.read(4)
    return handle.read(int.from_bytes(head, "big")) if head else None


def digest_of(path: Path) -> Part:
    """Size and SHA-256 of a file as it lies there."""
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as handle:
        for piece in pieces_of(handle):
            digest.update(piece)
            size += len(piece)
    return Part(size, digest.hexdigest())


# --- under a passphrase -----------------------------------------------------------------------------------


def _stretched(passphrase: str, salt: bytes, work: dict[str, int]) -> bytes:
    return Scrypt(salt=salt, length=32, n=work["n"], r=work["r"], p=work["p"]).derive(passphrase.encode())


def lock_up(secret: bytes, passphrase: str, purpose: str) -> dict[str, object]:
    """Close `secret` under a passphrase (scrypt, then AES-256-GCM); JSON values, with what is needed to open it."""
    salt = os.urandom(16)
    sealed = encrypt(_stretched(passphrase, salt, SCRYPT), secret, purpose)
    return {"scrypt": SCRYPT, "salt": salt.hex(), "sealed": base64.b64encode(sealed).decode()}


def unlock(locked: dict[str, object], passphrase: str, purpose: str) -> bytes:
    """Open what `lock_up` closed. Raises Unreadable: another passphrase, or it was changed."""
    work, salt, sealed = locked["scrypt"], locked["salt"], locked["sealed"]
    if not isinstance(work, dict) or work != SCRYPT:  # never spend what a changed file asks for
        raise Unreadable(purpose)
    try:
        key = _stretched(passphrase, bytes.fromhex(str(salt)), work)
        return decrypt(key, base64.b64decode(str(sealed)), purpose)
    except ValueError as trouble:
        raise Unreadable(purpose) from trouble
