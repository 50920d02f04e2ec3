"""People, applications and passes for the tests of the hall."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import count

from django.db import transaction

from openpaspor import journey
from openpaspor.accounts.models import Posting, Role, User
from openpaspor.applications.actions import move, start_application, submit, tell
from openpaspor.applications.answers import Answers
from openpaspor.applications.models import Application
from openpaspor.hall import actions
from openpaspor.hall.models import Counter, Ticket
from openpaspor.journey import State
from openpaspor.kit import visit_pass
from openpaspor.kit.visit_pass import VisitPass
from openpaspor.ledger import node, signers
from openpaspor.ledger.keys import KeyRing
from openpaspor.offices.models import Office

NINE = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # 09.00 WITA, a Tuesday
BORN = date(1999, 3, 5)
_numbers = count(1)
PASS = VisitPass(
    number=1,
    ref="OP-22WY-ZVKJ",
    office="DENPASAR",
    starts_at=NINE,
    kind="adult-new",
    booklet="electronic",
    paid=True,
    name="SITI AMINAH",
)

# The moves that lead an application from its arrival to a state.
AFTER_ARRIVAL = {
    State.ARRIVED: (),
    State.INCOMPLETE: (journey.OWE,),
    State.ENROLLED: (journey.ENROL,),
    State.REVIEW: (journey.ENROL, journey.RECEIVE),
    State.ASKED: (journey.ENROL, journey.RECEIVE, journey.ASK),
    State.APPROVED: (journey.ENROL, journey.RECEIVE, journey.APPROVE),
    State.PRINTED: (journey.ENROL, journey.RECEIVE, journey.APPROVE, journey.PRINT),
    State.READY: (
        journey.ENROL,
        journey.RECEIVE,
        journey.APPROVE,
        journey.PRINT,
        journey.PASS_INSPECTION,
    ),
}


def action() -> str:
    return f"hall-test:{next(_numbers)}"


def office_of(code: str = "DENPASAR") -> Office:
    return Office.objects.get(pk=code)


def make_officer(office: Office | None = None, role: Role = Role.OFFICER) -> User:
    code = f"S-{next(_numbers)}"
    person = User.objects.create(code=code, login=code.lower(), joined_at=NINE)
    Posting.objects.create(
        person=person, role=role, office=office or office_of(), starts_at=datetime(2020, 1, 1, tzinfo=UTC)
    )
    return person


def make_draft(name: str = "SITI AMINAH") -> Application:
    answers = Answers(full_name=name, nik="5171014503990003", born=BORN)
    return start_application("adult-replace", action_id=action(), actor="A-1", now=NINE, answers=answers)


def make_submitted(name: str = "SITI AMINAH") -> Application:
    return submit(make_draft(name), action_id=action(), actor="A-1", now=NINE)


@transaction.atomic
def make_booked(office: Office, at: datetime, name: str = "SITI AMINAH", pass_number: int = 1) -> Application:
    """An application with a confirmed place, made by the moves themselves."""
    application = make_submitted(name)
    tell(
        application,
        actor="A-1",
        now=NINE,
        office=office.code,
        place_starts_at=at,
        place_status="booked",
        pass_number=pass_number,
    )
    move(application, journey.HOLD, actor="A-1", now=NINE)
    move(application, journey.BOOK, actor="worker", now=NINE)
    return application


def make_in_state(office: Office, state: State) -> Application:
    """An application whose visit is behind it."""
    application = make_booked(office, NINE)
    with transaction.atomic():
        move(application, journey.ARRIVE, actor="S-1", now=NINE)
        for arrow in AFTER_ARRIVAL[state]:
            move(application, arrow, actor="S-1", now=NINE)
    return application


def pass_of(application: Application, **changes: object) -> str:
    """The text of a visit pass, signed by this node; `changes` make it another office's, day's or number's."""
    known = {
        "number": application.pass_number,
        "ref": application.ref,
        "office": application.office_id,
        "starts_at": application.place_starts_at,
        "kind": application.kind,
        "booklet": application.booklet,
        "paid": True,
        "name": "SITI AMINAH",
    }
    return sealed(VisitPass(**known | changes), node.here().keys)  # type: ignore[arg-type]


def sealed(pass_: VisitPass, keys: KeyRing) -> str:
    """The text of a pass as the node with these keys gives it out."""
    certificate = signers.certificate_of(keys.seal_public)
    return visit_pass.encode(pass_, certificate=certificate, on=NINE.date(), sign=keys.seal)


def let_in(
    pass_: VisitPass, office: Office, application: Application | None = None, **known: object
) -> Ticket:
    """A number on the pass alone."""
    known = {"action_id": action(), "actor": "S-1", "now": NINE} | known
    return actions.issue_on_pass(pass_, application, office, **known)  # type: ignore[arg-type]


def open_counter(
    office: Office, number: int = 1, officer: User | None = None, serves: str = "ABPC"
) -> Counter:
    officer = officer or make_officer(office)
    return actions.open_counter(
        office, number, officer, action_id=action(), actor=officer.code, now=NINE, serves=serves
    )
