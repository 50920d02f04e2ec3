"""Counters, tickets and the day's own places for walk-ins and priority."""

from __future__ import annotations

import re
from datetime import date, datetime

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from openpaspor.accounts.models import User
from openpaspor.applications.models import Application, Priority
from openpaspor.journey import Site, State
from openpaspor.kit.refused import Refused
from openpaspor.offices.models import Booklet, Office

from .rules import Series, Waiting


class DayFull(Refused):
    code = "day-full"
    message = _("Today's places of this line are taken.")


# The office alone gives these numbers out; places with a time are the portal's (`appointments.models.SOLD_BY`).
SOLD_BY = {Series.WALK_IN: Site.OFFICE, Series.PRIORITY: Site.OFFICE}
SERIES_WORDS = {
    Series.APPOINTMENT: _("Appointment"),
    Series.WALK_IN: _("Walk-in"),
    Series.PRIORITY: _("Priority"),
    Series.COLLECTION: _("Collection"),
}
LINES = [(series.value, word) for series, word in SERIES_WORDS.items()]


class TicketState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    CALLED = "called", _("called")
    HELD = "held", _("put aside")
    SERVED = "served", _("served")
    NO_SHOW = "no-show", _("did not come")
    LEFT = "left", _("left")


class HoldReason(models.TextChoices):
    """Why a ticket is put aside; the digit is the key an officer presses."""

    PAPERS = "1", _("fetches a paper")
    COPY = "2", _("makes a copy")
    PAYS = "3", _("goes to pay")
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
    )  # people; max(offered + from_online, taken), so lowering turns nobody away
    taken = models.PositiveSmallIntegerField(default=0)  # people
    from_online = models.PositiveSmallIntegerField(
        null=True
    )  # people; unsold online places that passed to us at the cut-off; empty while the portal has not said how many

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["office", "day", "series"], name="one_day_pot_per_line"),
            models.CheckConstraint(condition=Q(taken__lte=F("capacity")), name="day_pot_never_oversold"),
        ]

    def __str__(self) -> str:
        return f"{self.office_id} {self.day} {self.series}"

    def take_one(self) -> None:
        """Count one more person in, or raise DayFull. One UPDATE both checks and counts."""
        free = DayPot.objects.filter(pk=self.pk, taken__lt=F("offered") + Coalesce("from_online", 0))
        if not free.update(taken=F("taken") + 1):
            raise DayFull()

    @property
    def in_all(self) -> int:
        """Places of the office's own and those that passed to it."""
        return self.offered + (self.from_online or 0)

    @property
    def left(self) -> int:
        return max(0, self.in_all - self.taken)


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


LABEL = re.compile(r"([ABPC])[ .-]?(\d{1,4})", re.ASCII)
LIVE = (TicketState.WAITING, TicketState.CALLED, TicketState.HELD)
SHOWN_AS_CALLED = (TicketState.CALLED, TicketState.SERVED, TicketState.NO_SHOW)


class TicketQuerySet(models.QuerySet["Ticket"]):
    def of_day(self, office: Office, day: date) -> TicketQuerySet:
        return self.filter(office=office, day=day)

    def in_line(self) -> TicketQuerySet:
        return self.filter(state=TicketState.WAITING).order_by("line_since", "pk")

    def live(self) -> TicketQuerySet:
        return self.filter(state__in=LIVE)

    def last_calls(self) -> TicketQuerySet:
        """What a wall shows, newest first. Who was put aside or back in line is not asked to come to a counter."""
        shown = self.filter(state__in=SHOWN_AS_CALLED, last_call_at__isnull=False, counter__isnull=False)
        return shown.select_related("counter").order_by("-last_call_at", "-pk")

    def turns(self) -> str:
        """The lines called so far, oldest first."""
        called = self.filter(turn__isnull=False).order_by("turn")
        return "".join(called.values_list("line", flat=True))

    def labelled(self, label: str) -> Ticket | None:
        """The ticket that somebody types or reads out as "A 012", "a12" or "A012"."""
        read = read_label(label)
        return self.filter(series=read[0], number=read[1]).first() if read else None


def read_label(text: str) -> tuple[str, int] | None:
    """Series and number of a typed ticket label, or None when it is none."""
    read = LABEL.fullmatch(text.strip().upper())
    return (read[1], int(read[2])) if read else None


GONE_HOME = (State.WITHDRAWN, State.EXPIRED)
VISIT_OVER = frozenset(
    {State.ENROLLED, State.INCOMPLETE, State.REVIEW, State.APPROVED, State.COLLECTED, *GONE_HOME}
)
LAST_CALL = 3  # calls of one number: the first, one more, the last


class Ticket(models.Model):
    """A number in the hall of one office on one local day."""

    office = models.ForeignKey(Office, models.PROTECT)
    day = models.DateField()  # local
    series = models.CharField(max_length=1, choices=[(one.value, one.value) for one in Series])
    number = models.PositiveSmallIntegerField()
    line = models.CharField(
        max_length=1, choices=LINES
    )  # where it stands; the letter it was given, unless moved
    pass_ref = models.CharField(max_length=16, blank=True)  # of a signed pass whose booking never reached us
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
    turn = models.PositiveIntegerField(null=True)  # which call of the hall its first one was, that day
    last_call_at = models.DateTimeField(null=True)  # UTC
    calls = models.PositiveSmallIntegerField(default=0)
    counter = models.ForeignKey(
        Counter, models.PROTECT, null=True, blank=True, related_name="tickets"
    )  # last one
    ended_at = models.DateTimeField(null=True)  # UTC

    objects = TicketQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["office", "day", "series", "number"], name="one_ticket_per_number"
            ),
            models.UniqueConstraint(fields=["office", "day", "turn"], name="one_ticket_per_turn"),
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
        return Waiting(self.pk, self.line, self.line_since, self.due_at)

    @property
    def visit_is_over(self) -> bool:
        """The case has left the counter since this number was given. Who comes back with papers gets a number of their own."""
        one = self.application
        return one is not None and one.state in VISIT_OVER and one.state_since >= self.issued_at

    @property
    def is_last_call(self) -> bool:
        """Called twice again, as the key F4 does it."""
        return self.calls >= LAST_CALL

    @property
    def hold_word(self) -> str:
        """Why it is held, in words."""
        return str(HoldReason(self.reason).label) if self.state == TicketState.HELD else ""

    @property
    def line_word(self) -> str:
        return str(SERIES_WORDS[Series(self.line)])


class PassArrivalQuerySet(models.QuerySet["PassArrival"]):
    def unjoined(self) -> PassArrivalQuerySet:
        """Let in on the pass alone; the application has not arrived yet."""
        return self.filter(joined_at=None)


class PassArrival(models.Model):
    """The one arrival that a visit pass opens at this node, whether or not its booking was known here."""

    ref = models.CharField(max_length=16)
    number = models.PositiveIntegerField()  # of the pass
    office = models.ForeignKey(Office, models.PROTECT)
    starts_at = models.DateTimeField()  # UTC; the time on the pass
    arrived_at = models.DateTimeField()  # UTC
    actor = models.CharField(max_length=40)  # who let the visitor in; a code
    joined_at = models.DateTimeField(null=True)  # UTC; when the application arrived with it
    trouble = models.CharField(max_length=30, blank=True)  # code of why a person must look; see APART
    seen_by = models.CharField(max_length=40, blank=True)  # who looked after it; a code
    seen_at = models.DateTimeField(null=True)  # UTC

    objects = PassArrivalQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ref", "number"], name="one_arrival_per_pass")]

    def __str__(self) -> str:
        return f"{self.ref} {self.number}"

    @property
    def why(self) -> str:
        """Why a person must look, in words."""
        return str(APART.get(self.trouble, APART[""]))


APART = {
    "": _("The application has not come yet."),
    "another-office": _("The appointment was moved to another office before the visitor came."),
    "another-day": _("The appointment was moved to another day before the visitor came."),
    "no-place": _("The appointment was taken away before the visitor came."),
    "already-arrived": _("The application had arrived here before, under another number."),
    "arrived-elsewhere": _("The application was received at another office."),
    "ended": _("The application had ended before the visitor came."),
    "stop-order": _("The application is stopped."),
    "not-held-here": _("Another site held the application when the visitor came."),
    "move-refused": _("The application had gone on when it came here."),
    "number-over": _("The application came after the number had ended; the visit is still to be done."),
}
TURNS = "T"  # the series of calls


class NumberRange(models.Model):
    """The next number of one series at one office on one local day; the calls of a hall are numbered like tickets."""

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


class BlankBooks(models.Model):
    """Booklets that came into an office's stock and left it on one local day; a copy of what the print room says."""

    office = models.ForeignKey(Office, models.PROTECT)
    booklet = models.CharField(max_length=12, choices=Booklet.choices)
    day = models.DateField()  # local
    came = models.IntegerField(default=0)  # booklets
    left = models.IntegerField(default=0)  # booklets

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["office", "booklet", "day"], name="one_count_of_blanks_per_kind_and_day"
            )
        ]
        verbose_name_plural = "blank books"

    def __str__(self) -> str:
        return f"{self.office_id} {self.booklet} {self.day} +{self.came} -{self.left}"


def local_day(office: Office, now: datetime) -> date:
    """Which day it is on the office's wall clock."""
    return office.local(now).date()
