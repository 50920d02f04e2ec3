"""Every page that a person can open, with an address that shows it in the demo; and every address that is no page.

`openpaspor pages` prints the list; pictures, accessibility and budgets are taken from it. Addresses say nothing of a
language: add `?bahasa=en`, or carry the cookie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from openpaspor.accounts import demo_people
from openpaspor.accounts.models import User
from openpaspor.adjudication.models import Case
from openpaspor.applications.actions import DELETED
from openpaspor.applications.models import Application
from openpaspor.hall.models import Ticket, TicketState
from openpaspor.intake.models import Examination
from openpaspor.issuance.models import BatchState, StockBatch
from openpaspor.journey import State
from openpaspor.kit import clock
from openpaspor.offices import calendars
from openpaspor.offices.models import Office
from openpaspor.payments.models import BankTransaction, Difference, Receipt, SettlementFile

ME = demo_people.APPLICANT
OFFICE = "DENPASAR"
OFFICER, HEAD, PRINT = "petugas.denpasar", "kepala.denpasar", "cetak.denpasar"
CENTRE, KAS, OPS = "adjudikator1.pusat", "kas.pusat", "ops.pusat"
NEW_COMER = "petugas3.jayapura"  # whom an operator gives a first password
NEW_PASSWORD = "sepuluh kelapa muda"
ADULT = "whose=adult&had=expired&travel=later&booklet=electronic&years=10"

Find = Callable[[], tuple[Any, ...]]


class NotInTheDemo(Exception):
    """This installation has nothing on which the page could be shown."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something done before the page is there: a form filled in and sent, or a button pressed.

    `at` is the page it happens on (empty: where one is), `press` a CSS selector (empty: the button of the form with the
    first field). `keep` names what the page then offers to copy; later fields use it as `{name}`. `once`: what was done
    before is not done again.
    """

    at: str = ""
    fields: dict[str, str] | None = None
    press: str = ""
    keep: str = ""
    once: bool = False


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A page as it can be opened now."""

    name: str  # of the URL; the page says the same in `data-page`
    case: str = ""  # which of its states
    login: str = ""  # of the demo; empty: nobody has to sign in
    url: str | None = None  # None: the demo has nothing to show it on
    first: tuple[Step, ...] = ()
    stays: bool = False  # the page is what the last step answers
    status: int = 200
    public: bool = False  # for everybody, before sign-in
    marked: bool = True  # carries its name in `data-page`

    @property
    def picture(self) -> str:
        """The beginning of the names of its pictures."""
        words = f"{self.name}-{self.case}" if self.case else self.name
        return words.replace(":", "-").replace("_", "-").replace(" ", "-")


@dataclass(frozen=True, kw_only=True)
class Page:
    """One row of the list below."""

    name: str
    case: str = ""
    login: str = ""
    args: Find = tuple
    query: str = ""
    first: Callable[[], tuple[Step, ...]] = tuple
    stays: bool = False
    status: int = 200
    public: bool = False
    marked: bool = True
    path: str = ""  # of a page that has no name

    def shown(self) -> Shown:
        about = {
            name: getattr(self, name)
            for name in ("name", "case", "login", "stays", "status", "public", "marked")
        }
        try:
            url = self.path or reverse(self.name, args=self.args())
            steps = self.first()
        except NotInTheDemo:
            return Shown(**about)
        return Shown(**about, url=url + (f"?{self.query}" if self.query else ""), first=steps)


# --- what the pages are shown on --------------------------------------------------------------------------


def _one(rows: Any) -> Any:
    found = rows.first()
    if found is None:
        raise NotInTheDemo
    return found


def _me() -> User:
    found = demo_people.of(ME)
    if found is None:
        raise NotInTheDemo
    return found


def mine(state: State) -> Find:
    """The demo applicant's oldest application in a state."""

    def find() -> tuple[Any, ...]:
        return (_one(Application.objects.of(_me()).in_state(state).order_by("pk")).ref,)

    return find


def draft(*more: str, kind: str = "adult-replace") -> Find:
    """The demo applicant's draft of a kind: one that fits, and an adult's that was begun for a child."""

    def find() -> tuple[Any, ...]:
        rows = Application.objects.of(_me()).in_state(State.DRAFT).exclude(reason=DELETED)
        return (_one(rows.filter(kind=kind).order_by("pk")).ref, *more)

    return find


def mine_ahead() -> tuple[Any, ...]:
    """The demo applicant's last booked visit, which can still be moved."""
    rows = Application.objects.of(_me()).in_state(State.BOOKED)
    return (_one(rows.order_by("-place_starts_at")).ref,)


def here(*states: State) -> Find:
    """An application of the office in one of some states."""

    def find() -> tuple[Any, ...]:
        return (_one(Application.objects.filter(office=OFFICE).in_state(*states).order_by("-pk")).ref,)

    return find


def at_the_printer() -> tuple[Any, ...]:
    rows = Application.objects.filter(office=OFFICE, bill_status="paid").in_state(State.APPROVED)
    return (_one(rows.exclude(serial="").order_by("pk")).ref,)


def decided_case() -> tuple[Any, ...]:
    rows = Case.objects.filter(application__state=State.REFUSED).select_related("application")
    return (_one(rows.order_by("pk")).application.ref,)


def waiting_number() -> tuple[Any, ...]:
    return (_one(Ticket.objects.filter(office=OFFICE, state=TicketState.WAITING).order_by("pk")).pk,)


def examined() -> tuple[Any, ...]:
    rows = Examination.objects.filter(case__application__office=OFFICE, outcome="")
    return (_one(rows.select_related("case__application").order_by("pk")).case.application.ref,)


def delivery() -> tuple[Any, ...]:
    return (_one(StockBatch.objects.filter(office=OFFICE, state=BatchState.COUNTED).order_by("pk")).pk,)


def lost_money() -> tuple[Any, ...]:
    return (_one(Receipt.objects.unmatched()).pk,)


def settlement_file() -> tuple[Any, ...]:
    return (_one(SettlementFile.objects.order_by("pk")).pk,)


def difference() -> tuple[Any, ...]:
    return (_one(Difference.objects.unsettled()).pk,)


def bank_slip() -> tuple[Any, ...]:
    return (_one(BankTransaction.objects.order_by("pk")).txn,)


def member_of_staff() -> tuple[Any, ...]:
    return (_one(User.objects.filter(login=NEW_COMER)).code,)


def open_day() -> date:
    """The office's next open day after today."""
    office = _one(Office.objects.filter(pk=OFFICE))
    today = office.local(clock.now()).date()
    return next(day for day in calendars.open_days(office, today, 2) if day > today)


def day_to_close() -> tuple[Any, ...]:
    return (open_day().isoformat(),)


# --- steps ------------------------------------------------------------------------------------------------


def asks_a_code() -> tuple[Step, ...]:
    return (Step(at=reverse("accounts:sign_in"), fields={"phone": "081299990001"}),)


def asks_a_code_for_a_new_number() -> tuple[Step, ...]:
    return (Step(at=reverse("accounts:new_phone"), fields={"phone": "081299990002"}),)


def gives_the_password(login: str, password: str) -> Step:
    return Step(at=reverse("accounts:staff_sign_in"), fields={"login": login, "password": password})


def with_password() -> tuple[Step, ...]:
    return (gives_the_password(OFFICER, demo_people.PASSWORD),)


def is_given_a_first_password() -> tuple[Step, ...]:
    """An operator resets somebody's access."""
    at = reverse("accounts:person", args=member_of_staff())
    return (Step(at=at, press="form[action$='/atur-ulang/'] button", keep="password"),)


def with_first_password() -> tuple[Step, ...]:
    """… who then signs in with what the operator was shown."""
    leaves = Step(press="form[action='/keluar/'] button")
    return (*is_given_a_first_password(), leaves, gives_the_password(NEW_COMER, "{password}"))


def with_own_password() -> tuple[Step, ...]:
    return (*with_first_password(), Step(fields={"password": NEW_PASSWORD, "again": NEW_PASSWORD}))


def asks_the_status() -> tuple[Step, ...]:
    """The bearer of a reference and a birth date is not signed in."""
    application = _one(Application.objects.of(_me()).in_state(State.REVIEW))
    born = _born_of(application)
    fields = {"ref": application.ref, "born_day": str(born.day), "born_month": str(born.month)}
    return (Step(at=reverse("applications:track"), fields=fields | {"born_year": str(born.year)}),)


def _born_of(application: Application) -> date:
    from openpaspor.applications import dossier

    answers = dossier.open_answers(application, actor="worker", why="own", now=clock.now())
    assert answers.born
    return answers.born


def takes_a_case() -> tuple[Step, ...]:
    press = "form[action='/pusat/ambil/'] button, main .card-now a.button"
    return (Step(at=reverse("adjudication:queue"), press=press),)


def opens_a_counter() -> tuple[Step, ...]:
    at = reverse("hall:today")
    return (
        Step(at=at, press="form[action$='/loket/buka/'] button", once=True),
        Step(at=at, press="form[action$='/panggil/'] button.button-primary", once=True),
    )


def scans_the_wrong_booklet() -> tuple[Step, ...]:
    at = reverse("issuance:case", args=at_the_printer())
    return (Step(at=at, fields={"serial": "X9999999"}),)


def sends_nothing(name: str, args: Find = tuple) -> Callable[[], tuple[Step, ...]]:
    """A form sent empty, so that its page says what is missing."""
    return lambda: (
        Step(
            at=reverse(name, args=args()),
            press="main form[method=post] button[type=submit], .action-bar button[type=submit]",
        ),
    )


# --- the pages --------------------------------------------------------------------------------------------

STATUSES = tuple(
    Page(name="applications:status", case=state.lower(), login=ME, args=mine(state))
    for state in State
    if state not in (State.DRAFT, State.WITHDRAWN, State.EXPIRED, State.UNCOLLECTED)
)
STEPS = tuple(
    Page(
        name="applications:fill",
        case=slug,
        login=ME,
        args=draft(slug, kind="adult-new" if slug == "orang-tua" else "adult-replace"),
    )
    for slug in ("identitas", "kontak", "orang-tua", "paspor-lama", "perjalanan", "paspor")
)
SECTIONS = tuple(
    Page(name="intake:case", case=part, login=OFFICER, args=mine(State.ARRIVED), query=f"bagian={part}")
    for part in ("identitas", "dokumen", "wawancara", "foto", "selesai")
)
SHOWN = tuple(
    Page(name="ui:components", case=look, query=f"rupa={look}")
    for look in ("beranda", "bayar", "petugas", "papan", "tunggu")
)
TROUBLE = tuple(
    Page(name="ui:components", case=number, query=f"rupa={number}", marked=False)
    for number in ("400", "403", "403-lama", "409", "413", "429", "500")
)

PAGES: tuple[Page, ...] = (
    # Before sign-in
    Page(name="applications:start", public=True),
    Page(name="applications:check", public=True),
    Page(name="applications:check", case="answered", query=ADULT, public=True),
    Page(
        name="applications:check", case="lost", query=ADULT.replace("had=expired", "had=lost"), public=True
    ),
    Page(
        name="applications:check", case="child", query=ADULT.replace("whose=adult", "whose=child"), public=True
    ),
    Page(name="appointments:finder", public=True),
    Page(name="appointments:finder", case="regular", query="layanan=biasa&cari=jayapura", public=True),
    Page(name="appointments:finder", case="nothing found", query="cari=atlantis", public=True),
    Page(name="applications:track", public=True),
    Page(name="applications:track", case="answer", first=asks_the_status, stays=True, public=True),
    Page(
        name="applications:track", case="missing", first=sends_nothing("applications:track"), stays=True,
        status=422, public=True,
    ),
    Page(name="applications:help", public=True),
    Page(name="applications:privacy", public=True),
    Page(name="nodes:status", public=True),
    Page(name="accounts:sign_in", public=True),
    Page(name="accounts:code", first=asks_a_code, public=True),
    Page(name="accounts:staff_sign_in"),
    Page(name="accounts:staff_code", first=with_password),
    Page(name="accounts:staff_password", login=OPS, first=with_first_password),
    Page(name="accounts:staff_set_up", login=OPS, first=with_own_password),
    Page(name="hall:board", args=lambda: (OFFICE,)),
    Page(name="404", path="/tidak-ada/", status=404, marked=False),
    # The applicant
    Page(name="applications:list", login=ME),
    Page(name="applications:new", login=ME, query=ADULT),
    Page(name="applications:tasks", login=ME, args=draft()),
    Page(name="applications:tasks", case="does not fit", login=ME, args=draft(kind="adult-new")),
    *STEPS,
    Page(
        name="applications:fill", case="missing", login=ME, args=draft("perjalanan"), stays=True,
        first=sends_nothing("applications:fill", draft("perjalanan")), status=422,
    ),
    Page(name="applications:ineligible", login=ME, args=draft(kind="adult-new")),
    Page(name="applications:papers", login=ME, args=draft()),
    Page(name="applications:paper", login=ME, args=draft("ktp")),
    Page(name="applications:review", login=ME, args=draft()),
    Page(name="applications:withdraw", login=ME, args=mine(State.BOOKED)),
    Page(name="applications:delete", login=ME, args=draft()),
    *STATUSES,
    Page(name="appointments:choose", login=ME, args=mine(State.SUBMITTED)),
    Page(
        name="appointments:choose", case="times", login=ME, args=mine(State.SUBMITTED),
        query=f"kantor={OFFICE}",
    ),
    Page(name="appointments:choose", case="holding", login=ME, args=mine(State.HOLDING)),
    Page(name="appointments:change", login=ME, args=mine_ahead),
    Page(name="appointments:change", case="too late", login=ME, args=mine(State.BOOKED)),
    Page(name="appointments:rescue", login=ME, args=mine(State.MISSED)),
    Page(name="appointments:pass", login=ME, args=mine(State.BOOKED)),
    Page(name="payments:bill", login=ME, args=mine(State.HOLDING)),
    Page(name="payments:bill", case="paid", login=ME, args=mine(State.BOOKED)),
    Page(name="payments:bill", case="none", login=ME, args=mine(State.SUBMITTED)),
    Page(name="payments:receipt", login=ME, args=mine(State.BOOKED)),
    Page(name="adjudication:answer", login=ME, args=mine(State.ASKED)),
    Page(name="adjudication:answer", case="not asked", login=ME, args=mine(State.REVIEW)),
    Page(name="adjudication:objection", login=ME, args=mine(State.REFUSED)),
    Page(name="notifications:messages", login=ME, args=mine(State.READY)),
    Page(name="notifications:messages", case="none", login=ME, args=draft()),
    Page(name="accounts:account", login=ME),
    Page(name="accounts:new_phone", login=ME),
    Page(name="accounts:new_phone_code", login=ME, first=asks_a_code_for_a_new_number),
    # The officer
    Page(name="hall:today", login=OFFICER),
    Page(name="hall:today", case="called", login=OFFICER, first=opens_a_counter),
    Page(name="hall:arrive", login=OFFICER),
    Page(name="hall:arrive", case="missing", login=OFFICER, first=sends_nothing("hall:arrive"), stays=True, status=422),
    Page(name="hall:arrive_ref", login=OFFICER, args=mine(State.BOOKED)),
    Page(name="hall:arrive_ref", case="no visit", login=OFFICER, args=mine(State.REVIEW)),
    Page(name="hall:walk_in", login=OFFICER, query="nonce=of-this-page"),
    Page(name="hall:ticket", login=OFFICER, args=waiting_number),
    Page(name="hall:search", login=OFFICER, query="q=B+001"),
    Page(name="hall:search", case="nothing", login=OFFICER),
    Page(name="intake:cases", login=OFFICER),
    Page(name="payments:proof", login=OFFICER, args=here(State.ENROLLED, State.REVIEW, State.APPROVED)),
    Page(name="nodes:offline", login=OFFICER),
    Page(name="nodes:doubts", login=OFFICER),
    Page(name="intake:new", login=OFFICER),
    Page(name="intake:new", case="missing", login=OFFICER, first=sends_nothing("intake:new"), stays=True, status=422),
    *SECTIONS,
    Page(name="intake:case", case="examined", login=OFFICER, args=examined),
    Page(name="intake:case", case="incomplete", login=OFFICER, args=here(State.INCOMPLETE)),
    Page(name="intake:case", case="at the centre", login=OFFICER, args=here(State.REVIEW)),
    Page(name="intake:receipt", login=OFFICER, args=here(State.REVIEW)),
    Page(name="intake:receipt", case="incomplete", login=OFFICER, args=here(State.INCOMPLETE)),
    # The head of office
    Page(name="hall:head", login=HEAD),
    Page(name="hall:pots", login=HEAD),
    Page(name="hall:end_day", login=HEAD),
    Page(name="appointments:pots", login=HEAD),
    Page(name="appointments:close_day", login=HEAD, args=day_to_close),
    Page(name="intake:exams", login=HEAD),
    Page(name="intake:exam_decision", login=HEAD, args=examined),
    Page(name="payments:exemptions", login=HEAD),
    Page(name="issuance:batch", login=HEAD, args=delivery),
    # The centre
    Page(name="adjudication:queue", login=CENTRE),
    Page(name="adjudication:case", login=CENTRE, args=decided_case),
    Page(name="adjudication:case", case="to decide", login=CENTRE, first=takes_a_case, args=decided_case, stays=True),
    # The print room
    Page(name="issuance:queue", login=PRINT),
    Page(name="issuance:case", login=PRINT, args=at_the_printer),
    Page(name="issuance:case", case="to inspect", login=PRINT, args=here(State.PRINTED)),
    Page(name="issuance:case", case="on the shelf", login=PRINT, args=here(State.READY)),
    Page(
        name="issuance:print", case="wrong booklet", login=PRINT, args=at_the_printer, stays=True,
        first=scans_the_wrong_booklet, status=409,
    ),
    Page(name="issuance:stock", login=PRINT),
    Page(name="issuance:stops", login=PRINT),
    Page(name="issuance:shelf", login=PRINT),
    Page(name="issuance:uncollected", login=PRINT),
    Page(name="issuance:handover", login=PRINT, args=here(State.READY)),
    Page(name="issuance:handover", case="done", login=PRINT, args=here(State.COLLECTED)),
    # Money
    Page(name="payments:kas", login=KAS),
    Page(name="payments:kas_bills", login=KAS),
    Page(name="payments:kas_money", login=KAS, args=lost_money),
    Page(name="payments:settlements", login=KAS),
    Page(name="payments:settlement", login=KAS, args=settlement_file),
    Page(name="payments:differences", login=KAS),
    Page(name="payments:difference", login=KAS, args=difference),
    # Operations
    Page(name="nodes:ops", login=OPS),
    Page(name="nodes:clock", login=OPS),
    Page(name="nodes:offline", case="operator", login=OPS),
    Page(name="nodes:offline", case="print room", login=PRINT),
    Page(name="nodes:doubts", case="print room", login=PRINT),
    Page(name="accounts:postings", login=OPS),
    Page(name="accounts:access", login=HEAD),
    Page(name="accounts:new_person", login=OPS),
    Page(name="accounts:person", login=OPS, args=member_of_staff),
    Page(
        name="accounts:reset_access", login=OPS, args=member_of_staff, first=is_given_a_first_password,
        stays=True,
    ),
    Page(name="notifications:outage", login=OPS),
    # The demo, and how everything looks
    Page(name="demo:index"),
    Page(name="notifications:inbox"),
    Page(name="payments:bank"),
    Page(name="payments:bank_slip", args=bank_slip),
    Page(name="ui:components"),
    *SHOWN,
    *TROUBLE,
)  # fmt: skip

# --- addresses that are no pages --------------------------------------------------------------------------

DEED = "takes a form and answers with a page that is listed"
PICTURE, PAPER, DATA, PART = (
    "a picture",
    "a file",
    "data for programs",
    "a part of a page, for the page itself",
)
ONWARD = "leads on to the page of the present state"

NOT_PAGES: dict[str, str] = {
    "applications:next": ONWARD,
    "applications:picture": PICTURE,
    "applications:bring": DEED,
    "applications:api_track": DATA,
    "appointments:give_up": DEED,
    "appointments:pass_pdf": PAPER,
    "appointments:pass_ics": PAPER,
    "appointments:short": DEED,
    "appointments:again": DEED,
    "payments:bill_state": PART,
    "payments:renew": DEED,
    "payments:receipt_pdf": PAPER,
    "payments:notice": DATA,
    "ledger:wire": DATA,
    "payments:kas_renew": DEED,
    "payments:refuse_proof": DEED,
    "payments:take_up": DEED,
    "payments:place": DEED,
    "payments:ask_refund": DEED,
    "payments:drop_refund": DEED,
    "payments:agree_refund": DEED,
    "payments:explain": DEED,
    "payments:agree_difference": DEED,
    "payments:drop_difference": DEED,
    "payments:decide_exemption": DEED,
    "payments:bank_pay": DEED,
    "payments:bank_deliver": DEED,
    "payments:bank_settlement": PAPER,
    "accounts:code_again": DEED,
    "accounts:sign_out": DEED,
    "accounts:sign_out_everywhere": DEED,
    "accounts:grant_posting": DEED,
    "accounts:end_posting": DEED,
    "adjudication:take": DEED,
    "adjudication:find": "leads on to the case that was looked for",
    "adjudication:paper": PICTURE,
    "adjudication:decide": DEED,
    "adjudication:skip": DEED,
    "adjudication:revoke": DEED,
    "adjudication:lift": DEED,
    "adjudication:take_back": DEED,
    "hall:lines": PART,
    "hall:open_counter": DEED,
    "hall:close_counter": DEED,
    "hall:call": DEED,
    "hall:change": DEED,
    "hall:pass_seen": DEED,
    "hall:arrive_pass": "answers the scan of a pass whose booking is not known yet",
    "hall:board_body": PART,
    "intake:take_in": DEED,
    "intake:identity": DEED,
    "intake:amend": DEED,
    "intake:paper": PICTURE,
    "intake:judge": DEED,
    "intake:capture": DEED,
    "intake:interview": DEED,
    "intake:portrait": DEED,
    "intake:exam": DEED,
    "intake:owe": DEED,
    "intake:finish": DEED,
    "issuance:count_in": DEED,
    "issuance:drop_batch": DEED,
    "issuance:spoil_stock": DEED,
    "issuance:spoil": DEED,
    "issuance:remind": DEED,
    "issuance:handover_photo": PICTURE,
    "issuance:resolve": DEED,
    "issuance:cancel": DEED,
    "issuance:inspect": DEED,
    "issuance:report_wrong": DEED,
    "issuance:page": PAPER,
    "issuance:photo": PICTURE,
    "notifications:inbox_json": DATA,
    "nodes:healthz": DATA,
    "nodes:readyz": DATA,
    "nodes:status_json": DATA,
    "nodes:retry_parked": DEED,
    "nodes:conflict_seen": DEED,
    "nodes:try_line": DEED,
    "nodes:decide_doubt": DEED,
    "nodes:line_state": PART,
    "nodes:lift_quarantine": DEED,
    "demo:become": DEED,
    "demo:clock": DEED,
}


def all_names(resolver: URLResolver | None = None, space: str = "") -> Iterator[str]:
    """The name of every address this installation serves."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from all_names(pattern, f"{space}{pattern.namespace}:" if pattern.namespace else space)
        elif isinstance(pattern, URLPattern):
            yield f"{space}{pattern.name}"


def shown_pages(only: tuple[str, ...] = ()) -> list[Shown]:
    """The list with addresses of this installation's demo; `only` keeps the pages whose names begin so."""
    listed = [page.shown() for page in PAGES]
    return [
        page for page in listed if not only or page.name.startswith(only) or page.picture.startswith(only)
    ]
