"""Staff: number, password, app. Works with every line cut."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from openpaspor.accounts import actions, demo_people, rules
from openpaspor.accounts.models import Role, User
from openpaspor.kit import clock
from openpaspor.offices.models import Office

from .make import NOW, app_code, make_staff, sign_in_staff

pytestmark = pytest.mark.django_db
LOGIN = "adi.denpasar"


def give_password(client: Client, login: str = LOGIN, password: str = demo_people.PASSWORD, **further: str):
    return client.post("/petugas/masuk/", {"login": login, "password": password, **further})


def test_password_then_code_opens_the_door_of_the_role(client):
    make_staff(LOGIN)
    assert give_password(client).url == "/petugas/masuk/kode/"

    answer = client.post("/petugas/masuk/kode/", {"code": app_code(LOGIN)})

    assert answer.status_code == 302 and answer.url.startswith("/petugas/")
    assert client.session.get_expiry_age() == 12 * 3600


def test_the_password_alone_opens_nothing(client):
    make_staff("ops", Role.OPS, None)
    give_password(client, "ops")

    assert client.get("/ops/postings/").url.startswith("/petugas/masuk/")


def test_one_goes_on_to_the_page_one_wanted(client):
    make_staff("ops", Role.OPS, None)
    wanted = client.get("/ops/postings/?q=adi")
    assert wanted.url == "/petugas/masuk/?next=/ops/postings/%3Fq%3Dadi"
    give_password(client, "ops", next="/ops/postings/?q=adi")

    assert client.post("/petugas/masuk/kode/", {"code": app_code("ops")}).url == "/ops/postings/?q=adi"


@pytest.mark.parametrize(
    ("login", "password"), [(LOGIN, "salah-salah-salah"), ("nobody", demo_people.PASSWORD)]
)
def test_wrong_password_and_unknown_number_get_the_same_sentence(client, login, password):
    make_staff(LOGIN)

    answer = give_password(client, login, password)

    assert answer.status_code == 422
    assert 'data-code="sign-in-wrong"' in answer.content.decode() and password not in answer.content.decode()


def test_passwords_are_limited_by_number_and_the_right_one_waits_too(client):
    make_staff(LOGIN)
    for _time in range(5):
        give_password(client, password="salah-salah-salah")

    answer = give_password(client)

    assert answer.status_code == 429 and 'data-code="too-many-tries"' in answer.content.decode()


def test_right_passwords_do_not_count_against_anybody(client):
    make_staff(LOGIN)

    for _time in range(8):
        assert give_password(client).status_code == 302


def test_a_wrong_app_code_stays_on_the_page(client):
    make_staff(LOGIN)
    give_password(client)
    wrong = f"{(int(app_code(LOGIN)) + 1) % 10**6:06}"

    answer = client.post("/petugas/masuk/kode/", {"code": wrong})

    assert answer.status_code == 422 and 'data-code="app-code-wrong"' in answer.content.decode()


def test_an_app_code_counts_once(client):
    make_staff(LOGIN)
    code = app_code(LOGIN)
    give_password(client)
    assert client.post("/petugas/masuk/kode/", {"code": code}).status_code == 302
    other = Client()
    give_password(other)

    answer = other.post("/petugas/masuk/kode/", {"code": code})

    assert answer.status_code == 422 and 'data-code="app-code-used"' in answer.content.decode()
    assert other.post("/petugas/masuk/kode/", {"code": app_code(LOGIN, later=1)}).status_code == 302


def test_app_codes_are_limited(client):
    make_staff(LOGIN)
    give_password(client)
    for _time in range(5):
        client.post("/petugas/masuk/kode/", {"code": "000"})

    assert client.post("/petugas/masuk/kode/", {"code": app_code(LOGIN)}).status_code == 429


def test_the_code_page_needs_the_password_of_the_last_ten_minutes(client):
    make_staff(LOGIN)
    assert client.get("/petugas/masuk/kode/").url == "/petugas/masuk/"
    give_password(client)
    session = client.session
    session["staff_stage"] = {**session["staff_stage"], "at": clock.real_now().timestamp() - 601}
    session.save()

    assert client.post("/petugas/masuk/kode/", {"code": app_code(LOGIN)}).url == "/petugas/masuk/"


def first_password() -> str:
    office = Office.objects.get(pk="DENPASAR")
    access = actions.create_person(
        LOGIN, Role.OFFICER, office, action_id="n1", actor="S-1", now=clock.now(), real_now=clock.real_now()
    )
    return access.password


def test_the_first_visit_asks_for_a_password_and_an_app(client):
    assert give_password(client, password=first_password()).url == "/petugas/masuk/sandi/"
    chosen = {"password": "kuda biru lari pagi", "again": "kuda biru lari pagi"}
    assert client.post("/petugas/masuk/sandi/", chosen).url == "/petugas/masuk/aplikasi/"
    page = client.get("/petugas/masuk/aplikasi/")
    assert b"<svg" in page.content
    secret = page.context["secret"].replace(" ", "")
    key = __import__("base64").b32decode(secret + "=" * (-len(secret) % 8))
    code = rules.totp_at(key, int(clock.real_now().timestamp()) // 30)

    printed = client.post("/petugas/masuk/aplikasi/", {"code": code})

    assert printed.status_code == 200
    codes = re.findall(r"<b>([0-9A-Z]{4}-[0-9A-Z]{4})</b>", printed.content.decode())
    assert len(codes) == 10
    assert client.get("/akun/").status_code == 200

    other = Client()
    give_password(other, password="kuda biru lari pagi")
    assert other.post("/petugas/masuk/kode/", {"code": codes[0].lower()}).status_code == 302
    third = Client()
    give_password(third, password="kuda biru lari pagi")
    assert third.post("/petugas/masuk/kode/", {"code": codes[0]}).status_code == 422


def test_a_wrong_first_code_sets_nothing_up(client):
    give_password(client, password=first_password())
    client.post("/petugas/masuk/sandi/", {"password": "kuda biru lari pagi", "again": "kuda biru lari pagi"})
    secret = client.get("/petugas/masuk/aplikasi/").context["secret"]

    answer = client.post("/petugas/masuk/aplikasi/", {"code": "12"})

    assert answer.status_code == 422 and answer.context["secret"] == secret
    assert not User.objects.get(login=LOGIN).totp_kept


@pytest.mark.parametrize(
    ("password", "again"),
    [("pendek", "pendek"), ("kuda biru lari pagi", "kuda biru lari sore"), ("123456789012", "123456789012")],
)
def test_a_weak_or_mistyped_password_is_not_taken(client, password, again):
    give_password(client, password=first_password())

    assert client.post("/petugas/masuk/sandi/", {"password": password, "again": again}).status_code == 422
    assert User.objects.get(login=LOGIN).one_time_until


def test_a_first_password_dies_after_a_week():
    password = first_password()

    with pytest.raises(actions.SignInWrong):
        actions.check_password(LOGIN, password, now=clock.real_now() + timedelta(days=8))


def test_nobody_comes_in_without_a_posting(client):
    person = make_staff(LOGIN)
    actions.end_posting(person.posting(clock.now()), action_id="e1", actor="S-ops", now=clock.now())
    sign_in_staff(client, LOGIN)

    assert client.get("/ops/postings/").status_code == 403


def test_an_applicant_finds_no_staff_page(client):
    person = User.objects.create(code="A-1", joined_at=NOW)
    client.force_login(person)

    assert client.get("/ops/postings/").status_code == 403


def test_a_staff_session_goes_on_while_it_is_used(client):
    make_staff("ops", Role.OPS, None)
    sign_in_staff(client, "ops")
    session = client.session
    session["seen_at"] -= 700
    session.save()

    client.get("/ops/postings/")

    assert clock.real_now().timestamp() - client.session["seen_at"] < 60
