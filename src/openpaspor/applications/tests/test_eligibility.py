"""Who may apply for what."""

from datetime import UTC, date, datetime

import pytest

from openpaspor.applications import eligibility
from openpaspor.applications.answers import Answers

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        (date(2009, 11, 24), TODAY, 17),
        (date(2009, 11, 25), TODAY, 16),
        (date(2008, 2, 29), date(2025, 2, 28), 16),
        (date(2008, 2, 29), date(2025, 3, 1), 17),
        (date(2008, 2, 29), date(2028, 2, 29), 20),
    ],
)
def test_years_are_whole_and_29_february_counts_from_1_march(born, on, years):
    assert eligibility.age(born, on) == years


def test_midnight_in_western_indonesia_turns_the_day():
    assert eligibility.today(datetime(2026, 12, 31, 16, 59, tzinfo=UTC)) == date(2026, 12, 31)
    assert eligibility.today(datetime(2026, 12, 31, 17, 0, tzinfo=UTC)) == date(2027, 1, 1)


@pytest.mark.parametrize(
    ("kind", "answers", "obstacle"),
    [
        ("adult-new", Answers(born=date(2009, 11, 25)), "adult-too-young"),
        ("adult-new", Answers(born=date(2009, 11, 24)), ""),
        ("adult-new", Answers(born=date(2010, 1, 1), civil_status="married"), ""),
        ("child", Answers(born=date(2009, 11, 24)), "child-too-old"),
        ("child", Answers(born=date(2009, 11, 25)), ""),
        ("child", Answers(born=date(2012, 1, 1), civil_status="married"), "child-too-old"),
        ("adult-new", Answers(), ""),
    ],
)
def test_a_child_is_under_17_and_not_married(kind, answers, obstacle):
    assert eligibility.obstacle(kind, answers, TODAY) == obstacle


@pytest.mark.parametrize(
    ("expires", "obstacle"),
    [
        (date(2027, 5, 24), ""),
        (date(2027, 5, 25), "passport-still-valid"),
        (date(2020, 1, 1), ""),
    ],
)
def test_a_passport_is_replaced_in_its_last_six_months(expires, obstacle):
    answers = Answers(born=date(1990, 1, 1), old_reason="expired", old_expires_on=expires)

    assert eligibility.obstacle("adult-replace", answers, TODAY) == obstacle


def test_a_full_passport_is_replaced_at_any_time():
    answers = Answers(born=date(1990, 1, 1), old_reason="full", old_expires_on=date(2033, 1, 1))

    assert eligibility.obstacle("adult-replace", answers, TODAY) == ""


@pytest.mark.parametrize(
    ("expires", "first"),
    [
        (date(2027, 8, 31), date(2027, 2, 28)),
        (date(2028, 8, 31), date(2028, 2, 29)),
        (date(2027, 1, 15), date(2026, 7, 15)),
        (date(2027, 6, 30), date(2026, 12, 30)),
    ],
)
def test_six_months_before_a_month_end_is_the_end_of_a_shorter_month(expires, first):
    assert eligibility.renewable_from(expires) == first


def test_ten_years_are_for_adults():
    assert eligibility.years_allowed("child") == (5,)
    assert eligibility.years_allowed("adult-new") == (10, 5)


@pytest.mark.parametrize(
    ("born", "line"),
    [
        (date(1966, 11, 24), "elderly"),
        (date(1966, 11, 25), ""),
        (date(2021, 11, 25), "small-child"),
        (date(2021, 11, 24), ""),
    ],
)
def test_age_alone_gives_priority(born, line):
    assert eligibility.priority_by_age(born, TODAY, elderly_from=60, child_below=5) == line
