"""Bills, what is owed on them, the money that came, and what the banks say of it. Whole rupiah, UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.db.models import F, Q, Sum
from django.utils.translation import gettext_lazy as _

from openpaspor import journey
from openpaspor.applications.models import Application
from openpaspor.journey import State
from openpaspor.ledger import node


class Status(models.TextChoices):
    """Where a bill stands."""

    OPEN = "open", _("waiting for payment")
    PAID = "paid", _("paid")
    EXEMPT = "exempt", _("exempt")
    LAPSED = "lapsed", _("lapsed")
    CANCELLED = "cancelled", _("cancelled")


class Purpose(models.TextChoices):
    """Before the visit, to keep a place; or after the interview, with days to pay."""

    PLACE = "place", _("before the visit")
    COUNTER = "counter", _("after the interview")


BEFORE_VISIT = frozenset({State.DRAFT, State.SUBMITTED, State.HOLDING, State.BOOKED, State.MISSED})


class CodeCounter(models.Model):
    """The last number given to a bill on one day of the treasury."""

    day = models.DateField(primary_key=True)  # treasury day, UTC+7
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.day}: {self.last}"


class BillQuerySet(models.QuerySet["Bill"]):
    def of(self, application: Application) -> BillQuerySet:
        """Every bill of an application, newest first."""
        return self.filter(lines__application=application).distinct().order_by("-pk")

    def live(self) -> BillQuerySet:
        return self.filter(status__in=(Status.OPEN, Status.PAID, Status.EXEMPT))

    def live_for(self, application: Application) -> Bill | None:
        """The newest bill that is open or on which nothing is owed any more."""
        return self.of(application).live().first()

    def ours(self) -> BillQuerySet:
        """Those that this node opened: it alone lapses and cancels them."""
        return self.filter(issued_by__in=("", node.here().name))

    def overdue(self, *, now: datetime) -> BillQuerySet:
        return self.filter(status=Status.OPEN, due_at__lt=now)


class Bill(models.Model):
    """What is to be paid until when, under a code that any bank takes. Paid only by receipts that add up to it."""

    code = models.CharField(max_length=15, unique=True)  # 8YYMMDDIIINNNNN
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    purpose = models.CharField(max_length=8, choices=Purpose.choices)
    amount_idr = models.PositiveIntegerField()  # as issued; never changed
    opened_at = models.DateTimeField()  # UTC
    due_at = models.DateTimeField()  # UTC
    paid_at = models.DateTimeField(null=True, blank=True)  # UTC, by the bank's clock
    closed_at = models.DateTimeField(null=True, blank=True)  # UTC; when it last left "open"
    issued_by = models.CharField(
        max_length=40, blank=True
    )  # node; empty: this one, before nodes were told apart

    objects = BillQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_idr__gte=0), name="bill_never_negative"),
            models.CheckConstraint(
                condition=~Q(status=Status.PAID) | Q(paid_at__isnull=False), name="paid_bill_knows_when"
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.OPEN) | Q(amount_idr__gt=0), name="open_bill_has_something_to_pay"
            ),
        ]
        indexes = [models.Index(fields=["status", "due_at"], name="bills_by_deadline")]

    def __str__(self) -> str:
        return self.code

    @property
    def is_paid(self) -> bool:
        """Nothing is owed: paid in full, or exempt by law."""
        return self.status in (Status.PAID, Status.EXEMPT)

    @property
    def is_open(self) -> bool:
        return self.status == Status.OPEN

    def applications(self) -> list[Application]:
        """The applications it is for, in the order of the lines."""
        rows = (
            Application.objects.filter(bill_lines__bill=self).distinct().select_related("office", "account")
        )
        return list(rows.order_by("pk"))

    def may_be_renewed(self) -> bool:
        """True when it ran out while its application goes on after the visit; before it, a place comes first."""
        after_visit = all(
            application.is_over or application.state not in BEFORE_VISIT
            for application in self.applications()
        )
        return self.status in (Status.LAPSED, Status.CANCELLED) and after_visit and self.is_wanted()

    def is_wanted(self) -> bool:
        """True while one of its applications still goes on."""
        return any(application.state not in journey.ENDS for application in self.applications())


ITEMS = {
    "passport": _("Passport booklet"),
    "same-day": _("Same-day service"),
    "penalty-lost": _("Charge for a lost passport"),
    "penalty-damaged": _("Charge for a damaged passport"),
    "penalty-force-majeure": _("Lost or damaged in a disaster"),
}


class BillLine(models.Model):
    """One item of a bill for one application, with the rule it comes from."""

    bill = models.ForeignKey(Bill, models.PROTECT, related_name="lines")
    application = models.ForeignKey(Application, models.PROTECT, related_name="bill_lines")
    item = models.CharField(max_length=24)  # passport, same-day, penalty-lost, penalty-damaged, …
    amount_idr = models.PositiveIntegerField()
    source = models.CharField(max_length=60)  # the rule, such as "PP 45/2024", or the ground of an exemption

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["bill", "application", "item"], name="one_line_per_item"),
            models.CheckConstraint(condition=Q(amount_idr__gte=0), name="line_never_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.amount_idr}"

    @property
    def label(self) -> str:
        """The item in words."""
        return str(ITEMS.get(self.item, self.item))

    @property
    def source_label(self) -> str:
        """The rule, or the ground of an exemption in words."""
        return str(Ground(self.source).label) if self.source in Ground.values else self.source


class Place(models.TextChoices):
    """Where a receipt is. Each is in exactly one of these."""

    ALLOCATED = "allocated", _("counted towards a bill")
    UNMATCHED = "unmatched", _("unmatched")
    REFUNDED = "refunded", _("refunded")


class Reason(models.TextChoices):
    """Why money is unmatched."""

    UNKNOWN_BILL = "unknown-bill", _("No bill has this code")
    WRONG_AMOUNT = "wrong-amount", _("The sum differs from the bill")
    BILL_EXPIRED = "bill-expired", _("Came after the deadline")
    ALREADY_PAID = "bill-already-paid", _("The bill was paid already")
    CANCELLED = "application-cancelled", _("The application has ended")
    WRONG_CURRENCY = "wrong-currency", _("Not in rupiah")


class RefundReason(models.TextChoices):
    """Why money is given back."""

    PAID_TWICE = "paid-twice", _("Paid twice")
    WRONG_SUM = "wrong-sum", _("Wrong sum, the right one was paid")
    NOT_OURS = "not-ours", _("Not meant for us")
    ENDED = "ended", _("The application has ended")


class Proof(models.TextChoices):
    """By what we know that the money is real."""

    NOTICE = "notice", _("signed notice")
    SETTLEMENT = "settlement", _("settlement file")


class ReceiptQuerySet(models.QuerySet["Receipt"]):
    def unmatched(self) -> ReceiptQuerySet:
        return self.filter(place=Place.UNMATCHED).order_by("received_at", "pk")


class Receipt(models.Model):
    """Money that a bank says it took for us: once per transaction, and always in exactly one place."""

    provider = models.CharField(max_length=20)
    provider_txn = models.CharField(max_length=64)
    code = models.CharField(max_length=32)  # as the payer typed it
    amount_idr = models.PositiveIntegerField()  # 0 when the money is not in rupiah; the sum is in `raw` then
    currency = models.CharField(max_length=3, default="IDR")
    paid_at = models.DateTimeField()  # UTC, by the bank's clock
    received_at = models.DateTimeField()  # UTC, when we learnt of it
    proof = models.CharField(max_length=12, choices=Proof.choices)
    raw = models.BinaryField()  # the notice or the line, byte for byte; codes, sums and times only
    signature = models.CharField(max_length=128, blank=True)  # hex, of a notice
    repeats = models.PositiveIntegerField(default=0)  # times the same notice came again
    ntpn = models.CharField(max_length=16, blank=True)  # the treasury's own number, known after settlement
    settled_idr = models.PositiveIntegerField(null=True, blank=True)  # what the settlement file says

    place = models.CharField(max_length=10, choices=Place.choices)
    bill = models.ForeignKey(Bill, models.PROTECT, null=True, blank=True, related_name="receipts")
    reason = models.CharField(max_length=24, choices=Reason.choices, blank=True)
    owner = models.CharField(max_length=40, blank=True)  # who looks after it while unmatched
    placed_at = models.DateTimeField()  # UTC
    placed_by = models.CharField(max_length=40)
    refund_reason = models.CharField(max_length=24, choices=RefundReason.choices, blank=True)
    refund_asked_by = models.CharField(max_length=40, blank=True)
    refund_agreed_by = models.CharField(max_length=40, blank=True)

    objects = ReceiptQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "provider_txn"], name="one_receipt_per_transaction"),
            models.CheckConstraint(condition=Q(amount_idr__gte=0), name="receipt_never_negative"),
            models.CheckConstraint(
                condition=Q(currency="IDR") | Q(amount_idr=0, place__in=(Place.UNMATCHED, Place.REFUNDED)),
                name="only_rupiah_pay_a_bill",
            ),
            models.CheckConstraint(
                condition=(
                    Q(place=Place.ALLOCATED, bill__isnull=False, reason="", owner="", refund_agreed_by="")
                    | (
                        Q(place=Place.UNMATCHED, bill__isnull=True, refund_agreed_by="")
                        & ~Q(reason="")
                        & ~Q(owner="")
                    )
                    | (
                        Q(place=Place.REFUNDED, bill__isnull=True)
                        & ~Q(refund_reason="")
                        & ~Q(refund_asked_by="")
                        & ~Q(refund_agreed_by="")
                        & ~Q(refund_agreed_by=F("refund_asked_by"))
                    )
                ),
                name="receipt_in_exactly_one_place",
            ),
        ]
        indexes = [
            models.Index(fields=["place", "received_at"], name="receipts_by_place"),
            models.Index(fields=["paid_at"], name="receipts_by_day"),
            models.Index(fields=["code"], name="receipts_by_code"),
        ]

    def __str__(self) -> str:
        return f"{self.provider}:{self.provider_txn}"

    @property
    def waits_for_second_person(self) -> bool:
        return self.place == Place.UNMATCHED and bool(self.refund_asked_by)


class ProofState(models.TextChoices):
    """What became of a receipt that was shown at a counter."""

    WAITING = "waiting", _("to be confirmed")
    CONFIRMED = "confirmed", _("confirmed by the bank")
    REFUSED = "refused", _("not confirmed")


class ShownProofQuerySet(models.QuerySet["ShownProof"]):
    def waiting(self) -> ShownProofQuerySet:
        return self.filter(state=ProofState.WAITING).order_by("shown_at", "pk")


class ShownProof(models.Model):
    """A receipt that a bank has signed, shown at a counter. No money: it settles nothing until the bank's own word comes."""

    provider = models.CharField(max_length=20)
    provider_txn = models.CharField(max_length=64)
    code = models.CharField(max_length=15)  # of the bill
    application = models.ForeignKey(Application, models.PROTECT, related_name="shown_proofs")
    amount_idr = models.PositiveIntegerField()
    paid_at = models.DateTimeField()  # UTC, by the bank's clock
    raw = models.BinaryField(default=bytes)  # what the bank signed; only where it was shown
    signature = models.CharField(max_length=128, blank=True)  # hex
    shown_at = models.DateTimeField()  # UTC
    shown_by = models.CharField(max_length=40)  # actor
    state = models.CharField(max_length=10, choices=ProofState.choices, default=ProofState.WAITING)
    closed_at = models.DateTimeField(null=True)  # UTC
    closed_by = models.CharField(max_length=40, blank=True)

    objects = ShownProofQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "provider_txn"], name="a_receipt_is_shown_once")
        ]

    def __str__(self) -> str:
        return f"{self.provider}:{self.provider_txn} {self.state}"


class NoticeCount(models.Model):
    """How many notices of a kind came on a day: all that is kept of those we did not believe."""

    provider = models.CharField(max_length=20)
    day = models.DateField()  # treasury day, UTC+7
    outcome = models.CharField(max_length=24)  # bad-signature, not-readable, contradiction
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "day", "outcome"], name="one_count_per_day")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.day} {self.outcome}: {self.count}"


class SettlementFile(models.Model):
    """A bank's own list of what it took for us, as read once."""

    provider = models.CharField(max_length=20)
    digest = models.CharField(max_length=64, unique=True)  # SHA-256; the same file again changes nothing
    name = models.CharField(max_length=120)
    read_at = models.DateTimeField()  # UTC
    read_by = models.CharField(max_length=40)
    first_paid_at = models.DateTimeField(null=True)  # UTC
    last_paid_at = models.DateTimeField(null=True)  # UTC
    total_idr = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return self.name

    def missing(self) -> ReceiptQuerySet:
        """Receipts of its span of time that no settlement file has named yet."""
        if self.first_paid_at is None or self.last_paid_at is None:
            return Receipt.objects.none()
        span = (self.first_paid_at, self.last_paid_at)
        return Receipt.objects.filter(provider=self.provider, settled_idr=None, paid_at__range=span).order_by(
            "pk"
        )

    def balance(self) -> Balance:
        """How its total comes about."""
        beside = self.differences.exclude(line=None)  # type: ignore[attr-defined]
        settled = beside.filter(status=DifferenceStatus.SETTLED).exclude(reason=DifferenceReason.BANK_SUM)
        ours = Receipt.objects.filter(settlement_lines__file=self).distinct()
        return Balance(
            total_idr=self.total_idr,
            ours_idr=sum(ours.values_list("amount_idr", flat=True)),
            open_idr=beside.unsettled().gap_idr(),
            settled_idr=settled.gap_idr(),
        )


@dataclass(frozen=True)
class Balance:
    """What a list adds up to, and of what: our receipts and the differences that people know of. Whole rupiah."""

    total_idr: int
    ours_idr: int
    open_idr: int
    settled_idr: int

    @property
    def unexplained_idr(self) -> int:
        return self.total_idr - self.ours_idr - self.open_idr - self.settled_idr


class Outcome(models.TextChoices):
    """What became of one line of a settlement file."""

    MATCHED = "matched", _("Known to us")
    ADDED = "added", _("New to us, added")
    DIFFERS = "differs", _("Differs from ours")
    UNKNOWN = "unknown", _("Added, but unmatched")
    DUPLICATE = "duplicate", _("Twice in the file")


class SettlementLine(models.Model):
    """One line of a settlement file and what became of it."""

    file = models.ForeignKey(SettlementFile, models.PROTECT, related_name="lines")
    number = models.PositiveIntegerField()
    provider_txn = models.CharField(max_length=64)
    code = models.CharField(max_length=32)
    amount_idr = models.PositiveIntegerField()
    paid_at = models.DateTimeField()  # UTC
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    receipt = models.ForeignKey(Receipt, models.PROTECT, related_name="settlement_lines")

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="one_row_per_line")]

    def __str__(self) -> str:
        return f"{self.file_id}/{self.number} {self.outcome}"


class DifferenceKind(models.TextChoices):
    """In what a bank's list and our receipts disagree."""

    SUM = "sum", _("The sums differ")
    CODE = "code", _("The codes differ")
    TWICE = "twice", _("Twice in the list")
    MISSING = "missing", _("Missing in the list")


class DifferenceReason(models.TextChoices):
    """How a difference came about, or what was done about it."""

    BANK_SUM = "bank-sum", _("The list is right: take over what it says")
    BANK_MISTAKE = "bank-mistake", _("The bank confirmed that its list is wrong")
    BANK_PAYS = "bank-pays", _("The bank made up the difference")
    PAYER_REPAID = "payer-repaid", _("The bank gave the surplus back to the payer")
    LOSS = "loss-reported", _("Reported to the treasury as a loss")
    LATER_LIST = "later-list", _("A later list names it")


class DifferenceStatus(models.TextChoices):
    OPEN = "open", _("open")
    PROPOSED = "proposed", _("waiting for a second person")
    SETTLED = "settled", _("settled")


class DifferenceQuerySet(models.QuerySet["Difference"]):
    def unsettled(self) -> DifferenceQuerySet:
        return self.exclude(status=DifferenceStatus.SETTLED).order_by("pk")

    def gap_idr(self) -> int:
        """What the banks say beyond what we know of, in whole rupiah; negative when they say less."""
        return self.aggregate(gap=Sum(F("bank_idr") - F("ours_idr")))["gap"] or 0


class Difference(models.Model):
    """A place where a bank's list and our receipts disagree, and how people settled it: two of them when money is in it."""

    file = models.ForeignKey(SettlementFile, models.PROTECT, related_name="differences")
    line = models.OneToOneField(SettlementLine, models.PROTECT, null=True, blank=True)  # none when missing
    receipt = models.ForeignKey(Receipt, models.PROTECT, related_name="differences")
    kind = models.CharField(max_length=8, choices=DifferenceKind.choices)
    ours_idr = models.PositiveIntegerField()  # what we knew of when it was found
    bank_idr = models.PositiveIntegerField()  # what the list says
    found_at = models.DateTimeField()  # UTC
    owner = models.CharField(max_length=40)  # who read the list; later who proposed how to settle it
    status = models.CharField(max_length=8, choices=DifferenceStatus.choices, default=DifferenceStatus.OPEN)
    reason = models.CharField(max_length=16, choices=DifferenceReason.choices, blank=True)
    proposed_by = models.CharField(max_length=40, blank=True)
    proposed_at = models.DateTimeField(null=True, blank=True)  # UTC
    settled_by = models.CharField(max_length=40, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)  # UTC

    objects = DifferenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["receipt"], condition=Q(kind="missing"), name="missing_once_per_receipt"
            ),
            models.CheckConstraint(
                condition=~Q(status="settled") | (~Q(reason="") & Q(settled_at__isnull=False)),
                name="settled_difference_says_why_and_when",
            ),
            models.CheckConstraint(
                condition=~Q(status="settled")
                | Q(reason="later-list")
                | Q(ours_idr=F("bank_idr"))
                | (~Q(proposed_by="") & ~Q(settled_by=F("proposed_by"))),
                name="difference_of_money_needs_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.receipt_id}"

    @property
    def gap_idr(self) -> int:
        return self.bank_idr - self.ours_idr

    def reasons(self) -> list[DifferenceReason]:
        """What a person may say of it. What the list says can be taken over only while the money is unmatched."""
        why = DifferenceReason
        may = [why.BANK_MISTAKE]
        if self.line and self.kind != DifferenceKind.TWICE and self.receipt.place == Place.UNMATCHED:
            may.insert(0, why.BANK_SUM)
        if self.gap_idr < 0:
            may += [why.BANK_PAYS, why.LOSS]
        elif self.gap_idr > 0:
            may.append(why.PAYER_REPAID)
        return may


class Ground(models.TextChoices):
    """When the law lets somebody not pay (PP 45/2024 art. 5; force majeure for the penalty of lost and damaged)."""

    MIGRANT_WORKER = "migrant-worker", _("First-time migrant worker, ordinary booklet")
    SCHOLARSHIP = "scholarship", _("Holder of a government scholarship")
    POOR = "poor", _("Poor citizen, with a letter")
    OFFICE_ERROR = "office-error", _("The office spoiled an earlier passport")


class ExemptionStatus(models.TextChoices):
    PROPOSED = "proposed", _("waiting for a second person")
    GRANTED = "granted", _("granted")
    DECLINED = "declined", _("declined")


class ExemptionQuerySet(models.QuerySet["Exemption"]):
    def granted_for(self, applications: Sequence[Application]) -> dict[int, Exemption]:
        """Granted exemptions by the key of their application."""
        rows = self.filter(application__in=applications, status=ExemptionStatus.GRANTED)
        return {row.application_id: row for row in rows}


class Exemption(models.Model):
    """A wish that an application need not be paid, and what a second person said to it."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="exemptions")
    ground = models.CharField(max_length=20, choices=Ground.choices)
    status = models.CharField(
        max_length=10, choices=ExemptionStatus.choices, default=ExemptionStatus.PROPOSED
    )
    proposed_by = models.CharField(max_length=40)
    proposed_at = models.DateTimeField()  # UTC
    decided_by = models.CharField(max_length=40, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)  # UTC

    objects = ExemptionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application"],
                condition=Q(status__in=("proposed", "granted")),
                name="one_standing_exemption_per_application",
            ),
            models.CheckConstraint(
                condition=~Q(status="granted") | (~Q(decided_by="") & ~Q(decided_by=F("proposed_by"))),
                name="exemption_needs_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.ground} {self.status}"


class Deliver(models.TextChoices):
    """How the demo bank tells us of a payment."""

    NOW = "now", _("At once")
    LATE = "late", _("Late: ten minutes after the deadline")
    TWICE = "twice", _("Twice")
    NEVER = "never", _("Never: only in the settlement file")
    BAD_SIGNATURE = "bad-signature", _("With a bad signature")


class BankTransaction(models.Model):
    """The demo bank's own book: what its customers paid, and when it will tell us. Only in demos."""

    txn = models.CharField(max_length=32, unique=True)
    code = models.CharField(max_length=32)
    amount_idr = models.PositiveIntegerField()
    paid_at = models.DateTimeField()  # UTC, the bank's clock
    deliver = models.CharField(max_length=16, choices=Deliver.choices)
    tell_at = models.DateTimeField(null=True)  # UTC; when a late notice goes out
    told = models.PositiveSmallIntegerField(default=0)  # notices sent
    tell_url = models.CharField(max_length=200, blank=True)  # our door, as the payer's browser knew it
    answer = models.PositiveSmallIntegerField(null=True)  # HTTP status our side answered last

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.txn} {self.code} {self.amount_idr}"
