"""The people of the demo, made by the same deeds as everybody else; only their secrets are printed in the README."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from openpaspor.kit import clock, phones
from openpaspor.ledger import node
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
COUNTERS = 8  # of an office node
LOGINS = (APPLICANT, *STAFF)
AT_THE_CENTRE = {login: posted for login, posted in STAFF.items() if posted[1] is None}
AT_THE_PORTAL = {login: posted for login, posted in STAFF.items() if posted[0] in (Role.KAS, Role.OPS)}


def staff_of(office: str) -> dict[str, tuple[Role, str | None]]:
    """The demo people of one office node: two for each deed that needs two, and an officer for each counter."""
    place = office.lower()
    roles = {"petugas": Role.OFFICER, "kepala": Role.HEAD, "cetak": Role.PRINT, "cetak2": Role.PRINT}
    roles |= {f"petugas{number}": Role.OFFICER for number in range(2, COUNTERS + 1)}
    return {f"{prefix}.{place}": (role, office) for prefix, role in roles.items()}


def staff_here() -> dict[str, tuple[Role, str | None]]:
    """The demo people who have a door on this node."""
    us = node.here()
    if us.role == "office":
        operators = {login: posted for login, posted in STAFF.items() if posted[0] == Role.OPS}
        return {
            login: posted for office in us.offices for login, posted in staff_of(office).items()
        } | operators
    return {"centre": AT_THE_CENTRE, "portal": AT_THE_PORTAL}.get(us.role, STAFF)


def totp_secret(login: str) -> bytes:
    """The secret of a demo person's app, the same in every demo."""
    return hashlib.sha256(f"openpaspor-demo|{login}".encode()).digest()[:20]


@transaction.atomic
def ensure(now: datetime) -> dict[str, User]:
    """Make the demo people who are not there yet. Returns them all, by login."""
    people = {login: ensure_staff(login, role, office, now) for login, (role, office) in STAFF.items()}
    return {APPLICANT: ensure_applicant(APPLICANT_PHONE, now), **people}


@transaction.atomic
def ensure_here(now: datetime, offices: Iterable[str] = ()) -> None:
    """The demo people of this node of a cluster. The centre posts everybody, also those of `offices`; other nodes only
    let in whom it posts, as a head of office would, without a word in the log."""
    if node.here().role in ("centre", "everything"):
        posted = staff_here() | {
            login: post for office in offices for login, post in staff_of(office).items()
        }
        for login, (role, office) in posted.items():
            ensure_staff(login, role, office, now)
        return
    for login, (role, office) in staff_here().items():
        actions.note_posting(actions.staff_code(login), role, office or "", since=now)
        person = User.objects.get(code=actions.staff_code(login))
        person.login = login
        _let_in(person)
    if node.here().role == "portal":
        ensure_applicant(APPLICANT_PHONE, now)


def _let_in(person: User) -> None:
    assert person.login
    actions.choose_password(person, PASSWORD)
    person.give_totp(totp_secret(person.login))
    person.save(update_fields=["login", "totp_kept", "totp_step"])


def ensure_staff(login: str, role: Role | str, office: str | None, now: datetime) -> User:
    """A member of staff with the demo's password and an app whose secret everybody knows."""
    person = User.objects.filter(login=login).first()
    if person:
        return person
    post = Office.objects.get(pk=office) if office else None
    person = actions.create_person(
        login, role, post, action_id=f"demo:{login}", actor="demo", now=now, real_now=clock.real_now()
    ).person
    _let_in(person)
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
    posted = staff_here() | staff_of(login.rpartition(".")[2].upper())
    return User.objects.filter(login=login).first() if login in posted else None
