"""Where it stands, in words."""

import json
from copy import copy
from datetime import date, timedelta

import pytest
from django.utils import translation

from openpaspor.accounts.actions import look
from openpaspor.applications import actions, reasons, tracker
from openpaspor.applications.models import Application
from openpaspor.applications.rules import AGAIN, Wait, Who, blockers
from openpaspor.applications.tests.people import NOW, make_draft, make_submitted, make_user, signed_in
from openpaspor.journey import MOVES, State
from openpaspor.kit import clock
from openpaspor.ledger.models import Entry
from openpaspor.offices.models import Office

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 24)


@pytest.fixture(autouse=True)
def _a_known_day(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


def standing(state: State = State.DRAFT, **columns) -> Application:
    application = make_draft(make_user())
    Application.objects.filter(pk=application.pk).update(state=state, office="DENPASAR", **columns)
    return Application.objects.select_related("office", "account").get(pk=application.pk)


def story(state: State, **columns) -> tracker.Story:
    with translation.override("en"):
        return tracker.stories(standing(state, **columns), NOW)[0]


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("language", ["id", "en"])
def test_every_state_has_a_sentence_and_a_full_box_of_four(state, language):
    application = standing(
        state,
        place_starts_at=NOW + timedelta(days=3),
        bill_due_at=NOW + timedelta(hours=2),
        bill_amount_idr=950000,
        collect_by=TODAY + timedelta(days=20),
        promised_on=TODAY + timedelta(days=4),
        owed_until=TODAY + timedelta(days=7),
    )

    with translation.override(language):
        told = tracker.stories(application, NOW)[0]

    assert all([told.sentence, told.waits, told.who, told.until, told.can_do])
    assert told.sentence.endswith(".")


@pytest.mark.parametrize(
    ("state", "columns", "sentence"),
    [
        (
            State.HOLDING,
            {"bill_due_at": NOW + timedelta(hours=2), "bill_amount_idr": 950000},
            "Pay Rp950.000 before 11.40 WITA.",
        ),
        (
            State.HOLDING,
            {"bill_due_at": NOW + timedelta(days=1), "bill_amount_idr": 950000},
            "Pay Rp950.000 before Wednesday, 25 November 2026, 09.40 WITA.",
        ),
        (
            State.HOLDING,
            {"bill_status": "matching"},
            "We have your payment and are matching it. Do not pay again.",
        ),
        (State.ARRIVED, {"ticket": "A 012"}, "You are at the office. Your number is A 012."),
        (State.APPROVED, {"serial": ""}, "Approved. We wait for a passport booklet."),
        (State.APPROVED, {"serial": "X1234567"}, "Approved. Your passport is being printed."),
        (
            State.REVIEW,
            {"stop_order": "watch-list"},
            "Your file is being checked further. No need to come unless we contact you.",
        ),
    ],
)
def test_sentences_say_the_amount_the_time_and_the_number(state, columns, sentence):
    assert story(state, **columns).sentence == sentence


@pytest.mark.parametrize(
    ("left", "says"),
    [(8, "until"), (7, "7 days are left"), (1, "1 day is left"), (0, "Today is the last day")],
)
def test_the_last_days_of_collection_are_counted(left, says):
    told = story(State.READY, collect_by=TODAY + timedelta(days=left))

    assert says in told.sentence
    assert told.code == ("READY" if left > 7 else "EXPIRING")


def test_a_stop_never_says_why():
    told = story(State.REVIEW, stop_order="watch-list", decision_reasons="prevented")

    assert "watch" not in " ".join([told.sentence, told.waits, told.can_do]).lower()
    assert told.reasons == ()


def test_a_missed_promise_is_owned():
    assert "late" in story(State.REVIEW, promised_on=TODAY - timedelta(days=1)).until


def test_a_refusal_shows_its_reasons_and_the_way_to_object():
    told = story(State.REFUSED, decision_reasons="statement-differs,prevented")

    assert [reason.code for reason in told.reasons] == ["statement-differs", "prevented"]
    assert "30 days" in told.can_do


def test_owed_papers_read_as_reasons():
    told = story(State.INCOMPLETE, papers_owed="kk,examination", owed_until=TODAY)

    with translation.override("en"):
        assert [str(reason.says) for reason in told.reasons][0] == "This paper is missing: Family card (KK)."


def test_an_unpaid_walk_in_reads_both_what_it_waits_for():
    application = standing(State.ENROLLED, bill_status="open", bill_amount_idr=650000)

    assert [told.code for told in tracker.stories(application, NOW)] == ["WAIT_PAY", "LINK"]


def test_every_wait_of_the_rules_has_words():
    application, codes = standing(), set()
    for state in State:
        for name, value in (
            ("reason", ""),
            ("reason", AGAIN),
            ("bill_status", "matching"),
            ("bill_status", "open"),
            ("stop_order", "x"),
        ):
            row = copy(application)
            row.state = state
            setattr(row, name, value)
            codes |= {wait.can_do for wait in blockers(row)}
    with translation.override("en"):
        said = {
            code: tracker._Words(application, Wait("x", Who.YOU, None, code), NOW).can_do() for code in codes
        }
    assert [code for code, words in said.items() if words == said["start-again"]] == ["start-again"]


def test_every_move_of_the_map_has_words():
    assert set(tracker.MOVED) == set(MOVES)


def test_the_timeline_tells_what_happened_newest_first():
    user = make_user()
    sent = make_submitted(user)
    actions.withdraw(sent, action_id="w", actor=user.code, now=NOW + timedelta(hours=1))

    events = tracker.timeline(tracker.entries_of(sent))

    assert [str(event.says) for event in events] == [
        str(tracker.MOVED["withdraw"]),
        str(tracker.MOVED["submit"]),
        str(tracker.TOLD["applications.started"]),
    ]


def test_the_timeline_says_who_moved_the_visit():
    def moved(reason: str) -> Entry:
        fact = json.dumps({"move": "change", "reason": reason})
        return Entry(kind="applications.moved", fact=fact, recorded_at=NOW)

    by_us, by_them = tracker.timeline([moved("changed"), moved("day-closed")])

    assert (str(by_us.says), str(by_them.says)) == (
        str(tracker.MOVED_BY_US["change", "day-closed"]),
        str(tracker.MOVED["change"]),
    )


def test_seven_steps_know_what_is_done():
    sent = make_submitted(make_user())

    marks = [stage.state for stage in tracker.stages(sent, tracker.entries_of(sent))]

    assert marks == ["done", "now", "todo", "todo", "todo", "todo", "todo"]


def test_the_status_page_shows_looks_and_time_in_the_zone_of_the_office():
    user = make_user()
    sent = make_submitted(user)
    Application.objects.filter(pk=sent.pk).update(office=Office.objects.get(code="DENPASAR"))
    look(sent.ref, actor="S-1", why="counter", what="intake:case", now=NOW, office="DENPASAR")

    page = signed_in(user).get(f"/permohonan/{sent.ref}/status/", {"bahasa": "en"}).content.decode()

    assert "As of 09.40 WITA." in page
    assert "Tue 24 Nov, 09.40 WITA" in page
    assert "to serve you at the counter" in page


def test_ones_own_page_is_no_look():
    user = make_user()
    sent = make_submitted(user)

    signed_in(user).get(f"/permohonan/{sent.ref}/status/")

    assert not Entry.objects.filter(kind="accounts.looked", application=sent.ref).exists()


def test_a_column_holds_every_reason_code_and_each_has_a_use():
    for reason in reasons.REASONS.values():
        assert reason.uses
        assert str(reason.says).endswith(".") and str(reason.can_do).endswith(".")
    assert {use: bool(reasons.for_use(use)) for use in reasons.Use} == dict.fromkeys(reasons.Use, True)
    assert max(map(len, reasons.REASONS)) <= 40


def test_a_reason_of_a_newer_version_is_still_a_sentence():
    [reason] = reasons.read("something-new")

    assert reason.code == "something-new" and reason.says


def test_a_page_that_asks_again_is_told_only_what_is_new():
    user = make_user()
    client, sent = signed_in(user), make_submitted(user)
    page = f"/permohonan/{sent.ref}/status/"
    mark = client.get(page).context["mark"]

    same = client.get(page, {"tanda": mark}, headers={"HX-Request": "true"})
    actions.withdraw(sent, action_id="w", actor=user.code, now=NOW)
    changed = client.get(page, {"tanda": mark}, headers={"HX-Request": "true"})

    assert (same.status_code, changed.status_code) == (204, 200)
    assert 'data-state="WITHDRAWN"' in changed.content.decode()
