import gzip
import hashlib
import re
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.test import Client, RequestFactory
from django.utils import translation

from openpaspor.ui import views

UI = Path(views.__file__).parent
VENDOR = UI.parents[2] / "tests" / "vendor"


@pytest.fixture
def request_():
    return RequestFactory().get("/somewhere")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "look", ["", "?rupa=beranda", "?rupa=bayar", "?rupa=petugas", "?rupa=papan", "?rupa=tunggu"]
)
def test_every_base_page_can_be_seen_in_both_languages(client: Client, look: str):
    indonesian = client.get(f"/ui/{look}")
    english = client.get(f"/ui/{look}{'&' if look else '?'}bahasa=en")

    assert indonesian.status_code == english.status_code == 200
    assert '<html lang="id"' in indonesian.content.decode()
    assert '<html lang="en"' in english.content.decode()
    assert 'data-page="ui:components"' in indonesian.content.decode()
    assert indonesian.content.decode().count("<h1") == 1


@pytest.mark.django_db
def test_a_waiting_page_looks_again_by_itself(client: Client):
    assert '<meta http-equiv="refresh" content="2">' in client.get("/ui/?rupa=tunggu").content.decode()


@pytest.mark.parametrize(
    ("handler", "trouble", "status"),
    [
        (views.bad_request, SuspiciousOperation(), 400),
        (views.bad_request, RequestDataTooBig(), 413),
        (views.permission_denied, PermissionDenied(), 403),
        (views.page_not_found, Exception(), 404),
        (views.csrf_failure, Exception(), 403),
        (views.too_many_tries, Exception(), 429),
    ],
)
@pytest.mark.django_db
def test_trouble_has_our_words_and_its_own_status(request_, handler, trouble, status):
    response = handler(request_, trouble)

    assert response.status_code == status
    assert 'href="/bantuan/"' in response.content.decode()


def test_the_last_page_needs_no_database(request_):
    with translation.override("id"):
        response = views.server_error(request_)

    assert response.status_code == 500
    assert "Ada gangguan di pihak kami" in response.content.decode()


def test_style_script_and_icons_stay_small():
    static = UI / "static" / "ui"

    assert len(gzip.compress((static / "openpaspor.css").read_bytes())) <= 14_000
    assert (static / "openpaspor.js").stat().st_size <= 4_096
    assert (static / "keys.js").stat().st_size <= 3_072
    assert (UI / "templates" / "ui" / "_icons.html").stat().st_size <= 6_144


def test_every_icon_that_is_used_is_drawn():
    drawn = set(re.findall(r'id="(i-[a-z]+)"', (UI / "templates" / "ui" / "_icons.html").read_text()))
    used = {
        icon
        for page in UI.parent.rglob("templates/**/*.html")
        for icon in re.findall(r"#(i-[a-z]+)\b", page.read_text())
    }

    assert used <= drawn
    assert {f"i-{name}" for name in views.ICONS} <= drawn


def test_vendored_files_are_what_they_were():
    for line in (VENDOR / "checksums.txt").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest
