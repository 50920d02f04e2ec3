"""Applications, bills and notices for tests, made by the deeds that make them in life."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from django.utils.crypto import get_random_string

from openpaspor import journey
from openpaspor.accounts.models import Posting, Role, User
from openpaspor.applications.actions import move, start_application, submit
from openpaspor.applications.answers import Answers
from openpaspor.applications.models import Application, Channel, Kind
from openpaspor.offices.models import Office
from openpaspor.payments import actions, api
from openpaspor.payments.gateways.demo import bank
from openpaspor.payments.models import Bill, Deliver, Receipt
from openpaspor.payments.rules import Notice

MORNING = datetime(2026, 11, 24, 1, 40, tzinfo=UTC)  # 09.40 in Denpasar
TWO_HOURS = timedelta(hours=2)
_count = itertools.count(1)


def make_id() -> str:
    return f"test-{next(_count)}-{get_random_string(6)}"


def make_account() -> User:
    number = next(_count)
    account = User(code=f"A-{number}-{get_random_string(4)}", joined_at=MORNING)
    account.give_phone(f"+62812{number:08d}", verified=True)
    account.save()
    return account


def make_staff(role: Role, office: Office | None = None) -> User:
    person = User.objects.create(code=f"S-{make_id()}"[:20], login=make_id(), joined_at=MORNING)
    Posting.objects.create(person=person, role=role, office=office, starts_at=MORNING - timedelta(days=1))
    return person


def make_office() -> Office:
    return Office.objects.get(code="DENPASAR")


def make_application(
    kind: Kind = Kind.ADULT_REPLACE,
    *,
    state: str = "SUBMITTED",
    account: User | None = None,
    now: datetime = MORNING,
) -> Application:
    """SUBMITTED or HOLDING from home; ENROLLED as a walk-in."""
    walk_in = state == "ENROLLED"
    application = start_application(
        kind,
        action_id=make_id(),
        actor="test",
        now=now,
        account=account,
        channel=Channel.COUNTER if walk_in else Channel.ONLINE,
        office=make_office(),
        answers=Answers(full_name="SITI AMINAH", nik="5171015503990003"),
    )
    if walk_in:
        move(application, journey.WALK_IN, actor="test", now=now)
        move(application, journey.ENROL, actor="test", now=now)
        return application
    submit(application, action_id=make_id(), actor="test", now=now)
    if state == "HOLDING":
        move(application, journey.HOLD, actor="test", now=now)
    return application


def make_bill(
    *applications: Application,
    now: datetime = MORNING,
    lasts: timedelta = TWO_HOURS,
    penalty: str | None = None,
) -> Bill:
    wanted = applications or (make_application(state="HOLDING"),)
    return actions.open_bill(wanted, due_at=now + lasts, actor="test", now=now, penalty=penalty)


def lapse(bill: Bill, *, now: datetime) -> Bill:
    """As the room of appointments does: the hold ends, and with it the bill."""
    for application in bill.applications():
        if application.state == "HOLDING":
            move(application, journey.LAPSE, actor="worker", now=now)
    return actions.lapse_bill(bill, actor="worker", now=now)


def make_notice(
    bill: Bill | None = None, *, txn: str = "", paid_at: datetime = MORNING, **changes: object
) -> Notice:
    told = {
        "code": bill.code if bill else "820261124999999",
        "amount_idr": bill.amount_idr if bill else 650_000,
    }
    return Notice(provider="demo", txn=txn or make_id(), paid_at=paid_at, raw=b"{}", **{**told, **changes})  # type: ignore[arg-type]


def pay(bill: Bill, *, now: datetime = MORNING, **changes: object) -> Receipt:
    """Money for a bill, as its notice would bring it."""
    return actions.receive_notice(make_notice(bill, paid_at=now, **changes), now=now)


def pay_at_bank(
    code: str, amount_idr: int, deliver: str = "now", *, paid_at: datetime = MORNING, now: datetime = MORNING
) -> None:
    """Money through the demo bank, which tells us as it was told to."""
    row = bank.pay(code, amount_idr, paid_at=paid_at, deliver=Deliver(deliver))
    bank.tell_at_once(row, api.straight_in(now))
