"""Approved and paid applications, booklets and people for the tests of the print room. Only real deeds write."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import count

from django.db import transaction
from PIL import Image, ImageDraw

from openpaspor import journey
from openpaspor.accounts.models import Posting, Role, User
from openpaspor.applications import dossier
from openpaspor.applications.actions import (
    fix_identity,
    lift_stop,
    move,
    order_stop,
    start_application,
    tell,
)
from openpaspor.applications.answers import Answers
from openpaspor.applications.models import Application
from openpaspor.applications.personalisation import personalisation_of, years_valid
from openpaspor.facts.adjudication import APPROVAL_WITHDRAWN, PacketSigned, Revoked, WithdrawalLifted
from openpaspor.issuance import actions, personalisation
from openpaspor.issuance.actions import Shown
from openpaspor.issuance.models import Booklet, PrintJob, StockBatch
from openpaspor.ledger import worker
from openpaspor.ledger.models import Entry
from openpaspor.ledger.record import record
from openpaspor.offices.models import Office
from openpaspor.payments import actions as payments
from openpaspor.payments.rules import Notice

NOW = datetime(2026, 11, 24, 1, 40, tzinfo=UTC)  # 09.40 in Denpasar, a Tuesday
TODAY = date(2026, 11, 24)
PRINTER, HEAD = "S-print", "S-head"
_numbers = count(1)


def next_number() -> int:
    return next(_numbers)


def make_office(code: str = "DENPASAR") -> Office:
    return Office.objects.get(pk=code)


def make_person(role: Role, office: Office | None = None) -> User:
    number = next(_numbers)
    person = User.objects.create(code=f"S-{number:05d}", login=f"staff.{number}", joined_at=NOW)
    Posting.objects.create(
        person=person, role=role, office=office or make_office(), starts_at=NOW - timedelta(days=400)
    )
    return person


@cache
def make_photo() -> bytes:
    picture = Image.new("RGB", (480, 640), (228, 232, 235))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((120, 110, 360, 430), fill=(196, 154, 120))
    draw.rectangle((70, 430, 410, 640), fill=(30, 64, 90))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()


def make_stock(
    first: str = "",
    count: int = 5,
    *,
    kind: str = "electronic",
    office: Office | None = None,
    now: datetime = NOW,
) -> StockBatch:
    """Booklets in stock, counted by two people."""
    number = next(_numbers)
    first = first or f"X{number * 1000:07d}"
    last = f"{first[0]}{int(first[1:]) + count - 1:07d}"
    batch = actions.count_in(
        office or make_office(), kind, first, last, action_id=f"count-{number}", actor=PRINTER, now=now
    )
    return actions.confirm_batch(batch, count, action_id=f"confirm-{number}", actor=HEAD, now=now)


def make_enrolled(
    *, kind: str = "adult-replace", name: str = "Ni Luh Sari Dewi", now: datetime = NOW, **more: object
) -> Application:
    """A walk-in whose papers were seen and whose photo was taken."""
    number = next(_numbers)
    answers = Answers(
        full_name=name,
        nik=f"5171{number:012d}",
        born=date(1999, 3, 5),
        birth_place="Denpasar",
        sex="F",
        old_number="" if kind in ("adult-new", "child") else "B1234567",
        **more,  # type: ignore[arg-type]
    )
    application = start_application(
        kind,
        action_id=f"start-{number}",
        actor="S-1",
        now=now,
        channel="counter",
        office=make_office(),
        answers=answers,
    )
    dossier.attach(application, "portrait", make_photo(), content_type="image/jpeg", now=now)
    fix_identity(application, answers, actor="S-1", now=now)
    move(application, journey.WALK_IN, actor="S-1", now=now)
    move(application, journey.ENROL, actor="S-1", now=now)
    return application


def pay(application: Application, *, now: datetime = NOW) -> None:
    """The bill of the counter, and its money by a notice of the bank."""
    bill = payments.open_bill([application], due_at=now + timedelta(days=7), actor="S-1", now=now)
    notice = Notice(
        provider="demo", txn=f"T-{next(_numbers)}", code=bill.code, amount_idr=bill.amount_idr, paid_at=now
    )
    payments.receive_notice(notice, now=now)


def approve(application: Application, *, now: datetime = NOW) -> Application:
    """As the centre does, and the office has heard of it."""
    application.refresh_from_db()
    move(application, journey.RECEIVE, actor="worker", now=now)
    move(application, journey.APPROVE, actor="S-adj", now=now)
    tell(application, actor="S-adj", now=now, decided_at=now)
    sign_packet(application, now=now)
    return settle(application)


def packet_for(application: Application, *, now: datetime = NOW, **changes: object) -> PacketSigned:
    """What the centre signs for the application as it stands."""
    answers = dossier.open_answers(application, actor="worker", why="test", now=now)
    said = Entry.objects.of(application.ref).filter(kind=PacketSigned.name)
    right = {
        "application": application.ref,
        "number": said.count() + 1,
        "version": application.version,
        "office": application.office_id,
        "booklet": str(application.booklet),
        "years": years_valid(application.kind, application.years),
        "personalisation": personalisation_of(application, answers).token(),
        "decided_by": "S-adj",
        "decided_at": now,
    }
    return PacketSigned(**{**right, **changes})  # type: ignore[arg-type]


@transaction.atomic
def sign_packet(application: Application, *, now: datetime = NOW, **changes: object) -> PacketSigned:
    packet = packet_for(application, now=now, **changes)
    record(packet, actor="S-adj", now=now)
    return packet


@transaction.atomic
def withdraw_approval(application: Application, *, packet: int = 1, now: datetime = NOW) -> None:
    """As the centre does."""
    order_stop(application, APPROVAL_WITHDRAWN, actor="S-adj", now=now)
    record(
        Revoked(application=application.ref, reason=APPROVAL_WITHDRAWN, packet=packet), actor="S-adj", now=now
    )


@transaction.atomic
def lift_withdrawal(application: Application, *, packet: int = 1, now: datetime = NOW) -> None:
    lift_stop(application, actor="S-adj2", now=now)
    record(WithdrawalLifted(application=application.ref, packet=packet), actor="S-adj2", now=now)


def settle(application: Application) -> Application:
    """Let the worker seal and follow what was said."""
    worker.work_until_idle(with_sweeps=False)
    application.refresh_from_db()
    return application


def make_approved(
    *, paid: bool = True, stock: bool = True, now: datetime = NOW, **more: object
) -> Application:
    """Approved, by default paid and with a booklet reserved."""
    if stock and not Booklet.objects.in_stock("DENPASAR", "electronic").exists():
        make_stock(now=now)
    application = make_enrolled(now=now, **more)  # type: ignore[arg-type]
    if paid:
        pay(application, now=now)
    return approve(application, now=now)


def print_it(application: Application, *, now: datetime = NOW) -> PrintJob:
    return actions.print_booklet(
        application, application.serial, action_id=f"print-{application.serial}", actor=PRINTER, now=now
    )


def lines_of(application: Application) -> tuple[str, str]:
    """What a reader reads off the printed booklet."""
    job = actions.job_of(application)
    assert job
    answers = dossier.open_answers(application, actor="worker", why="test", now=NOW)
    lines = personalisation.lines_of_job(job, answers)
    return lines.line1, lines.line2


def make_printed(**more: object) -> Application:
    application = make_approved(**more)  # type: ignore[arg-type]
    print_it(application, now=more.get("now", NOW))  # type: ignore[arg-type]
    return application


def make_ready(*, now: datetime = NOW, **more: object) -> Application:
    """Inspected and on the shelf."""
    application = make_printed(now=now, **more)
    actions.pass_inspection(
        application, lines_of(application), action_id=f"pass-{application.serial}", actor=PRINTER, now=now
    )
    return application


def shown(application: Application, **changes: object) -> Shown:
    """What the right holder shows and signs."""
    answers = dossier.open_answers(application, actor="worker", why="test", now=NOW)
    right = {"nik": answers.nik, "old_number": answers.old_number, "signed": True}
    return Shown(**{**right, **changes})  # type: ignore[arg-type]


def collect(application: Application, *, action_id: str = "", now: datetime = NOW) -> None:
    actions.hand_over(
        application,
        shown(application),
        action_id=action_id or f"hand-{application.ref}",
        actor="S-1",
        now=now,
    )
