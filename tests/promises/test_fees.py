"""Fees by law: every amount of the guide, and the days on which they change."""

from datetime import date

import pytest

from openpaspor.offices.fees import FeeUnknown, fee, rows

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("booklet", "years", "on", "amount", "source"),
    [
        ("regular", 5, date(2019, 4, 30), 355_000, "PP 45/2016"),
        ("electronic", 5, date(2019, 4, 30), 655_000, "PP 45/2016"),
        ("regular", 5, date(2019, 5, 1), 350_000, "PP 28/2019"),
        ("electronic", 5, date(2019, 5, 1), 650_000, "PP 28/2019"),
        ("regular", 10, date(2022, 10, 12), 350_000, "PP 28/2019"),
        ("electronic", 10, date(2022, 10, 12), 650_000, "PP 28/2019"),
        ("regular", 5, date(2024, 12, 16), 350_000, "PP 28/2019"),
        ("regular", 10, date(2024, 12, 16), 350_000, "PP 28/2019"),
        ("electronic", 10, date(2024, 12, 16), 650_000, "PP 28/2019"),
        ("regular", 5, date(2024, 12, 17), 350_000, "PP 45/2024"),
        ("regular", 10, date(2024, 12, 17), 650_000, "PP 45/2024"),
        ("electronic", 5, date(2024, 12, 17), 650_000, "PP 45/2024"),
        ("electronic", 10, date(2024, 12, 17), 950_000, "PP 45/2024"),
        ("electronic", 10, TODAY, 950_000, "PP 45/2024"),
    ],
)
def test_the_fee_of_a_new_passport(booklet, years, on, amount, source):
    charged = fee("adult-new", booklet, years, on)

    assert (charged.amount_idr, charged.source) == (amount, source)
    assert fee("adult-replace", booklet, years, on) == charged


@pytest.mark.parametrize(
    ("kind", "extra", "amount", "items"),
    [
        ("adult-new", {"same_day": True}, 1_650_000, ["passport", "same-day"]),
        ("child", {}, 650_000, ["passport"]),
        ("lost", {}, 1_650_000, ["passport", "penalty-lost"]),
        ("damaged", {}, 1_150_000, ["passport", "penalty-damaged"]),
        ("lost", {"penalty": "force-majeure"}, 650_000, ["passport", "penalty-force-majeure"]),
        ("damaged", {"penalty": "force-majeure"}, 650_000, ["passport", "penalty-force-majeure"]),
    ],
)
def test_what_is_added_to_an_electronic_booklet_for_five_years(kind, extra, amount, items):
    charged = fee(kind, "electronic", 5, TODAY, **extra)

    assert charged.amount_idr == amount == sum(line.amount_idr for line in charged.lines)
    assert [line.item for line in charged.lines] == items


@pytest.mark.parametrize(
    ("kind", "booklet", "years", "on", "extra", "code"),
    [
        ("adult-new", "regular", 10, date(2022, 10, 11), {}, "fee-unknown"),
        ("adult-new", "regular", 5, date(2016, 12, 31), {}, "fee-unknown"),
        ("adult-new", "regular", 5, date(2019, 4, 30), {"same_day": True}, "fee-unknown"),
        ("lost", "regular", 5, date(2019, 4, 30), {}, "fee-unknown"),
        ("adult-new", "diplomatic", 5, TODAY, {}, "fee-unknown"),
        ("adult-new", "regular", 7, TODAY, {}, "fee-unknown"),
        ("stolen", "regular", 5, TODAY, {}, "fee-unknown"),
        ("adult-new", "regular", 5, TODAY, {"penalty": "lost"}, "fee-unknown"),
        ("lost", "regular", 5, TODAY, {"penalty": "mood"}, "fee-unknown"),
        ("child", "regular", 10, TODAY, {}, "fee-years-not-for-children"),
        ("lost", "regular", 5, TODAY, {"same_day": True}, "fee-same-day-not-for-this"),
    ],
)
def test_what_no_rule_covers_is_refused(kind, booklet, years, on, extra, code):
    with pytest.raises(FeeUnknown) as refusal:
        fee(kind, booklet, years, on, **extra)

    assert refusal.value.code == code


def test_no_two_rows_speak_of_the_same_thing_on_one_day():
    for row in rows():
        for other in rows():
            same_thing = (row.item, row.booklet, row.years) == (other.item, other.booklet, other.years)
            if row is not other and same_thing and row.valid_from <= other.valid_from:
                assert row.valid_to is not None
                assert row.valid_to < other.valid_from
