"""What the applicant says to the centre, and who decides then."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from openpaspor.adjudication import actions, sweeps
from openpaspor.adjudication.models import Case
from openpaspor.applications import dossier
from openpaspor.applications.models import Application
from openpaspor.kit import clock
from openpaspor.ledger.worker import work_until_idle

from .making import MONDAY, action, decide, make_applicant, make_case, make_picture, take

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(minutes=2)


@pytest.fixture(autouse=True)
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: LATER)


@pytest.fixture
def rani(client):
    person = make_applicant()
    client.force_login(person)
    client.person = person
    return client


def asked(person) -> Application:
    case = make_case(account=person)
    decide(case, "ask", "purpose-unclear", actor="S-C1")
    sweeps.let_decisions_count(now=LATER)
    return Application.objects.get(pk=case.application_id)


def refused(person) -> Application:
    case = make_case(account=person)
    decide(case, "refuse", "statement-differs", actor="S-C1")
    decide(case, "refuse", "statement-differs", actor="S-C2")
    sweeps.let_decisions_count(now=LATER)
    return Application.objects.get(pk=case.application_id)


def said(application: Application) -> dict[str, str]:
    return dossier.open_answers(application, actor="worker", why="test", now=LATER).interview


def test_an_answer_goes_into_the_dossier_and_the_file_comes_back(rani):
    application = asked(rani.person)
    address = f"/permohonan/{application.ref}/jawab/"
    assert rani.get(address).status_code == 200

    photo = SimpleUploadedFile("surat.jpg", make_picture(), content_type="image/jpeg")
    answer = rani.post(address, {"nonce": "nonce-answer", "text": "Saya umrah dengan ibu.", "photo": photo})

    application.refresh_from_db()
    assert answer.url == f"/permohonan/{application.ref}/status/"
    assert (application.state, application.asked, application.owed_until) == ("ENROLLED", "", None)
    assert "Saya umrah dengan ibu." in said(application).values()
    work_until_idle(with_sweeps=False)
    application.refresh_from_db()
    case = Case.objects.get(application=application)
    assert (application.state, case.round, case.is_open) == ("REVIEW", 2, True)


def test_an_empty_answer_is_asked_for_again(rani):
    application = asked(rani.person)

    answer = rani.post(f"/permohonan/{application.ref}/jawab/", {"nonce": "nonce-answer", "text": "  "})

    assert answer.status_code == 422
    assert Application.objects.get().state == "ASKED"


def test_too_long_an_answer_comes_back_whole(rani):
    application = asked(rani.person)

    answer = rani.post(f"/permohonan/{application.ref}/jawab/", {"nonce": "nonce-answer", "text": "x" * 501})

    assert answer.status_code == 422
    assert "x" * 501 in answer.content.decode()


def test_a_late_answer_is_refused_with_what_one_can_do(rani):
    application = asked(rani.person)

    with pytest.raises(actions.AnswerTooLate):
        actions.answer(application, "Maaf", action_id=action(), actor="A-1", now=MONDAY + timedelta(days=15))


def test_somebody_elses_question_does_not_exist(rani):
    application = asked(make_applicant())

    assert rani.get(f"/permohonan/{application.ref}/jawab/").status_code == 404
    assert rani.get(f"/permohonan/{application.ref}/keberatan/").status_code == 404


def test_nothing_is_asked_of_whom_nobody_asked(rani):
    application = make_case(account=rani.person).application

    page = rani.get(f"/permohonan/{application.ref}/jawab/")

    assert page.status_code == 200 and b'<form method="post" enctype' not in page.content


def test_an_objection_reopens_the_case_for_other_people(rani):
    application = refused(rani.person)
    address = f"/permohonan/{application.ref}/keberatan/"
    assert rani.get(address).status_code == 200

    rani.post(address, {"nonce": "nonce-object", "text": "Surat saya lengkap."})
    work_until_idle(with_sweeps=False)

    application.refresh_from_db()
    case = Case.objects.get(application=application)
    assert (application.state, case.objection, case.is_open) == ("REVIEW", True, True)
    for decided_before in ("S-C1", "S-C2"):
        with pytest.raises(actions.NothingWaits):
            take(decided_before, LATER)
    assert take("S-C3", LATER) == case


def test_after_the_objection_days_it_is_too_late(rani):
    application = refused(rani.person)

    with pytest.raises(actions.ObjectionTooLate):
        actions.object_to_refusal(
            application, "Maaf", action_id=action(), actor="A-1", now=LATER + timedelta(days=31)
        )


def test_an_answer_sent_twice_counts_once(rani):
    application = asked(rani.person)
    address = f"/permohonan/{application.ref}/jawab/"
    typed = {"nonce": "nonce-answer", "text": "Saya umrah."}

    assert rani.post(address, typed).status_code == 302
    assert rani.post(address, typed).status_code == 302
    assert list(said(application).values()).count("Saya umrah.") == 1
