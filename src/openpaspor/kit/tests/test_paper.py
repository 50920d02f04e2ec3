"""Papers are read back as an office reads them: their words, their pictures, their codes, their measures."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from pypdf import PdfReader

from openpaspor.kit import paper, qr
from openpaspor.kit.paper import DataPage, Receipt, ReceiptLine, VisitSheet, data_page, sheet
from openpaspor.kit.paper.words import WORDS, long_day, page_date

WITA = timezone(timedelta(hours=8))
MADE = datetime(2026, 11, 24, 1, 40, tzinfo=UTC)
QR_TEXT = (
    "OP2:S R/WH:WH-:M J32:B*ULXH50LH75A$50%CBW$8Q25RB0WKH+ BIILN9RVYOFH03 DD9NGUBCD1$U4B 9 M0JB0LS0$50W50"
    "4CW/+NXW94.DGG7E-B0-8ZVN:VJQ832%UP3S0PLWROK QN-5%MHNABRPIB-QE68RC1D:JP.F.CSD2QM:6N-A0K6B/UD 3-M4ZE4"
)
LINES = ("P<IDNSUHARTO<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<", "A1234567<6IDN8001014M3301018<<<<<<<<<<<<<<00")

VISIT = VisitSheet(
    ref="OP-A7K2-9QXM",
    name="I WAYAN SUDIRA",
    starts_at=datetime(2026, 11, 26, 9, 0, tzinfo=WITA),
    zone="WITA",
    office="Kantor Imigrasi Kelas I TPI Denpasar",
    address="Jl. D.I. Panjaitan No. 3, Renon",
    kind="Paspor pengganti, dewasa",
    bring=("KTP", "Paspor lama"),
    qr_text=QR_TEXT,
    number=2,
    paid=True,
    made_at=MADE,
)
RECEIPT = Receipt(
    number="TT-2026-000123",
    bill_code="820261124000123",
    name="I WAYAN SUDIRA",
    paid_at=datetime(2026, 11, 24, 9, 41, tzinfo=WITA),
    zone="WITA",
    channel="Bank Contoh",
    bank_reference="123456789012",
    lines=(
        ReceiptLine("OP-A7K2-9QXM", "E-paspor 10 tahun", 950_000),
        ReceiptLine("OP-A7K2-9QXM", "Layanan sehari", 1_000_000),
    ),
    made_at=MADE,
)


def picture(size=(600, 800)):
    file = BytesIO()
    Image.effect_noise(size, 80).convert("RGB").save(file, "JPEG", quality=95)
    return file.getvalue()


def make_page(**changes):
    page = DataPage(
        document_code="P<",
        number="A1234567",
        primary="SUHARTO",
        secondary="",
        born=date(1980, 1, 1),
        sex="M",
        birth_place="DENPASAR",
        issued=date(2026, 12, 1),
        expires=date(2033, 1, 1),
        authority="KANIM DENPASAR",
        line1=LINES[0],
        line2=LINES[1],
        portrait=picture(),
        made_at=MADE,
    )
    return replace(page, **changes)


def text_of(pdf):
    (page,) = PdfReader(BytesIO(pdf)).pages
    return page.extract_text()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "id",
            ["Bukti janji", "Kamis, 26 November 2026", "09.00 WITA", "Bawa yang asli", "Lunas", "Bukti ke-2"],
        ),
        (
            "en",
            [
                "Visit pass",
                "Thursday, 26 November 2026",
                "09:00 WITA",
                "Bring the originals",
                "Paid",
                "Pass no. 2",
            ],
        ),
    ],
)
def test_a_visit_pass_says_when_where_and_what_to_bring(language, words):
    pdf = paper.visit_pass_pdf(VISIT, language)

    text = text_of(pdf)
    for word in [*words, VISIT.ref, VISIT.name, VISIT.office, VISIT.address, *VISIT.bring]:
        assert word in text
    assert len(pdf) < 60_000


def test_the_code_on_a_visit_pass_is_the_pass():
    pdf = paper.visit_pass_pdf(VISIT)

    assert zxingcpp.read_barcodes(_qr_drawn_in(pdf))[0].text == QR_TEXT


def test_a_visit_pass_without_an_address_or_paid_bill_says_so():
    text = text_of(paper.visit_pass_pdf(replace(VISIT, address="", paid=False)))

    assert "Dibayar setelah wawancara" in text


def test_a_receipt_adds_up():
    pdf = paper.receipt_pdf(RECEIPT)

    text = text_of(pdf)
    for word in [
        "8202 6112 4000 123",
        "Rp950.000",
        "Rp1.000.000",
        "Rp1.950.000",
        "TT-2026-000123",
        "09.41 WITA",
    ]:
        assert word in text
    assert len(pdf) < 60_000


def test_a_receipt_for_fifty_people_stays_on_one_page_and_adds_up():
    many = tuple(ReceiptLine("OP-A7K2-9QXM", "E-paspor 10 tahun", 950_000) for _person in range(50))

    text = text_of(paper.receipt_pdf(replace(RECEIPT, lines=many), "en"))

    assert "+ 39" in text
    assert "Rp37.050.000" in text
    assert "Rp47.500.000" in text


def test_the_machine_readable_lines_are_read_from_the_page():
    pdf = paper.data_page_pdf(make_page())

    assert text_of(pdf).splitlines()[-2:] == list(LINES)
    assert len(pdf) < 60_000


def test_the_lines_stand_where_a_reader_looks_for_them():
    (page,) = PdfReader(BytesIO(paper.data_page_pdf(make_page()))).pages
    found = []

    def see(text, _matrix, at, font, size):
        if font and "OCRB" in font["/BaseFont"].upper().replace("-", "").replace(" ", "") and text.strip():
            found.append((at[4] / 72 * 25.4, at[5] / 72 * 25.4, size))

    page.extract_text(visitor_text=see)

    (left, upper, size), (_left, lower, _size) = found
    assert float(page.mediabox.width) / 72 * 25.4 == pytest.approx(125, abs=0.1)
    assert float(page.mediabox.height) / 72 * 25.4 == pytest.approx(88, abs=0.1)
    assert left + 0.113 * size / 72 * 25.4 == pytest.approx(data_page.FIRST_CHARACTER, abs=0.1)
    assert upper - lower == pytest.approx(6.35, abs=0.05)
    assert size * 0.723 / 72 * 25.4 == pytest.approx(2.54, abs=0.01)
    assert 0 < lower < upper < data_page.ZONE_HEIGHT


def test_a_data_page_carries_the_whole_name_and_is_marked_as_a_specimen():
    name = "ANAK AGUNG GDE NGURAH PUTRA WIJAYA KUSUMA ADHI NEGARA MAHENDRA DATTA PURNAMA JAYA WARDHANA SASTRAWAN PRAMUDITA ADI"

    text = text_of(paper.data_page_pdf(make_page(primary=name, born="1985-XX-XX", sex="X")))

    assert name in " ".join(text.split())
    assert "XX XXX 1985" in text
    assert "SPESIMEN" in text
    assert "not a travel document" in text


def test_a_huge_portrait_makes_no_huge_page():
    pdf = paper.data_page_pdf(make_page(portrait=picture((3000, 4000))))

    assert len(pdf) < 60_000


def test_every_word_has_both_languages():
    assert all(words["id"] and words["en"] for words in WORDS.values())


def test_dates_are_written_as_each_language_and_the_standard_write_them():
    assert long_day(date(2026, 8, 17), "id") == "Senin, 17 Agustus 2026"
    assert long_day(date(2026, 8, 17), "en") == "Monday, 17 August 2026"
    assert page_date(date(1985, 8, 17)) == "17 AGU/AUG 1985"
    assert page_date(date(1985, 9, 1)) == "01 SEP 1985"
    assert page_date("1985-05-XX") == "XX MEI/MAY 1985"


def test_every_font_ships_with_its_licence():
    shipped = {file.name for file in Path(sheet.FONTS).iterdir()}

    assert {"DejaVu.LICENSE.txt", "OCRB.LICENSE.txt"} <= shipped
    licences = "".join(
        (sheet.FONTS / name).read_text(encoding="utf-8") for name in shipped if name.endswith(".txt")
    )
    assert all(name in licences for name in shipped if name.endswith(".ttf"))


def _qr_drawn_in(pdf, scale=8):
    """The black rectangles of the page as a picture."""
    (page,) = PdfReader(BytesIO(pdf)).pages
    side = len(qr.modules(QR_TEXT)) + 2 * qr.QUIET
    module = 60 / side / 25.4 * 72
    rectangles, black = [], False
    for operands, operator in page.get_contents().operations:
        if operator == b"rg":
            black = not any(float(value) for value in operands)
        elif operator == b"g":
            black = float(operands[0]) == 0
        elif operator == b"re" and black:
            rectangles.append([float(value) for value in operands])
    left, top = min(x for x, _y, _w, _h in rectangles), max(y for _x, y, _w, _h in rectangles)
    drawn = Image.new("L", (side * scale, side * scale), 255)
    for x, y, width, _height in rectangles:
        along = round((x - left) / module) + qr.QUIET
        down = round((top - y) / module) + qr.QUIET
        drawn.paste(
            0, (along * scale, down * scale, (along + round(width / module)) * scale, (down + 1) * scale)
        )
    return drawn
