"""The append-only log: entries, where each follower stands, what is parked, and deeds already done."""

from __future__ import annotations

import json
from typing import Any

from django.db import models
from django.db.models import Q

from openpaspor.facts import Fact, decode


class EntryQuerySet(models.QuerySet["Entry"]):
    def unsealed(self) -> EntryQuerySet:
        return self.filter(seq__isnull=True).order_by("id")

    def sealed(self) -> EntryQuerySet:
        return self.filter(position__isnull=False).order_by("position")

    def of(self, application: str) -> EntryQuerySet:
        """Everything said of one application, in the order this node learnt it."""
        return self.filter(application=application).order_by("id")


class Entry(models.Model):
    """One fact in a log. Written unsealed by an action; the worker gives it its place, hash and signature."""

    node = models.CharField(max_length=40)
    epoch = models.PositiveIntegerField()
    seq = models.PositiveBigIntegerField(null=True)  # dense within (node, epoch); set by the sealer
    position = models.PositiveBigIntegerField(null=True, unique=True)  # local order of reading
    kind = models.CharField(max_length=60, db_index=True)
    application = models.CharField(
        max_length=16, blank=True, db_index=True
    )  # reference, when it speaks of one
    version = models.PositiveIntegerField(null=True)  # of the move, for applications.moved
    actor = models.CharField(max_length=40)  # a code, never a name
    recorded_at = models.DateTimeField()  # UTC, domain clock
    fact = models.TextField()  # canonical JSON of the fact alone
    body = models.BinaryField(null=True)  # canonical bytes of the whole entry, as hashed
    previous = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, blank=True)
    signature = models.BinaryField(null=True)
    sealed_at = models.DateTimeField(null=True)  # UTC, wall clock

    objects = EntryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["node", "epoch", "seq"], name="one_entry_per_place_in_the_log")
        ]
        indexes = [
            models.Index(fields=["id"], name="entries_unsealed", condition=Q(seq__isnull=True)),
            models.Index(fields=["kind", "position"], name="entries_by_kind"),
        ]
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.node}/{self.epoch}/{self.seq or '?'} {self.kind} {self.application}"

    @property
    def values(self) -> dict[str, Any]:
        return json.loads(self.fact)

    def read(self) -> Fact:
        """The fact as its dataclass. Raises FactUnknown for kinds of a newer version."""
        return decode(self.kind, self.values)

    def action_id_for(self, follower: str) -> str:
        """The action id of a reaction to this entry: entry + follower."""
        return f"{self.node}:{self.epoch}:{self.seq}:{follower}"


class NodeRecord(models.Model):
    """A node we know: its public keys in one epoch, its role and the offices it serves."""

    node = models.CharField(max_length=40)
    epoch = models.PositiveIntegerField()
    role = models.CharField(max_length=12)
    offices = models.JSONField(default=list)
    sign_public = models.CharField(max_length=64)  # hex
    box_public = models.CharField(max_length=64)  # hex

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["node", "epoch"], name="one_record_per_node_and_epoch")
        ]

    def __str__(self) -> str:
        return f"{self.node}/{self.epoch}"


class Cursor(models.Model):
    """How far one follower has read."""

    follower = models.CharField(max_length=120, primary_key=True)
    position = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.follower}@{self.position}"


class Parked(models.Model):
    """An entry a follower could not take, or one that waits behind such an entry of the same application."""

    follower = models.CharField(max_length=120)
    entry = models.ForeignKey(Entry, models.PROTECT)
    application = models.CharField(max_length=16, blank=True, db_index=True)
    cause = models.CharField(max_length=200)  # class of the trouble and its code; no personal data
    tries = models.PositiveSmallIntegerField(default=0)
    parked_at = models.DateTimeField()  # UTC, wall clock
    retry_at = models.DateTimeField()  # UTC, wall clock

    class Meta:
        constraints = [models.UniqueConstraint(fields=["follower", "entry"], name="parked_once")]
        ordering = ["entry__position"]
        verbose_name_plural = "parked"

    def __str__(self) -> str:
        return f"{self.follower}: {self.entry}"


class Deed(models.Model):
    """An action that was done, so that a repeat gets the first answer and changes nothing."""

    action_id = models.CharField(max_length=200, primary_key=True)
    arguments = models.CharField(max_length=64)  # SHA-256 of the canonical arguments
    answer = models.JSONField(null=True)
    done_at = models.DateTimeField()  # UTC, wall clock

    def __str__(self) -> str:
        return self.action_id
