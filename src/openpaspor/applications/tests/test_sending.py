"""The check page and what is fixed when an application is sent."""

import pytest

from openpaspor.applications import actions, dossier
from openpaspor.applications.models import Application
from openpaspor.applications.tests.people import (
    NOW,
    RANI,
    make_draft,
    make_submitted,
    make_user,
    make_whole,
    signed_in,
)
from openpaspor.journey import State
from openpaspor.kit import clock
from openpaspor.ledger.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_known_day(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def user():
    return make_user()


def send(client, application, nonce="abcdefgh1234", **typed):
    return client.post(f"/permohonan/{application.ref}/periksa/", {"truth": "on", "nonce": nonce, **typed})


def test_the_check_page_shows_the_name_as_the_machine_reads_it_and_what_is_cut(user):
    long = RANI.with_changes(full_name="Raden Ajeng Kusumawardhani Prameswari Notodiningrat")
    draft = make_draft(user, answers=long)

    page = signed_in(user).get(f"/permohonan/{draft.ref}/periksa/", {"bahasa": "en"}).content.decode()

    assert "RADEN&lt;AJENG&lt;KUSUMAWARDHANI&lt;PRAMESWARI&lt;N" in page
    assert "The line has 39 places." in page
    assert "Rp950.000" in page


def test_missing_things_are_links_and_cannot_be_sent(user):
    client, draft = signed_in(user), make_draft(user, answers=RANI.with_changes(address=""))

    page = client.get(f"/permohonan/{draft.ref}/periksa/").content.decode()
    sent = send(client, draft)

    for link in ("isi/kontak/", "berkas/ktp/", "berkas/old-passport/"):
        assert f'href="/permohonan/{draft.ref}/{link}"' in page
    assert sent.status_code == 422
    assert 'data-code="answers-missing"' in sent.content.decode()
    draft.refresh_from_db()
    assert draft.state == State.DRAFT


def test_the_statement_of_truth_must_be_made(user):
    client, draft = signed_in(user), make_whole(user)

    page = client.post(f"/permohonan/{draft.ref}/periksa/", {})

    assert page.status_code == 422
    assert 'data-code="required"' in page.content.decode()


def test_sending_fixes_identity_and_remembers_the_statement(user):
    client, draft = signed_in(user), make_whole(user)

    sent = send(client, draft)

    draft.refresh_from_db()
    assert sent.url == f"/permohonan/{draft.ref}/lanjut/"
    assert draft.state == State.SUBMITTED
    assert draft.nik_key and draft.person_key and draft.born_key
    assert dossier.open_answers(draft, actor="worker", why="test", now=NOW).truth_stated


def test_a_double_click_sends_once(user):
    client, draft = signed_in(user), make_whole(user)

    first, second, other_tab = (
        send(client, draft),
        send(client, draft),
        send(client, draft, nonce="zyxwvuts9876"),
    )

    assert first.url == second.url == other_tab.url
    moves = Entry.objects.filter(kind="applications.moved", application=draft.ref)
    assert moves.count() == 1


def test_one_account_sends_one_application_for_one_person(user):
    first, second = make_submitted(user), make_whole(user)

    page = send(signed_in(user), second)

    assert page.status_code == 409
    assert 'data-code="already-applied"' in page.content.decode()
    assert first.ref in page.content.decode()


def test_after_an_end_the_same_person_may_apply_again(user):
    first = make_submitted(user)
    actions.withdraw(first, action_id="w", actor=user.code, now=NOW)
    second = make_whole(user)

    assert send(signed_in(user), second).status_code == 302


def test_old_people_get_the_priority_line_by_themselves(user):
    old = RANI.with_changes(nik="3174096703500003", born=RANI.born.replace(year=1950))
    draft = make_submitted(user, answers=old)

    assert draft.priority == "elderly"


def test_what_has_become_impossible_overnight_is_not_sent(user):
    draft = make_whole(user, answers=RANI.with_changes(old_expires_on=RANI.old_expires_on.replace(year=2030)))

    with pytest.raises(actions.NotEligible):
        actions.declare(draft, action_id="late", actor=user.code, now=NOW)

    assert Application.objects.get(pk=draft.pk).state == State.DRAFT


@pytest.mark.parametrize(
    ("state", "where"),
    [
        (State.DRAFT, ""),
        (State.ARRIVED, "status/"),
        (State.REVIEW, "status/"),
        (State.READY, "status/"),
    ],
)
def test_next_leads_to_where_it_goes_on(user, state, where):
    draft = make_draft(user)
    Application.objects.filter(pk=draft.pk).update(state=state)

    assert signed_in(user).get(f"/permohonan/{draft.ref}/lanjut/").url == f"/permohonan/{draft.ref}/{where}"


def test_withdrawing_says_what_it_does_to_the_money(user):
    client, sent = signed_in(user), make_submitted(user)
    Application.objects.filter(pk=sent.pk).update(bill_status="paid", bill_amount_idr=950000)

    page = client.get(f"/permohonan/{sent.ref}/tarik/", {"bahasa": "en"}).content.decode()
    done = client.post(f"/permohonan/{sent.ref}/tarik/")
    again = client.post(f"/permohonan/{sent.ref}/tarik/")

    assert "Your fee is not paid back." in page and "Rp950.000" in page
    assert (done.status_code, again.status_code) == (302, 302)
    sent.refresh_from_db()
    assert sent.state == State.WITHDRAWN


def test_what_is_at_the_centre_cannot_be_withdrawn(user):
    client, sent = signed_in(user), make_submitted(user)
    Application.objects.filter(pk=sent.pk).update(state=State.REVIEW)

    assert client.get(f"/permohonan/{sent.ref}/tarik/").status_code == 302
    assert client.post(f"/permohonan/{sent.ref}/tarik/").status_code == 409
