"""What a node of a cluster needs before the first visitor: people, places to choose, booklets; and people who booked."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from django.db import transaction

from openpaspor.accounts import actions as register
from openpaspor.accounts import demo_people
from openpaspor.applications import actions as desk
from openpaspor.applications import dossier
from openpaspor.applications.progress import Progress
from openpaspor.appointments import actions as appointments
from openpaspor.appointments import calendar_actions as calendars
from openpaspor.appointments.models import Calendar, Pot, Slot
from openpaspor.kit import clock
from openpaspor.ledger import node, worker
from openpaspor.offices.models import Booklet, Office
from openpaspor.payments import actions as payments
from openpaspor.payments.gateways.demo import bank, read_notice

from . import citizens
from .country import COMING_DAYS, KINDS, clean_paper, deliver

FIRST_SERIAL = 3000001


class TooFewPlaces(Exception):
    """Fewer places are offered on that day than people want."""


def furnish(offices: Sequence[Office], *, booklets: int) -> None:
    """Bring in what this node's role needs for these offices. On a node that has it already, nothing changes."""
    now, us = clock.now(), node.here()
    with transaction.atomic():
        demo_people.ensure_here(now, [office.pk for office in offices])
        if us.role in ("portal", "everything"):
            for office in offices:
                if not Calendar.objects.filter(office=office).exists():
                    calendars.open_calendars(
                        [office], COMING_DAYS, action_id=f"furniture:{office.pk}", actor="demo", now=now
                    )  # fmt: skip
        for office in offices:
            if us.role == "everything" or office.pk in us.offices:
                place = office.pk.lower()
                counted_by = (register.staff_code(f"cetak.{place}"), register.staff_code(f"cetak2.{place}"))
                number = sorted(Office.objects.values_list("pk", flat=True)).index(office.pk)
                for kind, letter in (("electronic", "X"), ("regular", "C")):
                    first = f"{letter}{FIRST_SERIAL + 2000 * number}"
                    deliver(office, kind, first, booklets, counted_by, now=now)
    worker.work_until_idle()


def book_visits(office: Office, day: date, count: int, *, seed: int) -> list[dict[str, Any]]:
    """So many people apply at home, choose a time on that day, and pay.

    Returns for each the reference, the deed by which the place was held, its moment (UTC), the kind and the answers. Raises
    TooFewPlaces.
    """
    rng, now = random.Random(f"{seed}:{day}"), clock.now()
    booked = []
    for number in range(count):
        with transaction.atomic():
            booked.append(_book(office, day, rng, day.toordinal() % 90 * 1000 + number, now))
    worker.work_until_idle(timeout=120)
    return booked


def _book(office: Office, day: date, rng: random.Random, number: int, now: datetime) -> dict[str, Any]:
    person = citizens.citizen(rng, number, rng.choice(KINDS), day)
    account = demo_people.ensure_applicant(f"0813{20000000 + number}", now)
    known = {"actor": account.code, "now": now}
    online = Slot.objects.filter(office=office, day=day).bookable(now=now)
    booklet = person.booklet if online.for_kind(person.booklet, Pot.ONLINE).exists() else Booklet.ELECTRONIC
    application = desk.start_application(
        person.kind, action_id=f"visit:{number}", account=account, answers=person.answers, booklet=booklet,
        years=person.years, **known,
    )  # fmt: skip
    for paper in Progress(person.kind, person.answers, frozenset()).papers:
        dossier.attach(application, paper.code, clean_paper(paper.code), content_type="image/jpeg", now=now)
    desk.submit(application, action_id=f"visit:{number}:submit", **known)
    there = list(online.for_kind(booklet, Pot.ONLINE).order_by("starts_at"))
    if not there:
        raise TooFewPlaces(f"{office.pk} has no {booklet} place left on {day} for visitor {number}")
    slot = rng.choice(there)
    wish = appointments.Wish(application, slot)
    held_by = f"visit:{number}:hold"
    appointments.hold_places([wish], action_id=held_by, **known)
    application.refresh_from_db()
    paid = bank.pay(
        application.bill_code, application.bill_amount_idr or 0, paid_at=now, deliver=bank.Deliver.NOW,
        action_id=f"visit:{number}:pay",
    )  # fmt: skip
    bank.tell_at_once(paid, _post)
    answers = asdict(person.answers)
    return {
        "ref": application.ref,
        "held_by": held_by,
        "place_at": slot.starts_at,
        "kind": person.kind,
        "years": person.years,
    } | {name: answers[name] for name in ("full_name", "nik", "born", "sex", "old_number")}


def _post(body: bytes, headers: dict[str, str]) -> int:
    payments.receive_notice(read_notice(body, headers), now=clock.now())
    return 200
