"""The forms of the log, frozen: canonical bytes, hash, signed message, signature, exported line.

Other programs check our logs by these; whoever changes one of them has made another format.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openpaspor.facts import decode, encode
from openpaspor.facts.base import format_moment
from openpaspor.ledger.canonical import canonical
from openpaspor.ledger.keys import verify
from openpaspor.ledger.models import Entry
from openpaspor.ledger.seal import GENESIS, body_of, chain_hash, signed_message

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))  # 00 01 02 … 1f
PUBLIC = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
SAID = {
    "application": "OP-22WY-ZVKJ", "custodian": "portal", "move": "submit", "origin": "DRAFT",
    "target": "SUBMITTED", "term": 1, "version": 1,
}  # fmt: skip
BODY = (
    b'{"actor":"A-3f9a2c","epoch":1,"fact":{"application":"OP-22WY-ZVKJ","custodian":"portal","move":"submit",'
    b'"origin":"DRAFT","target":"SUBMITTED","term":1,"version":1},"kind":"applications.moved","node":"satu",'
    b'"recorded_at":"2026-11-24T01:40:00.000000Z","seq":1,"v":1}'
)
HASH = "1fcb905faecd2ea7e5811d93a329ed4c1653012a1c824013c541cf91a51273f5"
SIGNATURE = (
    "45516b3e56999dd08be96dbd63a1a0f069eef6a756910811079e23ff9cce6e41"
    "56c82f436b90c97fb424795579dfdfb26fa36bf8545434fb629124072ad34409"
)
SECOND_HASH = "e25cf1e018653534101b64ba274600f2badd700bfcbf11617b8352a9fd411b0c"


def entry() -> Entry:
    return Entry(
        node="satu", epoch=1, kind="applications.moved", actor="A-3f9a2c",
        recorded_at=datetime(2026, 11, 24, 1, 40, tzinfo=UTC),
        fact=canonical(encode(decode("applications.moved", SAID))).decode(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "null"),
        (True, "true"),
        (-0, "0"),
        (2**53 - 1, "9007199254740991"),
        ("", '""'),
        ([], "[]"),
        ((1, "a"), '[1,"a"]'),
        ({}, "{}"),
        ({"b": 1, "a": 2, "A": 3}, '{"A":3,"a":2,"b":1}'),
        ('€$\u000f\u000aA\'B"\\\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),  # RFC 8785, 3.2.2
        ("\u007f\u2028é", '"\u007f\u2028é"'),
    ],
)
def test_values_have_one_form(value: object, written: str):
    assert canonical(value) == written.encode()


def test_keys_are_sorted_by_their_utf_16_units_as_rfc_8785_shows():
    keys = {"€": 1, "\r": 2, "\ufb33": 3, "1": 4, "😀": 5, "\u0080": 6, "ö": 7}

    assert list(json.loads(canonical(keys))) == ["\r", "1", "\u0080", "ö", "€", "😀", "\ufb33"]


@pytest.mark.parametrize("value", [1.0, float("nan"), b"", {1: 2}, {"a": {1.5}}])
def test_what_has_no_form_is_refused(value: object):
    with pytest.raises(TypeError):
        canonical(value)


def test_an_integer_that_javascript_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="2\\*\\*53"):
        canonical(2**53)


def test_moments_are_utc_with_microseconds():
    assert format_moment(datetime.fromisoformat("2026-11-24T09:40:00+08:00")) == "2026-11-24T01:40:00.000000Z"
    with pytest.raises(ValueError, match="time zone"):
        format_moment(datetime(2026, 11, 24))  # noqa: DTZ001 - that is the point


def test_the_bytes_of_an_entry():
    assert body_of(entry(), 1) == BODY


def test_the_hash_of_an_entry_covers_the_one_before_it():
    assert GENESIS == "0" * 64
    assert chain_hash(GENESIS, BODY) == HASH
    assert chain_hash(HASH, BODY) == SECOND_HASH


def test_the_signature_of_an_entry():
    assert KEY.public_key().public_bytes_raw().hex() == PUBLIC
    assert signed_message(HASH) == b"openpaspor-ledger-v1\n" + bytes.fromhex(HASH)
    assert KEY.sign(signed_message(HASH)).hex() == SIGNATURE
    assert verify(bytes.fromhex(PUBLIC), bytes.fromhex(SIGNATURE), signed_message(HASH))
    assert not verify(bytes.fromhex(PUBLIC), bytes.fromhex(SIGNATURE), signed_message(SECOND_HASH))
