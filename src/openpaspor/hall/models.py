"""Counters, tickets and the day's own places for walk-ins and priority."""

from __future__ import annotations

from datetime import date, datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from openpaspor.accounts.models import User
from openpaspor.applications.models import Application, Priority
from openpaspor.kit.refused import Refused
from openpaspor.offices.models import Office

from .rules import Series, Waiting


class DayFull(Refused):
    code = "day-full"
    message = _("Today's places of this line are taken. Offer to wait on standby, or another day.")


class TicketState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    CALLED = "called", _("called")
    HELD = "held", _("held")
    SERVED = "served", _("served")
    NO_SHOW = "no-show", _("did not come")
    LEFT = "left", _("left")


class HoldReason(models.TextChoices):
    """Why a ticket is put aside; the digit is the key an officer presses."""

    PAPERS = "1", _("fetches a paper")
    COPY = "2", _("makes a copy")
    PAYS = "3", _("pays")
    REST = "4", _("needs a rest")
    HELP = "5", _("waits for help or an interpreter")
    OTHER = "6", _("other")


class DayPot(models.Model):
    """How many walk-in (B) or priority (P) visitors an office takes on one local day."""

    office = models.ForeignKey(Office, models.PROTECT)
    day = models.DateField()  # local
    series = models.CharField(max_length=1)
    offered = models.PositiveSmallIntegerField()  # people; the head may lower it at any time
    capacity = (
        models.PositiveSmallIntegerField()
    )  # people; max(offered, taken), so lowering turns nobody away
    taken = models.PositiveSmallIntegerField(default=0)  # people

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["office", "day", "series"], name="one_day_pot_per_line"),
            models.CheckConstraint(condition=Q(taken__lte=F("capacity")), name="day_pot_never_oversold"),
        ]

    def __str__(self) -> str:
        return f"{self.office_id} {self.day} {self.series}"

    def take_one(self) -> None:
        """Count one more person in, or raise DayFull. One UPDATE both checks and counts."""
        if not DayPot.objects.filter(pk=self.pk, taken__lt=F("offered")).update(taken=F("taken") + 1):
            raise DayFull()

    @property
    def left(self) -> int:
        return max(0, self.offered - self.taken)


class Counter(models.Model):
    """A desk in the hall, with the officer who sits at it now."""

    office = models.ForeignKey(Office, models.PROTECT)
    number = models.PositiveSmallIntegerField()
    officer = models.OneToOneField(User, models.PROTECT, null=True, blank=True, related_name="counter")
    serves = models.CharField(max_length=4, default="ABPC")  # letters of the lines
    opened_at = models.DateTimeField(null=True, blank=True)  # UTC; empty when closed

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["office", "number"], name="one_counter_per_number")]

    def __str__(self) -> str:
        return f"{self.office_id} {self.number}"

    @property
    def is_open(self) -> bool:
        return self.officer_id is not None


class TicketQuerySet(models.QuerySet["Ticket"]):
    def of_day(self, office: Office, day: date) -> TicketQuerySet:
        return self.filter(office=office, day=day)

    def in_line(self) -> TicketQuerySet:
        return self.filter(state=TicketState.WAITING).order_by("line_since", "pk")

    def live(self) -> TicketQuerySet:
        return self.filter(state__in=[TicketState.WAITING, TicketState.CALLED, TicketState.HELD])


class Ticket(models.Model):
    """A number in the hall of one office on one local day."""

    office = models.ForeignKey(Office, models.PROTECT)
    day = models.DateField()  # local
    series = models.CharField(max_length=1, choices=[(one.value, one.value) for one in Series])
    number = models.PositiveSmallIntegerField()
    application = models.ForeignKey(
        Application, models.PROTECT, null=True, blank=True, related_name="tickets"
    )
    priority = models.CharField(max_length=12, choices=Priority.choices, blank=True)
    state = models.CharField(max_length=8, choices=TicketState.choices, default=TicketState.WAITING)
    reason = models.CharField(max_length=12, blank=True)  # HoldReason, or why it ended
    due_at = models.DateTimeField(null=True)  # UTC; the booked time
    issued_at = models.DateTimeField()  # UTC
    line_since = models.DateTimeField()  # UTC; when it took its present place in line
    called_at = models.DateTimeField(null=True)  # UTC, first call
    last_call_at = models.DateTimeField(null=True)  # UTC
    calls = models.PositiveSmallIntegerField(default=0)
    counter = models.ForeignKey(Counter, models.PROTECT, null=True, blank=True, related_name="tickets")
    ended_at = models.DateTimeField(null=True)  # UTC

    objects = TicketQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["office", "day", "series", "number"], name="one_ticket_per_number"
            ),
            models.UniqueConstraint(
                fields=["counter"], condition=Q(state="called"), name="one_called_ticket_per_counter"
            ),
            models.UniqueConstraint(
                fields=["application", "day"],
                condition=Q(state__in=["waiting", "called", "held"]),
                name="one_live_ticket_per_application_and_day",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """What the board shows: "P 012"."""
        return f"{self.series} {self.number:03d}"

    def as_waiting(self) -> Waiting:
        return Waiting(self.pk, self.series, self.line_since, self.due_at)


class NumberRange(models.Model):
    """The next number of one series at one office on one local day."""

    office = models.ForeignKey(Office, models.PROTECT)
    day = models.DateField()  # local
    series = models.CharField(max_length=1)
    next = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["office", "day", "series"], name="one_number_range_per_series")
        ]

    def __str__(self) -> str:
        return f"{self.office_id} {self.day} {self.series} {self.next}"


def local_day(office: Office, now: datetime) -> date:
    """Which day it is on the office's wall clock."""
    return office.local(now).date()
