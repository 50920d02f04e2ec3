"""The visit pass on paper: when, where, what to bring, and the QR code that opens the door."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from openpaspor.kit.paper.sheet import ARANG, BATU, SAMUDRA, SAMUDRA_D, Sheet
from openpaspor.kit.paper.words import Language, hour, long_day, say

WIDTH, HEIGHT = 148, 210  # A5


@dataclass(frozen=True, kw_only=True)
class VisitSheet:
    ref: str
    name: str
    starts_at: datetime  # on the office's wall clock
    zone: str  # WIB, WITA or WIT
    office: str
    address: str
    kind: str  # words for the kind of application and booklet
    bring: tuple[str, ...]  # words, one paper each
    qr_text: str  # OP2:…
    number: int  # of the pass
    paid: bool
    made_at: datetime


def visit_pass_pdf(sheet: VisitSheet, language: Language = "id") -> bytes:
    title = f"{say('visit_pass', language)} {sheet.ref}"
    pdf = Sheet(WIDTH, HEIGHT, title=title, language=language, made_at=sheet.made_at)
    pdf.heading(say("visit_pass", language), demo=say("demo", language))
    pdf.qr_code(80, 30, 60, sheet.qr_text)
    left, narrow, wide = 14, 64, 124

    y = pdf.labelled(left, 34, narrow, say("come", language), long_day(sheet.starts_at, language), size=12)
    pdf.ink(SAMUDRA)
    y = (
        pdf.lines_of(left, y - 1.5, narrow, hour(sheet.starts_at, sheet.zone, language), size=20, bold=True)
        + 3
    )
    y = pdf.labelled(left, y, narrow, say("code", language), sheet.ref, size=14)
    y = pdf.labelled(left, y, narrow, say("name", language), sheet.name, size=11)

    y = max(y, 92)
    pdf.rule(left, y, wide)
    where = f"{sheet.office}\n{sheet.address}" if sheet.address else sheet.office
    y = pdf.labelled(left, y + 3, wide, say("where", language), where, size=10)
    paid = say("paid" if sheet.paid else "unpaid", language)
    y = pdf.labelled(left, y, wide, say("for_what", language), f"{sheet.kind} · {paid}", size=10)
    pdf.rule(left, y, wide)

    pdf.ink(SAMUDRA_D)
    y = pdf.lines_of(left, y + 3, wide, say("bring", language), size=11, bold=True) + 1
    for paper in sheet.bring:
        pdf.ink(ARANG)
        pdf.line_of(left, y + 0.4, 5, "☐", size=10)
        y = pdf.lines_of(left + 5.5, y + 0.4, wide - 5.5, paper, size=9.5) + 0.6

    pdf.ink(ARANG)
    y = pdf.lines_of(left, y + 3, wide, say("come_early", language), size=9.5, bold=True)
    pdf.ink(BATU)
    y = pdf.lines_of(left, y + 1, wide, say("no_help_needed", language), size=8.5)
    number = say("pass_number", language, number=sheet.number)
    pdf.lines_of(left, HEIGHT - 12, wide, f"{number}. {say('latest_counts', language)}", size=7.5)
    return pdf.bytes()
