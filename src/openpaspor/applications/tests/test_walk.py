"""A renewal from the front door to a numbered application, as a browser without JavaScript sends it."""

import re
from datetime import date

import pytest
from django.test import Client

from openpaspor.applications.models import Application
from openpaspor.applications.tests.people import (
    CONTACT,
    FIVE,
    IDENTITY,
    JOURNEY,
    OLD,
    make_user,
    picture,
    three,
    upload,
)
from openpaspor.journey import State
from openpaspor.kit import clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_known_day(monkeypatch):
    from openpaspor.applications.tests.people import NOW

    monkeypatch.setattr(clock, "now", lambda: NOW)


def nonce(page) -> str:
    return re.search(r'name="nonce" value="([^"]+)"', page.content.decode())[1]


def test_an_adult_renews_from_the_front_door_to_submitted():
    client = Client()
    assert client.get("/").status_code == 200
    assert client.get("/cek/").status_code == 200
    result = client.get("/cek/", FIVE)
    assert "Rp950.000" in result.content.decode()
    user = make_user()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    before = client.get("/permohonan/baru/", FIVE)
    assert before.status_code == 200

    tasks = client.post("/permohonan/baru/", {**FIVE, "nonce": nonce(before)}, follow=True)
    application = Application.objects.get(account=user)
    ref = application.ref
    assert tasks.redirect_chain[-1][0] == f"/permohonan/{ref}/"
    page = f"/permohonan/{ref}/isi/identitas/"
    for typed, then in (
        (IDENTITY, f"/permohonan/{ref}/isi/kontak/"),
        (CONTACT, f"/permohonan/{ref}/isi/paspor-lama/"),
        (OLD, f"/permohonan/{ref}/isi/perjalanan/"),
        (JOURNEY, f"/permohonan/{ref}/berkas/ktp/"),
        ({"photo": upload(picture())}, f"/permohonan/{ref}/berkas/old-passport/"),
        ({"photo": upload(picture())}, f"/permohonan/{ref}/periksa/"),
    ):
        fresh = client.get(page)
        assert fresh.status_code == 200, page
        sent = client.post(page, {**typed, "nonce": nonce(fresh)})
        assert sent.status_code == 302, sent.content.decode()
        assert sent.url == then
        page = then
    check = client.get(page)
    assert "RANI&lt;PUSPITA" in check.content.decode()
    sent = client.post(page, {"truth": "on", "nonce": nonce(check)})

    assert sent.url == f"/permohonan/{ref}/lanjut/"
    application.refresh_from_db()
    assert application.state == State.SUBMITTED
    assert application.nik_key and application.born_key
    status = client.get(f"/permohonan/{ref}/status/")
    assert 'data-wait="CHOOSE"' in status.content.decode()


CHILD_PAGES = {
    "identitas": {
        "full_name": "Made",
        "nik": "5171012703180002",
        **three("born", date(2018, 3, 27)),
        "birth_place": "Denpasar",
        "sex": "M",
    },
    "kontak": CONTACT,
    "orang-tua": {
        "mother_name": "Ni Luh Sari",
        "mother_nik": "5171014503900001",
        "father_name": "Ketut",
        "father_nik": "5171010503880001",
    },
    "paspor-lama": OLD,
    "perjalanan": JOURNEY,
}
ADULT_PAGES = {
    "identitas": IDENTITY,
    "kontak": CONTACT,
    "orang-tua": {"mother_name": "Siti"},
    "perjalanan": JOURNEY,
}


@pytest.mark.parametrize(
    ("five", "pages", "kind", "years", "papers", "priority"),
    [
        ({"whose": "child"}, CHILD_PAGES, "child", 5, 7, ""),
        ({"had": "never"}, ADULT_PAGES, "adult-new", 10, 3, ""),
    ],
    ids=["a child with an old passport", "an adult's first passport"],
)
def test_the_other_kinds_lead_from_page_to_page_as_well(five, pages, kind, years, papers, priority):
    user = make_user()
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    client.post("/permohonan/baru/", {**FIVE, **five})
    application = Application.objects.get(account=user)
    base = f"/permohonan/{application.ref}"
    at = client.get(f"{base}/").context["next_url"]
    walked = []

    for _page in range(20):
        if at.endswith("/periksa/"):
            break
        walked.append(at)
        name = at.split("/")[4]
        sent = client.post(at, pages[name]) if "/isi/" in at else client.post(f"{at}bawa/")
        assert sent.status_code == 302, sent.content.decode()
        at = sent.url
    sent = client.post(at, {"truth": "on"})

    assert sent.status_code == 302
    assert [page.split("/")[4] for page in walked if "/isi/" in page] == list(pages)
    assert len([page for page in walked if "/berkas/" in page]) == papers
    application.refresh_from_db()
    assert (application.kind, application.state) == (kind, State.SUBMITTED)
    assert (application.years, application.priority) == (years, priority)
