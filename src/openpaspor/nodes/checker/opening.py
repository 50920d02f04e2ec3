"""Opening what is encrypted, with code of the checker's own."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .databases import Database


def box_key(here: Database) -> X25519PrivateKey | None:
    """The key to which application keys are wrapped for this node; None where its home is not at hand."""
    file = here.home / "keys" / "box.key" if here.home else None
    return X25519PrivateKey.from_private_bytes(file.read_bytes()) if file and file.exists() else None


def opened(key: bytes, sealed: bytes, purpose: str) -> bytes:
    """AES-256-GCM: 12 bytes of nonce, then ciphertext and tag, bound to `purpose`."""
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], purpose.encode())


def unwrapped(box: X25519PrivateKey, closed: bytes) -> bytes:
    """An application key that was closed for this node: X25519, HKDF, AES-GCM."""
    ours = box.public_key().public_bytes_raw()
    shared = box.exchange(X25519PublicKey.from_public_bytes(closed[:32]))
    wrap = b"openpaspor-wrap-v1"
    key = HKDF(hashes.SHA256(), 32, salt=closed[:32] + ours, info=wrap).derive(shared)
    return opened(key, closed[32:], wrap.decode())
