"""Where the buttons of the demo clock lead."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from openpaspor.accounts.models import User
from openpaspor.applications.models import Application, PlaceStatus
from openpaspor.journey import State
from openpaspor.kit.refused import Refused
from openpaspor.offices import policy, workdays
from openpaspor.offices.models import ClosedDay, Office

EARLY = timedelta(minutes=5)  # one arrives a little before the appointment
MORNING = time(8)


class NoAppointment(Refused):
    code = "no-appointment"
    message = _("You have no appointment ahead. Sign in as an applicant with a booked place first.")


class NotAMoment(Refused):
    code = "not-a-moment"
    message = _("That is neither a moment nor a duration. Write it like 2026-11-24T09:40+08:00 or PT30M.")
    status = 422


def to_booking(person: Any, now: datetime) -> datetime:
    """Five minutes before the next booked place of an applicant."""
    if not isinstance(person, User) or person.is_staff_member:
        raise NoAppointment()
    booked = Application.objects.of(person).filter(state=State.BOOKED, place_status=PlaceStatus.BOOKED)
    ahead = booked.filter(place_starts_at__gt=now + EARLY).order_by("place_starts_at").first()
    if ahead is None or ahead.place_starts_at is None:
        raise NoAppointment()
    return ahead.place_starts_at - EARLY


def next_morning(office: Office, now: datetime) -> datetime:
    """Eight o'clock of the office's next working day."""
    today = office.local(now).date()
    closed = set(ClosedDay.objects.filter(office=office, day__gt=today).values_list("day", flat=True))
    day = workdays.add_working_days(today, 1, closed)
    return datetime.combine(day, MORNING, office.tz).astimezone(UTC)


def closing(office: Office, now: datetime) -> datetime:
    """When the office closes today; after that, when it closes on its next working day."""
    minutes = timedelta(minutes=policy.value("closes_minute", office=office.code, now=now))
    at = datetime.combine(office.local(now).date(), time.min, office.tz) + minutes
    if at <= now:
        at = datetime.combine(office.local(next_morning(office, now)).date(), time.min, office.tz) + minutes
    return at.astimezone(UTC)
