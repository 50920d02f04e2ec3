"""Places: S1 none sold beyond the quota, S2 the counter equals the count, S3 one live booking per person."""

from __future__ import annotations

from .run import Found, check, count, rows


@check("S1", "No slot is sold beyond its quota; lowering a quota cancels nobody.")
def never_oversold() -> Found:
    found = Found(count("SELECT count(*) FROM appointments_slot"))
    for slot, sold, capacity in rows(
        "SELECT s.id, count(b.id), s.capacity FROM appointments_slot s JOIN appointments_booking b ON b.slot_id = s.id"
        " WHERE b.state IN ('held', 'booked', 'used', 'missed') GROUP BY s.id, s.capacity HAVING count(b.id) > s.capacity"
    ):
        found.offending.append(f"slot {slot}: {sold} of {capacity}")
    return found


@check("S2", "A slot's counter equals its bookings that were not given back.")
def counter_is_count() -> Found:
    found = Found()
    for slot, taken, counted in rows(
        "SELECT s.id, s.taken, count(b.id) FROM appointments_slot s LEFT JOIN appointments_booking b"
        " ON b.slot_id = s.id AND b.freed_at IS NULL GROUP BY s.id, s.taken"
    ):
        found.rows += 1
        if taken != counted:
            found.offending.append(f"slot {slot}: counter {taken}, bookings {counted}")
    return found


@check("S3", "One live booking per person inside this node.")
def one_place_each() -> Found:
    found = Found(count("SELECT count(*) FROM appointments_booking"))
    found.offending = [
        key
        for (key,) in rows(
            "SELECT a.nik_key FROM appointments_booking b JOIN applications_application a ON a.id = b.application_id"
            " WHERE b.state IN ('held', 'booked') AND a.nik_key <> '' GROUP BY a.nik_key HAVING count(*) > 1"
        )
    ] + [
        f"application {application}"
        for (application,) in rows(
            "SELECT application_id FROM appointments_booking WHERE state IN ('held', 'booked')"
            " GROUP BY application_id HAVING count(*) > 1"
        )
    ]
    return found
