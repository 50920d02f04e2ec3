"""The application row: what everybody needs to know without opening the dossier. Only codes, times and keyed hashes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from openpaspor import journey
from openpaspor.accounts.models import User
from openpaspor.journey import Site, State
from openpaspor.ledger import node
from openpaspor.offices import policy
from openpaspor.offices.models import Booklet, Office

from .rules import AGAIN


class Kind(models.TextChoices):
    """Kinds of application."""

    ADULT_NEW = "adult-new", _("New passport, adult")
    ADULT_REPLACE = "adult-replace", _("Replacement, adult")
    CHILD = "child", _("Passport for a child under 17")
    LOST = "lost", _("Replacement of a lost passport")
    DAMAGED = "damaged", _("Replacement of a damaged passport")


class Channel(models.TextChoices):
    ONLINE = "online", _("online")
    COUNTER = "counter", _("at the counter")


class Priority(models.TextChoices):
    """Why somebody is served in the priority line."""

    NONE = "", _("no priority")
    ELDERLY = "elderly", _("60 and over")
    SMALL_CHILD = "small-child", _("child under 5")
    PREGNANT = "pregnant", _("pregnant or breastfeeding")
    DISABLED = "disabled", _("disability")
    SICK = "sick", _("ill")
    COMPANION = "companion", _("companion of a priority visitor")


class BillStatus(models.TextChoices):
    """What the application knows of its bill."""

    NONE = "", _("no bill")
    OPEN = "open", _("waiting for payment")
    MATCHING = "matching", _("payment received, being matched")
    PAID = "paid", _("paid")
    EXEMPT = "exempt", _("exempt")
    LAPSED = "lapsed", _("lapsed")


class PlaceStatus(models.TextChoices):
    NONE = "", _("no place")
    HELD = "held", _("held")
    BOOKED = "booked", _("booked")
    USED = "used", _("used")
    FREED = "freed", _("freed")


class ApplicationQuerySet(models.QuerySet["Application"]):
    def of(self, user: User) -> ApplicationQuerySet:
        """The applications of one account; somebody else's do not exist."""
        return self.filter(account=user)

    def in_state(self, *states: State) -> ApplicationQuerySet:
        return self.filter(state__in=states)

    def untouched_since(self, moment: datetime) -> ApplicationQuerySet:
        """Drafts whose last answer is older than `moment`."""
        return self.in_state(State.DRAFT).filter(touched_at__lt=moment).order_by("touched_at")

    def without_place_since(self, moment: datetime) -> ApplicationQuerySet:
        """Numbered applications without a place since before `moment`. One that is paid for (we took the place away) waits on."""
        waiting = self.in_state(State.SUBMITTED).filter(state_since__lt=moment)
        return waiting.exclude(bill_status__in=(BillStatus.PAID, BillStatus.EXEMPT)).order_by("state_since")

    def missed_before(self, moment: datetime) -> ApplicationQuerySet:
        """Visits of before `moment` to which nobody came and which nobody has made good."""
        return self.in_state(State.MISSED).filter(place_starts_at__lt=moment).order_by("place_starts_at")

    def at(self, office: Office | str) -> ApplicationQuerySet:
        return self.filter(office=office)


class Application(models.Model):
    """One person's wish for one passport. `applications.actions.move` alone writes `state`; `tell` writes the rest."""

    ref = models.CharField(max_length=16, unique=True)  # OP-XXXX-XXXX
    account = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="applications")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    booklet = models.CharField(max_length=12, choices=Booklet.choices, default=Booklet.ELECTRONIC)
    years = models.PositiveSmallIntegerField(default=10)
    same_day = models.BooleanField(default=False)
    priority = models.CharField(max_length=12, choices=Priority.choices, blank=True)

    state = models.CharField(max_length=12, choices=[(state.value, state.value) for state in State])
    reason = models.CharField(max_length=60, blank=True)  # codes of the last move
    version = models.PositiveIntegerField(default=0)
    custodian = models.CharField(max_length=8, choices=[(site.value, site.value) for site in Site])
    term = models.PositiveIntegerField(default=1)
    office = models.ForeignKey(Office, models.PROTECT, null=True, blank=True)
    started_at = models.DateTimeField()  # UTC
    state_since = models.DateTimeField()  # UTC
    touched_at = models.DateTimeField()  # UTC; last answer saved
    submitted_at = models.DateTimeField(null=True)  # UTC

    nik_key = models.CharField(max_length=32, blank=True, db_index=True)  # keyed hash of the NIK
    person_key = models.CharField(
        max_length=32, blank=True, db_index=True
    )  # of normalised name and birth date
    name_key = models.CharField(
        max_length=32, blank=True, db_index=True
    )  # of the normalised name alone, for search
    born_key = models.CharField(max_length=32, blank=True)  # of the birth date, for tracking without sign-in

    # Told by the rooms, each in its own transaction (applications.actions.tell); never read to decide who may move.
    bill_status = models.CharField(max_length=10, choices=BillStatus.choices, blank=True)
    bill_code = models.CharField(max_length=15, blank=True)
    bill_due_at = models.DateTimeField(null=True)  # UTC
    bill_amount_idr = models.PositiveIntegerField(null=True)
    place_status = models.CharField(max_length=8, choices=PlaceStatus.choices, blank=True)
    place_starts_at = models.DateTimeField(null=True)  # UTC
    pass_number = models.PositiveIntegerField(default=0)
    changes_used = models.PositiveSmallIntegerField(default=0)
    ticket = models.CharField(max_length=8, blank=True)  # "A 012", today's number in the hall
    papers_owed = models.CharField(max_length=200, blank=True)  # codes, comma separated
    owed_until = models.DateField(null=True)  # local day at the office
    asked = models.CharField(max_length=200, blank=True)  # reason codes of the centre's question
    decision_reasons = models.CharField(max_length=200, blank=True)  # codes
    decided_at = models.DateTimeField(null=True)  # UTC
    promised_on = models.DateField(null=True)  # local day
    serial = models.CharField(max_length=12, blank=True)  # booklet allotted to this application
    shelf = models.CharField(max_length=12, blank=True)
    collect_by = models.DateField(null=True)  # local day
    stop_order = models.CharField(max_length=30, blank=True)  # reason code; nothing moves while set

    objects = ApplicationQuerySet.as_manager()

    def __str__(self) -> str:
        return self.ref

    def custodian_at(self, now: datetime) -> Site:
        """Who holds it now: as written, except that a booked visit passes to the office by the clock."""
        if self.is_on_day_list(now):
            return Site.OFFICE
        return Site(self.custodian)

    def is_on_day_list(self, now: datetime) -> bool:
        """A booked visit whose day-list cut-off has passed: the office's, without any message."""
        is_booked = self.state == State.BOOKED and self.custodian == Site.PORTAL
        return bool(is_booked and self.office and self.place_starts_at) and now >= self.cutoff_at()

    def cutoff_at(self) -> datetime:
        """The day-list cut-off, UTC: the evening before the visit on the office's wall clock.

        By the knob as it stood when that evening's day began, so that every node gives the same moment whenever it asks.
        """
        assert self.office and self.place_starts_at
        day_before = self.office.local(self.place_starts_at).date() - timedelta(days=1)
        midnight = datetime(day_before.year, day_before.month, day_before.day, tzinfo=self.office.tz)
        minute = policy.value("custody_cutoff_minute", office=self.office.code, now=midnight)
        return midnight + timedelta(minutes=minute)

    def rescue_until(self, now: datetime) -> datetime:
        """The last moment at which a missed visit can be made good, UTC. A second one only by coming late that day."""
        assert self.place_starts_at
        if self.reason == AGAIN:
            return self.place_starts_at + timedelta(days=1)
        days = policy.value("rescue_days", office=self.office_id or "", now=now)
        return self.place_starts_at + timedelta(days=days)

    def is_held_here(self, now: datetime) -> bool:
        """True when this node holds the application."""
        return node.here().holds(self.custodian_at(now), self.office_id or "")

    @property
    def is_over(self) -> bool:
        return self.state in journey.ENDS


class Shown(models.Model):
    """A standing that a page showed an applicant, noted when it was another one than the last. Of this node alone."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="shown")
    state = models.CharField(max_length=12)
    version = models.PositiveIntegerField()
    shown_at = models.DateTimeField()  # UTC

    class Meta:
        verbose_name_plural = "shown"

    def __str__(self) -> str:
        return f"{self.application_id} {self.state}"


class Dossier(models.Model):
    """The encrypted answers of one application: one AES-256-GCM document under the application's own key."""

    application = models.OneToOneField(Application, models.PROTECT)
    document = models.BinaryField()

    def __str__(self) -> str:
        return f"dossier of {self.application_id}"


class DossierKey(models.Model):
    """The application's key, wrapped to one node that works on it."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="keys")
    node = models.CharField(max_length=40)
    wrapped = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "node"], name="one_wrapped_key_per_node")
        ]

    def __str__(self) -> str:
        return f"{self.application_id} for {self.node}"


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def live(self) -> AttachmentQuerySet:
        """Papers that count: not replaced by a newer one."""
        return self.filter(replaced=False).order_by("id")


class Attachment(models.Model):
    """One encrypted picture of a paper or a person, by the SHA-256 of its ciphertext in the store."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="attachments")
    kind = models.CharField(max_length=24)  # ktp, kk, birth, old-passport, portrait, …
    digest = models.CharField(max_length=64, db_index=True)
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()  # bytes of plaintext
    replaced = models.BooleanField(default=False)
    added_at = models.DateTimeField()  # UTC

    objects = AttachmentQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.kind} of {self.application_id}"


class Serial(models.Model):
    """The next serial number of references that this node gives out under one issuer code."""

    issuer = models.CharField(max_length=2, primary_key=True)
    next = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"{self.issuer}:{self.next}"
