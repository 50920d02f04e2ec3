"""References are printed on paper and kept by people: their form and their check symbol never change."""

import itertools
import random

import pytest

from openpaspor.kit import references
from openpaspor.kit.references import ALPHABET, ReferenceInvalid

KEY = bytes(range(32))
VECTORS = {  # (issuer, serial) with the key 00 01 02 … 1f
    ("A7", 0): "OP-A7CC-C484",
    ("A7", 1): "OP-A7F5-49ZQ",
    ("A7", 2): "OP-A7NP-8FF9",
    ("22", 0): "OP-22H5-PCZZ",
    ("22", 24299999): "OP-22FY-WXWG",
    ("ZZ", 12345678): "OP-ZZGZ-9YC2",
}


def test_the_alphabet_has_no_symbols_that_are_mistaken_for_each_other():
    assert len(ALPHABET) == len(set(ALPHABET)) == 30
    assert not set(ALPHABET) & set("0O1ILU")


@pytest.mark.parametrize(("issuer", "serial"), VECTORS)
def test_a_serial_gives_the_same_reference_for_ever(issuer, serial):
    assert references.make(issuer, serial, KEY) == VECTORS[issuer, serial]


def test_the_whole_group_table_finds_every_swap_of_neighbours_at_every_place():
    symbols = range(30)
    turned = references._turned

    for place in range(7):
        for x, y in itertools.combinations(symbols, 2):
            straight = references._times(turned(x, place), turned(y, place + 1))
            swapped = references._times(turned(y, place), turned(x, place + 1))
            assert straight != swapped


def test_every_single_wrong_symbol_is_found():
    for text in _some_references(12):
        symbols = text.replace("-", "")[2:]
        for place, symbol in itertools.product(range(8), ALPHABET):
            if symbol != symbols[place]:
                assert not references.is_valid(symbols[:place] + symbol + symbols[place + 1 :])


def test_every_swap_of_two_neighbours_is_found():
    for text in _some_references(400):
        symbols = text.replace("-", "")[2:]
        for place in range(7):
            if symbols[place] != symbols[place + 1]:
                swapped = symbols[:place] + symbols[place + 1] + symbols[place] + symbols[place + 2 :]
                assert not references.is_valid(swapped)


def test_serials_never_collide_and_do_not_follow_each_other():
    made = [references.make("K2", serial, KEY) for serial in range(5000)]

    assert len(set(made)) == 5000
    bodies = [ALPHABET.index(text[6]) for text in made[:600]]  # one symbol of the serial: all thirty turn up
    assert len(set(bodies)) == 30


def test_another_key_gives_another_order():
    assert references.make("A7", 1, KEY) != references.make("A7", 1, b"another key")


@pytest.mark.parametrize(
    "typed",
    ["{}", " {} ", "{}\n", "op{}", "OP-{}", "0p-{}", "O P - {}"],
)
def test_people_may_type_it_as_they_like(typed):
    text = references.make("A7", 42, KEY)
    body = text[3:]

    for written in (
        body,
        body.lower(),
        body.replace("-", ""),
        body.replace("-", " "),
        body.replace("-", "–"),
    ):
        assert str(references.parse(typed.format(written))) == text


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "OP",
        "OP-",
        "A7K2-9QX",
        "A7K2-9QXM2",
        "OP-A7K2-9QX0",
        "OP-A7K2-9QXÉ",
        "٢٣٤٥٦٧٨٩",
        "２３４５６７８９",
        "\x00" * 8,
        "A" * 10_000,
    ],
)
def test_what_is_no_reference_is_refused(typed):
    with pytest.raises(ReferenceInvalid) as refusal:
        references.parse(typed)

    assert refusal.value.code == "reference-invalid"


@pytest.mark.parametrize(
    ("issuer", "serial"), [("A", 0), ("A0", 0), ("a7", 0), ("A7", -1), ("A7", references.SERIALS)]
)
def test_an_issuer_cannot_leave_its_range(issuer, serial):
    with pytest.raises(ValueError):
        references.make(issuer, serial, KEY)


def _some_references(count):
    chance = random.Random(20261124)
    for _turn in range(count):
        issuer = chance.choice(ALPHABET) + chance.choice(ALPHABET)
        yield references.make(issuer, chance.randrange(references.SERIALS), KEY)
