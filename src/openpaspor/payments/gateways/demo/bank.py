"""The demo bank itself: people pay, it writes that into its own book, and tells us well, badly, late or never."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from openpaspor.facts.base import format_moment
from openpaspor.kit import base45
from openpaspor.ledger.once import once

from ...models import BankTransaction, Bill, Deliver
from . import COLUMNS, PROOF, SIGNATURE, keys

LATE = timedelta(minutes=10)  # after the deadline, so that one sees what late news does
PATIENCE = 10  # seconds we wait for an answer
Post = Callable[[bytes, dict[str, str]], int]
"""Sends a notice; the HTTP status, or 0 when nobody answered."""


@transaction.atomic
def pay(
    code: str,
    amount_idr: int,
    *,
    paid_at: datetime,
    deliver: Deliver,
    action_id: str = "",
    tell_url: str = "",
) -> BankTransaction:
    """A customer pays. The bank takes any sum for any code, as banks do when nobody checks."""
    with once(action_id or f"bank:{secrets.token_hex(8)}", code, amount_idr, str(deliver)) as seen:
        if seen:
            return BankTransaction.objects.get(pk=seen.answer)
        bill = Bill.objects.filter(code=code).first()
        late = max(paid_at, bill.due_at) + LATE if bill else paid_at + LATE
        row = BankTransaction.objects.create(
            txn=f"DB{paid_at:%y%m%d}-{secrets.token_hex(5).upper()}",
            code=code,
            amount_idr=amount_idr,
            paid_at=paid_at,
            deliver=deliver,
            tell_at=late if deliver == Deliver.LATE else None,
            tell_url=tell_url,
        )
        return seen.remember(row)


def notice_of(row: BankTransaction) -> bytes:
    said = {
        "transaction": row.txn,
        "code": row.code,
        "amount_idr": row.amount_idr,
        "currency": "IDR",
        "paid_at": format_moment(row.paid_at),
    }
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


def proof_of(row: BankTransaction) -> str:
    """What the bank prints on its receipt, as text and as a QR code: signed, so that anybody can check it without a line."""
    body = notice_of(row)
    return PROOF + base45.encode(bytes.fromhex(keys.sign(keys.PROOF_HEADING + body)) + body)


def tell(row: BankTransaction, post: Post) -> int:
    """Send the notice of one payment once. Counts it when somebody answered; returns the status."""
    body = notice_of(row)
    signature = keys.sign(body)
    if row.deliver == Deliver.BAD_SIGNATURE:
        signature = signature[:-1] + ("0" if signature[-1] != "0" else "1")
    status = post(body, {"Content-Type": "application/json", SIGNATURE: signature})
    if status:
        BankTransaction.objects.filter(pk=row.pk).update(told=F("told") + 1, answer=status)
        row.refresh_from_db()
    return status


def tell_at_once(row: BankTransaction, post: Post) -> None:
    """What the bank does right after a payment, by the way the payer chose."""
    if row.told or row.deliver in (Deliver.NEVER, Deliver.LATE):
        return
    for _time in range(2 if row.deliver == Deliver.TWICE else 1):
        tell(row, post)


def waiting() -> list[BankTransaction]:
    """Payments of which we shall hear late."""
    return list(BankTransaction.objects.filter(deliver=Deliver.LATE, told=0))


def over_http(url: str) -> Post:
    """Post to our own door, as a bank would."""

    def post(body: bytes, headers: dict[str, str]) -> int:
        return _first_answer(body, headers, [url] * bool(url) + [_own_door()])

    return post


def _own_door() -> str:
    host = settings.HOST if settings.HOST not in ("0.0.0.0", "::", "") else "127.0.0.1"
    return f"http://{host}:{settings.PORT}/payments/notices/demo"


def _first_answer(body: bytes, headers: dict[str, str], urls: Iterable[str]) -> int:
    for url in dict.fromkeys(urls):
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - our own door
                return int(answer.status)
        except urllib.error.HTTPError as answer:
            return answer.code
        except OSError:
            continue
    return 0


def statement(*, day_starts: datetime | None = None, day_ends: datetime | None = None) -> str:
    """The settlement file: everything the bank took, told or not, with count and sum in the last line."""
    rows = BankTransaction.objects.all()
    if day_starts and day_ends:
        rows = rows.filter(paid_at__gte=day_starts, paid_at__lt=day_ends)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = total = 0
    for row in rows:
        writer.writerow(
            [
                row.txn,
                row.code,
                row.amount_idr,
                "IDR",
                format_moment(row.paid_at),
                _ntb(row.txn),
                _ntpn(row.txn),
            ]
        )
        count, total = count + 1, total + row.amount_idr
    writer.writerow(["TOTAL", count, total, "", "", "", ""])
    return out.getvalue()


def _ntb(txn: str) -> str:
    return str(int.from_bytes(hashlib.sha256(txn.encode()).digest()[:8]) % 10**12).zfill(12)


def _ntpn(txn: str) -> str:
    digest = hashlib.sha256(f"ntpn:{txn}".encode()).hexdigest().upper()
    return digest[:16]
