import pytest

from openpaspor.kit import names


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Suharto", "Suharto"),
        ("  siti   aminah ", "siti aminah"),
        ("Ai'nun Jariyah", "Ai'nun Jariyah"),
        ("M. Firman", "M. Firman"),
        ("Anak Agung Gde-Raka", "Anak Agung Gde-Raka"),
        ("Łukasz Übergröße", "Łukasz Übergröße"),
        ("Nguyễn Thị Ế", "Nguyễn Thị Ế"),
        ("I", "I"),
        ("A" * 120, "A" * 120),
    ],
)
def test_a_name_people_really_have_is_taken_as_it_is(typed, kept):
    assert names.checked(typed) == kept


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "name-empty"),
        ("   ", "name-empty"),
        ("'.-", "name-empty"),
        ("A" * 121, "name-too-long"),
        ("Budi 2", "name-digits"),
        ("Budi ٢", "name-digits"),
        ("Budi Ⅳ", "name-digits"),
        ("Budi 😀", "name-signs"),
        ("Budi<script>", "name-signs"),
        ("Budi\u200bSantoso", "name-signs"),
        ("王芳", "name-signs"),
        ("budi@contoh.id", "name-signs"),
    ],
)
def test_what_no_passport_can_carry_is_refused_with_its_reason(typed, code):
    with pytest.raises(names.NameInvalid) as refusal:
        names.checked(typed)

    assert refusal.value.code == code
    assert str(refusal.value)


@pytest.mark.parametrize(
    "written", ["Ai'nun Öz-Türk", "AINUN  OEZ TUERK", "ainun oez tuerk.", "Ai\u2019nun O\u0308z\u2010Türk"]
)
def test_one_person_is_found_under_every_way_of_writing_the_name(written):
    assert names.normalise(written) == "AINUN OEZ TUERK"
