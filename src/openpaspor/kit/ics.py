"""One appointment as a calendar file (RFC 5545)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_FOLD_AT = 75  # octets, without the line break
_ESCAPES = {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}


@dataclass(frozen=True, kw_only=True)
class Event:
    uid: str  # the same for every version of one appointment, so that a change replaces and does not double
    sequence: int  # rises with each change
    starts_at: datetime
    ends_at: datetime
    title: str
    place: str
    notes: str
    stamp: datetime  # when this version was made
    cancelled: bool = False
    remind_before: timedelta = timedelta(days=1)


def calendar(event: Event) -> str:
    """The whole file: lines of at most 75 octets, ended by CR LF. Times in UTC, so every phone shows its own zone."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//OpenPaspor//Visit//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:CANCEL" if event.cancelled else "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{_escaped(event.uid)}",
        f"SEQUENCE:{event.sequence}",
        f"DTSTAMP:{_utc(event.stamp)}",
        f"DTSTART:{_utc(event.starts_at)}",
        f"DTEND:{_utc(event.ends_at)}",
        f"SUMMARY:{_escaped(event.title)}",
        f"LOCATION:{_escaped(event.place)}",
        f"DESCRIPTION:{_escaped(event.notes)}",
        "STATUS:CANCELLED" if event.cancelled else "STATUS:CONFIRMED",
        *([] if event.cancelled else _alarm(event)),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(_folded(line) + "\r\n" for line in lines)


def _alarm(event: Event) -> list[str]:
    minutes = int(event.remind_before.total_seconds() // 60)
    return [
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{_escaped(event.title)}",
        f"TRIGGER:-PT{minutes}M",
        "END:VALARM",
    ]


def _utc(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("A moment without a zone is no moment.")
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    """Text as a value: marks escaped, line breaks written, other control characters gone."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(_ESCAPES.get(mark, mark) for mark in text if mark == "\n" or mark.isprintable())


def _folded(line: str) -> str:
    """Break after at most 75 octets, never inside a character; continuation lines begin with one space."""
    pieces, piece, room = [], "", _FOLD_AT
    for character in line:
        if len(piece.encode()) + len(character.encode()) > room:
            pieces.append(piece)
            piece, room = "", _FOLD_AT - 1
        piece += character
    return "\r\n ".join([*pieces, piece])
