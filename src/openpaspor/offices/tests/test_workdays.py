from datetime import UTC, date, datetime, time

import pytest

from openpaspor.offices import workdays
from openpaspor.offices.workdays import add_working_days, is_working_day


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 24), True),
        (date(2026, 11, 28), False),  # Saturday
        (date(2026, 11, 29), False),  # Sunday
        (date(2026, 3, 19), False),  # Nyepi
        (date(2026, 3, 18), False),  # cuti bersama
        (date(2026, 3, 17), True),
        (date(2026, 12, 24), False),
        (date(2026, 12, 31), True),
        (date(2030, 8, 17), False),  # fixed date in a year without a list; a Saturday as well
        (date(2029, 8, 17), False),
        (date(2029, 8, 16), True),
    ],
)
def test_offices_close_on_weekends_holidays_and_joint_leave(day, works):
    assert is_working_day(day) is works


@pytest.mark.parametrize(
    ("day", "count", "reached"),
    [
        (date(2026, 11, 24), 4, date(2026, 11, 30)),
        (date(2026, 11, 27), 1, date(2026, 11, 30)),
        (date(2026, 11, 28), 1, date(2026, 11, 30)),
        (date(2026, 11, 28), 0, date(2026, 11, 30)),
        (date(2026, 11, 24), 0, date(2026, 11, 24)),
        (date(2026, 12, 23), 1, date(2026, 12, 28)),  # 24 leave, 25 Christmas, then a weekend
        (date(2026, 12, 31), 1, date(2027, 1, 4)),  # over the year end
        (date(2026, 12, 30), 4, date(2027, 1, 7)),  # 1 January and an estimated 5 January
        (date(2026, 3, 17), 1, date(2026, 3, 25)),  # Nyepi and Lebaran 2026 in one stretch
        (date(2026, 3, 16), 4, date(2026, 3, 27)),
        (date(2028, 2, 28), 1, date(2028, 2, 29)),
    ],
)
def test_working_days_are_counted_after_the_day(day, count, reached):
    assert add_working_days(day, count) == reached


def test_an_office_s_own_closed_day_does_not_count():
    closed = {date(2026, 11, 25)}

    assert not is_working_day(date(2026, 11, 25), closed)
    assert add_working_days(date(2026, 11, 24), 1, closed) == date(2026, 11, 26)


def test_working_days_are_not_counted_backward():
    with pytest.raises(ValueError):
        add_working_days(date(2026, 11, 24), -1)


def test_a_year_without_its_decree_is_not_sure():
    assert workdays.is_sure(date(2026, 11, 24))
    assert not workdays.is_sure(date(2027, 3, 1))
    assert not workdays.is_sure(date(2029, 3, 1))


@pytest.mark.parametrize(
    ("moment", "wib", "wita", "wit"),
    [
        (datetime(2026, 12, 31, 14, 59, 59, tzinfo=UTC), 31, 31, 31),
        (datetime(2026, 12, 31, 15, 0, tzinfo=UTC), 31, 31, 1),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), 31, 1, 1),
        (datetime(2026, 12, 31, 17, 0, tzinfo=UTC), 1, 1, 1),
    ],
)
def test_midnight_comes_to_jayapura_first(moment, wib, wita, wit):
    days = [workdays.local_day(moment, zone).day for zone in ("WIB", "WITA", "WIT")]

    assert days == [wib, wita, wit]


def test_eight_in_the_morning_is_another_moment_in_each_zone():
    hours = [workdays.moment_at(date(2026, 11, 24), time(8), zone).hour for zone in ("WIB", "WITA", "WIT")]

    assert hours == [1, 0, 23]
    assert workdays.moment_at(date(2026, 11, 24), time(8), "WIT").date() == date(2026, 11, 23)


@pytest.mark.parametrize("zone", workdays.ZONES)
def test_a_local_day_is_twenty_four_hours_long(zone):
    start, end = workdays.day_bounds(date(2026, 11, 30), zone)

    assert (end - start).total_seconds() == 86_400
    assert workdays.local_day(start, zone) == date(2026, 11, 30)
    assert workdays.local_day(end, zone) == date(2026, 12, 1)
    assert start.tzinfo == UTC


def test_every_office_of_the_list_has_a_code_of_its_own():
    assert len(workdays.office_codes()) == workdays.OFFICES.read_text(encoding="utf-8").count("\n") - 1
