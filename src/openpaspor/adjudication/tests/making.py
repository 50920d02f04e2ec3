"""People and files for the tests of the centre."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from django.db import transaction
from PIL import Image

from openpaspor import journey
from openpaspor.accounts.models import Posting, Role, User
from openpaspor.adjudication import actions
from openpaspor.adjudication.models import Case
from openpaspor.applications import dossier
from openpaspor.applications.actions import fix_identity, move, start_application, tell
from openpaspor.applications.answers import Answers
from openpaspor.applications.models import Application, Kind
from openpaspor.journey import Site
from openpaspor.offices.models import Office

MONDAY = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)  # 10.00 WIB
_numbers = count(1)

SITI = Answers(
    full_name="SITI AMINAH",
    nik="5171014503990003",
    born=date(1999, 3, 5),
    birth_place="DENPASAR",
    sex="F",
    old_number="B1234567",
    old_reason="expired",
    purpose="tourism",
    interview={"purpose": "tourism", "company": "family", "note": "Ke Bali"},
)


def action() -> str:
    return f"test:{next(_numbers)}"


def somebody(**changes: Any) -> Answers:
    """Another person each time."""
    number = next(_numbers)
    return replace(
        SITI,
        **{
            "full_name": f"ORANG {'ABCDEFGHIJ'[number % 10]}{'KLMNOPQRST'[number // 10 % 10]}",
            "nik": f"51710145039{number % 100:02}{1 + number % 9:03}"[:6] + "450399" + f"{1 + number:04}",
            "old_number": f"C{number:07}",
            **changes,
        },
    )


def make_adjudicator(code: str) -> User:
    person = User.objects.create(code=code, login=code.lower(), joined_at=MONDAY)
    Posting.objects.create(
        person=person, role=Role.ADJUDICATOR, office=None, starts_at=datetime(2020, 1, 1, tzinfo=UTC)
    )
    return person


def make_applicant() -> User:
    return User.objects.create(code=f"A-{next(_numbers)}", joined_at=MONDAY)


def ensure_denpasar() -> None:
    """The office is there, also where a browser test found the tables emptied."""
    known = {"name": "Kantor Imigrasi Kelas I TPI Denpasar", "city": "Denpasar", "timezone": "Asia/Makassar"}
    Office.objects.get_or_create(pk="DENPASAR", defaults=known)


def make_picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (600, 800), "#999").save(out, "JPEG")
    return out.getvalue()


@transaction.atomic
def make_enrolled(
    answers: Answers | None = None,
    *,
    kind: str = Kind.ADULT_REPLACE,
    account: User | None = None,
    promised_on: date | None = date(2026, 11, 27),
) -> Application:
    """Complete at Denpasar and offered to the centre."""
    ensure_denpasar()
    answers = answers or somebody()
    application = start_application(
        kind, action_id=action(), actor="A-1", now=MONDAY, answers=answers, account=account
    )
    fix_identity(application, answers, actor="A-1", now=MONDAY)
    told = {
        "office": "DENPASAR",
        "place_starts_at": MONDAY,
        "bill_status": "paid",
        "promised_on": promised_on,
    }
    tell(application, actor="worker", now=MONDAY, **told)
    for paper in ("portrait", "old-passport"):
        dossier.attach(application, paper, make_picture(), content_type="image/jpeg", now=MONDAY)
    for arrow in (journey.SUBMIT, journey.HOLD, journey.BOOK, journey.ARRIVE, journey.ENROL):
        move(application, arrow, actor="worker", now=MONDAY)
    dossier.send(application, Site.CENTRE, actor="S-1", now=MONDAY)
    return application


def make_case(answers: Answers | None = None, **more: Any) -> Case:
    """Received and checked, waiting in the queue."""
    application = make_enrolled(answers, **more)
    return actions.receive(application, action_id=action(), actor="worker", now=MONDAY)


def take(actor: str, now: datetime = MONDAY) -> Case:
    return actions.take(action_id=action(), actor=actor, now=now)


def decide(case: Case, verdict: str, *reasons: str, actor: str, now: datetime = MONDAY, **more: Any) -> Any:
    """Take the case onto one's table and decide it."""
    Case.objects.filter(pk=case.pk).update(claimed_by=actor, claimed_until=now + timedelta(minutes=30))
    return actions.decide(case, verdict, reasons, action_id=action(), actor=actor, now=now, **more)
