"""Codes of the app against the vectors of RFC 6238, appendix B (SHA-1, last six of eight digits)."""

from __future__ import annotations

import pytest

from openpaspor.accounts import rules

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
    ],
)
def test_the_vectors_of_the_standard(seconds, code):
    assert rules.totp_at(SECRET, seconds // 30) == code
    assert rules.totp_step(SECRET, code, seconds) == seconds // 30


def test_a_clock_that_is_half_a_minute_off_is_good_enough():
    assert rules.totp_step(SECRET, "081804", 1111111109 + 30) is not None
    assert rules.totp_step(SECRET, "081804", 1111111109 + 90) is None


@pytest.mark.parametrize("text", ["", "abc", "28708", "0287082", "٢٨٧٠٨٢", "9" * 1000])
def test_what_is_no_code_is_wrong(text):
    assert rules.totp_step(SECRET, text, 59) is None


def test_a_code_with_spaces_is_the_code():
    assert rules.totp_step(SECRET, " 287 082\n", 59) == 1


def test_the_address_of_the_picture_names_issuer_and_login():
    address = rules.totp_address(SECRET, "adi.denpasar")

    assert address.startswith(
        "otpauth://totp/OpenPaspor:adi.denpasar?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&"
    )
