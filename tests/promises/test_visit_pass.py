"""Visit passes are printed and kept on phones: what was ever signed must be readable, and nothing else."""

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import zxingcpp
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from openpaspor.applications.models import Kind
from openpaspor.kit import base45, qr, references, vds, visit_pass
from openpaspor.kit.visit_pass import PassRefused, VisitPass
from openpaspor.ledger.keys import KeyRing, verify_seal
from openpaspor.offices.models import Booklet

DAY = date(2026, 11, 24)
PASS = VisitPass(
    number=1,
    ref=references.make("A7", 1, b"key"),
    office="DENPASAR",
    starts_at=datetime(2026, 11, 26, 1, 0, tzinfo=UTC),
    kind="adult-replace",
    booklet="electronic",
    paid=True,
    name="I WAYAN SUDIRA",
)
VECTOR = (
    "OP2:S R/WH:WH-:M J32:B*ULXH50LH75A$50%CBW$8Q25RB0WKH+ BIILN9RVYOFH03 DD9NGUBCD1$U4B 9 M0JB0LS0$50W50"
    "4CW/+NXW94.DGG7E-B0-8ZVN:VJQ832%UP3S0PLWROK QN-5%MHNABRPIB-QE68RC1D:JP.F.CSD2QM:6N-A0K6B/UD 3-M4ZE4"
)
PUBLISHED = Path(__file__).parents[2] / "docs" / "visit-pass.md"
KEY = ec.derive_private_key(int.from_bytes(bytes(range(1, 33)), "big"), ec.SECP256R1())
POINT = KEY.public_key().public_bytes(
    serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
)
PASSES = st.builds(
    VisitPass,
    number=st.integers(1, 65535),
    ref=st.builds(lambda n: references.make("ZZ", n, b"key"), st.integers(0, references.SERIALS - 1)),
    office=st.from_regex(r"[A-Z0-9-]{1,48}", fullmatch=True),
    starts_at=st.integers(0, 2**31).map(lambda s: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=s)),
    kind=st.sampled_from(visit_pass.KINDS),
    booklet=st.sampled_from(visit_pass.BOOKLETS),
    paid=st.booleans(),
    name=st.from_regex(r"[A-Z]{1,12}( [A-Z]{1,12}){0,2}", fullmatch=True),
)


def sign(body):
    r, s = decode_dss_signature(KEY.sign(body, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def written(pass_=PASS):
    return visit_pass.encode(pass_, certificate="0A1B2C", on=DAY, sign=sign)


def read(text):
    return visit_pass.read(visit_pass.unfold(text).seal)


def scan(text):
    """What a reader that is not ours sees in the code that we draw."""
    rows, scale = qr.modules(text), 4
    picture = Image.new("L", ((len(rows) + 2 * qr.QUIET) * scale,) * 2, 255)
    pen = ImageDraw.Draw(picture)
    for down, row in enumerate(rows):
        for along, length in qr.runs(row):
            left, top = (along + qr.QUIET) * scale, (down + qr.QUIET) * scale
            pen.rectangle((left, top, left + length * scale - 1, top + scale - 1), fill=0)
    (found,) = zxingcpp.read_barcodes(picture)
    return found.text


def base45_of_rfc_9285(text):
    """Section 4 of the RFC once more, in other words than ours."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
    out = b""
    for group in re.findall("...|..$", text, re.S):
        number = sum(alphabet.index(one) * 45**power for power, one in enumerate(group))
        out += number.to_bytes(len(group) - 1, "big")
    return out


def test_a_pass_is_written_the_same_for_ever():
    assert written() == VECTOR
    assert read(VECTOR) == PASS


def test_what_a_scanner_reads_is_signed_as_cryptography_and_openssl_see_it(tmp_path):
    content = base45_of_rfc_9285(scan(written())[4:])
    assert content[-66:-64] == b"\xff\x40"
    body, r, s = content[:-66], content[-64:-32], content[-32:]
    der = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))

    KEY.public_key().verify(der, body, ec.ECDSA(hashes.SHA256()))
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    (tmp_path / "body").write_bytes(body)
    (tmp_path / "signature").write_bytes(der)
    (tmp_path / "key.pem").write_bytes(
        KEY.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    check = [openssl, "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "body"]
    said = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True)
    assert said.stdout.strip() == "Verified OK"
    (tmp_path / "body").write_bytes(body + b"x")
    assert subprocess.run(check, cwd=tmp_path, capture_output=True).returncode != 0


def test_the_bytes_stand_where_the_published_table_says():
    body = vds.decode(base45_of_rfc_9285(VECTOR[4:])).body

    assert body[:2] == bytes.fromhex("DC03")
    assert (body[18], body[19]) == (0x50, 0x02)
    assert body[20:22] == bytes.fromhex("0106")
    assert bytes.fromhex("0402" + "0202" + "0501" + "01" + "0601" + "01") == body[-10:]
    assert bytes.fromhex(f"{int('11262026010000'):012X}") in body  # the start, UTC, months first


def test_a_key_ring_signs_what_everybody_can_check(tmp_path):
    ring = KeyRing(tmp_path)
    signature = ring.seal(b"body")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), ring.seal_public)
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))

    key.verify(encode_dss_signature(r, s), b"body", ec.ECDSA(hashes.SHA256()))
    assert (len(ring.seal_public), ring.seal_public[0]) == (65, 4)
    assert KeyRing(tmp_path).seal(b"body") == signature
    assert (tmp_path / "seal.key").stat().st_mode & 0o777 == 0o600
    assert verify_seal(ring.seal_public, signature, b"body")
    for wrong in (signature[:-1], bytes(64), signature[:63] + bytes([signature[63] ^ 1])):
        assert not verify_seal(ring.seal_public, wrong, b"body")
    assert not verify_seal(b"\x04" + bytes(64), signature, b"body")


def test_the_codes_of_kinds_and_booklets_are_those_in_use_and_published():
    assert set(visit_pass.KINDS) == set(Kind.values)
    assert set(visit_pass.BOOKLETS) == set(Booklet.values)
    page = PUBLISHED.read_text(encoding="utf-8")
    for codes in (visit_pass.KINDS, visit_pass.BOOKLETS):
        assert ", ".join(f"{code} `{word}`" for code, word in enumerate(codes, start=1)) in page
    assert VECTOR in page
    assert POINT.hex().upper() in page.replace("\n", "")


@pytest.mark.parametrize(
    ("pass_", "across"),
    [
        (PASS, 49),
        (replace(PASS, name="N" * 39), 53),
        (replace(PASS, office="UNIT-PERCEPATAN-PASPOR-TERMINAL-3-SOEKARNO-HATTA", name="N" * 39), 53),
    ],
    ids=["usual", "longest name", "longest name and office"],
)
def test_the_code_is_as_small_as_published_and_is_read(pass_, across):
    text = written(pass_)

    assert set(text) <= set(base45.ALPHABET)
    assert len(qr.modules(text)) == across
    assert scan(text) == text


@given(PASSES)
def test_every_pass_comes_back_from_whatever_types_it(pass_):
    text = written(pass_)

    assert read(text) == pass_
    assert read(f"  {text}\r\n") == pass_
    assert read(text.lower()) == pass_  # a keyboard scanner with Caps Lock
    assert read(text.swapcase()) == pass_


@given(PASSES, st.integers(0, 300))
def test_a_scanner_that_is_quicker_than_the_page_types_a_pass_that_is_read_all_the_same(pass_, typed):
    text = written(pass_)

    assert read(text + text) == pass_
    assert read(f"{text}\n{text}{text[:typed]}") == pass_


@given(st.integers(0, 400), st.sampled_from(base45.ALPHABET))
def test_no_changed_character_is_taken(place, character):
    place %= len(VECTOR)
    changed = VECTOR[:place] + character + VECTOR[place + 1 :]
    if changed == VECTOR:
        return
    try:
        scanned = visit_pass.unfold(changed)
    except PassRefused:
        return
    assert not verify_seal(POINT, scanned.signature, scanned.body)


@given(
    st.text(max_size=300)
    | st.binary(max_size=250).map(lambda content: "OP2:" + base45.encode(content))
    | st.integers(0, 250).map(lambda length: VECTOR[:length] if length < len(VECTOR) else "")
    | st.text(base45.ALPHABET, max_size=420).map(lambda rest: "OP2:" + rest)
)
def test_whatever_is_scanned_the_answer_is_calm(text):
    with pytest.raises(PassRefused):
        read(text)


@given(st.lists(st.tuples(st.integers(0, 254), st.binary(max_size=40)), max_size=8).map(tuple))
def test_even_a_good_key_cannot_make_an_unreadable_pass_pass(messages):
    seal = replace(visit_pass.unfold(VECTOR).seal, messages=messages)
    try:
        pass_ = visit_pass.read(seal)
    except PassRefused:
        return
    assert visit_pass.unfold(written(pass_)).seal.messages == tuple(one for one in messages if one[0] < 0x80)


def changed_value(tag, value):
    messages = visit_pass.unfold(VECTOR).seal.messages
    return {"messages": tuple((one, value if one == tag else old) for one, old in messages)}


@pytest.mark.parametrize(
    ("changes", "reason", "verdict"),
    [
        ({"country": "UTO"}, "INVALID_DOCUMENTTYPE", "INVALID"),
        ({"feature": 0x51}, "INVALID_DOCUMENTTYPE", "INVALID"),
        ({"category": 1}, "INVALID_DOCUMENTTYPE", "INVALID"),
        ({"messages": visit_pass.unfold(VECTOR).seal.messages + ((7, b"x"),)}, "UNKNOWN_FEATURE", "UNKNOWN"),
        (changed_value(4, b"\x09\x01"), "UNKNOWN_FEATURE", "UNKNOWN"),
        (changed_value(4, b"\x01"), "WRONG_FORMAT", "INVALID"),
        (changed_value(1, b"\0\0"), "WRONG_FORMAT", "INVALID"),
        (changed_value(5, b"\x02"), "WRONG_FORMAT", "INVALID"),
        (changed_value(6, b"\0\x01"), "WRONG_FORMAT", "INVALID"),
        ({"messages": visit_pass.unfold(VECTOR).seal.messages[:-1]}, "WRONG_FORMAT", "INVALID"),
        ({"messages": visit_pass.unfold(VECTOR).seal.messages[:1] * 2}, "WRONG_FORMAT", "INVALID"),
    ],
)
def test_each_refusal_has_the_standard_s_verdict_and_reason(changes, reason, verdict):
    with pytest.raises(PassRefused) as refusal:
        visit_pass.read(replace(visit_pass.unfold(VECTOR).seal, **changes))

    assert (refusal.value.reason, refusal.value.verdict) == (reason, verdict)


def test_what_a_later_version_adds_beside_is_passed_over():
    seal = visit_pass.unfold(VECTOR).seal

    assert visit_pass.read(replace(seal, messages=(*seal.messages, (0x80, b"of tomorrow")))) == PASS


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "WRONG_FORMAT"),
        ("OP1:" + VECTOR[4:], "WRONG_FORMAT"),
        (references.make("A7", 1, b"k"), "WRONG_FORMAT"),
        ("OP2:", "WRONG_FORMAT"),
        ("OP2:" + VECTOR[4:-1], "READ_ERROR"),
        ("OP2:" + VECTOR[4:-3], "WRONG_FORMAT"),
        ("OP2:" + "0" * 100_000, "READ_ERROR"),
        ("OP2:é", "WRONG_FORMAT"),
    ],
)
def test_what_is_no_pass_is_refused(text, reason):
    with pytest.raises(PassRefused) as refusal:
        visit_pass.unfold(text)

    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 0},
        {"number": 65536},
        {"office": "denpasar"},
        {"name": "I  WAYAN"},
        {"name": "N" * 40},
        {"name": ""},
        {"kind": "tourist"},
        {"booklet": "paper"},
        {"starts_at": PASS.starts_at + timedelta(microseconds=1)},
    ],
)
def test_a_pass_that_cannot_be_read_is_not_written(changes):
    with pytest.raises(ValueError):
        written(replace(PASS, **changes))
