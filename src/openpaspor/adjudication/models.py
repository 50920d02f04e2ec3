"""What the centre knows and decides: codes, times and keyed hashes. The papers themselves stay in the dossier."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from openpaspor.applications.models import Application

CLAIM = timedelta(minutes=30)  # a case somebody took and left is given to the next
SKIP_REST = timedelta(minutes=30)  # how long a skipped case is not offered to the same person


class Verdict(models.TextChoices):
    """What an adjudicator may decide."""

    APPROVE = "approve", _("Approve")
    ASK = "ask", _("Ask")
    DEFER = "defer", _("Defer")
    REFUSE = "refuse", _("Refuse")


class Status(models.TextChoices):
    """Where a decision stands."""

    WAITS = "waits", _("waits for a second person")
    PENDING = "pending", _("takes effect soon")
    EFFECTIVE = "effective", _("in effect")
    TAKEN_BACK = "taken-back", _("taken back")
    SPLIT = "split", _("two people disagree")


class Result(models.TextChoices):
    PASS = "pass", _("passed")
    FLAG = "flag", _("needs a look")
    UNCHECKED = "unchecked", _("not checked")


class SkipReason(models.TextChoices):
    """Why somebody does not decide the case the queue gave them."""

    KNOWN = "known", _("I know this person")
    LANGUAGE = "expertise", _("Needs somebody with other knowledge")
    SOURCE = "source", _("A source did not answer")
    BREAK = "break", _("I stop for now")


class CaseQuerySet(models.QuerySet["Case"]):
    def waiting(self) -> CaseQuerySet:
        """Open, with no decision that only waits for its moment."""
        pending = Decision.objects.filter(case=OuterRef("pk"), status=Status.PENDING)
        return self.filter(is_open=True).exclude(Exists(pending))

    def free_for(self, actor: str, *, now: datetime) -> CaseQuerySet:
        """What the queue may give to this adjudicator, in the order in which it is given.

        Never what they decided in this round, and never an objection to what they helped to decide.
        """
        mine = Decision.objects.filter(Q(made_by=actor) | Q(second_by=actor), case=OuterRef("pk"))
        this_round = mine.filter(round=OuterRef("round"), status__in=(Status.WAITS, Status.SPLIT))
        rested = Skip.objects.filter(case=OuterRef("pk"), by=actor, at__gt=now - SKIP_REST)
        return (
            self.waiting()
            .filter(Q(claimed_by="") | Q(claimed_until__lte=now) | Q(claimed_by=actor))
            .exclude(Exists(this_round))
            .exclude(Exists(rested))
            .exclude(Q(objection=True) & Exists(mine.filter(status=Status.EFFECTIVE)))
            .order_by(
                F("promised_on").asc(nulls_last=True),
                F("travel_on").asc(nulls_last=True),
                "received_at",
                "pk",
            )
        )

    def claimed_by_now(self, actor: str, *, now: datetime) -> CaseQuerySet:
        """The one case this adjudicator has on the table."""
        return self.waiting().filter(claimed_by=actor, claimed_until__gt=now)


class Case(models.Model):
    """One application at the centre. It is opened again, in a new round, after an answer, an objection or a revocation."""

    application = models.OneToOneField(Application, models.PROTECT, related_name="centre_case")
    round = models.PositiveSmallIntegerField(default=1)
    version = models.PositiveIntegerField()  # of the application, when this round was opened
    is_open = models.BooleanField(default=True)
    objection = models.BooleanField(default=False)  # against an earlier refusal: other people decide
    received_at = models.DateTimeField()  # UTC
    promised_on = models.DateField(null=True)  # local day
    travel_on = models.DateField(null=True)
    claimed_by = models.CharField(max_length=20, blank=True)
    claimed_until = models.DateTimeField(null=True)  # UTC

    objects = CaseQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["is_open", "promised_on", "received_at"], name="cases_in_order")]

    def __str__(self) -> str:
        return f"centre case of {self.application_id}"

    def is_with(self, actor: str, now: datetime) -> bool:
        """True while this adjudicator has it on the table."""
        return (
            self.is_open
            and self.claimed_by == actor
            and bool(self.claimed_until and self.claimed_until > now)
        )


class Check(models.Model):
    """How one check of one case ended. Not checked is never shown as passed."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="checks")
    code = models.CharField(max_length=24)
    result = models.CharField(max_length=10, choices=Result.choices)
    detail = models.CharField(max_length=40, blank=True)  # code
    others = models.CharField(max_length=200, blank=True)  # references, comma separated
    at = models.DateTimeField()  # UTC

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "code"], name="one_result_per_check")]

    def __str__(self) -> str:
        return f"{self.code}: {self.result}"


class Decision(models.Model):
    """What was decided, by whom, and from when it counts."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="decisions")
    round = models.PositiveSmallIntegerField()
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    reasons = models.CharField(max_length=200, blank=True)  # codes, comma separated
    until = models.DateField(null=True)  # of a deferral
    status = models.CharField(max_length=10, choices=Status.choices)
    made_by = models.CharField(max_length=20)
    made_at = models.DateTimeField()  # UTC
    second_by = models.CharField(max_length=20, blank=True)
    second_at = models.DateTimeField(null=True)  # UTC
    second_verdict = models.CharField(max_length=8, choices=Verdict.choices, blank=True)
    effective_at = models.DateTimeField(null=True)  # UTC; it counts from here on, unless taken back before

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(status__in=["waits", "pending"]),
                name="one_live_decision_per_case",
            ),
            models.CheckConstraint(
                condition=Q(second_by="") | ~Q(second_by=F("made_by")), name="second_is_another"
            ),
            models.CheckConstraint(
                condition=~Q(verdict="refuse") | ~Q(status__in=["pending", "effective"]) | ~Q(second_by=""),
                name="refusal_needs_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} of {self.case_id}, {self.status}"


class Skip(models.Model):
    """A case somebody did not want to decide, and why."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="skips")
    by = models.CharField(max_length=20)
    reason = models.CharField(max_length=10, choices=SkipReason.choices)
    at = models.DateTimeField()  # UTC

    def __str__(self) -> str:
        return f"{self.case_id} skipped: {self.reason}"


class OldPassport(models.Model):
    """The old passport an application names, as a keyed hash of its number."""

    application = models.OneToOneField(Application, models.PROTECT, related_name="old_passport")
    number_key = models.CharField(max_length=32, db_index=True)

    def __str__(self) -> str:
        return f"old passport of {self.application_id}"


class WatchListEntry(models.Model):
    """Somebody whose application must be looked at, as keyed hashes only. A name alone never refuses anybody."""

    nik_key = models.CharField(max_length=32, blank=True, db_index=True)
    person_key = models.CharField(max_length=32, blank=True, db_index=True)
    reason = models.CharField(max_length=30)  # code: prevented, wanted, lost-document, other
    added_by = models.CharField(max_length=20)
    added_at = models.DateTimeField()  # UTC
    removed_at = models.DateTimeField(null=True)  # UTC

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(nik_key="") | ~Q(person_key=""), name="watch_list_knows_whom")
        ]

    def __str__(self) -> str:
        return f"watch-list {self.pk}: {self.reason}"


class ExaminationFinding(models.Model):
    """How an office's examination of a lost or damaged passport ended, as it told us."""

    application_ref = models.CharField(max_length=16, unique=True)
    outcome = models.CharField(max_length=16)

    def __str__(self) -> str:
        return f"{self.application_ref}: {self.outcome}"


class Packet(models.Model):
    """An approval packet that we signed (fact `adjudication.packet_signed`): one for each booklet that may be printed."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="+")
    decision = models.ForeignKey(Decision, models.PROTECT, related_name="packets")
    number = models.PositiveSmallIntegerField()  # 1, 2, 3 … of this application
    version = models.PositiveIntegerField()  # of the application for which it is good
    personalisation = models.CharField(max_length=32)  # keyed hash of what must stand on the data page
    signed_at = models.DateTimeField()  # UTC

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "version"], name="one_packet_per_version"),
            models.UniqueConstraint(fields=["application", "number"], name="packets_are_numbered"),
        ]

    def __str__(self) -> str:
        return f"packet {self.number} of {self.application_id}"


class StopByCentre(models.Model):
    """A withdrawal of an approval. Another person lifts it, or the worker when the file is back in review."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="stops_by_centre")
    packet = models.PositiveSmallIntegerField(
        default=0
    )  # number of the last packet that it withdraws; none when 0
    ordered_by = models.CharField(max_length=20)
    ordered_at = models.DateTimeField()  # UTC
    lifted_by = models.CharField(max_length=20, blank=True)
    lifted_at = models.DateTimeField(null=True)  # UTC

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application"], condition=Q(lifted_by=""), name="one_stop_by_centre"
            ),
            models.CheckConstraint(
                condition=Q(lifted_by="") | ~Q(lifted_by=F("ordered_by")), name="stop_lifted_by_another"
            ),
        ]

    def __str__(self) -> str:
        return f"stop of {self.application_id}"
