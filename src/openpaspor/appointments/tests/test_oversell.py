"""Random lives of places never oversell, and fifty people at once get one place between them."""

from __future__ import annotations

import contextlib
import threading
from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from openpaspor.applications import actions as applications
from openpaspor.applications.models import Application
from openpaspor.appointments import actions, calendar_actions, sweeps
from openpaspor.appointments.models import Booking, Slot, SlotFull
from openpaspor.journey import State
from openpaspor.kit.refused import Refused
from openpaspor.payments import actions as payments
from openpaspor.payments.models import Bill
from openpaspor.payments.rules import Notice

from . import make

DAYS = [date(2026, 11, 26), date(2026, 11, 27), date(2026, 11, 30)]


class Places(RuleBasedStateMachine):
    """Applicants, the bank, the clock, a head of office and the worker, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.whole_life = transaction.atomic()
        self.whole_life.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.whole_life.__exit__(None, None, None)

    @initialize()
    def an_office_with_few_places(self) -> None:
        self.now = make.NOW
        self.office = make.make_office()
        self.slots = [
            make.make_slot(self.office, day=day, hour=hour, offered=1 + (hour == 10))
            for day in DAYS
            for hour in (9, 10)
        ]
        self.slots.append(make.make_slot(self.office, day=DAYS[1], hour=9, pot="rescue"))
        self.people = [make.make_application(now=self.now) for _person in range(3)]
        self.people.append(make.make_application(now=self.now, nik="5171014503990003"))
        self.people.append(
            make.make_application(now=self.now, nik="5171014503990003")
        )  # the same person again
        self.step = 0

    def person(self, number: int) -> Application:
        self.step += 1
        return Application.objects.get(pk=self.people[number % len(self.people)].pk)

    def slot(self, number: int) -> Slot:
        return Slot.objects.get(pk=self.slots[number % len(self.slots)].pk)

    def attempt(self, deed, *args, **kwargs) -> None:
        """A deed that is refused must leave no trace; the invariants look right after it."""
        with contextlib.suppress(Refused):
            deed(*args, action_id=f"step-{self.step}", now=self.now, **kwargs)

    @rule(who=st.integers(0, 4), where=st.integers(0, 6))
    def choose(self, who: int, where: int) -> None:
        wish = actions.Wish(self.person(who), self.slot(where))
        self.attempt(actions.hold_places, [wish], actor="U-1")

    @rule(who=st.sets(st.integers(0, 4), min_size=2, max_size=3), where=st.integers(0, 6))
    def choose_together(self, who: set[int], where: int) -> None:
        wishes = [actions.Wish(self.person(number), self.slot(where), party="p") for number in sorted(who)]
        self.attempt(actions.hold_places, wishes, actor="U-1")

    @rule(who=st.integers(0, 4), in_time=st.booleans())
    def pay(self, who: int, in_time: bool) -> None:
        self.settle(self.person(who), in_time=in_time)

    @rule(who=st.integers(0, 4), where=st.integers(0, 6))
    def book(self, who: int, where: int) -> None:
        self.choose(who, where)
        self.settle(self.person(who), in_time=True)

    @rule(who=st.integers(0, 4), where=st.integers(0, 6))
    def lose_the_place_and_pay(self, who: int, where: int) -> None:
        self.choose(who, where)
        self.time_passes(121)
        self.settle(self.person(who), in_time=False)

    def settle(self, application: Application, *, in_time: bool) -> None:
        bill = Bill.objects.of(application).first()
        if bill is None:
            return
        paid_at = min(self.now, bill.due_at) if in_time else self.now
        notice = Notice(
            provider="demo", txn=f"S{self.step}", code=bill.code, amount_idr=bill.amount_idr, paid_at=paid_at
        )
        payments.receive_notice(notice, now=self.now)
        make.worker.work_until_idle(with_sweeps=False)

    @rule(who=st.integers(0, 4), where=st.integers(0, 6))
    def change(self, who: int, where: int) -> None:
        self.attempt(actions.change_place, self.person(who), self.slot(where), actor="U-1")

    @rule(who=st.integers(0, 4))
    def give_up(self, who: int) -> None:
        self.attempt(actions.give_up, self.person(who), actor="U-1")

    @rule(who=st.integers(0, 4))
    def withdraw(self, who: int) -> None:
        self.attempt(applications.withdraw, self.person(who), actor="U-1")

    @rule(minutes=st.sampled_from([30, 121]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        sweeps.free_lapsed_holds(now=self.now)

    @rule()
    def work(self) -> None:
        make.worker.work_until_idle(with_sweeps=False)

    @rule(day=st.sampled_from(DAYS), people=st.integers(0, 5))
    def set_pot(self, day: date, people: int) -> None:
        self.step += 1
        self.attempt(calendar_actions.set_pot, self.office, day, "online", "electronic", people, actor="S-1")

    @precondition(lambda self: self.step > 4)
    @rule(day=st.sampled_from(DAYS[:2]))
    def close(self, day: date) -> None:
        self.step += 1
        self.attempt(calendar_actions.close_day, self.office, day, "flood", actor="S-1")

    @invariant()
    def counters_equal_counts(self) -> None:
        for slot in Slot.objects.all():
            counted = Booking.objects.counted().filter(slot=slot).count()
            assert slot.taken == counted, f"{slot}: counter {slot.taken}, bookings {counted}"
            assert slot.taken <= slot.capacity == max(slot.offered, slot.taken)

    @invariant()
    def state_and_place_agree(self) -> None:
        for application in Application.objects.all():
            live = list(Booking.objects.live().filter(application=application))
            assert len(live) <= 1
            if application.state in (State.HOLDING, State.BOOKED):
                assert [booking.state.upper().replace("HELD", "HOLDING") for booking in live] == [
                    application.state
                ]
                assert application.place_starts_at == live[0].slot.starts_at
            if application.state == State.SUBMITTED:
                assert not live
                assert application.place_starts_at is None

    @invariant()
    def one_place_for_each_person(self) -> None:
        keys = list(Booking.objects.live().values_list("nik_key", flat=True))
        assert len(keys) == len(set(keys))

    @invariant()
    def nobody_booked_without_money(self) -> None:
        for booking in Booking.objects.filter(state="booked"):
            assert Bill.objects.get(code=booking.bill).is_paid


@pytest.mark.slow
@pytest.mark.django_db
def test_random_lives_of_places_never_oversell():
    run_state_machine_as_test(
        Places, settings=settings(max_examples=8, stateful_step_count=20, deadline=None)
    )


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_fifty_people_want_one_place_and_one_gets_it():
    slot = make.make_slot(offered=1)
    people = [make.make_application() for _person in range(50)]
    answers: list[str] = []
    ready = threading.Barrier(len(people))

    def want(application: Application) -> None:
        try:
            ready.wait(timeout=30)
            make.hold(application, slot)
            answers.append("place")
        except SlotFull as refusal:
            answers.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=want, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    slot.refresh_from_db()
    assert sorted(answers) == ["place"] + ["slot-full"] * 49
    assert (slot.taken, Booking.objects.count(), Bill.objects.count()) == (1, 1, 1)
    assert Application.objects.filter(state=State.HOLDING).count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_one_person_in_many_tabs_gets_one_place():
    slots = [make.make_slot(hour=hour, offered=5) for hour in (9, 10, 11, 12)]
    application = make.make_application()
    answers: list[str] = []

    def want(slot: Slot) -> None:
        try:
            make.hold(Application.objects.get(pk=application.pk), slot)
            answers.append("place")
        except Refused as refusal:
            answers.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=want, args=(slot,)) for slot in slots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert sorted(answers) == ["already-holding"] * 3 + ["place"]
    assert sum(Slot.objects.values_list("taken", flat=True)) == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_one_person_with_many_applications_gets_one_place():
    slot = make.make_slot(offered=10)
    people = [make.make_application(nik="5171014503990003") for _application in range(6)]
    answers: list[str] = []
    ready = threading.Barrier(len(people))

    def want(application: Application) -> None:
        try:
            ready.wait(timeout=30)
            make.hold(application, slot)
            answers.append("place")
        except Refused as refusal:
            answers.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=want, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    slot.refresh_from_db()
    assert sorted(answers) == ["one-place-per-person"] * 5 + ["place"]
    assert slot.taken == 1
