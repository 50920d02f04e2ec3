"""The hall: Q1 a queue number is unique per office, local date and series."""

from __future__ import annotations

from .run import Found, check, count, rows


@check(
    "Q1",
    "A queue number is given once per office, local date and series, and lies in its range.",
    may_be_empty=True,
)
def numbers_are_unique() -> Found:
    found = Found(count("SELECT count(*) FROM hall_ticket"))
    found.offending = [
        f"{office} {day} {series} {number}"
        for office, day, series, number in rows(
            "SELECT office_id, day, series, number FROM hall_ticket"
            " GROUP BY office_id, day, series, number HAVING count(*) > 1"
        )
    ] + [
        f"{office} {day} {series} {number} beyond its range"
        for office, day, series, number in rows(
            "SELECT t.office_id, t.day, t.series, t.number FROM hall_ticket t LEFT JOIN hall_numberrange r"
            " ON r.office_id = t.office_id AND r.day = t.day AND r.series = t.series"
            " WHERE r.next IS NULL OR t.number >= r.next"
        )
    ]
    return found
