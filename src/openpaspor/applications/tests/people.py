"""Named people and pictures for the tests of this room."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from openpaspor.accounts.models import User
from openpaspor.applications import actions
from openpaspor.applications.answers import Answers
from openpaspor.applications.models import Application, Kind

NOW = datetime(2026, 11, 24, 1, 40, tzinfo=UTC)  # 09.40 in Denpasar
_count = iter(range(1, 10_000))

RANI = Answers(
    full_name="Rani Puspita",
    nik="3174096703990003",
    born=date(1999, 3, 27),
    birth_place="Jakarta",
    sex="F",
    civil_status="single",
    phone="+6281200000001",
    address="Jalan Melati 5, Tebet, Jakarta Selatan",
    old_number="C1234567",
    old_expires_on=date(2026, 12, 30),
    old_reason="expired",
    old_place="indonesia",
    purpose="tourism",
)
FIVE = {"whose": "adult", "had": "expired", "travel": "later", "booklet": "electronic", "years": "10"}


def make_user() -> User:
    number = next(_count)
    user = User(code=f"A-test{number}", joined_at=NOW)
    user.give_phone(f"+62812{number:08d}", verified=True)
    user.save()
    return user


def signed_in(user: User | None = None) -> Client:
    client = Client()
    client.force_login(user or make_user(), backend="django.contrib.auth.backends.ModelBackend")
    return client


def make_draft(
    user: User, kind: Kind = Kind.ADULT_REPLACE, answers: Answers = RANI, **more: Any
) -> Application:
    return actions.start_application(
        kind,
        action_id=f"draft-{next(_count)}",
        actor=user.code,
        now=NOW,
        account=user,
        answers=answers,
        **more,
    )


def make_whole(user: User, **more: Any) -> Application:
    """A draft with nothing missing."""
    application = make_draft(user, **more)
    for code in ("ktp", "old-passport"):
        actions.bring_paper(application, code, actor=user.code, now=NOW)
    return application


def make_submitted(user: User, **more: Any) -> Application:
    application = make_whole(user, **more)
    return actions.declare(application, action_id=f"submit-{next(_count)}", actor=user.code, now=NOW)


def picture(
    size: tuple[int, int] = (1200, 800), kind: str = "JPEG", colour: str = "#cfd8dc", **saved: Any
) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **saved)
    return out.getvalue()


def upload(content: bytes, name: str = "photo.jpg", kind: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, kind)


def three(name: str, day: date) -> dict[str, str]:
    return {f"{name}_day": str(day.day), f"{name}_month": str(day.month), f"{name}_year": str(day.year)}


IDENTITY = {
    "full_name": "Rani Puspita",
    "nik": "3174 0967 0399 0003",
    **three("born", date(1999, 3, 27)),
    "birth_place": "Jakarta",
    "sex": "F",
    "civil_status": "single",
}
CONTACT = {"phone": "0812 0000 0001", "address": "Jalan Melati 5, Jakarta"}
OLD = {
    "old_number": "c 1234567",
    **three("old_expires_on", date(2026, 12, 30)),
    "old_reason": "expired",
    "old_place": "indonesia",
}
JOURNEY = {"purpose": "tourism"}
