"""Slots, the calendars they belong to, and who has a place in which."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from openpaspor.applications.models import Application
from openpaspor.journey import Site
from openpaspor.kit.refused import Refused
from openpaspor.offices.models import Booklet, Office


class SlotFull(Refused):
    code = "slot-full"
    message = _("This time has just been taken. Please choose another.")


class SlotClosed(Refused):
    code = "slot-closed"
    message = _("This time can no longer be chosen. Please choose another.")


class Pot(models.TextChoices):
    """Shares of a day's places that this room sells. Walk-in and priority places are the hall's own."""

    ONLINE = "online", _("Online")
    SAME_DAY = "same-day", _("Same-day service")
    RESCUE = "rescue", _("After a missed visit")


# Each pot is sold by one node, so nobody oversells while a line is down.
SOLD_BY = {Pot.ONLINE: Site.PORTAL, Pot.SAME_DAY: Site.PORTAL, Pot.RESCUE: Site.PORTAL}


class BookingState(models.TextChoices):
    HELD = "held", _("held")
    BOOKED = "booked", _("booked")
    USED = "used", _("used")
    FREED = "freed", _("freed")
    MISSED = "missed", _("missed")
    LAPSED = "lapsed", _("lapsed")


LIVE = (BookingState.HELD, BookingState.BOOKED)


class Why(models.TextChoices):
    """How a booking came to be."""

    CHOSEN = "chosen", _("chosen by the applicant")
    CHANGED = "changed", _("moved by the applicant")
    RESCUED = "rescued", _("after a missed visit")
    RESEATED = "reseated", _("money came after the place was gone")
    DAY_CLOSED = "day-closed", _("moved by us, the office was closed")


OUR_DOING = (
    Why.RESEATED,
    Why.DAY_CLOSED,
)  # the applicant did not pick this time; moving it once more is free


class Ended(models.TextChoices):
    """Why a place was given back."""

    UNPAID = "unpaid", _("not paid in time")
    GIVEN_UP = "given-up", _("given up by the applicant")
    CHANGED = "changed", _("moved by the applicant")
    WITHDRAWN = "withdrawn", _("application withdrawn")
    DAY_CLOSED = "day-closed", _("office closed")
    CAME_EARLIER = "came-earlier", _("the visitor had come on an older pass")


class Calendar(models.Model):
    """How far the calendar of an office is open. An office without a row sells no places."""

    office = models.OneToOneField(Office, models.PROTECT, primary_key=True)
    through = models.DateField()  # local; the last day whose places are on sale

    def __str__(self) -> str:
        return f"{self.office_id} through {self.through}"


class HandedOver(models.Model):
    """The unsold online places of one day passed to the office."""

    office = models.ForeignKey(Office, models.PROTECT)
    day = models.DateField()  # local
    places = models.PositiveIntegerField()  # people

    class Meta:
        constraints = [models.UniqueConstraint(fields=["office", "day"], name="handed_over_once")]

    def __str__(self) -> str:
        return f"{self.office_id} {self.day} {self.places}"


class Shortage(models.Model):
    """An office has no blank booklets of one kind before a day; places of that kind rest until then."""

    office = models.ForeignKey(Office, models.PROTECT)
    booklet_kind = models.CharField(max_length=12, choices=Booklet.choices)
    until = models.DateField()  # local; the first day on which it has them again

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["office", "booklet_kind"], name="one_shortage_per_kind")
        ]

    def __str__(self) -> str:
        return f"{self.office_id} {self.booklet_kind} until {self.until}"


class SlotQuerySet(models.QuerySet["Slot"]):
    def on_sale(self, *, now: datetime) -> SlotQuerySet:
        """Slots that still sell, full or not."""
        short = Shortage.objects.filter(
            office=OuterRef("office"), booklet_kind=OuterRef("booklet_kind"), until__gt=OuterRef("day")
        )
        return self.filter(~Exists(short), sells_until__gt=now, offered__gt=0)

    def bookable(self, *, now: datetime, count: int = 1) -> SlotQuerySet:
        """Slots in which `count` people together still find a place."""
        return self.on_sale(now=now).filter(taken__lte=F("offered") - count)

    def for_kind(self, booklet_kind: str, *pots: str) -> SlotQuerySet:
        return self.filter(booklet_kind=booklet_kind, pot__in=pots)


class Slot(models.Model):
    """A moment at one office when some people may come, out of one pot, for one kind of booklet."""

    office = models.ForeignKey(Office, models.PROTECT)
    starts_at = models.DateTimeField()  # UTC; shown in the office's own time zone
    day = models.DateField()  # the same on the office's wall clock
    pot = models.CharField(max_length=12, choices=Pot.choices)
    booklet_kind = models.CharField(max_length=12, choices=Booklet.choices)
    offered = models.PositiveSmallIntegerField()  # people; the head of office may lower it at any time
    capacity = models.PositiveSmallIntegerField()  # people; max(offered, taken), so lowering cancels nobody
    taken = models.PositiveSmallIntegerField(default=0)  # people; bookings not yet freed
    seller_node = models.CharField(max_length=40)  # the one node that sells these places
    sells_until = models.DateTimeField()  # UTC; from the office's policy

    objects = SlotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["office", "starts_at", "pot", "booklet_kind"], name="one_slot_per_moment_pot_and_kind"
            ),
            models.CheckConstraint(condition=Q(taken__lte=F("capacity")), name="never_overbooked"),
        ]
        indexes = [models.Index(fields=["office", "day"], name="slots_by_day")]

    def __str__(self) -> str:
        return f"{self.office_id} {self.starts_at:%Y-%m-%d %H:%M}Z {self.pot} {self.booklet_kind}"

    @property
    def left(self) -> int:
        """Places that can still be had."""
        return max(0, self.offered - self.taken)

    def take_places(self, count: int, *, now: datetime) -> None:
        """Count `count` more people in, all or none, or raise SlotFull or SlotClosed.

        One UPDATE both checks and counts, so two people can never share the last place, on SQLite or on PostgreSQL,
        and we need no lock of our own.
        """
        counted = (
            Slot.objects.filter(pk=self.pk).bookable(now=now, count=count).update(taken=F("taken") + count)
        )
        if not counted:
            raise SlotFull() if Slot.objects.filter(pk=self.pk).on_sale(now=now).exists() else SlotClosed()

    def give_back(self, count: int = 1) -> None:
        """Count people out again; a lowered quota now bites as far as it can."""
        Slot.objects.filter(pk=self.pk).update(
            taken=F("taken") - count, capacity=Greatest(F("offered"), F("taken") - count)
        )


class BookingQuerySet(models.QuerySet["Booking"]):
    def live(self) -> BookingQuerySet:
        """Held or booked, neither used nor freed."""
        return self.filter(state__in=LIVE)

    def lapsed(self, *, now: datetime) -> BookingQuerySet:
        """Held beyond the bill's deadline."""
        return self.filter(state=BookingState.HELD, held_until__lt=now)

    def counted(self) -> BookingQuerySet:
        """Those that `Slot.taken` counts."""
        return self.filter(freed_at=None)


class Booking(models.Model):
    """One application's place in a slot, from hold to use."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="bookings")
    slot = models.ForeignKey(Slot, models.PROTECT, related_name="bookings")
    nik_key = models.CharField(max_length=32, blank=True)  # keyed hash, copied from the application
    bill = models.CharField(max_length=15, blank=True)  # code of the bill that pays for it
    state = models.CharField(max_length=8, choices=BookingState.choices)
    why = models.CharField(max_length=12, choices=Why.choices, default=Why.CHOSEN)
    held_at = models.DateTimeField()  # UTC
    held_until = models.DateTimeField(null=True)  # UTC; empty for a place that never waited for money
    pass_number = models.PositiveIntegerField(null=True)
    freed_at = models.DateTimeField(null=True)  # UTC
    reason = models.CharField(max_length=12, choices=Ended.choices, blank=True)
    instead_of = models.ForeignKey("self", models.PROTECT, null=True, related_name="replacements")

    objects = BookingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application"], condition=Q(state__in=LIVE), name="one_live_booking_per_application"
            ),
            models.UniqueConstraint(
                fields=["nik_key"],
                condition=Q(state__in=LIVE) & ~Q(nik_key=""),
                name="one_live_booking_per_identity",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("freed", "lapsed"), freed_at__isnull=False)
                | Q(state__in=("held", "booked", "used", "missed"), freed_at__isnull=True),
                name="freed_exactly_when_given_back",
            ),
        ]
        indexes = [models.Index(fields=["state", "held_until"], name="bookings_by_deadline")]

    def __str__(self) -> str:
        return f"{self.application_id} in {self.slot_id}: {self.state}"

    @property
    def is_held(self) -> bool:
        return self.state == BookingState.HELD

    @property
    def may_change_free(self) -> bool:
        """We picked this time, not the applicant."""
        return self.why in OUR_DOING

    def end(self, state: BookingState, *, reason: str = "", now: datetime | None = None) -> bool:
        """Leave held or booked, compare and set; with `now` the place goes back. False when it was over already."""
        changed = Booking.objects.live().filter(pk=self.pk).update(state=state, reason=reason, freed_at=now)
        if changed and now is not None:
            self.slot.give_back()
        if changed:
            self.state, self.reason, self.freed_at = state, reason, now
        return bool(changed)
