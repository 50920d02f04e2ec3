"""Deeds of the people's register: signing in, phone numbers, staff and their postings.

Codes, sessions and authenticator apps live on the wall clock; their `now` is `clock.real_now()`. Postings and
looks live on the domain clock.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from openpaspor.facts.accounts import AccessReset, Looked, PostingEnded, PostingGranted
from openpaspor.kit.faults import fault
from openpaspor.kit.refused import Refused
from openpaspor.ledger import node
from openpaspor.ledger.once import once
from openpaspor.ledger.record import record
from openpaspor.offices.models import Office

from . import rules
from .models import CODE_LIFE, CODE_TRIES, Challenge, Posting, Purpose, RecoveryCode, Role, User

log = logging.getLogger("openpaspor.accounts")
ASK_AGAIN_AFTER = timedelta(seconds=30)
FIRST_PASSWORD_LIFE = timedelta(days=7)


class CodeRefused(Refused):
    """The family of refusals of a one-time code."""

    code = "code-refused"
    message = _("Ask for a code first.")
    status = 422


class CodeWrong(CodeRefused):
    code = "code-wrong"
    message = _("This code is not right. Compare it with the newest message. Tries left: %(left)s.")


class CodeTriesUsed(CodeRefused):
    code = "code-tries-used"
    message = _("The code was wrong three times. Ask for a new one; it comes at once.")
    status = 429


class CodeExpired(CodeRefused):
    code = "code-expired"
    message = _("This code is older than five minutes. Ask for a new one; it comes at once.")


class CodeUsed(CodeRefused):
    code = "code-used"
    message = _("This code was already used. Each code works once; ask for a new one.")


class AskedTooSoon(CodeRefused):
    code = "code-too-soon"
    message = _("The code is on its way. You can ask for another one in %(seconds)s seconds.")
    status = 429


class CodeNotSent(CodeRefused):
    code = "code-not-sent"
    message = _("We could not send a message just now. Try again in a minute, or let an officer help you.")
    status = 503


class AccountClosed(Refused):
    code = "account-closed"
    message = _("This account is closed. Ask at an immigration office.")


class PhoneTaken(Refused):
    code = "phone-taken"
    message = _("This number already has an account of its own. Sign in with it instead.")


class NoPhoneHere(Refused):
    code = "no-phone-here"
    message = _("A staff account has no phone number. Sign in as an applicant for that.")


class SignInWrong(Refused):
    code = "sign-in-wrong"
    message = _("Number or password is not right.")
    status = 422


class AppCodeWrong(Refused):
    code = "app-code-wrong"
    message = _("This code is not right. Wait for the next one in your app, then try again.")
    status = 422


class AppCodeUsed(AppCodeWrong):
    code = "app-code-used"
    message = _("This code was already used. Wait for the next one in your app; it comes within 30 seconds.")


class LoginTaken(Refused):
    code = "login-taken"
    message = _("Somebody already has this number.")


class OfficeNeeded(Refused):
    code = "office-needed"
    message = _("This role works at an office. Choose which one.")
    status = 422


class NotPostedHere(Refused):
    code = "not-posted-here"
    message = _(
        "Nobody with this number is posted here. The centre posts people; its word may still be on its way."
    )
    status = 422


class LastPosting(Refused):
    code = "own-last-posting"
    message = _("This is your own last posting. Somebody else has to end it.")


@transaction.atomic
def look(application: str, *, actor: str, why: str, what: str, now: datetime, office: str = "") -> None:
    """Record that somebody opened a person's file or a page that shows personal data."""
    record(Looked(application=application, why=why, what=what, office=office), actor=actor, now=now)


# Applicants: a code to the phone


def ask_code(
    phone: str,
    purpose: Purpose,
    *,
    now: datetime,
    person: User | None = None,
    instead_of: Challenge | None = None,
) -> Challenge:
    """Send a fresh code to a normalised number. Known and unknown numbers are treated alike.

    `instead_of` is the code it replaces; raises AskedTooSoon while that one is still on its way. Nothing is sent
    before the row is committed.
    """
    if instead_of and now - instead_of.sent_at < ASK_AGAIN_AFTER:
        waits = ASK_AGAIN_AFTER - (now - instead_of.sent_at)
        raise AskedTooSoon(seconds=int(waits.total_seconds()) + 1)
    challenge, code = new_challenge(phone, purpose, now=now, person=person)
    with transaction.atomic():
        if instead_of:
            Challenge.objects.filter(pk=instead_of.pk, used_at=None).update(replaced=True)
        challenge.save()
    fault("accounts.before_send_code")
    try:
        import_string(settings.CODE_SENDER)(phone, code)
    except Exception:
        log.exception("the code sender failed")
        raise CodeNotSent() from None
    return challenge


def new_challenge(
    phone: str, purpose: Purpose, *, now: datetime, person: User | None = None
) -> tuple[Challenge, str]:
    """A code for a normalised number, not saved yet, and its six digits, which are nowhere kept in clear."""
    keys = node.here().keys
    challenge = Challenge(
        token=secrets.token_urlsafe(32),
        purpose=purpose,
        person=person,
        phone_key=keys.token("phone", phone),
        phone_kept=keys.keep(phone, "phone"),
        sent_at=now,
        expires_at=now + CODE_LIFE,
    )
    code = f"{secrets.randbelow(10**6):06}"
    challenge.code_hash = challenge.hash_of(code)
    return challenge, code


def _spend_try(challenge: Challenge, code: str, *, now: datetime) -> None:
    """Count a try, committed whatever comes of it, or raise why this code no longer counts or does not match."""
    alive = Challenge.objects.filter(pk=challenge.pk, used_at=None, replaced=False, expires_at__gte=now)
    counted = alive.filter(tries__lt=CODE_TRIES).update(tries=F("tries") + 1)
    challenge.refresh_from_db()
    if challenge.used_at:
        raise CodeUsed()
    if challenge.replaced or now > challenge.expires_at:
        raise CodeExpired()
    if not counted:
        raise CodeTriesUsed()
    if not hmac.compare_digest(challenge.code_hash, challenge.hash_of(rules.digits_of(code))):
        left = CODE_TRIES - challenge.tries
        raise CodeWrong(left=left) if left else CodeTriesUsed()
    fault("accounts.after_right_code")


def _use(challenge: Challenge, *, now: datetime) -> None:
    """Mark the code as used; of two at once one wins."""
    if not Challenge.objects.filter(pk=challenge.pk, used_at=None, replaced=False).update(used_at=now):
        raise CodeUsed()


def enter_by_code(
    challenge: Challenge, code: str, *, language: str, now: datetime, domain_now: datetime
) -> User:
    """The account of the number that received this code, made on the first visit. The code counts once."""
    if challenge.purpose != Purpose.SIGN_IN:
        raise CodeUsed()
    _spend_try(challenge, code, now=now)
    with transaction.atomic():
        _use(challenge, now=now)
        person = _account_of(challenge.phone, domain_now)
        if not person.is_active:
            raise AccountClosed()
        person.phone_verified, person.language = True, language
        person.save(update_fields=["phone_verified", "language"])
        return person


def _account_of(phone: str, joined_at: datetime) -> User:
    keys = node.here().keys
    key = keys.token("phone", phone)
    start = {
        "code": f"A-{secrets.token_hex(6)}",
        "phone_kept": keys.keep(phone, "phone"),
        "joined_at": joined_at,
    }
    person, is_new = User.objects.get_or_create(phone_key=key, defaults=start)
    if is_new:
        person.set_unusable_password()
        person.save(update_fields=["password"])
    return person


def change_phone(challenge: Challenge, code: str, *, person: User, now: datetime) -> User:
    """Give a person the number that received this code. Raises PhoneTaken when it has an account already."""
    if challenge.purpose != Purpose.NEW_PHONE or challenge.person_id != person.pk:
        raise CodeUsed()
    _spend_try(challenge, code, now=now)
    with transaction.atomic():
        _use(challenge, now=now)
        holder = User.objects.with_phone(challenge.phone)
        if holder and holder != person:
            raise PhoneTaken()
        person.give_phone(challenge.phone, verified=True)
        person.save(update_fields=["phone_key", "phone_kept", "phone_verified"])
        return person


# Staff: password and authenticator app


def check_password(login: str, password: str, *, now: datetime) -> User:
    """The staff member with this number and password. Unknown numbers take as long as known ones."""
    person = User.objects.filter(login=login.strip().lower(), is_active=True).first()
    if person is None:
        User().set_password(password)
        raise SignInWrong()
    if not person.check_password(password):
        raise SignInWrong()
    if person.one_time_until and now > person.one_time_until:
        raise SignInWrong()
    return person


@transaction.atomic
def choose_password(person: User, password: str) -> None:
    """Replace the first password by one that only its owner knows."""
    person.set_password(password)
    person.one_time_until = None
    person.save(update_fields=["password", "one_time_until"])


def new_totp_secret() -> bytes:
    return os.urandom(rules.TOTP_SECRET_BYTES)


@transaction.atomic
def set_up_app(person: User, secret: bytes, code: str, *, now: datetime) -> list[str]:
    """Tie an authenticator app to a person once it shows the right code. Returns the recovery codes, shown once."""
    step = rules.totp_step(secret, code, now.timestamp())
    if step is None:
        raise AppCodeWrong()
    person.give_totp(secret)
    person.totp_step = step
    person.save(update_fields=["totp_kept", "totp_step"])
    return _print_recovery_codes(person)


def _print_recovery_codes(person: User) -> list[str]:
    person.recovery_codes.all().delete()  # type: ignore[attr-defined]
    codes: set[str] = set()
    while len(codes) < rules.RECOVERY_CODES:
        codes.add(rules.recovery_code())
    RecoveryCode.objects.bulk_create(
        RecoveryCode(person=person, code_hash=_recovery_hash(person, code)) for code in sorted(codes)
    )
    return sorted(codes)


def _recovery_hash(person: User, code: str) -> str:
    return node.here().keys.token(f"recovery|{person.code}", rules.digits_of(code).upper())


def check_app_code(person: User, code: str, *, now: datetime) -> None:
    """Take a code of the authenticator app, or a printed recovery code. Each counts once."""
    if len(rules.digits_of(code)) == 8:
        unused = RecoveryCode.objects.filter(
            person=person, used_at=None, code_hash=_recovery_hash(person, code)
        )
        if not unused.update(used_at=now):
            raise AppCodeWrong()
        return
    step = rules.totp_step(person.totp_secret, code, now.timestamp())
    if step is None:
        raise AppCodeWrong()
    if not User.objects.filter(pk=person.pk, totp_step__lt=step).update(totp_step=step):
        raise AppCodeUsed()


# Staff: people and postings


@dataclass(frozen=True)
class FirstAccess:
    """A staff member and the password to hand over on paper; empty when the deed was done before."""

    person: User
    password: str


def staff_code(login: str) -> str:
    """The actor code of a staff number: stable, and it names nobody."""
    return f"S-{hashlib.sha256(f'openpaspor-staff|{login}'.encode()).hexdigest()[:12]}"


@transaction.atomic
def create_person(
    login: str,
    role: Role | str,
    office: Office | None,
    *,
    action_id: str,
    actor: str,
    now: datetime,
    real_now: datetime,
) -> FirstAccess:
    """Open the register for a staff member with a first posting and a first password."""
    login = login.strip().lower()
    with once(action_id, login, str(role), office.code if office else "") as seen:
        if seen:
            return FirstAccess(User.objects.get(pk=seen.answer), "")
        if User.objects.filter(login=login).exists():
            raise LoginTaken()
        person = User(code=staff_code(login), login=login, joined_at=now)
        password = _give_first_password(person, real_now)
        person.save()
        _post(person, role, office, actor=actor, now=now)
        seen.remember(person)
        return FirstAccess(person, password)


def _give_first_password(person: User, real_now: datetime) -> str:
    password = rules.first_password()
    person.set_password(password)
    person.one_time_until = real_now + FIRST_PASSWORD_LIFE
    return password


@transaction.atomic
def reset_access(
    person: User, *, action_id: str, actor: str, now: datetime, real_now: datetime
) -> FirstAccess:
    """Lost password or lost phone: a new first password, no app, no recovery codes, signed out everywhere."""
    with once(action_id, person.code) as seen:
        if seen:
            return FirstAccess(person, "")
        password = _give_first_password(person, real_now)
        person.totp_kept, person.totp_step = None, 0
        person.save(update_fields=["password", "one_time_until", "totp_kept", "totp_step"])
        person.recovery_codes.all().delete()  # type: ignore[attr-defined]
        record(AccessReset(person=person.code), actor=actor, now=now)
        seen.remember(person)
        return FirstAccess(person, password)


@transaction.atomic
def give_access(
    login: str, *, action_id: str, actor: str, now: datetime, real_now: datetime, office: Office | None = None
) -> FirstAccess:
    """Let in on this box somebody whom the centre posted, and whose number never travelled: a first password, no app.

    Also for a lost password or phone at an office. `office`: only who is posted there. Raises NotPostedHere.
    """
    login = login.strip().lower()
    with once(action_id, login) as seen:
        if seen:
            return FirstAccess(User.objects.get(pk=seen.answer), "")
        person = User.objects.select_for_update().filter(code=staff_code(login)).first()
        posted = Posting.objects.in_force(now).filter(person=person)
        if person is None or not (posted.filter(office=office) if office else posted).exists():
            raise NotPostedHere()
        password = _give_first_password(person, real_now)
        person.login, person.totp_kept, person.totp_step = login, None, 0
        person.save(update_fields=["login", "password", "one_time_until", "totp_kept", "totp_step"])
        person.recovery_codes.all().delete()  # type: ignore[attr-defined]
        record(AccessReset(person=person.code), actor=actor, now=now)
        seen.remember(person)
        return FirstAccess(person, password)


def note_posting(code: str, role: str, office: str, *, since: datetime) -> None:
    """A copy's work: somebody may act in a role, said the centre. Neither number nor password is known here."""
    person, made = User.objects.get_or_create(code=code, defaults={"joined_at": since})
    if made:
        person.set_unusable_password()
        person.save(update_fields=["password"])
    if not Posting.objects.filter(person=person, role=role, office=office or None, ends_at=None).exists():
        Posting.objects.create(person=person, role=role, office_id=office or None, starts_at=since)


def note_posting_ended(code: str, role: str, office: str, *, at: datetime) -> None:
    """A copy's work: somebody may no longer act in a role."""
    held = Posting.objects.filter(person__code=code, role=role, office=office or None, ends_at=None)
    held.update(ends_at=at)


def _post(person: User, role: Role | str, office: Office | None, *, actor: str, now: datetime) -> Posting:
    at_office = Role(role) in AT_AN_OFFICE
    if at_office and office is None:
        raise OfficeNeeded()
    office = office if at_office else None
    posting = Posting.objects.create(person=person, role=role, office=office, starts_at=now)
    record(
        PostingGranted(person=person.code, role=str(role), office=office.code if office else ""),
        actor=actor,
        now=now,
    )
    return posting


AT_AN_OFFICE = frozenset({Role.OFFICER, Role.HEAD, Role.PRINT})


@transaction.atomic
def grant_posting(
    person: User, role: Role | str, office: Office | None, *, action_id: str, actor: str, now: datetime
) -> Posting:
    """Let a person act in a role from now on. A role already held is left as it is."""
    with once(action_id, person.code, str(role), office.code if office else "") as seen:
        if seen:
            return Posting.objects.get(pk=seen.answer)
        held = Posting.objects.in_force(now).filter(person=person, role=role)
        if Role(role) in AT_AN_OFFICE:
            held = held.filter(office=office)
        return seen.remember(held.order_by("id").first() or _post(person, role, office, actor=actor, now=now))


@transaction.atomic
def end_posting(posting: Posting, *, action_id: str, actor: str, now: datetime) -> Posting:
    """End a posting at once. Raises LastPosting when somebody would shut themselves out."""
    with once(action_id, posting.pk) as seen:
        if seen:
            return posting
        person = User.objects.select_for_update().get(pk=posting.person_id)
        in_force = Posting.objects.in_force(now).filter(person=person)
        if person.code == actor and not in_force.exclude(pk=posting.pk).exists():
            raise LastPosting()
        if in_force.filter(pk=posting.pk).update(ends_at=now):
            posting.ends_at = now
            ended = PostingEnded(person=person.code, role=posting.role, office=posting.office_id or "")
            record(ended, actor=actor, now=now)
        return seen.remember(posting)
