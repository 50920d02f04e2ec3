"""The photo of the holder: cut, clean, and warned about, never walled."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from openpaspor.applications.documents import PictureRefused
from openpaspor.intake import portrait

from .making import make_picture


def test_a_wide_picture_is_cut_to_three_by_four():
    kept = portrait.prepare(make_picture((1280, 720)))

    assert Image.open(io.BytesIO(kept.jpeg)).size == (540, 720)


def test_metadata_is_gone():
    image = Image.new("RGB", (900, 1200), "#999")
    exif = Image.Exif()
    exif[0x010E] = "KENARI-GPS"
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, comment=b"KENARI")

    kept = portrait.prepare(out.getvalue()).jpeg

    assert b"KENARI" not in kept
    assert not Image.open(io.BytesIO(kept)).getexif()


def test_a_small_picture_says_its_size():
    with pytest.raises(portrait.PortraitTooSmall) as refused:
        portrait.prepare(make_picture((400, 900)))
    assert "400" in str(refused.value)


@pytest.mark.parametrize(
    ("colours", "warnings"),
    [
        (("#777", "#ddd"), ()),
        (("#000", "#333"), ("dark",)),
        (("#fff", "#eee"), ("bright", "flat")),
    ],
)
def test_light_is_warned_about_and_blocks_nothing(colours, warnings):
    assert portrait.prepare(make_picture(colours=colours)).warnings == warnings


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff\xd8\xff garbage"])
def test_what_is_no_picture_is_refused(content):
    with pytest.raises(PictureRefused):
        portrait.prepare(content)
