"""Visit passes are printed and kept on phones: what was ever signed must be readable, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from openpaspor.kit import base45, references, visit_pass
from openpaspor.kit.visit_pass import PassInvalid, VisitPass

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PASS = VisitPass(
    number=1,
    ref=references.make("A7", 1, b"key"),
    office="DENPASAR",
    starts_at=datetime(2026, 11, 26, 1, 0, tzinfo=UTC),
    kind="adult-replace",
    paid=True,
    name="I WAYAN SUDIRA",
)
VECTOR = (
    "OP1:V50R60H2K.936A09EL*50HS8N+9SB8RB85V1MVC:VDOX53$CPVDKPCC 1:34YB8NB8+343ZA5C91B8/:EEMFC4"
    "9U5S-N0ND6QOTFUNXIIVT7VGCJ%NJE0FZO7A1K-I94K6I44 0+EJ.IVRI7L-BU/MH4K6GOJ0C.LLUUJF*11+Q10"
)


def verify(signature, message):
    try:
        KEY.public_key().verify(signature, message)
    except InvalidSignature:
        return False
    return True


def test_a_pass_is_written_the_same_for_ever():
    assert visit_pass.encode(PASS, KEY.sign) == VECTOR
    assert visit_pass.decode(VECTOR, verify) == PASS


def test_a_pass_has_only_characters_of_the_alphanumeric_mode():
    longest = replace(PASS, office="O" * 48, kind="k" * 24, name="N" * 39, number=65535)

    text = visit_pass.encode(longest, KEY.sign)

    assert set(text) <= set(base45.ALPHABET)
    assert len(text) < 330


@given(
    st.builds(
        VisitPass,
        number=st.integers(1, 65535),
        ref=st.builds(lambda n: references.make("ZZ", n, b"key"), st.integers(0, references.SERIALS - 1)),
        office=st.from_regex(r"[A-Z0-9-]{1,48}", fullmatch=True),
        starts_at=st.integers(0, 2**31).map(
            lambda minutes: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
        ),
        kind=st.sampled_from(["adult-new", "adult-replace", "child", "lost", "damaged"]),
        paid=st.booleans(),
        name=st.from_regex(r"[A-Z]{1,12}( [A-Z]{1,12}){0,2}", fullmatch=True),
    )
)
def test_every_pass_comes_back_even_where_a_form_strips_its_spaces(pass_):
    text = visit_pass.encode(pass_, KEY.sign)

    assert visit_pass.decode(text, verify) == pass_
    assert visit_pass.decode(f"  {text.strip()}\r\n", verify) == pass_


@given(st.integers(0, 400), st.sampled_from(base45.ALPHABET))
def test_no_changed_character_is_taken(place, character):
    place %= len(VECTOR)
    changed = VECTOR[:place] + character + VECTOR[place + 1 :]

    if changed != VECTOR:
        with pytest.raises(PassInvalid):
            visit_pass.decode(changed, verify)


@given(st.text(max_size=300) | st.binary(max_size=250).map(lambda content: "OP1:" + base45.encode(content)))
def test_whatever_is_scanned_the_answer_is_calm(text):
    with pytest.raises(PassInvalid):
        visit_pass.decode(text, verify)


@given(st.binary(max_size=200))
def test_even_a_good_key_cannot_make_an_unreadable_pass_pass(body):
    signed = "OP1:" + base45.encode(body + KEY.sign(visit_pass.SIGNED_PREFIX + body))

    with pytest.raises(PassInvalid):
        visit_pass.decode(signed, verify)


@pytest.mark.parametrize(
    "text", ["", "OP1:", "OP2:" + VECTOR[4:], "op1:", "OP1:" + "0" * 100_000, references.make("A7", 1, b"k")]
)
def test_what_is_no_pass_is_refused(text):
    with pytest.raises(PassInvalid) as refusal:
        visit_pass.decode(text, verify)

    assert refusal.value.code == "pass-invalid"


def test_another_node_s_signature_is_refused():
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))

    with pytest.raises(PassInvalid):
        visit_pass.decode(visit_pass.encode(PASS, other.sign), verify)


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 0},
        {"number": 65536},
        {"office": "denpasar"},
        {"name": "I  WAYAN"},
        {"name": "N" * 40},
        {"name": ""},
        {"starts_at": PASS.starts_at + timedelta(seconds=1)},
    ],
)
def test_a_pass_that_cannot_be_read_is_not_written(changes):
    with pytest.raises(ValueError):
        visit_pass.encode(replace(PASS, **changes), KEY.sign)
