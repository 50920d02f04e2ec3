"""The keys of one node, each in a file of its own under `keys/`, made on first use and never sent anywhere.

sign    Ed25519; seals entries. Only the worker loads it.
seal    P-256; signs the seals of visit passes, at the sites that give them out.
wire    Ed25519; signs messages to other nodes, and the answers that web processes give them.
box     X25519; others wrap application keys to its public half.
rest    AES-256; what this node keeps for itself (phone numbers, messages, TOTP secrets).
search  HMAC-SHA-256; turns a NIK or a phone number into a token that can be looked up but not read.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from functools import cached_property, lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from openpaspor.kit.disk import sync_folder

WRAP_PURPOSE = b"openpaspor-wrap-v1"
_SEAL = ec.ECDSA(
    hashes.SHA256(), deterministic_signing=True
)  # RFC 6979: no bad luck of a cloned machine gives the key away
_COORDINATE = 32  # bytes of P-256


class Unreadable(Exception):
    """The ciphertext was made with another key, for another purpose, or was changed."""


def encrypt(key: bytes, plain: bytes, purpose: str) -> bytes:
    """AES-256-GCM: 12 random bytes of nonce, then ciphertext and tag, bound to `purpose`."""
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, plain, purpose.encode())


def decrypt(key: bytes, sealed: bytes, purpose: str) -> bytes:
    """Read what `encrypt` wrote, or raise Unreadable."""
    try:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], purpose.encode())
    except (InvalidTag, ValueError) as trouble:
        raise Unreadable(purpose) from trouble


def _derive(shared: bytes, ephemeral: bytes, receiver: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=ephemeral + receiver, info=WRAP_PURPOSE).derive(shared)


def wrap(secret: bytes, receiver: bytes) -> str:
    """Close `secret` so that only the holder of the X25519 private key of `receiver` (32 bytes) can open it."""
    once = X25519PrivateKey.from_private_bytes(os.urandom(32))
    public = once.public_key().public_bytes_raw()
    key = _derive(once.exchange(X25519PublicKey.from_public_bytes(receiver)), public, receiver)
    return base64.b64encode(public + encrypt(key, secret, WRAP_PURPOSE.decode())).decode()


@lru_cache(maxsize=5000)  # what comes again, or is checked after it came, is not worked out again
def verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """True when `signature` is the Ed25519 signature of `message` by `public`."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def verify_seal(public: bytes, signature: bytes, body: bytes) -> bool:
    """True when `signature` (r‖s, 64 bytes) is the ECDSA P-256 SHA-256 signature of `body` by the uncompressed point `public`."""
    if len(signature) != 2 * _COORDINATE:
        return False
    r, s = (int.from_bytes(half, "big") for half in (signature[:_COORDINATE], signature[_COORDINATE:]))
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
        key.verify(encode_dss_signature(r, s), body, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _random_32() -> bytes:
    return os.urandom(32)


def _new_scalar() -> bytes:
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return number.to_bytes(_COORDINATE, "big")


class KeyRing:
    """The key files of one node. A missing file is made at once, readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _file(self, name: str, fresh: Callable[[], bytes] = _random_32) -> bytes:
        path = self.folder / f"{name}.key"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            aside = self.folder / f".{name}.{secrets.token_hex(4)}"
            with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
                handle.write(fresh())
                handle.flush()
                os.fsync(handle.fileno())
            try:
                os.link(aside, path)  # never over an existing key, whoever was first
            except FileExistsError:
                pass
            finally:
                aside.unlink()
            sync_folder(self.folder)
        return path.read_bytes()

    def _sign(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._file("sign"))

    @cached_property
    def wire_key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._file("wire"))

    @cached_property
    def wire_public(self) -> bytes:
        return self.wire_key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature of this node over `message`; for the worker."""
        return self._sign_key.sign(message)

    @cached_property
    def _sign_key(self) -> Ed25519PrivateKey:
        return self._sign()

    @cached_property
    def sign_public(self) -> bytes:
        return self._sign_key.public_key().public_bytes_raw()

    @cached_property
    def _seal_key(self) -> ec.EllipticCurvePrivateKey:
        scalar = int.from_bytes(self._file("seal", _new_scalar), "big")
        return ec.derive_private_key(scalar, ec.SECP256R1())

    @cached_property
    def seal_public(self) -> bytes:
        """The uncompressed point, 65 bytes: 04, x, y."""
        return self._seal_key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )

    def seal(self, body: bytes) -> bytes:
        """ECDSA P-256 SHA-256 signature of the body of a seal: r‖s, 64 bytes."""
        r, s = decode_dss_signature(self._seal_key.sign(body, _SEAL))
        return r.to_bytes(_COORDINATE, "big") + s.to_bytes(_COORDINATE, "big")

    @cached_property
    def _box_key(self) -> X25519PrivateKey:
        return X25519PrivateKey.from_private_bytes(self._file("box"))

    @cached_property
    def box_public(self) -> bytes:
        return self._box_key.public_key().public_bytes_raw()

    def unwrap(self, wrapped: str) -> bytes:
        """Open what `wrap` closed for this node, or raise Unreadable."""
        raw = base64.b64decode(wrapped)
        key = _derive(
            self._box_key.exchange(X25519PublicKey.from_public_bytes(raw[:32])), raw[:32], self.box_public
        )
        return decrypt(key, raw[32:], WRAP_PURPOSE.decode())

    def secret(self, name: str) -> bytes:
        """32 random bytes kept under `name`, for a room that needs a key of its own."""
        return self._file(name)

    @cached_property
    def _rest_key(self) -> bytes:
        return self._file("rest")

    def keep(self, plain: str, purpose: str) -> bytes:
        """Encrypt a text that only this node reads again."""
        return encrypt(self._rest_key, plain.encode(), purpose)

    def read(self, kept: bytes | memoryview, purpose: str) -> str:
        """Read what `keep` wrote."""
        return decrypt(self._rest_key, bytes(kept), purpose).decode()

    @cached_property
    def _search_key(self) -> bytes:
        return self._file("search")

    def wrapped_search_key(self, receiver: bytes) -> str:
        """The search key, closed to the box key of another node, whose tokens must agree with ours."""
        return wrap(self._search_key, receiver)

    def agrees(self, search_key: bytes) -> bool:
        """True when tokens made here are those of `search_key`, or none can have been made yet."""
        return not (self.folder / "search.key").exists() or hmac.compare_digest(self._search_key, search_key)

    def take_search_key(self, search_key: bytes) -> None:
        """Make the tokens of the whole country ours, in place of a search key of our own."""
        (self.folder / "search.key").unlink(missing_ok=True)
        self.__dict__.pop("_search_key", None)
        self._file("search", lambda: search_key)

    def token(self, purpose: str, text: str) -> str:
        """A keyed hash, 32 hex digits: equal texts give equal tokens, and nothing can be read back."""
        return hmac.new(self._search_key, f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()[:32]

    @cached_property
    def reference_key(self) -> bytes:
        """The key that permutes the serial numbers of references."""
        return hmac.new(self._file("reference"), b"openpaspor-reference-v1", hashlib.sha256).digest()
