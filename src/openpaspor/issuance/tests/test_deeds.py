"""Stock, allotting, printing, writing off, handing over: what may happen, and what must not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from openpaspor import journey
from openpaspor.applications import dossier, tracker
from openpaspor.applications.actions import MoveRefused, Stopped, lift_stop, move, order_stop
from openpaspor.issuance import actions, sweeps
from openpaspor.issuance.models import Booklet, HandOver, PrinterLine, PrintJob, SpoilReason
from openpaspor.journey import State
from openpaspor.ledger.models import Entry
from openpaspor.payments import actions as payments

from . import make

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def facts(ref: str, kind: str) -> list[dict]:
    return [entry.values for entry in Entry.objects.of(ref).filter(kind=f"issuance.{kind}")]


def booklet_of(application) -> Booklet:
    return Booklet.objects.get(serial=application.serial)


def propose(booklet: Booklet, reason: str = SpoilReason.CHIP, *, by: str = make.PRINTER):
    return actions.propose_spoil(
        booklet, reason, action_id=f"propose-{booklet.serial}", actor=by, now=make.NOW
    )


def decide(proposal, *, by: str = make.HEAD, agreed: bool = True):
    return actions.decide_spoil(
        proposal, agreed=agreed, action_id=f"decide-{proposal.pk}-{by}", actor=by, now=make.NOW
    )


# Stock


def test_who_counted_first_cannot_count_second():
    office = make.make_office()
    batch = actions.count_in(
        office, "electronic", "E0000001", "E0000005", action_id="c", actor="S-1", now=make.NOW
    )

    with pytest.raises(actions.SamePerson):
        actions.confirm_batch(batch, 5, action_id="d", actor="S-1", now=make.NOW)

    assert not Booklet.objects.exists()


def test_two_counts_must_agree():
    office = make.make_office()
    batch = actions.count_in(
        office, "electronic", "E0000001", "E0000005", action_id="c", actor="S-1", now=make.NOW
    )

    with pytest.raises(actions.CountDiffers):
        actions.confirm_batch(batch, 4, action_id="d", actor="S-2", now=make.NOW)

    assert not Booklet.objects.exists()


def test_a_serial_is_received_once_for_ever():
    make.make_stock("E0000001", 5)
    spoiled = Booklet.objects.get(serial="E0000003")
    decide(propose(spoiled, SpoilReason.DAMAGED))

    for first, last in (("E0000003", "E0000003"), ("E0000005", "E0000009")):
        with pytest.raises(actions.SerialsKnown):
            actions.count_in(
                make.make_office("BATAM"), "regular", first, last, action_id=first, actor="S-1", now=make.NOW
            )
    with pytest.raises(IntegrityError), transaction.atomic():
        Booklet.objects.filter(serial="E0000001").update(serial="E0000002")


def test_a_count_that_was_given_up_can_be_made_again():
    office = make.make_office()
    batch = actions.count_in(
        office, "electronic", "E0000001", "E0000005", action_id="c", actor="S-1", now=make.NOW
    )

    actions.drop_batch(batch, action_id="x", actor="S-1", now=make.NOW)
    again = actions.count_in(
        office, "electronic", "E0000001", "E0000004", action_id="c2", actor="S-1", now=make.NOW
    )

    with pytest.raises(actions.BatchDecided):
        actions.confirm_batch(batch, 5, action_id="d", actor="S-2", now=make.NOW)
    actions.confirm_batch(again, 4, action_id="d2", actor="S-2", now=make.NOW)
    assert Booklet.objects.count() == 4


# Allotting


def test_an_approval_reserves_the_oldest_booklet_of_its_kind_at_its_office():
    make.make_stock("A0000001", 1, kind="regular")
    make.make_stock("B0000001", 1, office=make.make_office("BATAM"))
    make.make_stock("E0000005", 2)
    make.make_stock("D0000001", 2)

    application = make.make_approved()

    assert application.serial == "E0000005"
    assert booklet_of(application).state == "allotted"


def test_without_stock_an_approval_waits_and_is_served_when_stock_comes():
    application = make.make_approved(stock=False)
    assert application.serial == "" and not facts(application.ref, "serial_allotted")

    make.make_stock("E0000001", 1)
    assert sweeps.allot_waiting(now=make.NOW) == 1
    application.refresh_from_db()

    assert application.serial == "E0000001"
    assert sweeps.allot_waiting(now=make.NOW) == 0


def test_two_approvals_never_share_a_booklet():
    make.make_stock("E0000001", 1)

    serials = {make.make_approved(stock=False).serial, make.make_approved(stock=False).serial}

    assert serials == {"E0000001", ""}


def test_an_approval_withdrawn_before_printing_gives_the_booklet_back():
    application = make.make_approved()
    serial = application.serial

    make.withdraw_approval(application)
    make.settle(application)

    assert (application.state, application.reason) == (State.REVIEW, "approval-withdrawn")
    assert application.serial == ""
    assert Booklet.objects.get(serial=serial).state == "stock"
    make.lift_withdrawal(application)
    move(application, journey.APPROVE, actor="S-adj", now=make.NOW)
    make.sign_packet(application)
    make.settle(application)
    assert application.serial == serial


def test_the_booklet_comes_back_also_when_the_centre_has_gone_on_before_we_hear_of_it():
    application = make.make_approved()
    serial = application.serial

    move(application, journey.REVOKE, actor="S-adj", now=make.NOW)
    move(application, journey.ASK, actor="S-adj", now=make.NOW)
    make.settle(application)

    assert application.serial == ""
    assert Booklet.objects.get(serial=serial).state == "stock"


# Printing


def test_nothing_is_printed_before_it_is_paid():
    application = make.make_approved(paid=False)

    with pytest.raises(actions.NotPaid):
        make.print_it(application)

    assert (PrintJob.objects.count(), PrinterLine.objects.count()) == (0, 0)
    make.pay(application)
    application.refresh_from_db()
    make.print_it(application)
    assert PrinterLine.objects.get().serial == application.serial


def test_an_exemption_by_two_people_counts_as_paid():
    application = make.make_approved(paid=False)
    wish = payments.propose_exemption(application, "poor", action_id="e1", actor="S-1", now=make.NOW)
    payments.decide_exemption(wish, granted=True, action_id="e2", actor="S-2", now=make.NOW)
    application.refresh_from_db()

    make.print_it(application)

    assert application.state == State.PRINTED


def test_a_stopped_application_is_not_printed():
    application = make.make_approved()
    order_stop(application, "money-reversed", actor="S-kas", now=make.NOW)

    with pytest.raises(Stopped):
        make.print_it(application)

    assert application.state == State.APPROVED


def test_the_wrong_booklet_changes_nothing():
    application = make.make_approved()
    other = Booklet.objects.in_stock("DENPASAR", "electronic").first()
    assert other

    with pytest.raises(actions.WrongBooklet):
        actions.print_booklet(application, other.serial, action_id="p", actor="S-1", now=make.NOW)

    assert booklet_of(application).state == "allotted" and other.state == "stock"
    assert not PrinterLine.objects.exists()


def test_pressing_print_twice_prints_once():
    application = make.make_approved()

    first, second = make.print_it(application), make.print_it(application)

    assert (
        first == second and PrinterLine.objects.count() == 1 and len(facts(application.ref, "printed")) == 1
    )


def test_the_same_application_is_not_printed_again_by_another_press():
    application = make.make_printed()

    with pytest.raises(actions.NotApproved):
        actions.print_booklet(application, application.serial, action_id="again", actor="S-1", now=make.NOW)


def test_what_is_printed_is_what_was_approved():
    application = make.make_printed()

    (allotted,), (printed,) = facts(application.ref, "serial_allotted"), facts(application.ref, "printed")
    assert allotted["personalisation"] == printed["personalisation"]
    assert printed["issued_on"] == "2026-11-24" and printed["expires_on"] == "2036-11-24"


def test_a_file_that_changed_after_the_approval_is_not_printed():
    application = make.make_approved()
    answers = dossier.open_answers(application, actor="worker", why="test", now=make.NOW)
    dossier.write_answers(application, replace(answers, full_name="Somebody Else"))

    with pytest.raises(actions.DataChanged):
        make.print_it(application)

    assert application.state == State.APPROVED


def test_the_day_of_issue_is_the_offices_day():
    late = make.NOW.replace(hour=16, minute=30)  # already the 25th in Denpasar
    application = make.make_approved()

    assert make.print_it(application, now=late).issued_on == date(2026, 11, 25)


def test_a_childs_passport_lasts_five_years():
    application = make.make_printed(kind="child")

    assert PrintJob.objects.get(application=application).expires_on == date(2031, 11, 24)


# Writing off


def test_a_spoiled_booklet_is_replaced_by_another_one_after_two_people_agreed():
    application = make.make_printed()
    spoiled = booklet_of(application)

    decide(propose(spoiled))

    application.refresh_from_db()
    spoiled.refresh_from_db()
    assert (application.state, application.serial) == (State.APPROVED, "")  # a packet is good for one booklet
    assert (spoiled.state, spoiled.application_id) == ("spoiled", application.pk)
    make.sign_packet(application)
    make.settle(application)
    assert application.serial not in ("", spoiled.serial)
    make.print_it(application)
    assert PrintJob.objects.filter(application=application).count() == 2


def test_one_person_alone_spoils_nothing():
    application = make.make_printed()
    proposal = propose(booklet_of(application))

    with pytest.raises(actions.SamePerson):
        decide(proposal, by=make.PRINTER)

    assert booklet_of(application).state == "printed"


def test_a_booklet_that_somebody_wants_written_off_goes_no_further():
    application = make.make_printed()
    propose(booklet_of(application))

    with pytest.raises(actions.SpoilWaits):
        actions.pass_inspection(
            application, make.lines_of(application), action_id="i", actor="S-1", now=make.NOW
        )


def test_a_declined_proposal_leaves_the_booklet_where_it_was():
    application = make.make_printed()
    proposal = propose(booklet_of(application))

    decide(proposal, agreed=False)

    actions.pass_inspection(application, make.lines_of(application), action_id="i", actor="S-1", now=make.NOW)
    assert application.state == State.READY


def test_a_reserved_booklet_that_is_damaged_is_replaced_before_printing():
    application = make.make_approved()
    damaged = booklet_of(application)

    decide(propose(damaged, SpoilReason.DAMAGED))

    application.refresh_from_db()
    assert application.state == State.APPROVED and application.serial not in ("", damaged.serial)


def test_after_the_last_booklet_was_written_off_the_next_delivery_serves_the_file():
    make.make_stock("E0000001", 1)
    application = make.make_approved(stock=False)
    decide(propose(booklet_of(application), SpoilReason.MISSING))
    application.refresh_from_db()
    assert application.serial == "" and Booklet.objects.get().state == "lost"

    make.make_stock("E0000002", 1)
    sweeps.allot_waiting(now=make.NOW)

    application.refresh_from_db()
    assert application.serial == "E0000002"


def test_a_booklet_that_was_handed_over_cannot_be_written_off():
    application = make.make_ready()
    make.collect(application)

    with pytest.raises(actions.NotSpoilable):
        propose(booklet_of(application))


def test_a_booklet_damaged_on_the_shelf_is_replaced_and_the_applicant_reads_when_and_why():
    application = make.make_ready()
    damaged = booklet_of(application)

    decide(propose(damaged, SpoilReason.DAMAGED))

    application.refresh_from_db()
    damaged.refresh_from_db()
    assert (application.state, application.reason) == (State.APPROVED, "damaged")
    assert (application.shelf, application.collect_by) == ("", None)
    make.sign_packet(application)
    make.settle(application)
    assert application.serial not in ("", damaged.serial)
    assert (damaged.state, damaged.rack, damaged.shelved_on) == ("spoiled", "", None)
    assert application.promised_on == date(2026, 11, 30)  # four working days after Tuesday
    (story,) = tracker.stories(application, make.NOW)
    entries = tracker.entries_of(application)
    assert (story.code, "30 November 2026" in story.until) == ("PRINT", True)
    assert "tidak dapat dipakai" in str(tracker.timeline(entries)[0].says)
    assert [stage.state for stage in tracker.stages(application, entries)][5:] == ["now", "todo"]


def test_after_a_write_off_on_the_shelf_the_new_booklet_is_collected():
    application = make.make_ready()
    decide(propose(booklet_of(application), SpoilReason.MISSING))
    application.refresh_from_db()
    make.sign_packet(application)
    make.settle(application)

    make.print_it(application)
    actions.pass_inspection(application, make.lines_of(application), action_id="i", actor="S-1", now=make.NOW)
    make.collect(application)

    assert application.state == State.COLLECTED
    assert sorted(Booklet.objects.exclude(state="stock").values_list("state", flat=True)) == [
        "issued",
        "lost",
    ]


def test_nothing_happens_with_a_passport_on_the_shelf_that_somebody_wants_written_off():
    application = make.make_ready()
    proposal = propose(booklet_of(application), SpoilReason.DAMAGED)

    with pytest.raises(actions.SpoilWaits):
        make.collect(application)
    assert sweeps.remind_holders(now=make.NOW + 7 * DAY) == 0
    assert sweeps.end_uncollected(now=make.NOW + 100 * DAY) == 0

    decide(proposal, agreed=False)
    make.collect(application, action_id="again")
    assert application.state == State.COLLECTED


def test_booklets_in_stock_that_are_to_be_written_off_are_not_allotted():
    make.make_stock("E0000001", 2)
    propose(Booklet.objects.get(serial="E0000001"), SpoilReason.FAULTY)

    assert make.make_approved(stock=False).serial == "E0000002"


# The shelf


def test_a_booklet_that_was_read_back_rightly_gets_a_place_and_a_last_day():
    application = make.make_ready()

    assert (application.state, application.shelf, application.collect_by) == (
        State.READY,
        "B-01-01",
        date(2026, 12, 24),
    )
    assert make.make_ready().shelf == "B-01-02"


def test_one_letter_read_differently_keeps_a_booklet_off_the_shelf():
    application = make.make_printed()
    line1, line2 = make.lines_of(application)

    with pytest.raises(actions.ReadBackDiffers) as refusal:
        actions.pass_inspection(
            application, (line1, line2[:-1] + "X"), action_id="i", actor="S-1", now=make.NOW
        )

    assert [(fault.line, fault.place) for fault in refusal.value.details["faults"]] == [(2, 44)]
    assert application.shelf == ""


# Handing over


def test_handing_over_twice_is_harmless():
    application = make.make_ready()

    make.collect(application, action_id="h")
    make.collect(application, action_id="h")
    with pytest.raises(actions.NotReady):
        make.collect(application, action_id="another press")

    assert HandOver.objects.count() == 1 and len(facts(application.ref, "handed_over")) == 1


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"nik": "5171019999990009"}, actions.NotTheHolder),
        ({"nik": ""}, actions.IdentityNotSeen),
        ({"old_number": ""}, actions.OldPassportMissing),
        ({"signed": False}, actions.NotSigned),
        ({"to": "parent"}, actions.NotTheHolder),
    ],
)
def test_a_passport_stays_here_until_everything_was_seen(changes, refusal):
    application = make.make_ready()

    with pytest.raises(refusal):
        actions.hand_over(
            application, make.shown(application, **changes), action_id="h", actor="S-1", now=make.NOW
        )

    application.refresh_from_db()
    assert application.state == State.READY and application.shelf


def test_the_card_may_be_compared_by_eye():
    application = make.make_ready()

    handed = actions.hand_over(
        application,
        make.shown(application, nik="", card_agrees=True),
        action_id="h",
        actor="S-1",
        now=make.NOW,
    )

    assert not handed.nik_compared and application.state == State.COLLECTED


def test_the_old_passport_is_cancelled_under_a_keyed_hash_of_its_number():
    application = make.make_ready()

    make.collect(application)

    (gone,) = facts(application.ref, "old_passport_cancelled")
    assert gone["why"] == "replaced" and len(gone["number_key"]) == 32
    assert not Entry.objects.filter(fact__contains="B1234567").exists()


def test_a_lost_passport_is_cancelled_without_being_shown():
    application = make.make_ready(kind="lost")

    actions.hand_over(
        application, make.shown(application, old_number=""), action_id="h", actor="S-1", now=make.NOW
    )

    assert facts(application.ref, "old_passport_cancelled")[0]["why"] == "declared-lost"


def test_a_first_passport_cancels_nothing():
    application = make.make_ready(kind="adult-new")

    make.collect(application)

    assert application.state == State.COLLECTED and not facts(application.ref, "old_passport_cancelled")


def test_a_mother_collects_the_passport_of_her_child():
    application = make.make_ready(kind="child", mother_nik="5171014505800002")

    handed = actions.hand_over(
        application,
        make.shown(application, to="parent", nik="5171014505800002"),
        action_id="h",
        actor="S-1",
        now=make.NOW,
    )

    assert handed.to == "parent"


def test_a_stop_keeps_the_passport_here_until_it_is_lifted():
    application = make.make_ready()
    order_stop(application, "watch-list", actor="S-adj", now=make.NOW)
    with pytest.raises(Stopped):
        make.collect(application, action_id="h1")

    lift_stop(application, actor="S-adj", now=make.NOW)
    make.collect(application, action_id="h2")

    assert application.state == State.COLLECTED


# Waiting on the shelf


def test_reminders_are_said_once_each():
    application = make.make_ready()

    said = [sweeps.remind_holders(now=make.NOW + DAY * day) for day in (0, 1, 1, 6, 7, 8, 20, 27, 28)]

    assert said == [0, 1, 0, 0, 1, 0, 1, 1, 0]
    assert [fact["day"] for fact in facts(application.ref, "collect_reminder")] == [1, 7, 20, 27]


def test_what_nobody_collects_is_cancelled_the_day_after_the_last_one():
    application = make.make_ready()
    last_evening = make.NOW.replace(month=12, day=24, hour=15)  # 23.00 in Denpasar

    assert sweeps.end_uncollected(now=last_evening) == 0
    assert sweeps.end_uncollected(now=last_evening + timedelta(hours=2)) == 1

    application.refresh_from_db()
    booklet = booklet_of(application)
    assert (application.state, application.shelf, booklet.state, booklet.rack) == (
        State.UNCOLLECTED,
        "",
        "cancelled",
        "",
    )
    assert facts(application.ref, "uncollected_ended") == [
        {"application": application.ref, "serial": booklet.serial}
    ]


def test_it_cannot_be_cancelled_before_its_last_day_is_over():
    application = make.make_ready()

    with pytest.raises(MoveRefused):
        actions.end_uncollected(application, action_id="e", actor="worker", now=make.NOW + DAY * 30)


def test_nobody_is_reminded_of_a_stopped_passport():
    application = make.make_ready()
    order_stop(application, "watch-list", actor="S-adj", now=make.NOW)
    booklet = Booklet.objects.select_related("application").get(serial=application.serial)

    assert sweeps.remind_holders(now=make.NOW + DAY * 7) == 0
    with pytest.raises(Stopped):
        actions.remind(booklet, 7, action_id="r", actor="S-1", now=make.NOW + DAY * 7, asked=True)


def test_a_stopped_passport_is_kept_beyond_its_last_day():
    application = make.make_ready()
    order_stop(application, "watch-list", actor="S-adj", now=make.NOW)

    assert sweeps.end_uncollected(now=make.NOW + DAY * 40) == 0
