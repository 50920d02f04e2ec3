"""A node serves and follows what its role lists, and nothing else."""

from __future__ import annotations

from types import ModuleType

import pytest
from django.conf import settings
from django.test import Client

from openpaspor.accounts import demo_people
from openpaspor.kit import clock
from openpaspor.ledger import follow, node, sweeps
from openpaspor.nodes import context, doors
from openpaspor.nodes.boot import role_of
from openpaspor.nodes.commands import run

pytestmark = pytest.mark.django_db
FOR_ALL = ["/", "/healthz", "/status/", "/status.json", "/bantuan/", "/privasi/", "/petugas/masuk/", "/demo/"]
AT = {
    "portal": ["petugas.denpasar", "kepala.denpasar", "cetak.denpasar", "adjudikator1.pusat"],
    "office": ["adjudikator1.pusat", "kas.pusat"],
    "centre": ["petugas.denpasar", "kepala.denpasar", "cetak.denpasar"],
}  # who has no door there
STRANGE = {
    "portal": ["/petugas/", "/kepala/", "/cetak/", "/pusat/", "/ops/postings/"],
    "office": ["/permohonan/", "/masuk/", "/lacak/", "/pusat/", "/kas/", "/ops/postings/", "/demo/bank/", "/demo/inbox/"],
    "centre": ["/permohonan/", "/masuk/", "/petugas/", "/kepala/", "/cetak/", "/demo/bank/"],
}  # fmt: skip


@pytest.fixture(params=list(AT))
def role(request, settings, tmp_path):
    """We are a node of this role, and serve what it serves."""
    urls = ModuleType(f"urls_of_{request.param}")
    urls.urlpatterns = doors.patterns(request.param)
    settings.ROOT_URLCONF = urls
    offices = ("DENPASAR",) if request.param == "office" else ()
    us = node.Node(
        name="uji-peran", role=request.param, home=settings.HOME, offices=offices, demo=True, rooms=role_of(request.param).FOLLOWS
    )  # fmt: skip
    with node.standing_at(us):
        yield request.param


@pytest.mark.parametrize("path", FOR_ALL)
def test_what_everybody_serves_is_there(role, path, client: Client):
    assert client.get(path).status_code == 200


def test_what_belongs_elsewhere_is_not_there(role, client: Client):
    assert {path: client.get(path).status_code for path in STRANGE[role]} == dict.fromkeys(STRANGE[role], 404)


def test_every_door_of_the_start_table_is_open(role, client: Client):
    for _door, path, _login in run.doors_here():
        assert client.get(path).status_code in (200, 302), path


def test_staff_find_a_page_behind_every_link_of_their_navigation(role, client: Client):
    people = demo_people.ensure(clock.now())
    for login, (of_role, _office) in demo_people.STAFF.items():
        if login in AT[role]:
            continue
        client.force_login(people[login])
        for url in [door.url for door in context._links(context.DOORS[of_role], "")]:
            assert client.get(url).status_code == 200, f"{login} {url}"


def test_a_box_without_applicants_says_what_it_is(role, client: Client):
    page = client.get("/").content.decode()

    assert ("uji-peran" in page) == (role != "portal")
    if role == "office":
        assert 'href="/petugas/"' in page and "/aula/DENPASAR/papan" in page and 'href="/pusat/"' not in page


def test_followers_and_sweeps_of_other_rooms_do_not_run(role):
    running = {follower.name.split(".")[0] for follower in follow.followers()}
    running |= {sweep.name.split(".")[0] for sweep in sweeps.sweeps()}

    assert running <= role_of(role).FOLLOWS
    assert {"ledger", "applications"} <= running
    assert ("notifications" in running) == (role == "portal")
    assert ("adjudication" in running) == (role == "centre")
    assert ("hall" in running) == (role == "office")


def test_one_machine_serves_and_follows_everything():
    assert len(follow.followers()) == len(follow._followers)
    assert all(doors.is_served("everything", route) for route in ("", "pusat/", "petugas/", "kas/"))
    assert settings.ROOT_URLCONF == "openpaspor.nodes.urls"
