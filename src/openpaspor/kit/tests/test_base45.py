import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpaspor.kit import base45


@pytest.mark.parametrize(  # RFC 9285 §4.3 and §4.4
    ("content", "text"),
    [
        (b"AB", "BB8"),
        (b"Hello!!", "%69 VD92EX0"),
        (b"base-45", "UJCLQE7W581"),
        (b"ietf!", "QED8WEX0"),
        (b"", ""),
    ],
)
def test_the_examples_of_the_rfc_hold_in_both_directions(content, text):
    assert base45.encode(content) == text
    assert base45.decode(text) == content


@pytest.mark.parametrize("text", ["GGW", ":::", "::", "A", "BB8A", "bb8", "BB8é", "\x00\x00", "BB\n"])
def test_what_is_no_base45_is_refused(text):
    with pytest.raises(ValueError):
        base45.decode(text)


@given(st.binary(max_size=200))
def test_any_bytes_come_back(content):
    assert base45.decode(base45.encode(content)) == content


@given(st.text(alphabet=base45.ALPHABET, max_size=60))
def test_only_one_text_stands_for_the_same_bytes(text):
    try:
        content = base45.decode(text)
    except ValueError:
        return

    assert base45.encode(content) == text
