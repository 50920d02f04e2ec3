"""What all papers share: fonts, colours, a page with a spine, text that shrinks to its box, QR codes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import MethodReturnValue, XPos, YPos

from openpaspor.kit import qr
from openpaspor.kit.paper.words import Language

FONTS = Path(__file__).parent.parent / "fonts"
SAMUDRA, SAMUDRA_D, KUNYIT, ARANG, BATU, GARIS, GADING = (
    (11, 85, 99),
    (7, 60, 71),
    (242, 174, 28),
    (20, 33, 43),
    (85, 97, 107),
    (196, 201, 204),
    (250, 247, 240),
)
LANGUAGES = {"id": "id-ID", "en": "en-GB"}


class Sheet(FPDF):
    """One page, millimetres, our fonts; only the glyphs used are embedded."""

    def __init__(
        self, width: float, height: float, *, title: str, language: Language, made_at: datetime
    ) -> None:
        super().__init__(unit="mm", format=(width, height))
        self.set_compression(True)
        self.set_margin(0)
        self.c_margin = 0
        self.set_auto_page_break(False)
        self.add_font("text", "", FONTS / "DejaVuSansCondensed.ttf")
        self.add_font("text", "B", FONTS / "DejaVuSansCondensed-Bold.ttf")
        self.set_title(title)
        self.set_author("OpenPaspor")
        self.set_lang(LANGUAGES[language])
        self.set_creation_date(made_at)
        self.add_page()

    def ink(self, colour: tuple[int, int, int]) -> None:
        self.set_text_color(*colour)

    def line_of(
        self,
        x: float,
        y: float,
        width: float,
        text: str,
        *,
        size: float,
        bold: bool = False,
        least: float = 5,
    ) -> None:
        """One line with its top at `y`; the type shrinks to fit, down to `least` points, then the text is cut with …"""
        self.set_font("text", "B" if bold else "", size)
        while self.get_string_width(text) > width and size > least:
            size = max(least, size - 0.25)
            self.set_font("text", "B" if bold else "", size)
        while text and self.get_string_width(text) > width:
            text = text[:-2].rstrip() + "…"
        self.set_xy(x, y)
        self.cell(width, size * 0.45, text)

    def lines_of(
        self, x: float, y: float, width: float, text: str, *, size: float, bold: bool = False
    ) -> float:
        """Text wrapped to the width; returns where it ends."""
        self.set_font("text", "B" if bold else "", size)
        self.set_xy(x, y)
        self.multi_cell(width, size * 0.47, text, align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)
        return self.get_y()

    def box_of(
        self, x: float, y: float, width: float, height: float, text: str, *, size: float, least: float = 4
    ) -> None:
        """Text wrapped in a box, in the largest type that fits it."""
        self.set_font("text", "B", size)
        while size > least and self._height_of(text, width, size) > height:
            size -= 0.25
            self.set_font("text", "B", size)
        self.set_xy(x, y)
        self.multi_cell(width, size * 0.42, text, align="L")

    def _height_of(self, text: str, width: float, size: float) -> float:
        return float(self.multi_cell(width, size * 0.42, text, dry_run=True, output=MethodReturnValue.HEIGHT))  # type: ignore[arg-type]

    def labelled(self, x: float, y: float, width: float, label: str, text: str, *, size: float = 11) -> float:
        """A small grey label and its text below; returns where it ends."""
        self.ink(BATU)
        self.line_of(x, y, width, label, size=8)
        self.ink(ARANG)
        return self.lines_of(x, y + 4, width, text, size=size, bold=True) + 2.5

    def rule(self, x: float, y: float, width: float) -> None:
        self.set_draw_color(*GARIS)
        self.set_line_width(0.2)
        self.line(x, y, x + width, y)

    def heading(self, text: str, *, demo: str) -> None:
        """The spine on the left, the mark and the name of the paper."""
        self.set_fill_color(*SAMUDRA)
        self.rect(0, 0, 5, self.h, style="F")
        self.set_fill_color(*KUNYIT)
        self.rect(5, 0, 0.8, self.h, style="F")
        self.ink(SAMUDRA)
        self.line_of(14, 11, 60, "OpenPaspor", size=10, bold=True)
        self.ink(BATU)
        self.line_of(40, 11.3, self.w - 50, demo, size=7.5)
        self.ink(ARANG)
        self.line_of(14, 18, self.w - 24, text, size=20, bold=True)

    def qr_code(self, x: float, y: float, width: float, text: str) -> None:
        """A QR code as rectangles, its quiet zone inside the width."""
        rows = qr.modules(text)
        module = width / (len(rows) + 2 * qr.QUIET)
        self.set_fill_color(255, 255, 255)
        self.rect(x, y, width, width, style="F")
        self.set_fill_color(0, 0, 0)
        for down, row in enumerate(rows):
            for along, length in qr.runs(row):
                left, top = x + (along + qr.QUIET) * module, y + (down + qr.QUIET) * module
                self.rect(left, top, length * module, module, style="F")

    def bytes(self) -> bytes:
        return bytes(self.output())
