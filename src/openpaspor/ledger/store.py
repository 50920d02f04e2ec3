"""Encrypted attachments on disk, addressed by the SHA-256 of their ciphertext."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

from django.utils.translation import gettext_lazy as _

from openpaspor.kit.disk import sync_folder, sync_folders, sync_together
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
        return self.put_all([ciphertext])[0]

    def put_all(self, ciphertexts: Sequence[bytes]) -> list[str]:
        """As `put` of each, in little more than the time of one. Raises when one cannot be kept; perhaps some of the others are."""
        digests = [hashlib.sha256(ciphertext).hexdigest() for ciphertext in ciphertexts]
        paths = {
            self._path(digest): ciphertext for digest, ciphertext in zip(digests, ciphertexts, strict=True)
        }
        fresh = {path: ciphertext for path, ciphertext in paths.items() if not path.exists()}
        self._make_folders({path.parent for path in fresh})
        with contextlib.ExitStack() as asides:
            written = {path: self._write_aside(path, fresh[path], asides) for path in fresh}
            sync_together([handle.fileno() for handle in written.values()])
            for path, handle in written.items():
                fault("store.before_rename")
                os.replace(handle.name, path)
        sync_folders({path.parent for path in fresh})
        return digests

    def _make_folders(self, folders: Iterable[Path]) -> None:
        missing = [folder for folder in folders if not folder.exists()]
        for folder in missing:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if missing:
            sync_folder(self.folder)

    def _write_aside(self, path: Path, ciphertext: bytes, asides: contextlib.ExitStack) -> IO[bytes]:
        """A new file beside `path`, written and open; closed, and gone if it got no name, when `asides` ends."""
        aside = path.parent / f".{secrets.token_hex(8)}"
        asides.callback(aside.unlink, missing_ok=True)
        handle = asides.enter_context(open(aside, "wb"))  # noqa: SIM115 - the stack closes it
        handle.write(ciphertext)
        handle.flush()
        return handle

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
