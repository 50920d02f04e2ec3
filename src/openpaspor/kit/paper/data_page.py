"""The data page of a demo booklet: zones and field numbers of ICAO Doc 9303-4, a look of our own, marked as a specimen.

125 × 88 mm; machine-readable zone 23.2 mm high at the foot; OCR-B at ten characters an inch, the first one 6.0 mm from the
left edge. It resembles no State's passport, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO

from PIL import Image

from openpaspor.kit.paper.sheet import ARANG, BATU, FONTS, GADING, KUNYIT, SAMUDRA, Sheet
from openpaspor.kit.paper.words import Language, page_date

WIDTH, HEIGHT = 125, 88  # mm
ZONE_HEIGHT = 23.2  # of the machine-readable zone
FIRST_CHARACTER = 6.0  # from the left edge
PITCH = 2.54  # ten characters an inch
LINE_DISTANCE = 6.35
_MM = 72 / 25.4  # points a millimetre
_ADVANCE, _BEARING, _CAPITALS = 0.723, 0.113, 0.707  # of OCRB.ttf, in parts of the body
_PORTRAIT = (4.5, 11.5, 32.0, 41.0)  # x, y, width, height
_PORTRAIT_PIXELS = (378, 484)  # 300 dots an inch
_PORTRAIT_BYTES = 36_000
_SEXES = {"M": "L/M", "F": "P/F", "X": "X"}


@dataclass(frozen=True, kw_only=True)
class DataPage:
    document_code: str  # P
    number: str
    primary: str  # whole name, not the cut one of the line
    secondary: str  # empty for most Indonesian names
    born: date | str  # or text with unknown parts as X
    sex: str  # M, F or X
    birth_place: str
    issued: date
    expires: date
    authority: str  # issuing office
    line1: str
    line2: str
    portrait: bytes  # JPEG or PNG
    made_at: datetime
    state: str = "IDN"
    nationality: str = "INDONESIA"
    personal_number: str = ""
    optional: str = ""


def data_page_pdf(page: DataPage, language: Language = "id") -> bytes:
    pdf = Sheet(WIDTH, HEIGHT, title=f"Specimen {page.number}", language=language, made_at=page.made_at)
    pdf.add_font("ocrb", "", FONTS / "OCRB.ttf")
    _ground(pdf)
    _portrait(pdf, page.portrait)
    _fields(pdf, page)
    _machine_readable_zone(pdf, page.line1, page.line2)
    return pdf.bytes()


def _ground(pdf: Sheet) -> None:
    pdf.set_fill_color(*GADING)
    pdf.rect(0, 0, WIDTH, HEIGHT - ZONE_HEIGHT, style="F")
    pdf.set_font("text", "B", 40)
    pdf.ink((232, 226, 210))
    width = pdf.get_string_width("SPESIMEN")
    with pdf.rotation(18, WIDTH / 2 + 14, 38):
        pdf.text(WIDTH / 2 + 14 - width / 2, 43, "SPESIMEN")
    pdf.set_fill_color(*SAMUDRA)
    pdf.rect(0, 0, WIDTH, 8.2, style="F")
    pdf.set_fill_color(*KUNYIT)
    pdf.rect(0, 8.2, WIDTH, 0.6, style="F")
    pdf.ink((255, 255, 255))
    pdf.line_of(4.5, 2.3, 60, "OpenPaspor · Halaman data / Data page", size=8, bold=True)
    warning = "SPESIMEN · bukan dokumen perjalanan / not a travel document"
    pdf.line_of(68, 2.7, 53, warning, size=5.6)


def _portrait(pdf: Sheet, picture: bytes) -> None:
    x, y, width, height = _PORTRAIT
    with Image.open(BytesIO(picture)) as opened:
        image = opened.convert("RGB")
    pdf.image(_small(image), x, y, width, height, keep_aspect_ratio=True, alt_text="Portrait")


def _small(image: Image.Image) -> BytesIO:
    """A JPEG at 300 dots an inch; a grainy picture that is still too heavy gets coarser until it is light enough."""
    image.thumbnail(_PORTRAIT_PIXELS)
    for quality, share in ((80, 1), (60, 1), (60, 0.7), (40, 0.5)):
        file = BytesIO()
        smaller = image.resize((round(image.width * share), round(image.height * share)))
        smaller.save(file, "JPEG", quality=quality, optimize=True)
        if file.tell() <= _PORTRAIT_BYTES:
            break
    return file


def _fields(pdf: Sheet, page: DataPage) -> None:
    """Numbered as in 9303-4; 01, 02 and 19 are the heading and the portrait, 18 is signed by hand."""
    x, width = 40.0, 81.0
    third = width / 3
    kind = page.document_code.replace("<", "")
    _field(pdf, x, 11, third, "03 Jenis / Type", kind)
    _field(pdf, x + third, 11, third, "04 Kode negara / State", page.state)
    _field(pdf, x + 2 * third, 11, third, "05 Nomor / Number", page.number)
    _field(pdf, x, 18, width, "06 Nama / Primary identifier", page.primary, height=5.4)
    _field(pdf, x, 26.4, width, "07 Nama lain / Secondary identifier", page.secondary, height=4.4)
    _field(pdf, x, 33.6, third * 1.3, "08 Kewarganegaraan / Nationality", page.nationality)
    _field(pdf, x + third * 1.3, 33.6, third * 0.7, "11 Jenis kelamin / Sex", _SEXES[page.sex])
    _field(pdf, x + 2 * third, 33.6, third, "10 Nomor pribadi / Personal no.", page.personal_number)
    _field(pdf, x, 40.6, third * 1.3, "09 Tanggal lahir / Date of birth", page_date(page.born))
    _field(pdf, x + third * 1.3, 40.6, third * 1.7, "12 Tempat lahir / Place of birth", page.birth_place[:27])
    _field(pdf, x, 47.6, third * 1.3, "14 Tanggal terbit / Date of issue", page_date(page.issued))
    _field(
        pdf, x + third * 1.3, 47.6, third * 1.7, "16 Berlaku sampai / Date of expiry", page_date(page.expires)
    )
    _field(pdf, x, 54.6, third * 1.3, "15 Kantor / Authority", page.authority)
    _field(pdf, x + third * 1.3, 54.6, third * 1.7, "17 Catatan / Optional data", page.optional)
    _field(pdf, 4.5, 54.6, 32, "18 Tanda tangan / Signature", "")


def _field(
    pdf: Sheet, x: float, y: float, width: float, label: str, text: str, *, height: float = 3.6
) -> None:
    pdf.ink(BATU)
    pdf.line_of(x, y, width - 1, label, size=4.6, least=3.6)
    pdf.ink(ARANG)
    if text:
        pdf.box_of(x, y + 2.4, width - 1, height, text, size=8)


def _machine_readable_zone(pdf: Sheet, line1: str, line2: str) -> None:
    """Both lines centred in the zone, quarter of an inch apart, black on white, nothing else in it."""
    body = PITCH / _ADVANCE  # mm
    pdf.set_font("ocrb", "", body * _MM)
    pdf.set_text_color(0, 0, 0)
    centre = HEIGHT - ZONE_HEIGHT / 2
    baseline = centre - LINE_DISTANCE / 2 + body * _CAPITALS / 2
    left = FIRST_CHARACTER - _BEARING * body
    pdf.text(left, baseline, line1)
    pdf.text(left, baseline + LINE_DISTANCE, line2)
