"""People who sign in: applicants by phone code, staff by number, password and TOTP."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
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
    language = models.CharField(max_length=2, default="id")  # of messages to this person
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField()  # UTC
    one_time_until = models.DateTimeField(
        null=True, blank=True
    )  # UTC, wall clock; set while the password is a first one
    totp_kept = models.BinaryField(null=True, blank=True)  # encrypted secret of the authenticator app
    totp_step = models.PositiveBigIntegerField(default=0)  # last half-minute whose code was used

    objects = UserManager()

    USERNAME_FIELD = "code"

    def __str__(self) -> str:
        return self.login or self.code

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
    def totp_secret(self) -> bytes:
        """The secret of the authenticator app, or nothing before it is set up."""
        return bytes.fromhex(node.here().keys.read(self.totp_kept, "totp")) if self.totp_kept else b""

    def give_totp(self, secret: bytes) -> None:
        """Set the secret of the authenticator app; the caller saves."""
        self.totp_kept, self.totp_step = node.here().keys.keep(secret.hex(), "totp"), 0

    @property
    def is_staff_member(self) -> bool:
        return self.login is not None

    @property
    def actor_code(self) -> str:
        return self.code

    def posting(self, now: datetime, *roles: Role) -> Posting | None:
        """The posting in force, if this person is staff; with `roles`, one in these."""
        held = self.postings.in_force(now).select_related("office")  # type: ignore[attr-defined]
        return (held.filter(role__in=roles) if roles else held).order_by("id").first()


class PostingQuerySet(models.QuerySet["Posting"]):
    def in_force(self, now: datetime) -> PostingQuerySet:
        """Postings that have begun and not ended."""
        return self.filter(starts_at__lte=now).filter(Q(ends_at=None) | Q(ends_at__gt=now))


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


class Purpose(models.TextChoices):
    """What a one-time code was made for; it is good for nothing else."""

    SIGN_IN = "sign-in", _("signing in")
    NEW_PHONE = "new-phone", _("a new phone number")


CODE_LIFE = timedelta(minutes=5)
CODE_TRIES = 3


class Challenge(models.Model):
    """One six-digit code that went to one phone for one thing. All its times are of the wall clock.

    The database itself holds that a code counts once, within its life and its tries.
    """

    token = models.CharField(max_length=43, unique=True)  # what the browser that asked holds
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    person = models.ForeignKey(User, models.CASCADE, null=True, blank=True)  # who wants the new number
    phone_key = models.CharField(max_length=32, db_index=True)
    phone_kept = models.BinaryField()
    code_hash = models.CharField(max_length=32)
    sent_at = models.DateTimeField()  # UTC
    expires_at = models.DateTimeField()  # UTC
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)  # UTC
    replaced = models.BooleanField(default=False)  # a newer code went out instead

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(tries__lte=CODE_TRIES), name="no_more_tries_than_a_code_has"),
            models.CheckConstraint(
                condition=Q(used_at=None) | Q(used_at__lte=F("expires_at"), tries__gte=1, replaced=False),
                name="a_code_is_used_within_its_life",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.sent_at:%Y-%m-%d %H:%M}"

    @property
    def phone(self) -> str:
        return node.here().keys.read(self.phone_kept, "phone")

    def hash_of(self, code: str) -> str:
        """The keyed hash of a code, bound to this challenge."""
        return node.here().keys.token(f"code|{self.token}", code)


class SignedIn(models.Model):
    """One browser in which a person is signed in. Wall clock."""

    person = models.ForeignKey(User, models.CASCADE, related_name="signed_in")
    session_key = models.CharField(max_length=40, unique=True)
    since = models.DateTimeField()  # UTC

    def __str__(self) -> str:
        return f"{self.person_id} since {self.since:%Y-%m-%d %H:%M}"


class RecoveryCode(models.Model):
    """A printed code that stands in once for the authenticator app."""

    person = models.ForeignKey(User, models.CASCADE, related_name="recovery_codes")
    code_hash = models.CharField(max_length=32)
    used_at = models.DateTimeField(null=True, blank=True)  # UTC, wall clock

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "code_hash"], name="recovery_codes_differ")]

    def __str__(self) -> str:
        return f"recovery code of {self.person_id}"
