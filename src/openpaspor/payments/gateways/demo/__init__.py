"""The demo bank, as we hear it: Ed25519 over the body, JSON notices, a CSV settlement file with a total.

It plays a bank that settles with the state treasury: codes of 15 digits, a bank number (NTB, 12 digits) and the treasury's
number (NTPN, 16 letters and digits) that is known only from the settlement file.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from openpaspor.kit import base45
from openpaspor.ledger import node
from openpaspor.ledger.keys import verify

from ...rules import Notice, Statement
from .. import BadProof, BadSignature, NoticeNotReadable, NotJson, StatementNotReadable, StatementUnbalanced
from . import keys

PROVIDER = "demo"
SIGNATURE = "X-Demo-Bank-Signature"
PROOF = "BD1:"  # how its printed receipts begin
COLUMNS = ["transaction", "code", "amount_idr", "currency", "paid_at", "ntb", "ntpn"]
MOST_IDR = 2_000_000_000  # one payment; above it something is wrong
MOST_LINES = 20_000
_TXN = re.compile(r"[A-Za-z0-9-]{1,64}\Z")
_CODE = re.compile(r"[0-9]{1,32}\Z")
_NTPN = re.compile(r"[A-Z0-9]{0,16}\Z")


def is_open() -> bool:
    """Its money is play money: nothing but a demo listens to it."""
    return node.here().demo


def read_notice(body: bytes, headers: Mapping[str, str]) -> Notice:
    """Nothing is read before the signature is checked."""
    signature = headers.get(SIGNATURE, "")
    try:
        signed = verify(keys.public(), bytes.fromhex(signature), body)
    except ValueError:
        signed = False
    if not signed:
        raise BadSignature()
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise NotJson() from None
    if not isinstance(said, dict):
        raise NotJson()
    return _notice(said, body, signature)


def _notice(said: dict[str, Any], body: bytes, signature: str) -> Notice:
    return Notice(
        provider=PROVIDER,
        txn=_text(said, "transaction", _TXN),
        code=_text(said, "code", _CODE),
        amount_idr=_amount(said.get("amount_idr")),
        currency=_text(said, "currency", re.compile(r"[A-Z]{3}\Z")),
        paid_at=_moment(said.get("paid_at")),
        raw=body,
        signature=signature,
    )


def read_proof(text: str) -> Notice | None:
    """`BD1:` and Base45 of 64 bytes of signature and what it signs: the same JSON as a notice, under another heading."""
    if not text.startswith(PROOF):
        return None
    try:
        raw = base45.decode(text.removeprefix(PROOF))
        signature, body = raw[:64], raw[64:]
        if not verify(keys.public(), signature, keys.PROOF_HEADING + body):
            raise BadProof()
        return _notice(json.loads(body), body, signature.hex())
    except (ValueError, RecursionError, NoticeNotReadable):
        raise BadProof() from None


def _text(said: dict[str, Any], field: str, shape: re.Pattern[str]) -> str:
    value = said.get(field)
    if not isinstance(value, str) or not shape.match(value):
        raise NoticeNotReadable(field=field)
    return value


def _amount(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= MOST_IDR:
        raise NoticeNotReadable(field="amount_idr")
    return value


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise NoticeNotReadable(field="paid_at") from None
    if moment.tzinfo is None or not 2000 <= moment.year <= 2200:
        raise NoticeNotReadable(field="paid_at")
    return moment.astimezone(UTC)


def read_statement(name: str, raw: bytes) -> Statement:
    """The CSV of `/demo/bank/settlement.csv`: one line a payment, and a last line TOTAL with count and sum."""
    try:
        rows = list(csv.reader(io.StringIO(raw.decode("utf-8"), newline="")))
    except (UnicodeDecodeError, csv.Error):
        raise StatementNotReadable(line=1) from None
    if not rows or rows[0] != COLUMNS:
        raise StatementNotReadable(line=1)
    if len(rows) < 2 or rows[-1][:1] != ["TOTAL"] or len(rows) > MOST_LINES:
        raise StatementNotReadable(line=len(rows))
    lines, numbers = [], {}
    for place, row in enumerate(rows[1:-1], start=2):
        try:
            line, ntpn = _statement_line(row)
        except (NoticeNotReadable, ValueError):
            raise StatementNotReadable(line=place) from None
        lines.append(line)
        numbers[line.txn] = ntpn
    if rows[-1][1:3] != [str(len(lines)), str(sum(line.amount_idr for line in lines))]:
        raise StatementUnbalanced()
    digest = hashlib.sha256(raw).hexdigest()
    return Statement(provider=PROVIDER, name=name[:120], digest=digest, lines=tuple(lines), numbers=numbers)


def _statement_line(row: list[str]) -> tuple[Notice, str]:
    said: dict[str, Any] = dict(zip(COLUMNS, row, strict=True))
    line = Notice(
        provider=PROVIDER,
        txn=_text(said, "transaction", _TXN),
        code=_text(said, "code", _CODE),
        amount_idr=_amount(int(said["amount_idr"])),
        currency=_text(said, "currency", re.compile(r"IDR\Z")),
        paid_at=_moment(said["paid_at"]),
        raw=",".join(row).encode(),
    )
    return line, _text(said, "ntpn", _NTPN)
