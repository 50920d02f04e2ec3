"""Offices and what each of them decides for itself."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _


class Booklet(models.TextChoices):
    """Kinds of booklet."""

    REGULAR = "regular", _("Regular passport")
    ELECTRONIC = "electronic", _("E-passport")


ZONES = {"Asia/Jakarta": "WIB", "Asia/Pontianak": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}


class Office(models.Model):
    """A place that takes people in. Rows come from `data/offices.csv`; codes are ours, not official."""

    code = models.CharField(max_length=60, primary_key=True)
    name = models.CharField(max_length=120)
    office_class = models.CharField(max_length=24)  # "I TPI", "ULP", …
    kind = models.CharField(max_length=12)  # kanim, ulp, ukk, mpp, lounge
    city = models.CharField(max_length=60, db_index=True)
    province = models.CharField(max_length=60)
    timezone = models.CharField(max_length=40)  # IANA
    parent = models.CharField(max_length=60, blank=True)
    address = models.CharField(max_length=200, blank=True)
    latitude = models.DecimalField(max_digits=8, decimal_places=5, null=True)
    longitude = models.DecimalField(max_digits=8, decimal_places=5, null=True)

    class Meta:
        ordering = ["city", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> str:
        """WIB, WITA or WIT."""
        return ZONES[self.timezone]

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def local(self, moment: datetime) -> datetime:
        """The moment on this office's wall clock."""
        return moment.astimezone(self.tz)


class Knob(models.Model):
    """A policy value that an authority changed, for one office or for all, from a moment on. Defaults: `policy.py`."""

    name = models.CharField(max_length=60)
    office = models.ForeignKey(Office, models.PROTECT, null=True, blank=True)
    value = models.IntegerField()
    valid_from = models.DateTimeField()  # UTC

    class Meta:
        indexes = [models.Index(fields=["name", "office", "valid_from"])]

    def __str__(self) -> str:
        return f"{self.name}={self.value}"


class ClosedDay(models.Model):
    """A day on which one office takes nobody in, beyond weekends and holidays."""

    office = models.ForeignKey(Office, models.PROTECT)
    day = models.DateField()  # local
    reason = models.CharField(max_length=30)  # code: power, flood, event, training, other

    class Meta:
        constraints = [models.UniqueConstraint(fields=["office", "day"], name="closed_once_a_day")]

    def __str__(self) -> str:
        return f"{self.office_id} {self.day}"
