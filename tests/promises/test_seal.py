"""Visible digital seals: the published vectors are read and written byte for byte, and nothing that is scanned hurts."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from openpaspor.kit import vds
from openpaspor.kit.vds import Malformed, Seal

# From the test suite of the `vds` library: a residence permit of Utopia, version 4, national category.
PUBLISHED = bytes.fromhex(
    "dc03d9c5d9cac8a73a990f7134b83459fb0602305cba135875976ec066d417b59e8c6abc133c133c133c133c3fef3a2938ee43f1593d1ae5"
    "2dbb26751fe64b7c133c136b0306d79519a65306ff40a1f621437b25e0dc6177182297c47544890177ebd0e89b1d1ec9f994ed6fe60e5561"
    "fac9bc9e723ff8f60c679f6a23b938ee6584f852476f8c72a05e3f9eb87e"
)
UTOPIA = bytes.fromhex(
    "0408132A7243B3CCC29C271097081C96A729EEFB8EB93630E536498E9B7CE1CED25D68A789D93BEF39C04715C5AD3915D281C0754ECC08508BF6"
    "6687EFC630DF88"
)
LETTERS = " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SEALS = st.builds(
    Seal,
    country=st.from_regex(r"[A-Z]{1,3}", fullmatch=True),
    signer=st.from_regex(r"[A-Z]{2}[A-Z0-9]{2}", fullmatch=True),
    certificate=st.from_regex(r"[0-9A-F]{1,40}", fullmatch=True),
    issued=st.dates(),
    signed=st.dates(),
    feature=st.integers(0, 255),
    category=st.integers(0, 255),
    messages=st.lists(st.tuples(st.integers(0, 254), st.binary(max_size=300)), max_size=4).map(tuple),
)


def test_a_published_seal_is_read():
    scanned = vds.decode(PUBLISHED)

    values = dict(scanned.seal.messages)
    assert replace(scanned.seal, messages=()) == Seal(
        country="UTO",
        signer="UTTS",
        certificate="5B",
        issued=date(2020, 1, 1),
        signed=date(2025, 12, 7),  # B83459 is 12072025, and months come first
        feature=251,
        category=6,
        messages=(),
    )
    assert vds.text_of(values[2]) == (
        "ATD  RESIDORCE  ROLAND              6525845096USA7008038M2201018      06"
    )
    assert vds.text_of(values[3]) == "UFO001979"


def test_a_published_signature_is_over_what_we_call_the_body():
    scanned = vds.decode(PUBLISHED)
    half = len(scanned.signature) // 2
    r, s = (int.from_bytes(part, "big") for part in (scanned.signature[:half], scanned.signature[half:]))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.BrainpoolP256R1(), UTOPIA)

    key.verify(encode_dss_signature(r, s), scanned.body, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        key.verify(encode_dss_signature(r, s), scanned.body + b"\xff", ec.ECDSA(hashes.SHA256()))


def test_a_published_seal_is_written_byte_for_byte():
    scanned = vds.decode(PUBLISHED)

    assert vds.body_of(scanned.seal) == scanned.body
    assert vds.encode(scanned.body, scanned.signature) == PUBLISHED


@pytest.mark.parametrize(
    ("text", "written"), [("XK<CD", "EB0466A9"), ("XKCD", "EB11FE45"), ("VISA01", "DE515826"), ("", "")]
)
def test_the_standard_s_own_c40(text, written):
    assert vds.c40(text).hex().upper() == written
    assert vds.text_of(bytes.fromhex(written)) == text.replace("<", " ")


def test_the_standard_s_own_moments():
    assert vds.day(date(1957, 3, 25)).hex().upper() == "319EF5"
    assert vds.day_of(bytes.fromhex("319EF5")) == date(1957, 3, 25)
    moment = datetime(1957, 3, 25, 8, 15, 22, tzinfo=UTC)
    assert vds.moment(moment).hex().upper() == "02F527BF25B2"
    assert vds.moment_of(bytes.fromhex("02F527BF25B2")) == moment


@given(st.text(LETTERS, max_size=60))
def test_every_text_comes_back_from_c40(text):
    assert vds.text_of(vds.c40(text)) == text


@given(st.binary(max_size=40))
def test_bytes_that_are_no_c40_are_refused_and_the_others_have_one_reading(content):
    try:
        text = vds.text_of(content)
    except Malformed:
        return
    assert vds.c40(text) == content


@pytest.mark.parametrize("text", ["xkcd", "A-B", "É", "A\0"])
def test_what_c40_cannot_say_is_not_written(text):
    with pytest.raises(Malformed):
        vds.c40(text)


@given(SEALS, st.binary(min_size=1, max_size=300))
def test_every_seal_comes_back(seal, signature):
    body = vds.body_of(seal)

    scanned = vds.decode(vds.encode(body, signature))

    assert (scanned.seal, scanned.body, scanned.signature) == (seal, body, signature)


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda rest: PUBLISHED[:18] + rest))
def test_whatever_is_scanned_is_a_seal_or_malformed(content):
    try:
        scanned = vds.decode(content)
    except Malformed:
        return
    assert vds.decode(vds.encode(scanned.body, scanned.signature)) == scanned


@pytest.mark.parametrize("length", range(len(PUBLISHED)))
def test_a_seal_that_was_cut_is_malformed(length):
    with pytest.raises(Malformed):
        vds.decode(PUBLISHED[:length])


@given(st.integers(0, len(PUBLISHED) * 8 - 1))
def test_a_flipped_bit_is_malformed_or_is_seen(bit):
    changed = bytearray(PUBLISHED)
    changed[bit // 8] ^= 1 << bit % 8
    whole = vds.decode(PUBLISHED)
    try:
        scanned = vds.decode(bytes(changed))
    except Malformed:
        return
    assert (scanned.body, scanned.signature) != (whole.body, whole.signature)


@pytest.mark.parametrize(
    "tail",
    [
        "01" + "81 05" + "41" * 5 + "ff0101",  # a length that could be shorter
        "01" + "820005" + "41" * 5 + "ff0101",
        "01" + "80" + "ff0101",  # indefinite
        "01" + "83000001" + "41" + "ff0101",
        "01" + "0141" + "ff00",  # an empty signature
        "01" + "0141" + "ff010101",  # a byte too many
        "01" + "0141",  # no signature
    ],
)
def test_lengths_are_those_of_der_and_nothing_follows(tail):
    with pytest.raises(Malformed):
        vds.decode(PUBLISHED[:18] + bytes.fromhex(tail))


def test_the_header_of_those_tails_is_whole():
    assert vds.decode(PUBLISHED[:18] + bytes.fromhex("010141ff0101")).seal.messages == ((1, b"A"),)


@pytest.mark.parametrize(
    "changes",
    [
        {"country": "ID1"},
        {"country": ""},
        {"signer": "IDO"},
        {"certificate": ""},
        {"certificate": "0g"},
        {"certificate": "A" * 256},
        {"feature": 256},
        {"category": -1},
        {"messages": ((255, b""),)},
        {"messages": ((1, b"x" * 65_536),)},
    ],
)
def test_what_no_seal_can_carry_is_not_written(changes):
    with pytest.raises(Malformed):
        vds.body_of(replace(vds.decode(PUBLISHED).seal, **changes))
