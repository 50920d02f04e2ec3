"""The rules of a print room, without a database."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpaspor.applications.personalisation import years_valid
from openpaspor.issuance import rules


@pytest.mark.parametrize(
    ("issued", "years", "ends"),
    [
        (date(2026, 11, 24), 10, date(2036, 11, 24)),
        (date(2026, 11, 24), 5, date(2031, 11, 24)),
        (date(2028, 2, 29), 10, date(2038, 2, 28)),
        (date(2028, 2, 29), 4, date(2032, 2, 29)),
        (date(2026, 12, 31), 10, date(2036, 12, 31)),
    ],
)
def test_a_passport_ends_on_the_same_day_years_later(issued, years, ends):
    assert rules.expiry(issued, years) == ends


def test_a_child_gets_five_years_whatever_was_asked():
    assert years_valid("child", 10) == 5
    assert years_valid("adult-new", 10) == 10


def test_a_scanned_serial_is_read_with_blanks_and_small_letters():
    assert rules.read_serial(" e 123 4567 ") == "E1234567"


@pytest.mark.parametrize("scanned", ["", "E123456", "E12345678", "EE123456", "E12345６７", "OP-2222-2222"])
def test_what_is_no_serial_is_refused(scanned):
    with pytest.raises(rules.SerialInvalid):
        rules.read_serial(scanned)


@pytest.mark.parametrize(
    ("first", "last"), [("E0000009", "E0000001"), ("E0000001", "F0000009"), ("E0000001", "E0009999")]
)
def test_a_range_runs_forward_under_one_letter_and_fits_a_box(first, last):
    with pytest.raises(rules.RangeInvalid):
        rules.serial_range(first, last)


@given(st.integers(0, 9_999_000), st.integers(1, 200))
def test_a_range_holds_each_of_its_serials_once(start, count):
    serials = rules.SerialRange(f"E{start:07d}", f"E{start + count - 1:07d}")

    assert serials.count == count == len(set(serials))
    assert all(rules.SERIAL.fullmatch(serial) for serial in serials)


def row(**changes):
    return SimpleNamespace(
        **{"state": "APPROVED", "stop_order": "", "bill_status": "paid", "serial": "E0000001", **changes}
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, ""),
        ({"bill_status": "exempt"}, ""),
        ({"bill_status": ""}, "not-paid"),
        ({"bill_status": "open"}, "not-paid"),
        ({"bill_status": "lapsed"}, "not-paid"),
        ({"bill_status": "matching"}, "matching"),
        ({"stop_order": "watch-list", "bill_status": "open"}, "stop-order"),
        ({"serial": ""}, "no-booklet"),
        ({"state": "REVIEW"}, "not-approved"),
        ({"state": "PRINTED"}, "not-approved"),
    ],
)
def test_what_keeps_a_passport_from_the_printer(changes, code):
    assert rules.print_obstacle(row(**changes), has_packet=True) == code


def test_without_a_packet_nothing_goes_to_the_printer():
    assert rules.print_obstacle(row(), has_packet=False) == "no-packet"


def test_places_on_the_shelf_fill_up_in_order_and_by_kind():
    assert rules.next_rack("electronic", set()) == "B-01-01"
    assert rules.next_rack("regular", set()) == "A-01-01"
    assert rules.next_rack("electronic", {"B-01-01", "B-01-03"}) == "B-01-02"
    full = {f"B-{shelf:02d}-{place:02d}" for shelf in range(1, 21) for place in range(1, 26)}
    assert rules.next_rack("electronic", full) == "D-01-01"


def test_reminders_come_on_their_days_and_only_the_newest_after_a_pause():
    shelved = date(2026, 11, 24)
    said = []
    last = 0
    for waited in range(31):
        if day := rules.reminder_due(shelved, shelved + timedelta(days=waited), last):
            said.append((waited, day))
            last = day
    assert said == [(1, 1), (7, 7), (20, 20), (27, 27)]
    assert rules.reminder_due(shelved, shelved + timedelta(days=22), 1) == 20


@pytest.mark.parametrize(
    ("scanned", "number"),
    [
        ("b1234567", "B1234567"),
        ("AB123456", "AB123456"),
        (
            "P<IDNSUHARTO<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<\nA1234567<6IDN8001014M3301018<<<<<<<<<<<<<<00",
            "A1234567",
        ),
        ("A1234567<6IDN8001014M3301018<<<<<<<<<<<<<<00", "A1234567"),
        ("no idea", ""),
        ("", ""),
    ],
)
def test_an_old_number_is_typed_or_read_from_its_lines(scanned, number):
    assert rules.read_old_number(scanned) == number


@pytest.mark.parametrize(
    ("kind", "had_one", "wanted"),
    [
        ("adult-new", False, ""),
        ("adult-new", True, "show"),
        ("adult-replace", False, "show"),
        ("damaged", False, "show"),
        ("child", True, "show"),
        ("lost", True, "declared-lost"),
    ],
)
def test_what_happens_to_an_earlier_passport(kind, had_one, wanted):
    assert rules.old_passport(kind, had_one=had_one) == wanted


def test_the_stock_lasts_as_long_as_its_pace_says():
    assert rules.days_left(30, 28, 14) == 15
    assert rules.days_left(30, 0, 14) is None
