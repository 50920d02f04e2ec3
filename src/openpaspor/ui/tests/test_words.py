from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from django.utils import translation

from openpaspor.ui.templatetags import ui

MORNING = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "words"), [(650000, "Rp650.000"), (0, "Rp0"), (-1500000, "−Rp1.500.000"), (None, "")]
)
def test_money_has_dots_and_no_space(amount: int | None, words: str):
    assert ui.rupiah(amount) == words


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Asia/Jakarta", "Selasa, 24 November 2026, 08.30 WIB"),
        ("Asia/Pontianak", "Selasa, 24 November 2026, 08.30 WIB"),
        ("Asia/Makassar", "Selasa, 24 November 2026, 09.30 WITA"),
        ("Asia/Jayapura", "Selasa, 24 November 2026, 10.30 WIT"),
    ],
)
def test_a_moment_is_told_in_the_zone_of_the_place(zone: str, words: str):
    with translation.override("id"):
        assert ui.when(MORNING, zone) == words


def test_a_moment_takes_an_office_and_speaks_english():
    office = SimpleNamespace(timezone="Asia/Makassar")

    with translation.override("en"):
        assert ui.when(MORNING, office) == "Tuesday, 24 November 2026, 09.30 WITA"


def test_short_forms_keep_the_zone():
    with translation.override("id"):
        assert ui.when_short(MORNING, "Asia/Makassar") == "Sel 24 Nov, 09.30 WITA"
        assert ui.clock_time(MORNING, "Asia/Jayapura") == "10.30 WIT"


def test_a_day_near_midnight_is_the_day_of_the_place():
    late = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)

    with translation.override("id"):
        assert ui.day(late, "Asia/Jakarta") == "Kamis, 31 Desember 2026"
        assert ui.day(late, "Asia/Jayapura") == "Jumat, 1 Januari 2027"
        assert ui.day(date(2024, 2, 29)) == "Kamis, 29 Februari 2024"


def test_nothing_is_told_of_no_moment():
    assert [ui.when(None), ui.when_short(None), ui.clock_time(None), ui.day(None)] == [""] * 4


@pytest.mark.parametrize(
    ("code", "words"),
    [("820261124000123", "8202 6112 4000 123"), ("OP-A7K2-9QXM", "OP-A7K2-9QXM"), (None, "")],
)
def test_long_numbers_are_read_in_groups(code: str | None, words: str):
    assert ui.ref_groups(code) == words


@pytest.mark.parametrize(
    ("nik", "words"), [("5171014503990003", "5171••••••••0003"), ("1234", "••••"), ("", "")]
)
def test_a_nik_is_masked(nik: str, words: str):
    assert ui.mask_nik(nik) == words


def test_a_hand_written_form_gets_a_fresh_nonce_each_time():
    assert 'name="nonce"' in ui.once_nonce()
    assert ui.once_nonce() != ui.once_nonce()
