"""Encrypted attachments on disk, addressed by the SHA-256 of their ciphertext."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from openpaspor.kit.disk import sync_folder
from openpaspor.kit.faults import fault
from openpaspor.kit.refused import Refused


class AttachmentMissing(Refused):
    """The row is here but the bytes are not (they may still be on their way), or they do not match their address."""

    code = "attachment-not-here"
    message = _("This picture has not arrived here yet. It follows by itself; try again in a while.")


class Store:
    """A folder of files that are written whole or not at all, and never changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, digest: str) -> Path:
        if len(digest) != 64 or not all(letter in "0123456789abcdef" for letter in digest):
            raise AttachmentMissing(digest=digest)
        return self.folder / digest[:2] / digest[2:]

    def put(self, ciphertext: bytes) -> str:
        """Keep the bytes and return their address. The file is on disk, under its name, before this returns."""
        digest = hashlib.sha256(ciphertext).hexdigest()
        path = self._path(digest)
        if path.exists():
            return digest
        if not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            sync_folder(self.folder)
        aside = path.parent / f".{secrets.token_hex(8)}"
        try:
            with open(aside, "wb") as handle:
                handle.write(ciphertext)
                handle.flush()
                os.fsync(handle.fileno())
            fault("store.before_rename")
            os.replace(aside, path)
        finally:
            aside.unlink(missing_ok=True)
        sync_folder(path.parent)
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes at an address, checked against it. Raises AttachmentMissing."""
        try:
            ciphertext = self._path(digest).read_bytes()
        except FileNotFoundError:
            raise AttachmentMissing(digest=digest) from None
        if hashlib.sha256(ciphertext).hexdigest() != digest:
            raise AttachmentMissing(digest=digest)
        return ciphertext

    def has(self, digest: str) -> bool:
        return self._path(digest).exists()

    def remove(self, digest: str) -> None:
        """Forget bytes that no row points to."""
        self._path(digest).unlink(missing_ok=True)
