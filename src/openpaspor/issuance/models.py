"""Booklets and what happened to each: counted in, allotted, printed, handed over or written off."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from openpaspor.applications.models import Application
from openpaspor.ledger.models import Entry
from openpaspor.offices.models import Booklet as BookletKind
from openpaspor.offices.models import Office

from . import rules


class BatchState(models.TextChoices):
    COUNTED = "counted", _("waits for a second count")
    RECEIVED = "received", _("received")
    DROPPED = "dropped", _("given up")


class StockBatch(models.Model):
    """A delivery of booklets with serials in a row: counted by one person, confirmed by another."""

    office = models.ForeignKey(Office, models.PROTECT)
    kind = models.CharField(max_length=12, choices=BookletKind.choices)
    first = models.CharField(max_length=8)  # serial
    last = models.CharField(max_length=8)
    count = models.PositiveIntegerField()  # booklets
    state = models.CharField(max_length=8, choices=BatchState.choices, default=BatchState.COUNTED)
    counted_by = models.CharField(max_length=40)
    counted_at = models.DateTimeField()  # UTC
    confirmed_by = models.CharField(max_length=40, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)  # UTC

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="received") | (~Q(confirmed_by="") & ~Q(confirmed_by=F("counted_by"))),
                name="stock_is_counted_by_two_people",
            )
        ]

    def __str__(self) -> str:
        return f"{self.first}–{self.last}"

    @property
    def serials(self) -> rules.SerialRange:
        return rules.SerialRange(self.first, self.last)


class BookletState(models.TextChoices):
    STOCK = "stock", _("in stock")
    ALLOTTED = "allotted", _("reserved")
    PRINTED = "printed", _("printed")
    ISSUED = "issued", _("handed over")
    SPOILED = "spoiled", _("spoiled")
    LOST = "lost", _("lost")
    CANCELLED = "cancelled", _("cancelled")


LIVE = (BookletState.ALLOTTED, BookletState.PRINTED, BookletState.ISSUED)


class BookletQuerySet(models.QuerySet["Booklet"]):
    def in_stock(self, office: Office | str, kind: str) -> BookletQuerySet:
        """Booklets that can be allotted, the oldest first, none that somebody wants written off."""
        free = self.filter(office=office, kind=kind, state=BookletState.STOCK)
        return free.exclude(proposals__state=ProposalState.OPEN).order_by("id")

    def of(self, application: Application) -> BookletQuerySet:
        """The booklet that belongs to an application now."""
        return self.filter(application=application, state__in=LIVE)

    def on_shelf(self, office: Office | str) -> BookletQuerySet:
        return self.filter(office=office, state=BookletState.PRINTED).exclude(rack="").order_by("rack")


class Booklet(models.Model):
    """One blank booklet, for ever in exactly one state. Its serial is the passport's number."""

    serial = models.CharField(max_length=8, unique=True)
    kind = models.CharField(max_length=12, choices=BookletKind.choices)
    office = models.ForeignKey(Office, models.PROTECT)
    batch = models.ForeignKey(StockBatch, models.PROTECT, related_name="booklets")
    state = models.CharField(max_length=10, choices=BookletState.choices, default=BookletState.STOCK)
    application = models.ForeignKey(
        Application, models.PROTECT, null=True, blank=True, related_name="booklets"
    )
    rack = models.CharField(max_length=12, blank=True)  # place on the shelf, while it lies there
    shelved_on = models.DateField(null=True, blank=True)  # local day
    reminded = models.PositiveSmallIntegerField(default=0)  # days of the last reminder by the calendar
    changed_at = models.DateTimeField()  # UTC

    objects = BookletQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application"],
                condition=Q(state__in=["allotted", "printed", "issued"]),
                name="one_live_booklet_per_application",
            ),
            models.UniqueConstraint(
                fields=["office", "rack"], condition=~Q(rack=""), name="one_booklet_per_place_on_the_shelf"
            ),
            models.CheckConstraint(
                condition=~Q(state="stock") | Q(application=None), name="stock_belongs_to_nobody"
            ),
        ]
        indexes = [models.Index(fields=["office", "kind", "state"], name="booklets_by_place")]

    def __str__(self) -> str:
        return self.serial


class Packet(models.Model):
    """An approval packet of the centre, found by application and version. What counts are the signed bytes of its entry."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="packets")
    entry = models.OneToOneField(Entry, models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField()  # 1, 2, 3 … of this application
    version = models.PositiveIntegerField()  # of the application for which it is good

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "number"], name="one_packet_of_each_number")
        ]

    def __str__(self) -> str:
        return f"packet {self.number} of {self.application_id}"


class JobState(models.TextChoices):
    """What is known of a page that was given to the printer."""

    SENT = "sent", _("not known whether it is printed")
    PRINTED = "printed", _("printed")
    VOID = "void", _("nothing was printed")


class PrintJob(models.Model):
    """One data page that was given to the printer for one booklet, and how it was found afterwards.

    The row is there before the printer gets the page. SENT is therefore also what a crash leaves; a person resolves it.
    """

    booklet = models.ForeignKey(Booklet, models.PROTECT, related_name="jobs", related_query_name="job")
    application = models.ForeignKey(Application, models.PROTECT, related_name="print_jobs")
    state = models.CharField(max_length=8, choices=JobState.choices, default=JobState.PRINTED)
    packet = models.PositiveSmallIntegerField(
        default=0
    )  # number of the packet that was verified; 0 before packets
    personalisation = models.CharField(max_length=32)
    issued_on = models.DateField()  # local day
    expires_on = models.DateField()
    printed_by = models.CharField(max_length=40)
    printed_at = models.DateTimeField()  # UTC; when the page went to the printer
    resolved_by = models.CharField(max_length=40, blank=True)  # who said what became of it, when nobody knew
    resolved_at = models.DateTimeField(null=True, blank=True)  # UTC
    inspected_by = models.CharField(max_length=40, blank=True)
    inspected_at = models.DateTimeField(null=True, blank=True)  # UTC; read back and found good

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["booklet"], condition=~Q(state="void"), name="a_booklet_is_printed_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.booklet_id} for {self.application_id}"


class SpoilReason(models.TextChoices):
    """Why a booklet is written off."""

    MISPRINT = "misprint", _("Printed wrongly")
    CHIP = "chip", _("The chip does not answer")
    DAMAGED = "damaged", _("Damaged or dirty")
    FAULTY = "faulty", _("Faulty from the factory")
    MISSING = "missing", _("Not found")
    WITHDRAWN = "withdrawn", _("Approval withdrawn")


class ProposalState(models.TextChoices):
    OPEN = "open", _("waits for a second person")
    AGREED = "agreed", _("agreed")
    DECLINED = "declined", _("declined")


class SpoilProposal(models.Model):
    """A wish to write a booklet off, and what a second person said to it."""

    booklet = models.ForeignKey(Booklet, models.PROTECT, related_name="proposals")
    reason = models.CharField(max_length=10, choices=SpoilReason.choices)
    state = models.CharField(max_length=10, choices=ProposalState.choices, default=ProposalState.OPEN)
    proposed_by = models.CharField(max_length=40)
    proposed_at = models.DateTimeField()  # UTC
    decided_by = models.CharField(max_length=40, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)  # UTC

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["booklet"], condition=Q(state="open"), name="one_open_proposal_per_booklet"
            ),
            models.CheckConstraint(
                condition=~Q(state="agreed") | (~Q(decided_by="") & ~Q(decided_by=F("proposed_by"))),
                name="spoil_needs_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.booklet_id} {self.reason}"

    @property
    def becomes(self) -> BookletState:
        if self.reason == SpoilReason.WITHDRAWN:
            return BookletState.CANCELLED
        return BookletState.LOST if self.reason == SpoilReason.MISSING else BookletState.SPOILED


class Receiver(models.TextChoices):
    """Who may be given a passport."""

    HOLDER = "holder", _("The holder")
    PARENT = "parent", _("Mother or father of the child")


class HandOver(models.Model):
    """A passport went to whom it belongs to: who took it, and what was seen."""

    application = models.OneToOneField(Application, models.PROTECT, related_name="hand_over")
    booklet = models.OneToOneField(Booklet, models.PROTECT, related_name="hand_over")
    to = models.CharField(max_length=8, choices=Receiver.choices)
    nik_compared = models.BooleanField()  # typed or scanned and equal; otherwise the card was seen to match
    old_number_key = models.CharField(
        max_length=32, blank=True
    )  # keyed hash of the cancelled passport's number
    handed_by = models.CharField(max_length=40)
    handed_at = models.DateTimeField()  # UTC

    def __str__(self) -> str:
        return f"hand-over of {self.application_id}"


class PrinterLine(models.Model):
    """The demo printer's own journal: one line for each page it was given."""

    job = models.CharField(max_length=20, blank=True, db_index=True)  # number that came with the page
    serial = models.CharField(max_length=8)
    digest = models.CharField(max_length=64)  # SHA-256 of the page
    taken_at = models.DateTimeField()  # UTC

    def __str__(self) -> str:
        return self.serial
