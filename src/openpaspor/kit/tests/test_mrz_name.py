import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from openpaspor.kit import mrz_name
from openpaspor.kit.mrz_name import NameUnwritable, NotPartOfName, components, name_lines

WORDS = st.lists(
    st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=45), min_size=1, max_size=25
)
_UPPER_WRITTEN = [
    "AE",
    "AA",
    "AE",
    "D",
    "N",
    "OE",
    "OE",
    "UE",
    "TH",
    "D",
    "IJ",
    "L",
    "N",
    "OE",
    "H",
    "T",
    "I",
    "SS",
    "SS",
]
LETTERS = st.lists(st.sampled_from(["A", "B", "CC"]), min_size=1, max_size=25)


def test_every_letter_of_the_standard_s_table_is_written():
    for code in [*range(0xC0, 0x17E), 0x1E9E]:
        character = chr(code)
        if character.isalpha() and character != "ĸ":  # the one letter of the range that the table leaves out
            written = mrz_name.transliterate(character)
            assert written.isascii(), character
            assert written.isalpha(), character


@pytest.mark.parametrize(
    ("letter", "written"),
    [
        *zip("ÄÅÆÐÑÖØÜÞĐĲŁŊŒĦŦıßẞ", _UPPER_WRITTEN, strict=True),
        *zip("äåæðñöøüþđĳłŋœħŧ", _UPPER_WRITTEN[:16], strict=True),
        ("A\u0308", "AE"),
        ("Ș", "S"),
        ("Ế", "E"),
        ("ʼ", ""),
        ("ŉ", "N"),
        ("Ə", ""),
        ("5", ""),
    ],
)
def test_one_allowed_choice_per_letter_is_kept(letter, written):
    assert mrz_name.transliterate(letter) == written


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("D'ARTAGNAN", ["DARTAGNAN"]),
        ("MARIE-ELISE", ["MARIE", "ELISE"]),
        ("ANNA, MARIA", ["ANNA", "MARIA"]),
        ("Ai'nun", ["AINUN"]),
        ("M. Firman", ["M", "FIRMAN"]),
        ("M.Firman", ["MFIRMAN"]),
    ],
)
def test_marks_join_or_part_as_the_standard_says(name, parts):
    assert components(name) == parts


def test_a_name_without_a_family_name_is_primary_only():
    assert name_lines("I Wayan Sudira") == ("I WAYAN SUDIRA", "", False)


def test_a_family_name_goes_first_wherever_it_stands():
    assert name_lines("Rizky Pratama Siregar", "Siregar") == ("SIREGAR", "RIZKY PRATAMA", False)
    assert name_lines("Siregar Rizky Pratama", "siregar") == ("SIREGAR", "RIZKY PRATAMA", False)
    assert name_lines("Martin van der Müllen", "van der Müllen") == ("VAN DER MUELLEN", "MARTIN", False)
    assert name_lines("Suharto", "Suharto") == ("SUHARTO", "", False)


def test_a_family_name_from_elsewhere_is_refused():
    with pytest.raises(NotPartOfName):
        name_lines("Rizky Pratama", "Siregar")


@pytest.mark.parametrize("name", ["", "  ", "...", "王", "123"])
def test_a_name_without_letters_is_refused(name):
    with pytest.raises(NameUnwritable):
        name_lines(name)


def test_an_exact_fit_is_not_a_cut():
    name = name_lines("Jonathon Warren Trevor Papandropoulous", "Papandropoulous")

    assert name.field == "PAPANDROPOULOUS<<JONATHON<WARREN<TREVOR"
    assert not name.truncated


@pytest.mark.parametrize(
    ("full", "primary", "field"),
    [  # the four rules of the policy, one after the other
        (
            "Chayapa Dejthamrong Krasuang Nilavadhanananda",
            "Nilavadhanananda",
            "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K",
        ),
        ("Anna Maria " + "B" * 33, "B" * 33, "B" * 30 + "<<ANNA<MA"),
        (
            "Al Abcdefghijklmnop Qrstuvwxyzabcdefgh Ijkl",
            "Abcdefghijklmnop Qrstuvwxyzabcdefgh Ijkl",
            "ABCDEFGHIJKLMNOP<QRSTUVWXYZABCDEF<I<<AL",
        ),
        ("C" * 60, None, "C" * 39),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKL MNOP", None, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJK<M"),
        ("Budi Santos Wijaya " + "A" * 25, "A" * 25, "A" * 25 + "<<BUDI<SANTO<W"),
    ],
)
def test_a_long_name_is_cut_by_the_one_policy(full, primary, field):
    assert name_lines(full, primary).field == field


@given(WORDS, WORDS | st.just([]))
@example(["A"], ["B"] * 25)
@example(["AA"], ["B"] * 25)
@example(["A" * 45], ["B"])
@example(["A"] * 25, ["B"] * 25)
@example(["A" * 38, "B"], [])
def test_whatever_the_name_the_line_keeps_the_standard_s_limits(first, second):
    name = name_lines(" ".join(second + first), " ".join(first) if second else None)
    primary, _gap, secondary = name.field.rstrip("<").partition("<<")
    kept_first, kept_second = primary.split("<"), secondary.split("<") if secondary else []

    assert len(name.field) == 39
    assert set(name.field) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ<")
    assert kept_first[0][0] == first[0][0]
    if second:
        assert kept_second[0][0] == second[0][0]
    assert all(whole.startswith(part) and part for part, whole in zip(kept_first, first, strict=False))
    assert all(whole.startswith(part) and part for part, whole in zip(kept_second, second, strict=False))
    if name.truncated:
        assert name.field[-1] != "<" or all(len(part) == 1 for part in first) or len(first) > 15
    else:
        assert (kept_first, kept_second) == (first, second)


@given(LETTERS, LETTERS)
def test_short_parts_are_cut_within_the_limits_too(first, second):
    name = name_lines(" ".join(second + first), " ".join(first))

    assert len(name.field) == 39
    if (
        name.truncated and any(len(part) > 1 for part in first) and len(first) <= 15
    ):  # more can lose whole parts
        assert name.field[-1] != "<"
