from datetime import date

import pytest

from openpaspor.applications.nik import ERRORS, PROVINCES, WARNINGS, read_nik

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("text", "born", "sex"),
    [
        ("3515140508680001", date(1968, 8, 5), "M"),
        ("3515144508680002", date(1968, 8, 5), "F"),
        ("3204110609970001", date(1997, 9, 6), "M"),
        ("5171010101260001", date(2026, 1, 1), "M"),
        ("5171013112260001", date(1926, 12, 31), "M"),  # not yet born this century
        ("5171012902000001", date(2000, 2, 29), "M"),
        ("5171016902040001", date(2004, 2, 29), "F"),
        ("5171017112850001", date(1985, 12, 31), "F"),
    ],
)
def test_birth_date_and_sex_are_read(text, born, sex):
    reading = read_nik(text, today=TODAY)

    assert (reading.valid, reading.born, reading.sex, reading.warnings) == (True, born, sex, ())


@pytest.mark.parametrize(
    "text",
    [
        "3515 1405 0868 0001",
        "35.15.14.050868.0001",
        "3515-1405-0868-0001",
        " 3515140508680001\n",
        "3515\u00a0140508680001",
    ],
)
def test_a_nik_may_be_written_as_the_card_prints_it(text):
    assert read_nik(text, today=TODAY).digits == "3515140508680001"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "nik-empty"),
        ("   ", "nik-empty"),
        ("351514050868001", "nik-length"),
        ("35151405086800011", "nik-length"),
        ("3515140508680O01", "nik-letters"),
        ("abcdefghijklmnop", "nik-letters"),
        ("٣٥١٥١٤٠٥٠٨٦٨٠٠٠١", "nik-other-digits"),
        ("３５１５１４０５０８６８０００１", "nik-other-digits"),
        ("351514050868000²", "nik-letters"),
        ("3515140508680000", "nik-serial"),
        ("3515140013680001", "nik-date"),
        ("3515143213680001", "nik-date"),
        ("3515140500680001", "nik-date"),
        ("3515142902010001", "nik-date"),  # 29 February of 2001 and of 1901
        ("3515147202680001", "nik-date"),
        ("3515144002680001", "nik-date"),  # day 40: neither a man's nor a woman's
        ("1" * 100_000, "nik-length"),
    ],
)
def test_what_cannot_be_a_nik_says_why(text, error):
    reading = read_nik(text, today=TODAY)

    assert (reading.valid, reading.error) == (False, error)
    assert reading.error in ERRORS


def test_an_unknown_province_is_a_warning_only():
    reading = read_nik("9915140508680001", today=TODAY)

    assert (reading.valid, reading.warnings, reading.province) == (True, ("unknown-province",), "")


def test_a_nik_that_contradicts_its_holder_is_a_warning_only():
    reading = read_nik("3515144508680002", born=date(1968, 8, 6), sex="M")

    assert reading.valid
    assert reading.warnings == ("birth-date-differs", "sex-differs")
    assert set(reading.warnings) <= set(WARNINGS)


@pytest.mark.parametrize("born", [date(1926, 1, 1), date(2026, 1, 1)])
def test_the_stated_birth_date_settles_the_century(born):
    reading = read_nik("5171010101260001", born=born, sex="M", today=TODAY)

    assert (reading.born, reading.warnings) == (born, ())


def test_without_today_or_a_birth_date_the_century_stays_open():
    assert read_nik("5171010101260001").born is None
    assert read_nik("5171012902000001").born == date(2000, 2, 29)


def test_all_provinces_of_the_home_ministry_are_known():
    assert len(PROVINCES) == 38
