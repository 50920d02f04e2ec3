"""Money: P2 each receipt is in one place, P3 no bill is paid without money, P4 none is counted twice, P7 whole rupiah."""

from __future__ import annotations

from .databases import OFFICE, PORTAL, Database
from .run import Found, check

REASONS = (
    "unknown-bill", "wrong-amount", "bill-expired", "bill-already-paid", "application-cancelled", "wrong-currency",
)  # fmt: skip


@check(
    "P2",
    "Each receipt is in exactly one place: on one bill, unmatched with a reason and an owner, or refunded.",
    at=(PORTAL,),
)
def one_place_for_each_rupiah(here: Database) -> Found:
    found = Found()
    for id, place, bill, reason, owner, refunded_by in here.rows(
        "SELECT id, place, bill_id, reason, owner, refund_agreed_by FROM payments_receipt"
    ):
        found.rows += 1
        on_a_bill = place == "allocated" and bill is not None and not reason
        unmatched = place == "unmatched" and bill is None and reason in REASONS and bool(owner)
        refunded = place == "refunded" and bill is None and bool(refunded_by)
        if not (on_a_bill or unmatched or refunded):
            found.offending.append(f"receipt {id}")
    return found


@check("P3", "A paid bill has proven receipts that add up to its amount; an open one has none.", at=(PORTAL,))
def paid_means_money(here: Database) -> Found:
    """An office has bills of its own and no money: there the portal's word that a bill was settled stands for it."""
    found = Found()
    has_money = here.role != OFFICE
    settled = {entry.fact["bill"] for entry in here.entries if entry.kind == "payments.settled"}
    for code, status, amount, received in here.rows(
        "SELECT b.code, b.status, b.amount_idr, coalesce(sum(r.amount_idr), 0) FROM payments_bill b"
        " LEFT JOIN payments_receipt r ON r.bill_id = b.id AND r.place = 'allocated'"
        " AND r.proof IN ('notice', 'settlement') GROUP BY b.id, b.code, b.status, b.amount_idr"
    ):
        found.rows += 1
        if not has_money:
            if status == "paid" and code not in settled:
                found.offending.append(f"{code} paid: nobody has said so")
        elif int(received) != (amount if status == "paid" else 0):
            found.offending.append(f"{code} {status}: {received} of {amount}")
    for code, amount, lines in here.rows(
        "SELECT b.code, b.amount_idr, coalesce(sum(l.amount_idr), 0) FROM payments_bill b"
        " LEFT JOIN payments_billline l ON l.bill_id = b.id GROUP BY b.id, b.code, b.amount_idr"
    ):
        if amount != int(lines):
            found.offending.append(f"{code}: lines add up to {lines}, not {amount}")
    return found


@check("P4", "No payment is counted twice: one receipt per transaction of a provider.", at=(PORTAL,))
def counted_once(here: Database) -> Found:
    found = Found(here.count("SELECT count(*) FROM payments_receipt"))
    found.offending = [
        f"{provider} {txn}"
        for provider, txn in here.rows(
            "SELECT provider, provider_txn FROM payments_receipt GROUP BY provider, provider_txn HAVING count(*) > 1"
        )
    ]
    return found


@check("P7", "Amounts are whole rupiah, never negative, and in IDR where they count.", at=(PORTAL,))
def whole_rupiah(here: Database) -> Found:
    found = Found()
    for table in ("payments_bill", "payments_billline", "payments_receipt"):
        for id, amount in here.rows(f"SELECT id, amount_idr FROM {table}"):
            found.rows += 1
            if not isinstance(amount, int) or amount < 0:
                found.offending.append(f"{table} {id}")
    found.offending += [
        f"receipt {id}"
        for (id,) in here.rows(
            "SELECT id FROM payments_receipt WHERE place = 'allocated' AND currency <> 'IDR'"
        )
    ]
    return found
