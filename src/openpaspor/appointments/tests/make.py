"""People, offices, slots and money for the tests of this room. Only real actions write."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from openpaspor import journey
from openpaspor.accounts.models import Posting, Role, User
from openpaspor.applications import actions as applications
from openpaspor.applications.answers import Answers
from openpaspor.applications.models import Application
from openpaspor.appointments import actions
from openpaspor.appointments.models import Booking, Pot, Slot
from openpaspor.ledger import node, worker
from openpaspor.offices.models import Booklet, Office
from openpaspor.payments import actions as payments
from openpaspor.payments.models import Bill
from openpaspor.payments.rules import Notice

WITA = ZoneInfo("Asia/Makassar")
NOW = datetime(2026, 11, 24, 9, 40, tzinfo=WITA)  # a Tuesday
TODAY = NOW.date()
TOMORROW = date(2026, 11, 25)
_numbers = count(1)


def make_office(
    code: str = "DENPASAR", timezone: str = "Asia/Makassar", office_class: str = "I TPI"
) -> Office:
    defaults = {
        "name": f"Kantor {code}",
        "office_class": office_class,
        "kind": "kanim",
        "city": code.title(),
        "province": "Bali",
        "timezone": timezone,
    }
    return Office.objects.get_or_create(code=code, defaults=defaults)[0]


def make_slot(
    office: Office | None = None,
    *,
    day: date = TOMORROW,
    hour: int = 9,
    offered: int = 1,
    pot: str = Pot.ONLINE,
    booklet: str = Booklet.ELECTRONIC,
    taken: int = 0,
) -> Slot:
    office = office or make_office()
    starts_at = datetime(day.year, day.month, day.day, hour, tzinfo=office.tz)
    evening_before = datetime(day.year, day.month, day.day, tzinfo=office.tz) - timedelta(hours=6)
    return Slot.objects.create(
        office=office,
        starts_at=starts_at,
        day=day,
        pot=pot,
        booklet_kind=booklet,
        offered=offered,
        capacity=max(offered, taken),
        taken=taken,
        seller_node=node.here().name,
        sells_until=evening_before if pot == Pot.ONLINE else starts_at - timedelta(hours=2),
    )


def make_user(**changes: object) -> User:
    return User.objects.create(code=f"A-{next(_numbers):06d}", joined_at=NOW, **changes)


def make_head(office: Office) -> User:
    user = make_user(login=f"kepala.{office.code.lower()}.{next(_numbers)}")
    Posting.objects.create(person=user, role=Role.HEAD, office=office, starts_at=NOW - timedelta(days=1))
    return user


def make_draft(
    *, nik: str = "", now: datetime = NOW, kind: str = "adult-replace", **more: object
) -> Application:
    number = next(_numbers)
    answers = Answers(
        full_name="Ni Luh Sari Dewi",
        nik=nik or f"5171{number:012d}",
        born=date(1999, 3, 5),
        sex="F",
        phone="+628120000001",
    )
    return applications.start_application(
        kind, action_id=f"start-{number}", actor="U-1", now=now, answers=answers, **more
    )


def make_application(*, same_day: bool = False, now: datetime = NOW, **more: object) -> Application:
    """A submitted application: identity fixed, no place yet."""
    application = make_draft(now=now, **more)
    if same_day:
        applications.tell(application, actor="U-1", now=now, same_day=True)
    return applications.submit(application, action_id=f"submit-{application.ref}", actor="U-1", now=now)


def hold(application: Application, slot: Slot, *, now: datetime = NOW, action_id: str = "") -> Booking:
    wish = actions.Wish(application, slot)
    action_id = action_id or f"hold-{application.ref}-{slot.pk}-{now.isoformat()}"
    return actions.hold_places([wish], action_id=action_id, actor="U-1", now=now)[0]


def pay(
    application: Application, *, paid_at: datetime = NOW, now: datetime | None = None, code: str = ""
) -> None:
    """The bank says (at `now`) that a bill, the newest one, was paid at `paid_at`, and everybody has heard it."""
    bill = Bill.objects.get(code=code) if code else Bill.objects.of(application).first()
    assert bill
    notice = Notice(
        provider="demo", txn=f"T{next(_numbers)}", code=bill.code, amount_idr=bill.amount_idr, paid_at=paid_at
    )
    payments.receive_notice(notice, now=now or paid_at)
    settle_down(application)


def settle_down(application: Application) -> None:
    """Let the worker seal and follow what was said."""
    worker.work_until_idle(with_sweeps=False)
    application.refresh_from_db()


def make_booked(slot: Slot, *, now: datetime = NOW, **more: object) -> Application:
    application = make_application(now=now, **more)
    hold(application, slot, now=now)
    pay(application, paid_at=now)
    assert application.state == journey.State.BOOKED
    return application


def miss(application: Application, *, now: datetime) -> None:
    applications.move(application, journey.MISS, actor="S-1", now=now)
    settle_down(application)


def withdraw(application: Application, *, now: datetime = NOW) -> None:
    applications.withdraw(application, action_id=f"withdraw-{application.ref}", actor="U-1", now=now)
    settle_down(application)
