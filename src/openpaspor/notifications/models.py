"""Messages to applicants: whom, what, when. Number and text are encrypted; only codes and times are plain."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from openpaspor.kit import phones
from openpaspor.ledger import node


class Status(models.TextChoices):
    """How far a message has come."""

    QUEUED = "queued", _("waiting to be sent")
    SENT = "sent", _("sent")
    FAILED = "failed", _("not delivered")


class MessageQuerySet(models.QuerySet["Message"]):
    def newest_first(self) -> MessageQuerySet:
        return self.order_by("-id")

    def to_send(self) -> MessageQuerySet:
        return self.filter(status=Status.QUEUED).order_by("id")


class Message(models.Model):
    """One message to one phone, in the words it was sent with."""

    template = models.CharField(max_length=12)  # OTP, BAYAR, JANJI, …
    application = models.CharField(max_length=16, blank=True, db_index=True)  # reference
    to_kept = models.BinaryField()
    to_key = models.CharField(max_length=32, db_index=True)
    text_kept = models.BinaryField()
    code_kept = models.BinaryField(null=True)  # a sign-in code or billing code that stands in the text
    language = models.CharField(max_length=2)
    cause = models.CharField(
        max_length=100, null=True
    )  # the entry it tells of; one message per cause, phone and template
    created_at = models.DateTimeField()  # UTC, domain clock
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cause", "to_key", "template"], name="nobody_is_told_twice"),
        ]
        indexes = [
            models.Index(fields=["id"], name="messages_to_send", condition=models.Q(status="queued")),
        ]

    def __str__(self) -> str:
        return f"{self.template} {self.application} {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def to(self) -> str:
        """The phone number, +62…"""
        return node.here().keys.read(self.to_kept, "phone")

    @property
    def to_as_written(self) -> str:
        """The phone number as people write it."""
        return phones.local(self.to)

    @property
    def text(self) -> str:
        return node.here().keys.read(self.text_kept, "message")

    @property
    def code(self) -> str:
        return node.here().keys.read(self.code_kept, "message") if self.code_kept else ""

    @classmethod
    def written(
        cls,
        *,
        to: str,
        text: str,
        template: str,
        language: str,
        now: datetime,
        code: str = "",
        **further: str,
    ) -> Message:
        """A message with its secrets encrypted, not saved yet."""
        keys = node.here().keys
        return cls(
            template=template,
            to_kept=keys.keep(to, "phone"),
            to_key=keys.token("phone", to),
            text_kept=keys.keep(text, "message"),
            code_kept=keys.keep(code, "message") if code else None,
            language=language,
            created_at=now,
            **further,
        )
