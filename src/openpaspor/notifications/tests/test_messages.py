"""What people are told, when something is said in the log."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from django.db import connection, transaction

from openpaspor import journey
from openpaspor.applications import actions as applications
from openpaspor.applications.models import Application, Kind
from openpaspor.applications.tests.people import NOW, RANI, make_draft, make_user, signed_in
from openpaspor.facts import Fact
from openpaspor.facts.adjudication import Asked
from openpaspor.facts.applications import Moved
from openpaspor.facts.appointments import PlaceBooked, PlaceChanged, PlaceFreed
from openpaspor.facts.intake import Enrolled, PapersOwed
from openpaspor.facts.issuance import CollectReminder, Shelved
from openpaspor.facts.payments import BillOpened, MoneyUnmatched, Settled
from openpaspor.ledger.models import Cursor
from openpaspor.ledger.record import record
from openpaspor.ledger.worker import work_until_idle
from openpaspor.notifications.models import Message, Status
from openpaspor.notifications.sweeps import send_queued

pytestmark = pytest.mark.django_db
AT = datetime.fromisoformat("2026-11-25T09:30:00+08:00")


def make_submitted(user=None, **more) -> Application:
    application = make_draft(user or make_user(), **more)
    applications.submit(application, action_id=f"submit-{application.ref}", actor="A-1", now=NOW)
    applications.tell(application, actor="A-1", now=NOW, office="DENPASAR")
    work_until_idle(with_sweeps=False)
    Message.objects.all().delete()
    return application


def say(*facts: Fact) -> list[Message]:
    """Record the facts, let the worker read and send, and give back what was written, in order."""
    with transaction.atomic():
        for fact in facts:
            record(fact, actor="worker", now=NOW)
    work_until_idle(with_sweeps=False)
    send_queued(now=NOW)
    return list(Message.objects.order_by("id"))


def test_the_number_comes_with_the_submission():
    user = make_user()
    application = make_draft(user)
    applications.submit(application, action_id="s", actor=user.code, now=NOW)

    work_until_idle(with_sweeps=False)
    send_queued(now=NOW)

    [message] = Message.objects.all()
    assert (message.template, message.to, message.application) == ("NOMOR", user.phone, application.ref)
    assert application.ref in message.text and message.status == Status.SENT


def test_a_bill_names_sum_time_and_code():
    application = make_submitted()
    bill = BillOpened(code="820261124000123", applications=(application.ref,), amount_idr=650_000, due_at=AT)

    [message] = say(bill)

    assert message.template == "BAYAR" and message.code == "820261124000123"
    assert "Rp650.000" in message.text and "Rab 25 Nov 09.30 WITA" in message.text


def test_whoever_was_told_to_collect_is_told_when_the_booklet_is_written_off():
    application = make_submitted()
    gone = {"application": application.ref, "move": "spoil", "target": "APPROVED", "reason": "damaged"}
    moved = {"term": 1, "version": 90, "custodian": "denpasar"}

    before = say(Moved(**gone, **moved, origin="PRINTED"))
    [message] = say(Moved(**gone, **moved | {"version": 91}, origin="READY"))

    assert before == [] and message.template == "RUSAK"
    assert "Jangan datang dulu" in message.text


def test_a_bill_after_the_interview_holds_no_place():
    application = make_submitted()
    Application.objects.update(state=journey.State.ENROLLED)

    [message] = say(BillOpened(code="8", applications=(application.ref,), amount_idr=650_000, due_at=AT))

    assert message.template == "TAGIHAN" and "dicetak setelah dibayar" in message.text


def test_a_family_gets_one_message_about_one_bill():
    user = make_user()
    refs = tuple(make_submitted(user).ref for _person in range(2))

    assert len(say(BillOpened(code="8", applications=refs, amount_idr=1_300_000, due_at=AT))) == 1


@pytest.mark.parametrize(
    ("why", "template"), [("chosen", "JANJI"), ("rescued", "JANJI"), ("reseated", "PILIHKAN")]
)
def test_a_booked_place_names_office_time_and_reference(why, template):
    application = make_submitted()
    place = PlaceBooked(application=application.ref, office="DENPASAR", starts_at=AT, pass_number=1, why=why)

    [message] = say(place)

    assert message.template == template
    for word in ("Rab 25 Nov 09.30 WITA", "Kanim Denpasar", application.ref):
        assert word in message.text


def test_an_appointment_names_its_person_shortly():
    application = make_submitted(answers=replace(RANI, full_name="Rani Puspita Dewi"))

    [message] = say(
        PlaceBooked(application=application.ref, office="JAYAPURA", starts_at=AT, pass_number=1, why="chosen")
    )

    assert "RANI P." in message.text and "10.30 WIT," in message.text and "Puspita" not in message.text


@pytest.mark.parametrize(("why", "template"), [("changed", "UBAH"), ("day-closed", "PINDAH")])
def test_a_changed_place_says_who_changed_it(why, template):
    application = make_submitted()
    old = {"old_office": "DENPASAR", "old_starts_at": AT}

    [message] = say(
        PlaceChanged(
            application=application.ref,
            office="DENPASAR",
            starts_at=AT + timedelta(days=1),
            pass_number=2,
            why=why,
            **old,
        )
    )

    assert message.template == template and "Kam 26 Nov 09.30 WITA" in message.text


@pytest.mark.parametrize(
    ("reason", "templates"),
    [("unpaid", ["LEWAT"]), ("day-closed", ["TUTUP"]), ("withdrawn", []), ("given-up", [])],
)
def test_a_freed_place_is_told_where_it_surprises(reason, templates):
    application = make_submitted()

    told = say(PlaceFreed(application=application.ref, office="DENPASAR", starts_at=AT, reason=reason))

    assert [message.template for message in told] == templates


def test_money_is_told_when_it_comes_and_when_it_must_be_matched():
    application = make_submitted()

    told = say(
        MoneyUnmatched(
            provider="demo", transaction="t1", amount_idr=1, reason="short", application=application.ref
        ),
        Settled(application=application.ref, bill="820261124000123", paid_at=AT),
        MoneyUnmatched(provider="demo", transaction="t2", amount_idr=1, reason="no-bill"),
    )

    assert [message.template for message in told] == ["DICATAT", "LUNAS"]
    assert "Jangan bayar lagi" in told[0].text


def test_owed_papers_are_named_shortly():
    application = make_submitted()

    [message] = say(PapersOwed(application=application.ref, papers=("kk", "birth"), until=date(2026, 12, 1)))

    assert message.template == "KURANG"
    assert "KK, akta lahir" in message.text and "1 Des 2026" in message.text


def test_owed_things_that_are_no_papers_are_on_the_page():
    application = make_submitted()

    [message] = say(
        PapersOwed(application=application.ref, papers=("kk", "examination"), until=date(2026, 12, 1))
    )

    assert "KK, yang tercantum di halaman Anda" in message.text


def test_the_visit_ends_with_a_date_or_without():
    application = make_submitted()

    told = say(
        Enrolled(application=application.ref, office="DENPASAR", promised_on=date(2026, 12, 1)),
        Enrolled(application=application.ref, office="DENPASAR"),
    )

    assert [message.template for message in told] == ["FOTO", "SELESAI"]


@pytest.mark.parametrize(
    ("reasons", "template"), [(("paper-unreadable",), "BAIKI"), (("paper-unreadable", "purpose"), "TANYA")]
)
def test_a_question_names_its_day(reasons, template):
    application = make_submitted()

    [message] = say(Asked(application=application.ref, reasons=reasons, until=date(2026, 12, 8)))

    assert message.template == template and "8 Des 2026" in message.text


def test_a_passport_on_the_shelf_is_told_and_reminded():
    application = make_submitted()
    until = date(2026, 12, 24)

    told = say(
        Shelved(application=application.ref, serial="X1", rack="A1", collect_by=until),
        CollectReminder(application=application.ref, day=7, collect_by=until),
    )

    assert [message.template for message in told] == ["SIAP", "INGAT"]
    assert all("24 Des 2026" in message.text and "Kanim Denpasar" in message.text for message in told)


def test_a_withdrawn_application_is_told_but_not_a_deleted_draft():
    user = make_user()
    application, draft = make_submitted(user), make_draft(user)

    for number, gone in enumerate((application, draft)):
        applications.withdraw(gone, action_id=f"w{number}", actor=user.code, now=NOW)
    work_until_idle(with_sweeps=False)

    assert [message.application for message in Message.objects.all()] == [application.ref]


def test_a_stop_and_its_end_are_told():
    application = make_submitted()

    applications.order_stop(application, "watch-list", actor="S-1", now=NOW)
    applications.lift_stop(application, actor="S-1", now=NOW)
    work_until_idle(with_sweeps=False)

    assert [message.template for message in Message.objects.order_by("id")] == ["TAHAN", "LANJUT"]


def test_messages_are_in_the_language_of_the_account():
    user = make_user()
    user.language = "en"
    user.save()
    application = make_submitted(user)

    [message] = say(Settled(application=application.ref, bill="8", paid_at=AT))

    assert message.language == "en" and "your payment" in message.text


def test_a_walk_in_without_account_is_told_at_the_phone_of_the_form():
    application = applications.start_application(
        Kind.ADULT_REPLACE, action_id="w", actor="S-1", now=NOW, channel="counter", answers=RANI
    )

    [message] = say(Settled(application=application.ref, bill="8", paid_at=AT))

    assert message.to == RANI.phone


def test_who_has_no_phone_is_told_nothing():
    application = applications.start_application(
        Kind.ADULT_REPLACE,
        action_id="w",
        actor="S-1",
        now=NOW,
        channel="counter",
        answers=replace(RANI, phone=""),
    )

    assert say(Settled(application=application.ref, bill="8", paid_at=AT)) == []


def test_a_log_that_is_read_twice_tells_nobody_twice():
    application = make_submitted()
    say(Settled(application=application.ref, bill="8", paid_at=AT))

    Cursor.objects.filter(follower__startswith="notifications.").delete()
    work_until_idle(with_sweeps=False)

    assert Message.objects.filter(template="LUNAS").count() == 1


def test_a_sender_that_fails_is_tried_five_times(settings):
    settings.MESSAGE_SENDER = "openpaspor.notifications.tests.test_messages.broken_sender"
    application = make_submitted()
    [message] = say(Settled(application=application.ref, bill="8", paid_at=AT))
    assert (message.status, message.tries) == (Status.QUEUED, 1)

    for _time in range(5):
        send_queued(now=NOW)

    message.refresh_from_db()
    assert (message.status, message.tries) == (Status.FAILED, 5)


def broken_sender(message: Message) -> None:
    raise OSError("the gateway is down")


def test_messages_can_go_out_as_mails(settings, mailoutbox):
    settings.MESSAGE_SENDER = "openpaspor.notifications.channels.console_email.send"
    application = make_submitted()

    say(Settled(application=application.ref, bill="8", paid_at=AT))

    assert mailoutbox[-1].subject == "LUNAS" and application.ref in mailoutbox[-1].body


def test_neither_number_nor_text_stands_in_the_database_in_clear():
    user = make_user()
    application = make_submitted(user, answers=RANI)
    say(
        PlaceBooked(application=application.ref, office="DENPASAR", starts_at=AT, pass_number=1, why="chosen")
    )

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM notifications_message")
        rows = repr(
            [[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in cursor.fetchall()]
        )
    assert "RANI" not in rows and user.phone[3:] not in rows


def test_the_owner_reads_what_we_wrote_and_nobody_else_does():
    user = make_user()
    application = make_submitted(user)
    say(Settled(application=application.ref, bill="820261124000123", paid_at=AT))

    mine = signed_in(user).get(f"/permohonan/{application.ref}/pesan/")

    assert mine.status_code == 200 and b"820261124000123" in mine.content
    assert signed_in().get(f"/permohonan/{application.ref}/pesan/").status_code == 404


def test_nobody_is_called_for_a_passport_that_was_stopped_before_the_shelf_was_heard_of():
    application = make_submitted()
    until = date(2026, 12, 24)
    applications.order_stop(application, "approval-withdrawn", actor="S-1", now=NOW)
    say(Shelved(application=application.ref, serial="X1", rack="A1", collect_by=until))

    Application.objects.filter(pk=application.pk).update(state=journey.State.READY, collect_by=until)
    application.refresh_from_db()
    applications.lift_stop(application, actor="S-1", now=NOW)
    work_until_idle(with_sweeps=False)

    assert [message.template for message in Message.objects.order_by("id")] == ["TAHAN", "SIAP"]
