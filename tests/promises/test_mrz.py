"""The machine-readable lines against vectors that others wrote: ICAO Doc 9303, BSI TR-03105, and the `mrz` package."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mrz.checker.td3 import TD3CodeChecker
from mrz.generator.td3 import TD3CodeGenerator

from openpaspor.issuance import mrz
from openpaspor.issuance.mrz import Person

ERIKSSON = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
MUSTERMANN = "P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<"
SUHARTO = ("P<IDNSUHARTO<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<", "A1234567<6IDN8001014M3301018<<<<<<<<<<<<<<00")


def make_person(**changes):
    person = {
        "full_name": "Suharto",
        "number": "A1234567",
        "born": date(1980, 1, 1),
        "sex": "M",
        "expires": date(2033, 1, 1),
        "issued": date(2026, 11, 24),
    }
    return Person(**{**person, **changes})


@pytest.mark.parametrize(
    ("full_name", "primary", "line1"),
    [
        ("Anna Maria ERIKSSON", "ERIKSSON", "PPUTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"),
        ("Deborah Ming Lo HENG", "HENG", "PPUTOHENG<<DEBORAH<MING<LO<<<<<<<<<<<<<<<<<<"),
        ("Susie Margaret SMITH-JONES", "SMITH-JONES", "PPUTOSMITH<JONES<<SUSIE<MARGARET<<<<<<<<<<<<"),
        ("Enya Siobhan O'CONNOR", "O'CONNOR", "PPUTOOCONNOR<<ENYA<SIOBHAN<<<<<<<<<<<<<<<<<<"),
        ("Martin VAN DER MUELLEN", "VAN DER MUELLEN", "PPUTOVAN<DER<MUELLEN<<MARTIN<<<<<<<<<<<<<<<<"),
        ("ARKFREITH", None, "PPUTOARKFREITH<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<"),
        (
            "Chayapa Dejthamrong Krasuang NILAVADHANANANDA",
            "NILAVADHANANANDA",
            "PPUTONILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K",
        ),
        (
            "Jonathon Warren Trevor PAPANDROPOULOUS",
            "PAPANDROPOULOUS",
            "PPUTOPAPANDROPOULOUS<<JONATHON<WARREN<TREVOR",
        ),
    ],
)
def test_the_names_of_the_standard_are_written_as_the_standard_writes_them(full_name, primary, line1):
    person = make_person(full_name=full_name, primary=primary, issuer="UTO", document_code="PP")

    assert mrz.lines(person).line1 == line1


@pytest.mark.parametrize(
    ("field", "digit"),
    [
        ("520727", 3),
        ("AB2134<<<", 5),
        ("L898902C3", 6),
        ("740812", 2),
        ("120415", 9),
        ("<<<<<<", 0),
        ("85<<<<", 1),
    ],
)
def test_check_digits(field, digit):
    assert mrz.check_digit(field) == digit


def test_the_specimen_of_the_standard_is_written_whole():
    person = make_person(
        full_name="Anna Maria Eriksson",
        primary="Eriksson",
        number="L898902C3",
        born=date(1974, 8, 12),
        sex="F",
        expires=date(2012, 4, 15),
        issued=date(2007, 4, 16),
        issuer="UTO",
        nationality="UTO",
        optional="ZE184226B",
    )

    written = mrz.lines(person)

    assert (written.line1, written.line2) == ERIKSSON


def test_an_indonesian_one_word_name_is_written_whole():
    written = mrz.lines(make_person())

    assert (written.line1, written.line2) == SUHARTO
    assert (written.name.primary, written.name.secondary, written.name.truncated) == ("SUHARTO", "", False)


@pytest.mark.parametrize(
    "both",
    [
        ERIKSSON,
        SUHARTO,
        (MUSTERMANN, "C11T002JM4D<<9608122F2310314<<<<<<<<<<<<<<04"),
        (MUSTERMANN, "C11T002JM4D<<9608122F1310317<<<<<<<<<<<<<<<6"),
    ],
)
def test_good_lines_of_others_are_read_without_a_fault(both):
    assert mrz.read(*both).faults == ()


def test_the_fields_of_the_specimen_are_read():
    reading = mrz.read(*ERIKSSON)

    assert (reading.document_code, reading.issuer, reading.nationality) == ("P<", "UTO", "UTO")
    assert (reading.primary, reading.secondary) == ("ERIKSSON", "ANNA MARIA")
    assert (reading.number, reading.born, reading.sex, reading.expires) == (
        "L898902C3",
        "740812",
        "F",
        "120415",
    )
    assert reading.optional == "ZE184226B"
    assert not reading.may_be_cut


@pytest.mark.parametrize(
    ("line2", "codes"),
    [
        ("L898902C34UTO7408122F1204159ZE184226B<<<<<10", ["number-digit", "composite-digit"]),
        ("L898902C36UTO7408126F1204159ZE184226B<<<<<10", ["born-digit", "composite-digit"]),
        ("L898902C36UTO7408122F1204159ZE184226B<<<<<12", ["composite-digit"]),
        ("L898902C36UTO7408122F1204158ZE184226B<<<<<10", ["expires-digit", "composite-digit"]),
        ("L898902C36UTO7408122F1204159ZE184226B<<<<<20", ["optional-digit", "composite-digit"]),
        ("L898902C36UTO7408122F1204159ZE184226B<<<<<1", ["length"]),
        ("l898902C36UTO7408122F1204159ZE184226B<<<<<10", ["alphabet"]),
        ("L898902C36UTO7408122X1204159ZE184226B<<<<<10", ["sex"]),
    ],
)
def test_a_bad_line_is_refused_and_the_wrong_digit_is_named(line2, codes):
    faults = mrz.read(ERIKSSON[0], line2).faults

    assert [fault.code for fault in faults] == codes
    assert all(fault.words for fault in faults)


def test_a_public_sample_with_wrong_digits_is_refused():
    reading = mrz.read(SUHARTO[0], "A1234567<0IDN9001010M3001010<<<<<<<<<<<<<<<0")

    codes = [fault.code for fault in reading.faults]
    assert codes == [
        "number-digit",
        "born-digit",
        "expires-digit",
    ]  # the last digit fits the wrong ones by chance


def test_a_given_name_without_a_primary_is_read_but_never_written():
    assert mrz.read("P<IDN<<SUHARTO<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<", SUHARTO[1]).secondary == "SUHARTO"
    assert mrz.lines(make_person()).line1[5] != "<"


@pytest.mark.parametrize(
    ("issued", "code"),
    [
        (date(2026, 11, 24), "P<"),
        (date(2027, 12, 31), "P<"),
        (date(2028, 1, 1), "PP"),
        (date(2035, 6, 1), "PP"),
    ],
)
def test_the_second_letter_comes_with_the_date_of_issue(issued, code):
    assert mrz.lines(make_person(issued=issued)).line1[:2] == code


def test_a_state_may_begin_earlier_with_the_second_letter_but_not_later():
    assert mrz.document_code(date(2026, 11, 24), second_letter_from=date(2026, 11, 24)) == "PP"
    with pytest.raises(ValueError):
        mrz.document_code(date(2026, 11, 24), second_letter_from=date(2028, 1, 2))


@pytest.mark.parametrize(
    ("born", "field"),
    [
        (date(1980, 2, 29), "800229"),
        ("1985-XX-XX", "85<<<<"),
        ("XXXX-XX-XX", "<<<<<<"),
        ("1985-03-XX", "8503<<"),
        ("2000-02-29", "000229"),
    ],
)
def test_unknown_parts_of_a_birth_date_are_fillers(born, field):
    assert mrz.birth_field(born) == field


@pytest.mark.parametrize(
    "changes",
    [
        {"number": ""},
        {"number": "A123456789"},
        {"number": "a1234567"},
        {"number": "A 123456"},
        {"sex": "L"},
        {"born": "1985-13-XX"},
        {"born": "2001-02-29"},
        {"born": "kemarin"},
        {"optional": "A" * 15},
        {"issuer": "INDO"},
        {"document_code": "V<"},
    ],
)
def test_a_field_that_does_not_fit_is_refused(changes):
    with pytest.raises(mrz.MrzUnwritable):
        mrz.lines(make_person(**changes))


def test_the_print_room_is_told_the_first_place_that_differs():
    approved = mrz.lines(make_person())
    misread = approved.line2.replace("A1234567", "A1234587")

    (fault,) = mrz.differences(approved, approved.line1, misread)

    assert (fault.field, fault.line, fault.place, fault.found, fault.expected) == ("number", 2, 7, "8", "6")
    assert mrz.differences(approved, approved.line1, approved.line2 + "\n") == ()
    assert mrz.differences(approved, "", approved.line2)[0].code == "length"


PEOPLE = st.builds(
    make_person,
    full_name=st.text(alphabet="ABCÄÇŁßé '-.", min_size=1, max_size=120).filter(
        lambda name: any(letter.isalpha() for letter in name)
    ),
    number=st.from_regex(r"[A-Z]{1,2}[0-9]{6,7}", fullmatch=True),
    born=st.dates(date(1910, 1, 1), date(2026, 1, 1)),
    sex=st.sampled_from("MFX"),
    expires=st.dates(date(2026, 12, 1), date(2036, 12, 1)),
    issued=st.dates(date(2026, 11, 1), date(2030, 1, 1)),
)


@given(PEOPLE)
def test_whatever_we_write_we_and_others_can_read(person):
    written = mrz.lines(person)

    assert len(written.line1) == len(written.line2) == 44
    assert set(written.line1 + written.line2) <= set(mrz.ALPHABET)
    reading = mrz.read(written.line1, written.line2)
    assert reading.faults == ()
    assert reading.primary == written.name.primary
    assert reading.number == person.number
    # The package warns where a document is odd or expired; its digits are what we compare.
    checker = TD3CodeChecker(written.line1 + "\n" + written.line2)
    digits = (
        checker.document_number_hash,
        checker.birth_date_hash,
        checker.expiry_date_hash,
        checker.final_hash,
    )
    assert all(digits)


@given(PEOPLE.filter(lambda person: " " in person.full_name.strip()))
def test_the_mrz_package_writes_the_same_second_line(person):
    ours = mrz.lines(person)
    theirs = TD3CodeGenerator(
        document_type="P",
        country_code="IDN",
        surname="SIREGAR",
        given_names="RIZKY",
        document_number=person.number,
        nationality="IDN",
        birth_date=f"{person.born:%y%m%d}",
        sex=person.sex,
        expiry_date=f"{person.expires:%y%m%d}",
        optional_data="",
    )

    assert ours.line2 == str(theirs).splitlines()[1]


@given(st.integers(0, 43), st.sampled_from(mrz.ALPHABET))
def test_a_misread_place_is_never_taken_for_what_was_approved(place, character):
    approved = mrz.lines(make_person(full_name="Rizky Pratama Siregar"))
    misread = approved.line2[:place] + character + approved.line2[place + 1 :]

    assert bool(mrz.differences(approved, approved.line1, misread)) == (misread != approved.line2)
