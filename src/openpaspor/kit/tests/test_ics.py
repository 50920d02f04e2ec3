from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpaspor.kit.ics import Event, calendar

WITA = timezone(timedelta(hours=8))
EVENT = Event(
    uid="OP-A7K2-9QXM@openpaspor",
    sequence=1,
    starts_at=datetime(2026, 11, 26, 9, 0, tzinfo=WITA),
    ends_at=datetime(2026, 11, 26, 10, 0, tzinfo=WITA),
    title="Paspor: Kanim Denpasar",
    place="Jl. D.I. Panjaitan 3, Renon; Denpasar",
    notes="Bawa KTP, KK\nKode OP-A7K2-9QXM",
    stamp=datetime(2026, 11, 24, 1, 40, tzinfo=UTC),
)


def unfolded(text):
    return text.replace("\r\n ", "").split("\r\n")


def test_an_appointment_is_one_event_in_utc():
    lines = unfolded(calendar(EVENT))

    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-2:] == ["END:VCALENDAR", ""]
    assert "DTSTART:20261126T010000Z" in lines
    assert "DTEND:20261126T020000Z" in lines
    assert "UID:OP-A7K2-9QXM@openpaspor" in lines
    assert r"LOCATION:Jl. D.I. Panjaitan 3\, Renon\; Denpasar" in lines
    assert r"DESCRIPTION:Bawa KTP\, KK\nKode OP-A7K2-9QXM" in lines
    assert "TRIGGER:-PT1440M" in lines


def test_a_cancelled_appointment_rings_nobody():
    lines = unfolded(calendar(replace(EVENT, cancelled=True, sequence=2)))

    assert "STATUS:CANCELLED" in lines
    assert "METHOD:CANCEL" in lines
    assert "BEGIN:VALARM" not in lines


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError):
        calendar(replace(EVENT, starts_at=datetime(2026, 11, 26, 9)))  # noqa: DTZ001


@given(st.text(max_size=400))
def test_no_text_breaks_the_file(text):
    written = calendar(replace(EVENT, notes=text, title=text))

    for line in written.split("\r\n"):
        assert len(line.encode()) <= 75
    assert written.replace("\r\n", "").isprintable()
    assert (
        sum(line.startswith("DESCRIPTION:") for line in unfolded(written)) == 2
    )  # the event's and its alarm's
