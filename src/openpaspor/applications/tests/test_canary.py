"""Nothing personal lies in clear anywhere in the installation's folder."""

import pytest
from django.db import connection

from openpaspor.applications.answers import Answers
from openpaspor.applications.models import Application, Attachment, Dossier
from openpaspor.applications.tests.people import (
    CONTACT,
    IDENTITY,
    JOURNEY,
    NOW,
    OLD,
    make_draft,
    make_user,
    signed_in,
    upload,
)
from openpaspor.applications.tests.test_documents import with_position
from openpaspor.kit import clock

NAME, NIK, ADDRESS, PASSPORT, PHONE = (
    "Kanariana Zwxquv",
    "3174096703990937",
    "Jalan Kenari Zqxj 93",
    "C7651937",
    "081299887766",
)


@pytest.mark.django_db(transaction=True)
def test_a_full_application_leaves_no_name_number_place_or_picture_in_clear(home, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    user = make_user()
    client, draft = signed_in(user), make_draft(user, answers=Answers(old_reason="expired"))
    base = f"/permohonan/{draft.ref}"

    client.post(f"{base}/isi/identitas/", {**IDENTITY, "full_name": NAME, "nik": NIK})
    client.post(f"{base}/isi/kontak/", {**CONTACT, "address": ADDRESS, "phone": PHONE})
    client.post(f"{base}/isi/paspor-lama/", {**OLD, "old_number": PASSPORT})
    client.post(f"{base}/isi/perjalanan/", JOURNEY)
    for code in ("ktp", "old-passport"):
        client.post(f"{base}/berkas/{code}/", {"photo": upload(with_position())})
    client.post(f"{base}/periksa/", {"truth": "on"})
    client.get(f"{base}/status/")

    draft.refresh_from_db()
    assert draft.state == "SUBMITTED"
    assert Attachment.objects.filter(application=draft).count() == 2
    words = [
        NAME,
        NAME.upper(),
        "Kanariana",
        NIK,
        ADDRESS,
        PASSPORT,
        PHONE,
        PHONE[1:],
        "CANARY",
        draft.ref and "3174 0967",
    ]
    assert hits(home, [word.encode() for word in words]) == []
    assert pictures_in_clear(home) == []


def hits(home, words: list[bytes]) -> list[tuple[str, bytes]]:
    """Files of the folder, and blobs of a database elsewhere, that hold one of the words."""
    found = []
    for path in home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found += [(str(path), word) for word in words if word in content]
    if connection.vendor != "sqlite":
        for document in Dossier.objects.values_list("document", flat=True):
            found += [("database", word) for word in words if word in bytes(document)]
        rows = repr(list(Application.objects.values())).encode()
        found += [("rows", word) for word in words if word in rows]
    return found


def pictures_in_clear(home) -> list[str]:
    """Attachments or documents that begin like a JPEG."""
    found = [
        str(path)
        for path in (home / "attachments").rglob("*")
        if path.is_file() and path.read_bytes()[:3] == b"\xff\xd8\xff"
    ]
    return found + [
        str(pk)
        for pk, document in Dossier.objects.values_list("pk", "document")
        if b"\xff\xd8\xff\xe0" in bytes(document)
    ]
