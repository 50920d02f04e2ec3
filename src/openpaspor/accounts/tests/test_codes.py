"""A code to the phone: once, for one thing, within its life and its tries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from openpaspor.accounts import actions
from openpaspor.accounts.models import Challenge, Purpose, User
from openpaspor.accounts.sweeps import forget_old_codes
from openpaspor.kit import clock

from .make import NOW, PHONE, ask_code, enter, outbox

pytestmark = pytest.mark.django_db


def test_the_right_code_makes_an_account_on_the_first_visit():
    challenge = ask_code()

    person = enter(challenge, outbox.code)

    assert person.phone == PHONE and person.phone_verified and person.code.startswith("A-")
    assert not person.has_usable_password()


def test_the_second_visit_finds_the_same_account():
    first = enter(ask_code(), outbox.code)

    assert enter(ask_code(), outbox.code) == first
    assert User.objects.count() == 1


def test_spaces_and_hyphens_may_come_along():
    challenge = ask_code()

    assert enter(challenge, f" {outbox.code[:3]} - {outbox.code[3:]} ")


def test_a_code_counts_once():
    challenge = ask_code()
    enter(challenge, outbox.code)

    with pytest.raises(actions.CodeUsed):
        enter(challenge, outbox.code)


def test_three_wrong_codes_end_it_also_for_the_right_one():
    challenge = ask_code()
    for left in (2, 1):
        with pytest.raises(actions.CodeWrong) as wrong:
            enter(challenge, outbox.wrong_code)
        assert wrong.value.details == {"left": left}
    with pytest.raises(actions.CodeTriesUsed):
        enter(challenge, outbox.wrong_code)

    with pytest.raises(actions.CodeTriesUsed):
        enter(challenge, outbox.code)
    assert not User.objects.exists()


def test_a_code_lives_five_minutes():
    challenge = ask_code()

    with pytest.raises(actions.CodeExpired):
        enter(challenge, outbox.code, now=NOW + timedelta(minutes=5, seconds=1))
    assert enter(challenge, outbox.code, now=NOW + timedelta(minutes=5))


def test_only_the_newest_code_counts():
    first = ask_code()
    old_code = outbox.code
    second = ask_code(now=NOW + timedelta(seconds=31), instead_of=first)

    with pytest.raises(actions.CodeExpired):
        enter(first, old_code, now=NOW + timedelta(seconds=32))
    assert enter(second, outbox.code, now=NOW + timedelta(seconds=32))


def test_another_code_is_not_sent_within_half_a_minute():
    first = ask_code()

    with pytest.raises(actions.AskedTooSoon) as refusal:
        ask_code(now=NOW + timedelta(seconds=10), instead_of=first)
    assert refusal.value.details == {"seconds": 21}
    assert len(outbox) == 1


def test_the_code_of_another_phone_is_worth_nothing():
    ask_code("+6281111111111")
    others = outbox.code
    challenge = ask_code()

    if others != outbox.code:
        with pytest.raises(actions.CodeWrong):
            enter(challenge, others)


def test_a_code_for_a_new_number_does_not_sign_in():
    person = enter(ask_code(), outbox.code)
    challenge = actions.ask_code("+6281111111111", Purpose.NEW_PHONE, now=NOW, person=person)

    with pytest.raises(actions.CodeUsed):
        enter(challenge, outbox.code)


def test_a_new_number_replaces_the_old_one():
    person = enter(ask_code(), outbox.code)
    challenge = actions.ask_code("+6281111111111", Purpose.NEW_PHONE, now=NOW, person=person)

    actions.change_phone(challenge, outbox.code, person=person, now=NOW)

    assert User.objects.with_phone("+6281111111111") == person
    assert User.objects.with_phone(PHONE) is None


def test_a_number_with_an_account_cannot_be_taken_over():
    enter(ask_code("+6281111111111"), outbox.code)
    person = enter(ask_code(), outbox.code)
    challenge = actions.ask_code("+6281111111111", Purpose.NEW_PHONE, now=NOW, person=person)

    with pytest.raises(actions.PhoneTaken):
        actions.change_phone(challenge, outbox.code, person=person, now=NOW)
    person.refresh_from_db()
    assert person.phone == PHONE


def test_a_closed_account_stays_closed():
    person = enter(ask_code(), outbox.code)
    User.objects.filter(pk=person.pk).update(is_active=False)

    with pytest.raises(actions.AccountClosed):
        enter(ask_code(), outbox.code)


def test_a_sender_that_fails_is_told_in_one_sentence(settings):
    settings.CODE_SENDER = "openpaspor.accounts.tests.make.send_nothing"

    with pytest.raises(actions.CodeNotSent):
        ask_code()


def test_neither_code_nor_number_stands_in_the_database_in_clear():
    ask_code()

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_challenge")
        row = repr(cursor.fetchall())
    assert outbox.code not in row and PHONE[3:] not in row


def test_the_database_refuses_a_code_used_after_its_life_or_beyond_its_tries():
    challenge = ask_code()
    for broken in (
        {"tries": 4},
        {"used_at": NOW + timedelta(minutes=6), "tries": 1},
        {"used_at": NOW, "tries": 0},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Challenge.objects.filter(pk=challenge.pk).update(**broken)


def test_codes_are_forgotten_after_a_week():
    ask_code(now=clock.real_now() - timedelta(days=8))
    ask_code(now=clock.real_now())

    assert forget_old_codes(now=NOW) == 1
    assert Challenge.objects.count() == 1
