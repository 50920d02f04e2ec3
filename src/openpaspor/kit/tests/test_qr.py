import io
import xml.etree.ElementTree as ET

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from openpaspor.kit import base45, qr


def read(picture):
    (found,) = zxingcpp.read_barcodes(picture)
    return found.text


def drawn(text, scale=6):
    rows = qr.modules(text)
    picture = Image.new("L", ((len(rows) + 2 * qr.QUIET) * scale,) * 2, 255)
    pen = ImageDraw.Draw(picture)
    for down, row in enumerate(rows):
        for along, length in qr.runs(row):
            left, top = (along + qr.QUIET) * scale, (down + qr.QUIET) * scale
            pen.rectangle((left, top, left + length * scale - 1, top + scale - 1), fill=0)
    return picture


@given(st.text(alphabet=base45.ALPHABET, min_size=1, max_size=300))
@settings(max_examples=25, deadline=None)
def test_whatever_is_written_a_reader_reads(text):
    assert read(Image.open(io.BytesIO(qr.png(text)))) == text
    assert read(drawn(text)) == text


def test_a_page_s_code_names_itself_to_screen_readers():
    drawing = qr.svg("OP2:AB", label='Bukti janji "A" & <B>')

    root = ET.fromstring(drawing)
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'Bukti janji "A" & <B>'
    assert len(drawing) < 6000


def test_text_that_a_keyboard_scanner_cannot_type_is_refused():
    with pytest.raises(ValueError):
        qr.svg("op2:kecil", label="x")
