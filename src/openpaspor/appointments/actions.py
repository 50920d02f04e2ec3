"""The deeds of the appointment desk that concern one visitor's place. Calendars are in `calendar_actions`.

Lock order: the application's row, then its bill, then slots by their key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from openpaspor import journey
from openpaspor.applications import dossier
from openpaspor.applications.actions import MoveRefused, held_elsewhere, move, tell
from openpaspor.applications.models import Application, Kind, PlaceStatus
from openpaspor.facts.appointments import PlaceBooked, PlaceChanged, PlaceFreed, PlaceHeld
from openpaspor.journey import Site, State
from openpaspor.kit.faults import fault
from openpaspor.kit.refused import Refused
from openpaspor.ledger import node
from openpaspor.ledger.once import once
from openpaspor.ledger.record import record
from openpaspor.offices import policy
from openpaspor.payments import actions as payments
from openpaspor.payments.models import Bill

from . import rules
from .models import LIVE, SOLD_BY, Booking, BookingState, Ended, Pot, Slot, SlotClosed, SlotFull, Why

BEFORE_ARRIVAL = (State.DRAFT, State.SUBMITTED, State.HOLDING, State.BOOKED, State.MISSED)


class AlreadyHolding(Refused):
    code = "already-holding"
    message = _("You already have a place. Pay for it, or give it up before you choose another.")


class OneLivePlace(Refused):
    code = "one-place-per-person"
    message = _(
        "This person already has a place under another application. Use that one, or withdraw it first."
    )


class InPersonOnly(Refused):
    code = "in-person-only"
    message = _("For a lost or damaged passport please come to an office in person; no time is booked.")


class NotForThis(Refused):
    code = "place-of-another-kind"
    message = _("This time is for another kind of passport. Please choose from the list.")
    status = 422


class NotSoldHere(Refused):
    code = "not-sold-here"
    message = _("These places are given out by another site. Please choose a time there.")


class NoPlaceToMove(Refused):
    code = "no-place-to-move"
    message = _("There is no booked visit here that could be moved.")


class TooLateToChange(Refused):
    code = "too-late-to-change"
    message = _(
        "A visit can be moved until the evening before. Come at the booked time, or call the office if you cannot."
    )


class ChangesUsedUp(Refused):
    code = "changes-used-up"
    message = _("This visit was already moved as often as is allowed.")


class SamePlace(Refused):
    code = "same-place"
    message = _("This is the time you already have.")


class RescueOver(Refused):
    code = "rescue-over"
    message = _("A missed visit can be made good only once and only for some days. Please ask at the office.")


@dataclass(frozen=True)
class Wish:
    """One application's wish for a place. Wishes of one `party` share a bill; without a party each has its own."""

    application: Application
    slot: Slot
    party: str = ""

    @property
    def payer(self) -> str:
        return self.party or self.application.ref


# Choosing and paying


@transaction.atomic
def hold_places(wishes: Sequence[Wish], *, action_id: str, actor: str, now: datetime) -> list[Booking]:
    """Hold a place for each wish until its bill is due: all of them, or none and a refusal.

    Where nothing is owed (exempt by law, or paid earlier and unseated by us) the place is confirmed at once. Asked
    twice with the same `action_id`, gives the first answer. Raises SlotFull, SlotClosed, AlreadyHolding, OneLivePlace,
    InPersonOnly or NotForThis; then nothing at all has changed.
    """
    asked = [[wish.application.ref, wish.slot.pk, wish.party] for wish in wishes]
    with once(action_id, asked) as seen:
        if seen:
            return list(Booking.objects.filter(pk__in=seen.answer).order_by("pk"))
        lock([wish.application for wish in wishes])
        for wish in wishes:
            _refuse_unfit(wish)
        _refuse_second_place(wishes)
        _take(Counter(wish.slot for wish in wishes), now=now)
        fault("appointments.places_taken")
        settled = {wish.application.pk: _settled_bill(wish.application) for wish in wishes}
        for wish in wishes:
            arrow = journey.RESEAT if settled[wish.application.pk] else journey.HOLD
            move(wish.application, arrow, actor=actor, now=now)
        bookings = _write([(wish, settled[wish.application.pk]) for wish in wishes], actor=actor, now=now)
        fault("appointments.places_held")
        seen.remember([booking.pk for booking in bookings])
        return bookings


def lock(applications: Sequence[Application]) -> None:
    """Lock the rows in the order of their keys, before anything else is locked; the objects stay those of the caller."""
    keys = [application.pk for application in applications]
    list(Application.objects.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk"))


def pot_of(application: Application) -> Pot:
    """The pot an online applicant chooses from."""
    return Pot.SAME_DAY if application.same_day else Pot.ONLINE


def is_booked_online(application: Application) -> bool:
    """False for lost and damaged passports: they come in person and are walk-ins."""
    return application.kind not in (Kind.LOST, Kind.DAMAGED)


def _refuse_unfit(wish: Wish) -> None:
    stands = Application.objects.values_list("state", flat=True).get(pk=wish.application.pk)
    if stands in (State.HOLDING, State.BOOKED):
        raise AlreadyHolding()
    if stands != State.SUBMITTED:
        raise MoveRefused(state=stands)
    if not is_booked_online(wish.application):
        raise InPersonOnly()
    _refuse_misfit(wish.application, wish.slot, pot_of(wish.application))


def _refuse_misfit(application: Application, slot: Slot, *pots: Pot) -> None:
    if slot.booklet_kind != application.booklet or slot.pot not in pots:
        raise NotForThis()
    us = node.here()
    if slot.seller_node != us.name or not us.holds(SOLD_BY[Pot(slot.pot)], slot.office_id):
        raise NotSoldHere()


def _refuse_second_place(wishes: Sequence[Wish]) -> None:
    """One place per identity. The unique constraints stand behind this friendlier answer."""
    keys = [wish.application.nik_key for wish in wishes if wish.application.nik_key]
    if len(set(keys)) < len(keys) or _have_a_place(keys):
        raise OneLivePlace()


def _have_a_place(nik_keys: Sequence[str]) -> bool:
    """Whether one of these identities holds or has booked a place."""
    return Booking.objects.live().filter(nik_key__in=[key for key in nik_keys if key]).exists()


def _take(places: Counter[Slot], *, now: datetime) -> None:
    for slot in sorted(places, key=lambda slot: slot.pk):
        slot.take_places(places[slot], now=now)


def _settled_bill(application: Application) -> Bill | None:
    """The bill that already pays for a visit, if there is one."""
    bill = Bill.objects.live_for(application)
    return bill if bill and bill.is_paid else None


def _write(wishes: list[tuple[Wish, Bill | None]], *, actor: str, now: datetime) -> list[Booking]:
    """Bills, bookings, what the applications know, and facts; those with nothing to pay are confirmed."""
    fresh = _open_bills([wish for wish, bill in wishes if bill is None], actor=actor, now=now)
    bookings = [
        Booking(
            application=wish.application,
            slot=wish.slot,
            nik_key=wish.application.nik_key,
            bill=(bill or fresh[wish.payer]).code,
            state=BookingState.HELD,
            held_at=now,
            held_until=None if bill else fresh[wish.payer].due_at,
        )
        for wish, bill in wishes
    ]
    _insert(bookings)
    for booking, (wish, bill) in zip(bookings, wishes, strict=True):
        if bill is not None:
            _issue_pass(booking, actor=actor, now=now)
        elif fresh[wish.payer].is_paid:
            book_paid(booking, actor=actor, now=now)
        else:
            _tell_place(booking, PlaceStatus.HELD, actor=actor, now=now)
            _say_held(booking, actor=actor, now=now)
    return bookings


def _insert(bookings: list[Booking]) -> None:
    """Write the rows; the unique constraints have the last word on one place per identity."""
    try:
        with transaction.atomic():
            Booking.objects.bulk_create(bookings)
    except IntegrityError:
        raise OneLivePlace() from None


def _open_bills(wishes: list[Wish], *, actor: str, now: datetime) -> dict[str, Bill]:
    """One bill for each payer, due before the first of their visits begins."""
    parties: dict[str, list[Wish]] = {}
    for wish in wishes:
        parties.setdefault(wish.payer, []).append(wish)
    return {
        payer: payments.open_bill(
            [wish.application for wish in party],
            due_at=min(_due_at(wish.slot, now) for wish in party),
            actor=actor,
            now=now,
        )
        for payer, party in parties.items()
    }


def _due_at(slot: Slot, now: datetime) -> datetime:
    window = policy.value("payment_window_minutes", office=slot.office_id, now=now)
    return rules.due_at(now=now, window_minutes=window, starts_at=slot.starts_at)


def _tell_place(booking: Booking, status: PlaceStatus, *, actor: str, now: datetime) -> None:
    tell(
        booking.application,
        actor=actor,
        now=now,
        place_status=status,
        place_starts_at=booking.slot.starts_at,
        office=booking.slot.office_id,
    )


def _say_held(booking: Booking, *, actor: str, now: datetime) -> None:
    assert booking.held_until
    record(
        PlaceHeld(
            application=booking.application.ref,
            office=booking.slot.office_id,
            starts_at=booking.slot.starts_at,
            held_until=booking.held_until,
            bill=booking.bill,
        ),
        actor=actor,
        now=now,
    )


# Confirming


@transaction.atomic
def confirm(booking: Booking, *, action_id: str, actor: str, now: datetime) -> Booking:
    """The bill of a held place is settled: book it and issue its pass. Raises MoveRefused when it is held no more."""
    with once(action_id, booking.pk) as seen:
        if not seen:
            lock([booking.application])
            book_paid(booking, actor=actor, now=now)
            seen.remember(booking)
        return booking


def book_paid(booking: Booking, *, actor: str, now: datetime) -> None:
    """The steps of a confirmation, inside the caller's transaction."""
    move(booking.application, journey.BOOK, actor=actor, now=now)
    _issue_pass(booking, actor=actor, now=now)


def _issue_pass(booking: Booking, *, actor: str, now: datetime) -> None:
    """Confirm the place under the next pass number and let the office read the dossier."""
    _number_pass(booking, actor=actor, now=now)
    record(
        PlaceBooked(
            application=booking.application.ref,
            office=booking.slot.office_id,
            starts_at=booking.slot.starts_at,
            pass_number=booking.pass_number or 0,
            why=booking.why,
        ),
        actor=actor,
        now=now,
    )


def _number_pass(booking: Booking, *, actor: str, now: datetime) -> None:
    application = booking.application
    booking.state, booking.pass_number = BookingState.BOOKED, application.pass_number + 1
    Booking.objects.filter(pk=booking.pk).update(state=booking.state, pass_number=booking.pass_number)
    fault("appointments.pass_numbered")
    _tell_place(booking, PlaceStatus.BOOKED, actor=actor, now=now)
    tell(application, actor=actor, now=now, pass_number=booking.pass_number)
    dossier.send(application, Site.OFFICE, actor=actor, now=now)


@transaction.atomic
def seat_late_payer(application: Application, *, action_id: str, actor: str, now: datetime) -> Booking | None:
    """Money came for a hold that had lapsed: the same place if it is free, else the nearest later one.

    None when there is none, or when the same person has another place by now; then the applicant chooses without
    paying again.
    """
    with once(action_id, application.ref) as seen:
        if seen:
            return Booking.objects.filter(pk=seen.answer).first()
        lock([application])
        lost = lapsed_place(application)
        wants = lost is not None and not _have_a_place([application.nik_key])
        slot = take_nearest(lost.slot, now=now) if lost and wants else None
        if lost is None or slot is None:
            return None
        move(application, journey.RESEAT, actor=actor, now=now)
        booking = _replace(lost, slot, Why.RESEATED, now=now)
        _issue_pass(booking, actor=actor, now=now)
        return seen.remember(booking)


def lapsed_place(application: Application) -> Booking | None:
    """The place an application lost for want of money, if that was the last thing that happened to it."""
    last = application.bookings.select_related("slot").order_by("-pk").first()  # type: ignore[attr-defined]
    return last if last and last.state == BookingState.LAPSED else None


def pots_like(pot: str) -> tuple[str, ...]:
    """The pots that may stand in for a place of `pot`."""
    return (Pot.RESCUE, Pot.ONLINE) if pot == Pot.RESCUE else (pot,)


def take_nearest(wanted: Slot, *, now: datetime) -> Slot | None:
    """Take one place in `wanted` or in a later slot like it: the earliest day, on it the closest hour."""
    alike = Slot.objects.filter(office=wanted.office_id, starts_at__gte=wanted.starts_at)
    alike = alike.for_kind(wanted.booklet_kind, *pots_like(wanted.pot))
    free = sorted(
        alike.bookable(now=now).order_by("starts_at", "pk")[:60],
        key=lambda slot: rules.nearness(wanted, slot),
    )
    for slot in free:
        try:
            slot.take_places(1, now=now)
        except (SlotFull, SlotClosed):
            continue  # somebody was faster; the next one
        return slot
    return None


def _replace(old: Booking, slot: Slot, why: Why, *, now: datetime) -> Booking:
    """A booking in a slot whose place is taken, in the stead of one that is over."""
    booking = Booking(
        application=old.application,
        slot=slot,
        nik_key=old.nik_key,
        bill=old.bill,
        state=BookingState.HELD,
        why=why,
        held_at=now,
        instead_of=old,
    )
    _insert([booking])
    return booking


# Giving back


@transaction.atomic
def lapse(
    booking: Booking, *, action_id: str, actor: str, now: datetime, reason: Ended = Ended.UNPAID
) -> Booking:
    """End a hold without money: place free, bill lapsed, application SUBMITTED again with nothing typed again.

    Raises BillSettled when the money was faster, MoveRefused when the place is held no more.
    """
    with once(action_id, booking.pk) as seen:
        if not seen:
            lock([booking.application])
            end_hold(booking, reason, actor=actor, now=now)
            seen.remember(booking)
        return booking


def end_hold(booking: Booking, reason: Ended, *, actor: str, now: datetime) -> None:
    """The steps of a lapse, inside the caller's transaction."""
    bill = Bill.objects.filter(code=booking.bill).first()
    move(booking.application, journey.LAPSE, actor=actor, now=now, reason=reason)
    if bill is not None:
        payments.lapse_bill(bill, actor=actor, now=now)
        booking.application.refresh_from_db()
    booking.end(BookingState.LAPSED, reason=reason, now=now)
    fault("appointments.hold_ended")
    say_freed(booking, actor=actor, now=now)


def say_freed(booking: Booking, *, actor: str, now: datetime, paid: bool = False) -> None:
    """Tell the application that it has no place now, and everybody that one is free."""
    tell(booking.application, actor=actor, now=now, place_status=PlaceStatus.FREED, place_starts_at=None)
    record(
        PlaceFreed(
            application=booking.application.ref,
            office=booking.slot.office_id,
            starts_at=booking.slot.starts_at,
            reason=booking.reason,
            paid=paid,
        ),
        actor=actor,
        now=now,
    )


@transaction.atomic
def give_up(application: Application, *, action_id: str, actor: str, now: datetime) -> Application:
    """The applicant lets a held place go to choose another one. Raises NoPlaceToMove when nothing is held."""
    with once(action_id, application.ref) as seen:
        if not seen:
            lock([application])
            booking = live_booking(application)
            if booking is None or not booking.is_held:
                raise NoPlaceToMove()
            end_hold(booking, Ended.GIVEN_UP, actor=actor, now=now)
            seen.remember(application)
        return application


def live_booking(application: Application) -> Booking | None:
    """The place an application holds or has booked, tied to the very object that was given."""
    booking = Booking.objects.live().filter(application=application).select_related("slot__office").first()
    if booking is not None:
        booking.application = application
    return booking


@transaction.atomic
def free_place(application: Application, *, action_id: str, actor: str, now: datetime) -> Booking | None:
    """The application has ended: what it still holds goes back on sale."""
    with once(action_id, application.ref) as seen:
        booking = None if seen else live_booking(application)
        if booking is not None and booking.end(BookingState.FREED, reason=Ended.WITHDRAWN, now=now):
            fault("appointments.place_freed")
            say_freed(booking, actor=actor, now=now, paid=booking.pass_number is not None)
            seen.remember(booking)
        return booking


def has_open_visit(application: Application) -> bool:
    """Whether a visit of this application may still be used, missed or freed."""
    return Booking.objects.filter(application=application, state__in=(*LIVE, BookingState.MISSED)).exists()


@transaction.atomic
def mark_used(application: Application, *, action_id: str, now: datetime) -> None:
    """The visitor came; the place is used up. A missed visit that was made good after all counts as used."""
    with once(action_id, application.ref) as seen:
        if not seen:
            came = Booking.objects.filter(
                application=application, state__in=(BookingState.BOOKED, BookingState.MISSED)
            )
            last = came.order_by("-pk").first()
            if last is not None:
                Booking.objects.filter(pk=last.pk).update(state=BookingState.USED)


@transaction.atomic
def free_left_over(application: Application, *, action_id: str, now: datetime) -> Booking | None:
    """The visitor came on an older pass, and a person has looked: a later place of the same application goes back on sale."""
    with once(action_id, application.ref) as seen:
        if seen or application.state in BEFORE_ARRIVAL:
            return None
        used = Booking.objects.filter(
            application=application, state=BookingState.USED, slot__starts_at__gt=now
        )
        left = used.select_related("slot").order_by("-pk").first()
        if left is None or left.slot.starts_at == application.place_starts_at:
            return None
        Booking.objects.filter(pk=left.pk).update(
            state=BookingState.FREED, reason=Ended.CAME_EARLIER, freed_at=now
        )
        left.slot.give_back()
        return seen.remember(left)


@transaction.atomic
def mark_missed(application: Application, *, action_id: str, now: datetime) -> None:
    """The office says the visitor did not come. The place is not sold again: its time is over."""
    with once(action_id, application.ref) as seen:
        booking = None if seen else live_booking(application)
        if booking is not None:
            booking.end(BookingState.MISSED)


# Moving


@transaction.atomic
def change_place(
    application: Application, slot: Slot, *, action_id: str, actor: str, now: datetime
) -> Booking:
    """Move a booked visit: the new place is taken before the old one is freed, in one transaction.

    Raises TooLateToChange (OnDayList at a portal) after the evening before, ChangesUsedUp unless the time was picked by us, SlotFull and
    SlotClosed; then the old place stands.
    """
    with once(action_id, application.ref, slot.pk) as seen:
        if seen:
            return Booking.objects.get(pk=seen.answer)
        lock([application])
        old = live_booking(application)
        if old is None or old.is_held:
            raise NoPlaceToMove()
        _refuse_change(old, now=now)
        if old.slot_id == slot.pk:
            raise SamePlace()
        _refuse_misfit(application, slot, pot_of(application))
        slot.take_places(1, now=now)
        fault("appointments.new_place_taken")
        booking = exchange(old, slot, Why.CHANGED, Ended.CHANGED, actor=actor, now=now)
        if not old.may_change_free:
            tell(application, actor=actor, now=now, changes_used=application.changes_used + 1)
        return seen.remember(booking)


def changes_left(booking: Booking, now: datetime) -> int:
    """How often this visit may still be moved; at least once where we picked the time."""
    application = booking.application
    limit = policy.value("reschedules", office=booking.slot.office_id, now=now)
    return max(limit - application.changes_used, int(booking.may_change_free))


def _refuse_change(booking: Booking, *, now: datetime) -> None:
    application = booking.application
    if application.is_on_day_list(now):
        raise held_elsewhere(application, now) or TooLateToChange()
    if not changes_left(booking, now):
        raise ChangesUsedUp()


def exchange(old: Booking, slot: Slot, why: Why, ended: Ended, *, actor: str, now: datetime) -> Booking:
    """Swap a booked place for one just taken in `slot`: old freed, new booked, new pass. In the caller's transaction."""
    application = old.application
    move(application, journey.CHANGE, actor=actor, now=now, reason=ended)
    if not old.end(BookingState.FREED, reason=ended, now=now):
        raise NoPlaceToMove()
    fault("appointments.old_place_freed")
    booking = _replace(old, slot, why, now=now)
    _number_pass(booking, actor=actor, now=now)
    record(
        PlaceChanged(
            application=application.ref,
            office=slot.office_id,
            starts_at=slot.starts_at,
            pass_number=booking.pass_number or 0,
            old_office=old.slot.office_id,
            old_starts_at=old.slot.starts_at,
            why=why,
        ),
        actor=actor,
        now=now,
    )
    return booking


@transaction.atomic
def rescue(application: Application, slot: Slot, *, action_id: str, actor: str, now: datetime) -> Booking:
    """A new time for a missed visit, once, within some days, without paying again. Raises RescueOver, OneLivePlace."""
    with once(action_id, application.ref, slot.pk) as seen:
        if seen:
            return Booking.objects.get(pk=seen.answer)
        lock([application])
        if application.state != State.MISSED:
            raise MoveRefused(state=application.state)
        missed = missed_place(application)
        if missed is None or not may_rescue(missed, now):
            raise RescueOver()
        _refuse_misfit(application, slot, Pot.RESCUE, pot_of(application))
        slot.take_places(1, now=now)
        missed.end(BookingState.MISSED)
        if _have_a_place([application.nik_key]):
            raise OneLivePlace()
        move(application, journey.RESCUE, actor=actor, now=now)
        booking = _replace(missed, slot, Why.RESCUED, now=now)
        fault("appointments.rescued")
        _issue_pass(booking, actor=actor, now=now)
        return seen.remember(booking)


def missed_place(application: Application) -> Booking | None:
    """The visit that was missed, tied to the very object that was given."""
    bookings = application.bookings.select_related("slot__office").order_by("-pk")  # type: ignore[attr-defined]
    last = bookings.filter(state__in=(BookingState.MISSED, BookingState.BOOKED)).first()
    if last is not None:
        last.application = application
    return last


def may_rescue(missed: Booking, now: datetime) -> bool:
    return missed.why != Why.RESCUED and now <= missed.application.rescue_until(now)
