"""The append-only log: entries, where each follower stands, what is parked, and deeds already done."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Q

from openpaspor.facts import Fact, decode
from openpaspor.kit import clock


class EntryQuerySet(models.QuerySet["Entry"]):
    def unsealed(self) -> EntryQuerySet:
        return self.filter(seq__isnull=True).order_by("id")

    def sealed(self) -> EntryQuerySet:
        return self.filter(position__isnull=False).order_by("position")

    def standing(self) -> EntryQuerySet:
        """What followers act on, in the order of reading."""
        return self.sealed().filter(void=False)

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
    void = models.BooleanField(
        default=False
    )  # kept and sent on, but no follower acts on it; a Conflict says why

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

    @cached_property
    def values(self) -> dict[str, Any]:
        """The fact as it stands in the log, for reading only: a dozen followers ask the same entry."""
        return json.loads(self.fact)  # type: ignore[no-any-return]

    def read(self) -> Fact:
        """The fact as its dataclass. Raises FactUnknown for kinds of a newer version."""
        return decode(self.kind, self.values)

    def action_id_for(self, follower: str) -> str:
        """The action id of a reaction to this entry: entry + follower."""
        return f"{self.node}:{self.epoch}:{self.seq}:{follower}"


class NodeRecord(models.Model):
    """A node we know: its public keys in one epoch, its role, the offices it serves, where it listens."""

    node = models.CharField(max_length=40)
    epoch = models.PositiveIntegerField()
    role = models.CharField(max_length=12)
    offices = models.JSONField(default=list)
    url = models.CharField(max_length=200, blank=True)  # empty: it calls us, we cannot call it
    sign_public = models.CharField(max_length=64)  # hex; Ed25519, seals entries
    box_public = models.CharField(max_length=64)  # hex; X25519, application keys are wrapped to it
    wire_public = models.CharField(max_length=64, blank=True)  # hex; Ed25519, signs messages between nodes
    seal_public = models.CharField(max_length=130, blank=True)  # hex; P-256, signs visit passes
    revoked_at = models.DateTimeField(null=True)  # UTC; from then on nothing new is taken from it

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["node", "epoch"], name="one_record_per_node_and_epoch")
        ]

    def __str__(self) -> str:
        return f"{self.node}/{self.epoch}"


class Invitation(models.Model):
    """A one-time code by which a new node is enrolled. Only its hash is kept."""

    code_hash = models.CharField(max_length=64, primary_key=True)
    node = models.CharField(max_length=40)
    role = models.CharField(max_length=12)
    offices = models.JSONField(default=list)
    url = models.CharField(max_length=200, blank=True)  # empty: it calls us, we cannot call it
    made_by = models.CharField(max_length=40)  # actor
    expires_at = models.DateTimeField()  # UTC, wall clock
    used_at = models.DateTimeField(null=True)  # UTC, wall clock

    def __str__(self) -> str:
        return f"{self.role} {self.node}"


class Link(models.Model):
    """Our line to another node: what was sent, what its database confirmed, what came, and how the line is."""

    peer = models.CharField(max_length=40, primary_key=True)
    # What we send. To the centre: our own log, dense. To others: a selection, counted and chained for this link.
    considered = models.PositiveBigIntegerField(default=0)  # our position up to which the selection was made
    queued = models.PositiveBigIntegerField(default=0)  # entries in the selection so far
    queued_chain = models.CharField(max_length=64, default="0" * 64)
    confirmed_epoch = models.PositiveIntegerField(default=0)  # dense: of our own log
    confirmed = models.PositiveBigIntegerField(default=0)  # dense: seq; selection: count
    handed_epoch = models.PositiveIntegerField(default=0)  # dense: of what is in a message on its way
    handed = models.PositiveBigIntegerField(
        default=0
    )  # dense: seq; counts for nothing but the word on the screen
    missing = models.JSONField(
        default=list, db_default=[]
    )  # dense: applications of which the peer still wants files
    # What came: the selection the peer makes for us, under the peer's epoch
    heard_epoch = models.PositiveIntegerField(default=0)
    heard = models.PositiveBigIntegerField(default=0)
    heard_chain = models.CharField(max_length=64, default="0" * 64)
    # At a centre that was put back: our epoch in which this peer said that it gave back all it had heard of us
    gave_back_epoch = models.PositiveIntegerField(default=0, db_default=0)
    # How the line is, wall clock
    number = models.PositiveBigIntegerField(default=0)  # of the last message taken from the peer; only rises
    called_at = models.DateTimeField(null=True)  # last attempt of ours
    try_at = models.DateTimeField(null=True)  # somebody asked to call now rather than later
    answered_at = models.DateTimeField(null=True)  # last signed answer or call of the peer
    whole_at = models.DateTimeField(null=True)  # last moment at which nothing was left to send or fetch
    fetched_at = models.DateTimeField(null=True)  # last moment at which the peer had no more entries for us
    # At the portal, of an office: since when it does not hear the centre, as it says itself; null: it does
    without_centre_since = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=60, blank=True)  # code of what is wrong now
    quarantined = models.CharField(
        max_length=200, blank=True
    )  # why its messages are refused until a person decides

    def __str__(self) -> str:
        return self.peer


class Outgoing(models.Model):
    """One entry of the selection for one link."""

    link = models.ForeignKey(Link, models.CASCADE)
    count = models.PositiveBigIntegerField()  # 1, 2, 3 … on this link
    chain = models.CharField(max_length=64)  # SHA-256(chain before ‖ hash of the entry), hex
    entry = models.ForeignKey(Entry, models.PROTECT)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["link", "count"], name="one_entry_per_count_of_a_link"),
            models.UniqueConstraint(fields=["link", "entry"], name="an_entry_goes_once_over_a_link"),
        ]
        verbose_name_plural = "outgoing"

    def __str__(self) -> str:
        return f"{self.link_id} {self.count}"


class Subscription(models.Model):
    """A node that is told everything of one application, from the day it first concerned it."""

    link = models.ForeignKey(Link, models.CASCADE)
    application = models.CharField(max_length=16)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["link", "application"], name="subscribed_once_to_an_application")
        ]

    def __str__(self) -> str:
        return f"{self.link_id} {self.application}"


class WantedQuerySet(models.QuerySet["Wanted"]):
    def due(self) -> WantedQuerySet:
        """Those to ask for now: not one whose bytes were wrong a moment ago."""
        return self.filter(Q(pause_until=None) | Q(pause_until__lte=clock.real_now()))


class Wanted(models.Model):
    """A file of which an entry spoke and whose bytes have not come yet."""

    digest = models.CharField(max_length=64, primary_key=True)
    application = models.CharField(max_length=16, db_index=True)
    wanted_at = models.DateTimeField()  # UTC, wall clock
    spoilt = models.PositiveSmallIntegerField(
        default=0
    )  # times that all of it came and was not what it is named
    pause_until = models.DateTimeField(
        null=True
    )  # UTC, wall clock; until then nobody is asked and nothing taken

    objects = WantedQuerySet.as_manager()

    class Meta:
        ordering = ["wanted_at", "digest"]
        verbose_name_plural = "wanted"

    def __str__(self) -> str:
        return self.digest[:12]


class Conflict(models.Model):
    """*Perlu dilihat*: what two nodes said that cannot both stand, or what a node may not say. A person decides."""

    code = models.CharField(max_length=30)  # no-authority, old-term, equal-terms, fork, fields-differ
    application = models.CharField(max_length=16, blank=True, db_index=True)
    entry = models.ForeignKey(Entry, models.PROTECT, null=True)  # what came
    other = models.ForeignKey(Entry, models.PROTECT, null=True, related_name="+")  # what stood here
    detail = models.JSONField(default=dict)  # codes and times, no personal data
    found_at = models.DateTimeField()  # UTC
    seen_by = models.CharField(max_length=40, blank=True)  # actor
    seen_at = models.DateTimeField(null=True)  # UTC
    picked = models.CharField(max_length=6, blank=True)  # entry or other: what that person holds to be right

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "entry"], name="one_conflict_per_entry")]

    def __str__(self) -> str:
        return f"{self.code} {self.application}"


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
