"""What the money desk says. Codes, sums and times; who paid from which account is the bank's own knowledge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .base import Fact


@dataclass(frozen=True, kw_only=True)
class BillOpened(Fact):
    """Something is to be paid until a moment, for one or more applications."""

    name = "payments.bill_opened"

    code: str  # 15 digits
    applications: tuple[str, ...]
    amount_idr: int
    due_at: datetime  # UTC
    purpose: str = ""  # place, counter
    lines: tuple[str, ...] = ()  # "reference|item|rupiah|source"


@dataclass(frozen=True, kw_only=True)
class ProofShown(Fact):
    """A receipt that a bank has signed was shown at a counter. It settles nothing; the bank's own word does."""

    name = "payments.proof_shown"

    application: str
    bill: str
    provider: str
    transaction: str
    amount_idr: int
    paid_at: datetime  # UTC, by the bank's clock


@dataclass(frozen=True, kw_only=True)
class ProofRefused(Fact):
    """The bank knows nothing of a payment whose receipt was shown; the bill is to be paid like any other."""

    name = "payments.proof_refused"

    application: str
    bill: str
    provider: str
    transaction: str


@dataclass(frozen=True, kw_only=True)
class Settled(Fact):
    """The bill of an application is paid in full. One fact for each application of the bill."""

    name = "payments.settled"
    urgent = True

    application: str
    bill: str
    paid_at: datetime  # UTC, by the bank's clock


@dataclass(frozen=True, kw_only=True)
class Exempted(Fact):
    """Nothing is owed for this application, by law and by the word of two people."""

    name = "payments.exempted"
    urgent = True

    application: str
    ground: str  # code
    bill: str = ""


@dataclass(frozen=True, kw_only=True)
class BillLapsed(Fact):
    """The bill was not paid in time. Money that comes all the same is still counted."""

    name = "payments.bill_lapsed"

    bill: str
    application: str


@dataclass(frozen=True, kw_only=True)
class BillCancelled(Fact):
    """Nothing is to be paid any more: the application was withdrawn, expired or refused."""

    name = "payments.bill_cancelled"

    bill: str
    application: str


@dataclass(frozen=True, kw_only=True)
class MoneyUnmatched(Fact):
    """Money came that nobody can count towards a bill without looking."""

    name = "payments.money_unmatched"

    provider: str
    transaction: str
    amount_idr: int
    reason: str  # code
    application: str = ""


@dataclass(frozen=True, kw_only=True)
class MoneyTakenUp(Fact):
    """Somebody looks after unmatched money from now on."""

    name = "payments.money_taken_up"

    provider: str
    transaction: str


@dataclass(frozen=True, kw_only=True)
class MoneyPlaced(Fact):
    """Unmatched money was counted towards a bill by a person."""

    name = "payments.money_placed"

    provider: str
    transaction: str
    bill: str
    application: str = ""


@dataclass(frozen=True, kw_only=True)
class RefundAsked(Fact):
    """One person wants to give money back; a second one has to agree."""

    name = "payments.refund_asked"

    provider: str
    transaction: str
    reason: str  # code


@dataclass(frozen=True, kw_only=True)
class RefundDropped(Fact):
    """The money is not given back after all; it stays unmatched."""

    name = "payments.refund_dropped"

    provider: str
    transaction: str


@dataclass(frozen=True, kw_only=True)
class MoneyRefunded(Fact):
    """Money was given back, by the word of two people."""

    name = "payments.money_refunded"

    provider: str
    transaction: str
    amount_idr: int
    reason: str  # code
    application: str = ""


@dataclass(frozen=True, kw_only=True)
class SettlementRead(Fact):
    """A bank's list of what it took for us was compared with our receipts, line by line."""

    name = "payments.settlement_read"

    provider: str
    digest: str  # SHA-256 of the file
    lines: int
    total_idr: int


@dataclass(frozen=True, kw_only=True)
class DifferenceFound(Fact):
    """A bank's list and our receipts disagree about a transaction."""

    name = "payments.difference_found"

    provider: str
    transaction: str
    digest: str  # SHA-256 of the file
    kind: str  # sum, code, twice, missing
    ours_idr: int  # what we knew of
    bank_idr: int  # what the list says


@dataclass(frozen=True, kw_only=True)
class DifferenceProposed(Fact):
    """One person says how a difference came about; a second one has to agree."""

    name = "payments.difference_proposed"

    provider: str
    transaction: str
    kind: str
    reason: str  # code


@dataclass(frozen=True, kw_only=True)
class DifferenceDropped(Fact):
    """The reason given for a difference does not hold; it is open again."""

    name = "payments.difference_dropped"

    provider: str
    transaction: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class DifferenceSettled(Fact):
    """A difference is explained: by two people when money is in it, by one when not, or by a later list."""

    name = "payments.difference_settled"

    provider: str
    transaction: str
    kind: str
    reason: str  # code
    ours_idr: int
    bank_idr: int


@dataclass(frozen=True, kw_only=True)
class ExemptionProposed(Fact):
    """One person says that the law lets this applicant not pay; a head of office decides."""

    name = "payments.exemption_proposed"

    application: str
    ground: str  # code


@dataclass(frozen=True, kw_only=True)
class ExemptionDeclined(Fact):
    """The second person did not agree; the application is to be paid like any other."""

    name = "payments.exemption_declined"

    application: str
    ground: str  # code
