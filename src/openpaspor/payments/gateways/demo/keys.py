"""The demo bank's key pair. A real bank would give us the public half only.

It is made from the secret that all nodes of one country share, so that an office can check a receipt of the bank at
which somebody paid on the portal, with no line and nothing to set up.
"""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openpaspor.ledger import node

PROOF_HEADING = b"demo-bank-receipt-v1\n"  # a printed receipt is never taken for a notice


def _private() -> Ed25519PrivateKey:
    shared = node.here().keys.token("demo-bank", "key pair")
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(shared.encode()).digest())


def public() -> bytes:
    return _private().public_key().public_bytes_raw()


def sign(body: bytes) -> str:
    """The signature of the demo bank over a notice, in hex."""
    return _private().sign(body).hex()
