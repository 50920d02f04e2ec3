"""The people of the demo, made by the same deeds as everybody else; only their secrets are printed in the README."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction

from openpaspor.kit import clock, phones
from openpaspor.offices.models import Office

from . import actions
from .models import Challenge, Purpose, Role, User

APPLICANT, APPLICANT_PHONE = "pemohon", "081200000001"
PASSWORD = "paspor-untuk-semua"  # of every demo member of staff; there is no such person outside a demo
STAFF: dict[str, tuple[Role, str | None]] = {
    "petugas.denpasar": (Role.OFFICER, "DENPASAR"),
    "kepala.denpasar": (Role.HEAD, "DENPASAR"),
    "cetak.denpasar": (Role.PRINT, "DENPASAR"),
    "adjudikator1.pusat": (Role.ADJUDICATOR, None),
    "adjudikator2.pusat": (Role.ADJUDICATOR, None),
    "adjudikator3.pusat": (Role.ADJUDICATOR, None),  # decides objections to what the two others refused
    "kas.pusat": (Role.KAS, None),
    "kas2.pusat": (Role.KAS, None),  # the second person, without whom no money is given back
    "ops.pusat": (Role.OPS, None),
}
LOGINS = (APPLICANT, *STAFF)


def totp_secret(login: str) -> bytes:
    """The secret of a demo person's app, the same in every demo."""
    return hashlib.sha256(f"openpaspor-demo|{login}".encode()).digest()[:20]


@transaction.atomic
def ensure(now: datetime) -> dict[str, User]:
    """Make the demo people who are not there yet. Returns them all, by login."""
    people = {login: ensure_staff(login, role, office, now) for login, (role, office) in STAFF.items()}
    return {APPLICANT: ensure_applicant(APPLICANT_PHONE, now), **people}


def ensure_staff(login: str, role: Role | str, office: str | None, now: datetime) -> User:
    """A member of staff with the demo's password and an app whose secret everybody knows."""
    person = User.objects.filter(login=login).first()
    if person:
        return person
    post = Office.objects.get(pk=office) if office else None
    person = actions.create_person(
        login, role, post, action_id=f"demo:{login}", actor="demo", now=now, real_now=clock.real_now()
    ).person
    actions.choose_password(person, PASSWORD)
    person.give_totp(totp_secret(login))
    person.save(update_fields=["totp_kept", "totp_step"])
    return person


def ensure_applicant(phone: str, now: datetime, *, language: str = "id") -> User:
    """The account of a demo phone number, as its first sign-in would make it."""
    number = phones.normalise(phone)
    known = User.objects.with_phone(number)
    if known:
        return known
    challenge, code = _code_nobody_sends(number, clock.real_now())
    return actions.enter_by_code(challenge, code, language=language, now=clock.real_now(), domain_now=now)


def _code_nobody_sends(phone: str, now: datetime) -> tuple[Challenge, str]:
    """The row of a code as `ask_code` writes it, without a message in the demo's inbox."""
    challenge, code = actions.new_challenge(phone, Purpose.SIGN_IN, now=now)
    challenge.save()
    return challenge, code


def of(login: str) -> User | None:
    """The person behind a demo login, if the demo has been made."""
    if login == APPLICANT:
        return User.objects.with_phone(phones.normalise(APPLICANT_PHONE))
    return User.objects.filter(login=login).first() if login in STAFF else None
