"""People who sign in: applicants by phone code, staff by number, password and TOTP."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from openpaspor.ledger import node
from openpaspor.offices.models import Office


class Role(models.TextChoices):
    """What a posting lets a person do."""

    OFFICER = "officer", _("Counter officer")
    HEAD = "head", _("Head of office")
    PRINT = "print", _("Print room and hand-over")
    ADJUDICATOR = "adjudicator", _("Adjudicator")
    KAS = "kas", _("Cashier's office")
    OPS = "ops", _("Operations")


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, code: str | None) -> User:
        return self.get(code=code)

    def with_phone(self, phone: str) -> User | None:
        """The account of a normalised phone number (+62…)."""
        return self.filter(phone_key=node.here().keys.token("phone", phone)).first()


class User(AbstractBaseUser):
    """Somebody who can sign in. Only codes and keyed hashes are plain; the phone number is encrypted."""

    code = models.CharField(max_length=20, unique=True)  # actor code: "A-…" applicant, "S-…" staff
    login = models.CharField(max_length=60, unique=True, null=True, blank=True)  # staff number
    phone_key = models.CharField(max_length=32, unique=True, null=True, blank=True)
    phone_kept = models.BinaryField(null=True, blank=True)
    phone_verified = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField()  # UTC

    objects = UserManager()

    USERNAME_FIELD = "code"

    def __str__(self) -> str:
        return self.code

    @property
    def phone(self) -> str:
        """The phone number in clear, or nothing."""
        return node.here().keys.read(self.phone_kept, "phone") if self.phone_kept else ""

    def give_phone(self, phone: str, *, verified: bool) -> None:
        """Set a normalised phone number; the caller saves."""
        keys = node.here().keys
        self.phone_key, self.phone_kept = keys.token("phone", phone), keys.keep(phone, "phone")
        self.phone_verified = verified

    @property
    def is_staff_member(self) -> bool:
        return self.login is not None

    @property
    def actor_code(self) -> str:
        return self.code

    def posting(self, now: datetime) -> Posting | None:
        """The posting in force, if this person is staff."""
        return self.postings.in_force(now).order_by("id").first()  # type: ignore[attr-defined]


class PostingQuerySet(models.QuerySet["Posting"]):
    def in_force(self, now: datetime) -> PostingQuerySet:
        return self.filter(starts_at__lte=now).filter(models.Q(ends_at=None) | models.Q(ends_at__gt=now))


class Posting(models.Model):
    """A role that a person holds, at an office or at the centre, for a time."""

    person = models.ForeignKey(User, models.PROTECT, related_name="postings")
    role = models.CharField(max_length=12, choices=Role.choices)
    office = models.ForeignKey(Office, models.PROTECT, null=True, blank=True)  # empty at the centre
    starts_at = models.DateTimeField()  # UTC
    ends_at = models.DateTimeField(null=True, blank=True)  # UTC

    objects = PostingQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.person_id} {self.role} {self.office_id or ''}"
