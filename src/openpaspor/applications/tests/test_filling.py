"""The pages of a draft: saved when sent, resumed anywhere, kind to people and strict with what cannot be."""

from datetime import date

import pytest
from django.utils import translation

from openpaspor.applications import dossier
from openpaspor.applications.answers import Answers
from openpaspor.applications.models import Application, Kind
from openpaspor.applications.tests.people import (
    CONTACT,
    FIVE,
    IDENTITY,
    JOURNEY,
    NOW,
    OLD,
    RANI,
    make_draft,
    make_submitted,
    make_user,
    make_whole,
    signed_in,
    three,
)
from openpaspor.journey import State
from openpaspor.kit import clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_known_day(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def user():
    return make_user()


@pytest.fixture
def client(user):
    return signed_in(user)


def answers_of(application) -> Answers:
    return dossier.open_answers(application, actor="worker", why="test", now=NOW)


def fill(client, application, slug, typed, **query):
    words = "?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else ""
    return client.post(f"/permohonan/{application.ref}/isi/{slug}/{words}", typed)


def test_every_page_is_saved_when_it_is_sent_and_shown_again(client, user):
    draft = make_draft(user, answers=Answers())

    fill(client, draft, "identitas", IDENTITY)

    saved = answers_of(draft)
    assert (saved.full_name, saved.nik, saved.born) == ("Rani Puspita", "3174096703990003", date(1999, 3, 27))
    page = signed_in(user).get(f"/permohonan/{draft.ref}/isi/identitas/").content.decode()
    assert 'value="Rani Puspita"' in page and 'value="1999"' in page


@pytest.mark.parametrize(
    ("nik", "code"),
    [
        ("31740967039900O3", "nik-letters"),
        ("٣١٧٤٠٩٦٧٠٣٩٩٠٠٠٣", "nik-other-digits"),
        ("317409670399000", "nik-length"),
        ("3174096713990003", "nik-date"),
        ("3174096703990000", "nik-serial"),
        ("", "required"),
    ],
)
def test_what_cannot_be_a_nik_is_refused_in_one_sentence_and_nothing_is_lost(client, user, nik, code):
    draft = make_draft(user, answers=Answers())

    page = fill(client, draft, "identitas", {**IDENTITY, "nik": nik})

    assert page.status_code == 422
    assert f'data-code="{code}"' in page.content.decode()
    assert 'value="Rani Puspita"' in page.content.decode()
    assert answers_of(draft).nik == ""


def test_an_odd_nik_is_saved_warned_of_once_and_then_passes(client, user):
    draft = make_draft(user, answers=Answers())
    typed = {**IDENTITY, **three("born", date(1999, 3, 28)), "sex": "M"}

    warned = fill(client, draft, "identitas", typed)
    page = client.get(warned.url)
    again = fill(client, draft, "identitas", {**typed, "warned": page.context["form"].initial["warned"]})

    assert answers_of(draft).born == date(1999, 3, 28)
    assert warned.url.endswith("?ingat=1")
    assert len(page.context["warnings"]) == 2
    assert f'href="/permohonan/{draft.ref}/isi/kontak/"' in page.content.decode()
    assert again.url == f"/permohonan/{draft.ref}/isi/kontak/"


def test_a_changed_answer_after_a_warning_is_warned_of_anew(client, user):
    draft = make_draft(user, answers=Answers())
    typed = {**IDENTITY, "sex": "M", "warned": "sex-differs"}

    assert "kontak" in fill(client, draft, "identitas", typed).url
    assert "ingat=1" in fill(client, draft, "identitas", {**typed, **three("born", date(1990, 1, 1))}).url


@pytest.mark.parametrize("name", ["A", "Sukarno", "O'Neill", "Raden Mas " + "Kusumo " * 15, "N’Diaye Sari"])
def test_names_of_one_word_one_letter_and_120_letters_are_names(client, user, name):
    draft = make_draft(user, answers=Answers())

    sent = fill(client, draft, "identitas", {**IDENTITY, "full_name": name})

    assert sent.status_code == 302
    assert answers_of(draft).full_name == " ".join(name.split())
    assert client.get(f"/permohonan/{draft.ref}/periksa/").status_code == 200


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Rani <b>", "name-signs"),
        ("Rani 😀", "name-signs"),
        ("Rani 2", "name-digits"),
        ("x" * 121, "name-too-long"),
        ("  ", "required"),
        ("x" * 300, "max_length"),
    ],
)
def test_what_is_no_name_is_said_kindly_and_never_runs(client, user, name, code):
    draft = make_draft(user, answers=Answers())

    page = fill(client, draft, "identitas", {**IDENTITY, "full_name": name})

    assert page.status_code == 422
    assert f'data-code="{code}"' in page.content.decode()
    assert "<b>" not in page.content.decode().split("<main")[1].split("</main>")[0]


@pytest.mark.parametrize(
    ("day", "ok"),
    [
        (("29", "2", "1996"), True),
        (("29", "2", "1999"), False),
        (("31", "4", "1990"), False),
        (("1", "1", "1850"), False),
        (("1", "1", "2027"), False),
        (("٢٧", "3", "1999"), False),
    ],
)
def test_only_days_that_exist_and_have_passed_are_birth_dates(client, user, day, ok):
    draft = make_draft(user, answers=Answers())
    typed = {
        **IDENTITY,
        "born_day": day[0],
        "born_month": day[1],
        "born_year": day[2],
        "warned": "birth-date-differs",
    }

    assert fill(client, draft, "identitas", typed).status_code == (302 if ok else 422)


def test_an_address_may_hold_any_sign_and_is_shown_as_text(client, user):
    draft = make_whole(user)

    fill(client, draft, "kontak", {**CONTACT, "address": "Gg. <script>alert(1)</script> 😀"})

    page = client.get(f"/permohonan/{draft.ref}/periksa/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; 😀" in page


@pytest.mark.parametrize("phone", ["0812 3456", "+1 202 555 0100", "08١٢٣٤٥٦٧٨٩"])
def test_a_foreign_or_short_number_is_refused(client, user, phone):
    draft = make_draft(user, answers=Answers())

    page = fill(client, draft, "kontak", {**CONTACT, "phone": phone})

    assert page.status_code == 422
    assert 'data-code="phone-invalid"' in page.content.decode()


def test_the_phone_number_of_the_account_is_offered(client, user):
    draft = make_draft(user, answers=Answers())

    assert client.get(f"/permohonan/{draft.ref}/isi/kontak/").context["form"].initial["phone"] == user.phone


def test_priority_is_kept_on_the_row_for_the_hall(client, user):
    draft = make_draft(user, answers=Answers())

    fill(client, draft, "kontak", {**CONTACT, "priority": "pregnant"})

    draft.refresh_from_db()
    assert draft.priority == "pregnant"


def test_an_adult_of_16_is_told_so_and_may_go_on_as_a_child(client, user):
    draft = make_draft(user, kind=Kind.ADULT_NEW, answers=Answers())
    typed = {**IDENTITY, "nik": "3174096703120003", **three("born", date(2012, 3, 27))}

    sent = fill(client, draft, "identitas", typed)
    page = client.get(sent.url)
    changed = client.post(sent.url)

    assert sent.url == f"/permohonan/{draft.ref}/tidak-bisa/"
    assert page.status_code == 200
    draft.refresh_from_db()
    assert (draft.kind, draft.years) == ("child", 5)
    assert answers_of(draft).full_name == "Rani Puspita"
    assert changed.url.startswith(f"/permohonan/{draft.ref}/isi/")


def test_a_passport_that_is_still_good_is_its_own_page_not_an_error(client, user):
    draft = make_draft(user)
    typed = {**OLD, **three("old_expires_on", date(2028, 5, 5))}

    sent = fill(client, draft, "paspor-lama", typed)
    page = client.get(sent.url, {"bahasa": "en"})

    assert sent.url == f"/permohonan/{draft.ref}/tidak-bisa/"
    assert "5 November 2027" in page.content.decode()


@pytest.mark.parametrize("number", ["1234567", "C12", "C12345678", "<C1234567>"])
def test_a_passport_number_has_letters_and_digits(client, user, number):
    page = fill(client, make_draft(user), "paspor-lama", {**OLD, "old_number": number})

    assert page.status_code == 422
    assert 'data-code="passport-number"' in page.content.decode()


def test_an_old_passport_from_abroad_asks_for_the_papers_of_a_new_one(client, user):
    draft = make_draft(user)

    fill(client, draft, "paspor-lama", {**OLD, "old_place": "abroad"})

    papers = client.get(f"/permohonan/{draft.ref}/berkas/")
    assert [line.paper.code for line in papers.context["lines"]] == ["ktp", "kk", "birth", "old-passport"]


def test_the_journey_may_stay_open(client, user):
    draft = make_draft(user, answers=Answers(old_reason="expired"))

    assert fill(client, draft, "perjalanan", {"purpose": "other"}).status_code == 302
    passed = fill(client, draft, "perjalanan", {**JOURNEY, **three("travel_on", date(2026, 11, 23))})
    assert passed.status_code == 422


CHILD = Answers(
    full_name="Made Putra",
    nik="5171012703180002",
    born=date(2018, 3, 27),
    birth_place="Denpasar",
    sex="M",
    phone="+6281200000001",
    address="Jalan Hang Tuah 1, Denpasar",
    purpose="tourism",
)
PARENTS = {
    "mother_name": "Ni Luh Sari",
    "mother_nik": "5171014503900001",
    "father_name": "Ketut",
    "father_nik": "5171010503880001",
}


def test_a_child_needs_both_parents_with_their_nik(client, user):
    draft = make_draft(user, kind=Kind.CHILD, answers=CHILD)

    assert fill(client, draft, "orang-tua", {**PARENTS, "father_nik": ""}).status_code == 422
    assert (
        fill(client, draft, "orang-tua", {**PARENTS, "father_name": "", "father_nik": ""}).status_code == 422
    )
    assert fill(client, draft, "orang-tua", {}).status_code == 422
    assert fill(client, draft, "orang-tua", {**PARENTS, "one_parent": "on"}).status_code == 422
    assert fill(client, draft, "orang-tua", PARENTS).status_code == 302


def test_one_parent_alone_leaves_out_the_other_ones_card(client, user):
    draft = make_draft(user, kind=Kind.CHILD, answers=CHILD)
    alone = {**PARENTS, "father_name": "", "father_nik": "", "one_parent": "on"}

    sent = fill(client, draft, "orang-tua", alone)
    papers = client.get(f"/permohonan/{draft.ref}/berkas/")

    assert sent.status_code == 302
    assert "father-ktp" not in [line.paper.code for line in papers.context["lines"]]


def test_a_child_gets_five_years_and_no_civil_status(client, user):
    draft = make_draft(user, kind=Kind.CHILD, answers=CHILD)

    page = client.get(f"/permohonan/{draft.ref}/isi/paspor/").context["form"]
    fill(client, draft, "paspor", {"booklet": "regular", "years": "10"})

    draft.refresh_from_db()
    assert "years" not in page.fields
    assert (draft.booklet, draft.years) == ("regular", 5)
    assert "civil_status" not in client.get(f"/permohonan/{draft.ref}/isi/identitas/").context["form"].fields


def test_a_change_from_the_check_page_returns_there(client, user):
    draft = make_whole(user)

    sent = fill(client, draft, "kontak", CONTACT, kembali="periksa")

    assert sent.url == f"/permohonan/{draft.ref}/periksa/"


def test_somebody_elses_application_does_not_exist(user):
    draft = make_whole(user)
    stranger = signed_in()

    for page in (
        "",
        "isi/identitas/",
        "berkas/",
        "berkas/ktp/",
        "berkas/ktp/gambar",
        "periksa/",
        "lanjut/",
        "status/",
        "tarik/",
        "hapus/",
        "tidak-bisa/",
    ):
        assert stranger.get(f"/permohonan/{draft.ref}/{page}").status_code == 404, page
    for page in ("isi/identitas/", "berkas/ktp/", "berkas/ktp/bawa/", "periksa/", "tarik/", "hapus/"):
        assert stranger.post(f"/permohonan/{draft.ref}/{page}", IDENTITY).status_code == 404, page


@pytest.mark.parametrize(
    "path", ["op-2222-2222/", "OP-2222-222/", "OP-2222-2222%00/", "OP-ZZZZ-ZZZZ/", "OP-2222-2222/isi/tidak/"]
)
def test_an_address_that_is_no_application_is_404(client, path):
    assert client.get(f"/permohonan/{path}").status_code == 404


def test_pages_of_other_kinds_are_404(client, user):
    assert client.get(f"/permohonan/{make_draft(user).ref}/isi/orang-tua/").status_code == 404
    new = make_draft(user, kind=Kind.ADULT_NEW, answers=Answers())
    assert client.get(f"/permohonan/{new.ref}/isi/paspor-lama/").status_code == 404


def test_two_tabs_never_write_into_a_sent_application(client, user):
    sent = make_submitted(user)

    page = fill(client, sent, "identitas", {**IDENTITY, "full_name": "Somebody Else"})

    assert page.status_code == 409
    assert 'data-code="move-refused"' in page.content.decode()
    assert answers_of(sent).full_name == RANI.full_name
    assert client.get(f"/permohonan/{sent.ref}/isi/identitas/").url == f"/permohonan/{sent.ref}/status/"


def test_a_double_click_on_start_opens_one_draft(client, user):
    typed = {**FIVE, "nonce": "abcdefgh1234"}

    first, second = client.post("/permohonan/baru/", typed), client.post("/permohonan/baru/", typed)

    assert first.url == second.url
    assert Application.objects.of(user).count() == 1


def test_the_sixth_open_application_is_refused_with_the_way_back(client, user):
    for _one in range(5):
        make_draft(user)

    page = client.post("/permohonan/baru/", FIVE)

    assert page.status_code == 409
    assert 'data-code="too-many-applications"' in page.content.decode()
    assert 'href="/permohonan/"' in page.content.decode()


def test_a_forged_start_cannot_open_what_is_served_in_person(client, user):
    assert client.post("/permohonan/baru/", {**FIVE, "had": "lost"}).url == "/cek/"
    assert not Application.objects.of(user).exists()


def test_the_task_list_says_what_is_done_and_what_waits(client, user):
    draft = make_draft(user, answers=Answers(old_reason="expired"))
    fill(client, draft, "identitas", IDENTITY)

    page = client.get(f"/permohonan/{draft.ref}/", {"bahasa": "en"})

    with translation.override("en"):
        tones = [(str(task.title), task.tone) for task in page.context["tasks"]]
    assert tones == [
        ("Fill in who it is for", "info"),
        ("Fill in the old passport", "todo"),
        ("Fill in the journey", "todo"),
        ("Photograph the papers", "todo"),
        ("Check and send", "quiet"),
        ("Choose office and time", "quiet"),
        ("Pay", "quiet"),
    ]
    assert page.context["next_url"].endswith("/isi/kontak/")


def test_a_deleted_draft_leaves_nothing_that_can_be_read(client, user):
    draft = make_whole(user)

    sent = client.post(f"/permohonan/{draft.ref}/hapus/")
    again = client.post(f"/permohonan/{draft.ref}/hapus/")

    draft.refresh_from_db()
    assert (sent.status_code, again.status_code) == (302, 302)
    assert draft.state == State.EXPIRED
    assert not draft.keys.exists()
    assert not hasattr(draft, "dossier")
    assert draft.ref not in client.get("/permohonan/").content.decode()
    assert client.get(f"/permohonan/{draft.ref}/status/").status_code == 200
