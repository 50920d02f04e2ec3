"""The receipt of a payment: what was paid, for whom, when and through whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from openpaspor.kit.money import rupiah
from openpaspor.kit.paper.sheet import ARANG, BATU, GARIS, Sheet
from openpaspor.kit.paper.words import Language, hour, long_day, say

WIDTH, HEIGHT = 148, 210  # A5
_LINES_SHOWN = 12


@dataclass(frozen=True)
class ReceiptLine:
    ref: str
    label: str
    amount_idr: int


@dataclass(frozen=True, kw_only=True)
class Receipt:
    number: str
    bill_code: str  # 15 digits
    name: str
    paid_at: datetime  # on the wall clock of `zone`
    zone: str
    channel: str
    bank_reference: str
    lines: tuple[ReceiptLine, ...]
    made_at: datetime

    @property
    def total_idr(self) -> int:
        return sum(line.amount_idr for line in self.lines)


def receipt_pdf(receipt: Receipt, language: Language = "id") -> bytes:
    title = f"{say('receipt', language)} {receipt.number}"
    pdf = Sheet(WIDTH, HEIGHT, title=title, language=language, made_at=receipt.made_at)
    pdf.heading(say("receipt", language), demo=say("demo", language))
    left, right, half, wide = 14, 80, 58, 124

    when = f"{long_day(receipt.paid_at, language)}\n{hour(receipt.paid_at, receipt.zone, language)}"
    code = " ".join(receipt.bill_code[start : start + 4] for start in range(0, len(receipt.bill_code), 4))
    row = max(
        pdf.labelled(left, 34, half, say("receipt_number", language), receipt.number),
        pdf.labelled(right, 34, half, say("bill_code", language), code),
    )
    row = max(
        pdf.labelled(left, row, half, say("name", language), receipt.name),
        pdf.labelled(right, row, half, say("paid_at", language), when, size=9.5),
    )
    row = max(
        pdf.labelled(left, row, half, say("channel", language), receipt.channel),
        pdf.labelled(right, row, half, say("bank_reference", language), receipt.bank_reference),
    )
    end = _table(pdf, receipt, row + 3, language)
    pdf.ink(BATU)
    pdf.lines_of(left, end + 5, wide, say("keep", language), size=8.5)
    return pdf.bytes()


def _table(pdf: Sheet, receipt: Receipt, y: float, language: Language) -> float:
    left, wide, money = 14, 124, 34
    pdf.ink(BATU)
    pdf.line_of(left, y, wide - money, say("item", language), size=8)
    _amount(pdf, left + wide - money, y, money, say("amount", language), size=8, bold=False)
    y += 5
    for line in _shown(receipt.lines):
        pdf.rule(left, y, wide)
        pdf.ink(ARANG)
        words = f"{line.ref} · {line.label}" if line.ref else line.label
        pdf.line_of(left, y + 1.6, wide - money - 3, words, size=9.5, least=7)
        _amount(pdf, left + wide - money, y + 1.6, money, rupiah(line.amount_idr), size=9.5, bold=False)
        y += 7.5
    pdf.set_fill_color(*GARIS)
    pdf.rect(left, y, wide, 0.6, style="F")
    pdf.line_of(left, y + 2.6, wide - money, say("total", language), size=12, bold=True)
    _amount(pdf, left + wide - money - 10, y + 2.6, money + 10, rupiah(receipt.total_idr), size=12, bold=True)
    return y + 10


def _shown(lines: tuple[ReceiptLine, ...]) -> list[ReceiptLine]:
    """All lines of a family; of a longer bill the first ones and the sum of the rest, so that the total always adds up."""
    if len(lines) <= _LINES_SHOWN:
        return list(lines)
    first, rest = lines[: _LINES_SHOWN - 1], lines[_LINES_SHOWN - 1 :]
    return [*first, ReceiptLine("", f"+ {len(rest)}", sum(line.amount_idr for line in rest))]


def _amount(pdf: Sheet, x: float, y: float, width: float, text: str, *, size: float, bold: bool) -> None:
    pdf.set_font("text", "B" if bold else "", size)
    pdf.set_xy(x, y)
    pdf.cell(width, size * 0.45, text, align="R")
