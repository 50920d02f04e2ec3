"""The demo bank's key pair. A real bank would give us the public half only; this one lives in our own home."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openpaspor.ledger import node


def _private() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(node.here().keys.secret("demo-bank"))


def public() -> bytes:
    return _private().public_key().public_bytes_raw()


def sign(body: bytes) -> str:
    """The signature of the demo bank over a notice, in hex."""
    return _private().sign(body).hex()
