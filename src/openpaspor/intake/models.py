"""What an officer did with a case at the counter: codes and times only. What was said and shown is in the dossier."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from openpaspor.applications.models import Application


class Verdict(models.TextChoices):
    """How an original compares with its picture."""

    MATCH = "match", _("Original matches")
    DIFFERS = "differs", _("Original differs")
    RETAKE = "retake", _("Photograph again")


class Outcome(models.TextChoices):
    """How a passport came to be lost or damaged, as an examination (BAP) finds it."""

    NOT_CARELESS = "not-careless", _("Not careless: replacement with the fine")
    FORCE_MAJEURE = "force-majeure", _("Disaster or beyond control: replacement without the fine")
    CARELESS = "careless", _("Careless without acceptable reason: the centre may defer")


class Case(models.Model):
    """One application at the counter, from arrival until the centre takes it."""

    application = models.OneToOneField(Application, models.PROTECT, related_name="counter_case")
    opened_at = models.DateTimeField()  # UTC
    identity_at = models.DateTimeField(null=True)  # UTC; compared with person and papers
    identity_by = models.CharField(max_length=20, blank=True)
    interview_at = models.DateTimeField(null=True)  # UTC; all questions answered
    interview_by = models.CharField(max_length=20, blank=True)
    portrait_at = models.DateTimeField(null=True)  # UTC
    portrait_warnings = models.CharField(max_length=60, blank=True)  # codes, comma separated
    finished_at = models.DateTimeField(null=True)  # UTC
    finished_by = models.CharField(max_length=20, blank=True)

    def __str__(self) -> str:
        return f"case of {self.application_id}"

    @classmethod
    def of(cls, application: Application, now: datetime) -> Case:
        """The case of an application, opened at its first sight."""
        case, _made = cls.objects.get_or_create(application=application, defaults={"opened_at": now})
        return case


class PaperSeen(models.Model):
    """The verdict on one paper. A new picture of it takes the verdict away."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="papers")
    paper = models.CharField(max_length=24)
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    seen_by = models.CharField(max_length=20)
    seen_at = models.DateTimeField()  # UTC

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "paper"], name="one_verdict_per_paper")]

    def __str__(self) -> str:
        return f"{self.paper}: {self.verdict}"


class Examination(models.Model):
    """BAP: an officer proposes the outcome, the head of office decides. Never the same person."""

    case = models.OneToOneField(Case, models.CASCADE, related_name="examination")
    proposed = models.CharField(max_length=16, choices=Outcome.choices)
    proposed_by = models.CharField(max_length=20)
    proposed_at = models.DateTimeField()  # UTC
    outcome = models.CharField(max_length=16, choices=Outcome.choices, blank=True)
    decided_by = models.CharField(max_length=20, blank=True)
    decided_at = models.DateTimeField(null=True)  # UTC

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by="") | ~Q(decided_by=F("proposed_by")),
                name="examination_needs_two_people",
            )
        ]

    def __str__(self) -> str:
        return f"examination of {self.case_id}: {self.outcome or self.proposed}"
