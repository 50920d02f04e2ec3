"""The pages of an applicant: phone, code, account."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from openpaspor.accounts import sessions
from openpaspor.accounts.models import Challenge, SignedIn, User
from openpaspor.kit import clock

from .make import ask_code, enter, outbox

pytestmark = pytest.mark.django_db


def ask(client: Client, phone: str = "0812 3456 7890", **further: str):
    return client.post("/masuk/", {"phone": phone, **further})


def sign_in(client: Client, phone: str = "0812 3456 7890", **further: str):
    ask(client, phone, **further)
    return client.post("/masuk/kode/", {"code": outbox.code})


def test_phone_code_signed_in(client):
    asked = ask(client)
    assert (asked.status_code, asked.url) == (302, "/masuk/kode/")
    page = client.get("/masuk/kode/").content.decode()
    assert 'data-page="accounts:code"' in page and 'autocomplete="one-time-code"' in page
    assert "0812-••••-••90" in page and "3456" not in page

    answer = client.post("/masuk/kode/", {"code": outbox.code})

    assert (answer.status_code, answer.url) == (302, "/permohonan/")
    assert client.get("/akun/").status_code == 200


def test_one_goes_back_to_where_one_was(client):
    assert (
        sign_in(client, next="/permohonan/baru/?jenis=adult-new").url == "/permohonan/baru/?jenis=adult-new"
    )


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_one_is_never_sent_to_another_site(client, elsewhere):
    assert sign_in(client, next=elsewhere).url == "/permohonan/"


def test_a_wrong_code_stays_on_the_page_with_one_sentence(client):
    ask(client)

    answer = client.post("/masuk/kode/", {"code": outbox.wrong_code})

    assert answer.status_code == 422
    assert 'data-code="code-wrong"' in answer.content.decode()
    assert client.post("/masuk/kode/", {"code": outbox.code}).status_code == 302


def test_the_third_wrong_code_offers_a_new_one(client):
    ask(client)
    for _try in range(2):
        client.post("/masuk/kode/", {"code": outbox.wrong_code})

    answer = client.post("/masuk/kode/", {"code": outbox.wrong_code})

    assert answer.status_code == 429
    page = answer.content.decode()
    assert 'data-code="code-tries-used"' in page and "/masuk/kode/lagi/" in page and 'name="code"' not in page


def test_the_same_code_sent_again_is_told_that_it_was_used(client):
    sign_in(client)

    answer = client.post("/masuk/kode/", {"code": outbox.code})

    assert answer.status_code == 422
    assert 'data-code="code-used"' in answer.content.decode()
    assert SignedIn.objects.count() == 1


def test_a_code_is_bound_to_the_browser_that_asked(client):
    ask(client)
    stolen = outbox.code
    thief = Client()
    ask(thief, "0811 1111 1111")

    if stolen != outbox.code:
        assert thief.post("/masuk/kode/", {"code": stolen}).status_code == 422
    assert Client().post("/masuk/kode/", {"code": stolen}).status_code == 422


def test_an_old_code_is_told_to_be_old(client):
    ask(client)
    past = clock.real_now() - timedelta(minutes=6)
    Challenge.objects.update(sent_at=past, expires_at=past + timedelta(minutes=5))

    answer = client.post("/masuk/kode/", {"code": outbox.code})

    assert answer.status_code == 422 and 'data-code="code-expired"' in answer.content.decode()


def test_an_empty_code_is_one_sentence_beside_the_box(client):
    ask(client)

    answer = client.post("/masuk/kode/", {"code": " "})

    assert answer.status_code == 422 and 'id="id_code_error"' in answer.content.decode()


def test_no_code_was_asked_for(client):
    assert client.get("/masuk/kode/").url == "/masuk/"
    answer = client.post("/masuk/kode/", {"code": "123456"})
    assert answer.status_code == 422 and 'data-code="code-refused"' in answer.content.decode()


@pytest.mark.parametrize("phone", ["", "12345", "021 555 1234", "nomor saya", "8" * 300])
def test_what_is_no_mobile_number_is_said_beside_the_box(client, phone):
    answer = ask(client, phone)

    assert answer.status_code == 422 and 'id="id_phone_error"' in answer.content.decode()
    assert not outbox


def test_known_and_unknown_numbers_look_the_same(client):
    enter(ask_code("+6281111111111"), outbox.code)
    known, unknown = Client(), Client()
    answers = [(ask(known, "0811 1111 1111"), known), (ask(unknown, "0822 2222 2211"), unknown)]

    pages = [one.get("/masuk/kode/") for _answer, one in answers]

    assert answers[0][0].status_code == answers[1][0].status_code == 302
    assert answers[0][0].url == answers[1][0].url
    shapes = [
        page.content.decode().replace("0811", "08xx").replace("0822", "08xx").split("<main")[1]
        for page in pages
    ]
    for page, shape in zip(pages, shapes, strict=True):
        nonce = page.context["form"]["nonce"].value()
        token = str(page.context["csrf_token"])
        shapes[shapes.index(shape)] = shape.replace(nonce, "").replace(token, "")
    assert shapes[0] == shapes[1]


def test_codes_for_one_number_are_limited(client):
    for _time in range(6):
        assert ask(client).status_code == 302

    answer = ask(Client())

    assert answer.status_code == 429 and 'data-code="too-many-tries"' in answer.content.decode()
    assert ask(Client(), "0811 1111 1111").status_code == 302


def test_a_new_code_is_not_sent_at_once(client):
    ask(client)

    answer = client.post("/masuk/kode/lagi/", {"purpose": "sign-in"})

    assert answer.status_code == 429 and 'data-code="code-too-soon"' in answer.content.decode()
    assert 'name="code"' in answer.content.decode()


def test_a_new_code_replaces_the_old_one(client):
    ask(client)
    old_code = outbox.code
    Challenge.objects.update(sent_at=clock.real_now() - timedelta(seconds=31))

    assert client.post("/masuk/kode/lagi/", {"purpose": "sign-in"}).url == "/masuk/kode/"

    if old_code != outbox.code:
        assert client.post("/masuk/kode/", {"code": old_code}).status_code == 422
    assert client.post("/masuk/kode/", {"code": outbox.code}).status_code == 302


def test_somebody_signed_in_does_not_sign_in_again(client):
    sign_in(client)

    assert client.get("/masuk/?next=/akun/").url == "/akun/"


def test_the_key_of_the_session_changes_at_sign_in(client):
    ask(client)
    before = client.session.session_key
    client.post("/masuk/kode/", {"code": outbox.code})

    assert client.session.session_key != before


def test_signing_out_everywhere_ends_every_browser(client):
    sign_in(client)
    other = Client()
    sign_in(other)
    person = User.objects.get()
    assert sessions.browsers_of(person) == 2

    client.post("/akun/keluar-semua/")

    assert sessions.browsers_of(person) == 0
    assert other.get("/akun/").status_code == 302


def test_signing_out_here_leaves_the_other_browser(client):
    sign_in(client)
    other = Client()
    sign_in(other)

    client.post("/keluar/")

    assert client.get("/akun/").status_code == 302 and other.get("/akun/").status_code == 200


def test_a_new_number_is_taken_by_its_code(client):
    sign_in(client)
    assert client.post("/akun/nomor/", {"phone": "0811 1111 1111"}).url == "/akun/nomor/kode/"
    assert outbox[-1][0] == "+6281111111111"

    answer = client.post("/akun/nomor/kode/", {"code": outbox.code})

    assert answer.url == "/akun/"
    assert User.objects.get().phone == "+6281111111111"


def test_a_taken_number_is_said_only_to_who_holds_it(client):
    enter(ask_code("+6281111111111"), outbox.code)
    sign_in(client)
    assert client.post("/akun/nomor/", {"phone": "0811 1111 1111"}).url == "/akun/nomor/kode/"

    wrong = client.post("/akun/nomor/kode/", {"code": outbox.wrong_code})
    right = client.post("/akun/nomor/kode/", {"code": outbox.code})

    assert (wrong.status_code, right.status_code) == (422, 409)
    assert 'data-code="phone-taken"' in right.content.decode()


def test_the_account_needs_somebody_signed_in(client):
    for address in ("/akun/", "/akun/nomor/", "/akun/nomor/kode/"):
        assert client.get(address).url == f"/masuk/?next={address}"


def test_the_language_of_messages_is_that_of_the_page(client):
    client.get("/masuk/?bahasa=en")
    sign_in(client)

    assert User.objects.get().language == "en"
