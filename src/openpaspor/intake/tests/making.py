"""People and applications for the tests of the counter."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from PIL import Image

from openpaspor import journey
from openpaspor.accounts.models import Posting, Role, User
from openpaspor.applications import dossier
from openpaspor.applications.actions import fix_identity, move, start_application, tell
from openpaspor.applications.answers import Answers
from openpaspor.applications.interview import questions
from openpaspor.applications.models import Application, Kind
from openpaspor.intake import actions
from openpaspor.intake.portrait import prepare
from openpaspor.offices.models import Office

MONDAY = datetime(2026, 11, 23, 1, 40, tzinfo=UTC)  # 09.40 WITA
_numbers = count(1)

SITI = Answers(
    full_name="SITI AMINAH",
    nik="5171014503990003",
    born=date(1999, 3, 5),
    birth_place="DENPASAR",
    sex="F",
    phone="+6281200000001",
    old_number="B1234567",
    old_expires_on=date(2026, 12, 1),
    old_reason="expired",
    purpose="tourism",
    truth_stated=True,
)


def action() -> str:
    return f"test:{next(_numbers)}"


def denpasar() -> Office:
    """The office, also where a browser test found the tables emptied."""
    known = {"name": "Kantor Imigrasi Kelas I TPI Denpasar", "city": "Denpasar", "timezone": "Asia/Makassar"}
    office, _made = Office.objects.get_or_create(pk="DENPASAR", defaults=known)
    return office


def make_staff(role: Role, office: Office | None, code: str = "") -> User:
    code = code or f"S-{role}-{next(_numbers)}"
    person = User.objects.create(code=code, login=code.lower(), joined_at=MONDAY)
    Posting.objects.create(
        person=person, role=role, office=office, starts_at=datetime(2020, 1, 1, tzinfo=UTC)
    )
    return person


def make_picture(
    size: tuple[int, int] = (900, 1200), colours: tuple[str, str] = ("#777", "#ddd"), kind: str = "JPEG"
) -> bytes:
    image = Image.new("RGB", size, colours[0])
    image.paste(colours[1], (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def upload(content: bytes, name: str = "foto.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/jpeg")


@transaction.atomic
def make_arrived(kind: str = Kind.ADULT_REPLACE, answers: Answers = SITI, **told: Any) -> Application:
    """Booked, paid and arrived at Denpasar, with the pictures an adult renewal needs."""
    application = start_application(kind, action_id=action(), actor="A-1", now=MONDAY, answers=answers)
    for paper in ("ktp", "old-passport"):
        dossier.attach(application, paper, make_picture(), content_type="image/jpeg", now=MONDAY)
    fix_identity(application, answers, actor="A-1", now=MONDAY)
    tell(
        application,
        actor="worker",
        now=MONDAY,
        **{"office": "DENPASAR", "place_starts_at": MONDAY, "bill_status": "paid", "ticket": "A 001", **told},
    )
    application.office = denpasar()
    for arrow in (journey.SUBMIT, journey.HOLD, journey.BOOK, journey.ARRIVE):
        move(application, arrow, actor="worker", now=MONDAY)
    return application


def make_walk_in(kind: str, answers: Answers = SITI) -> Application:
    visitor = actions.Visitor(kind=kind, answers=answers, ticket="B 001")
    return actions.walk_in(visitor, denpasar(), action_id=action(), actor="S-1", now=MONDAY, despite=True)


def complete(application: Application, actor: str = "S-1", now: datetime = MONDAY) -> None:
    """Everything an officer does before finishing."""
    do = {"actor": actor, "now": now}
    actions.confirm_identity(application, action_id=action(), **do)
    answers = dossier.open_answers(application, actor="worker", why="test", now=now)
    for paper in actions.rules.papers_needed(application.kind, answers):
        actions.capture_paper(
            application, paper.code, make_picture(), content_type="image/jpeg", action_id=action(), **do
        )
    said = {
        question.code: next(iter(question.chips)) for question in questions(application.kind, answers.purpose)
    }
    actions.save_interview(application, said, action_id=action(), **do)
    actions.take_portrait(application, prepare(make_picture()), action_id=action(), **do)


def enrol(application: Application, now: datetime = MONDAY) -> Application:
    complete(application, now=now)
    return actions.finish(application, action_id=action(), actor="S-1", now=now)
