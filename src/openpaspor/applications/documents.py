"""Pictures of papers: what we accept and what we keep.

The type is read from the content, the size from the header before a pixel is decoded, and what we keep is a fresh
JPEG of the pixels alone: no position, no camera, no comment, no hidden second file.
"""

from __future__ import annotations

import io
import threading
import warnings
import zipfile
from typing import Any

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, ImageStat, UnidentifiedImageError

from openpaspor.kit.refused import Refused

LARGEST_BYTES = 10 * 1024 * 1024
LARGEST_PIXELS = 40_000_000
LONG_SIDE = 2000  # px kept
QUALITY = 80
SMALL_SIDE = 700  # px; less of a long side is rarely readable
DARK = 60  # mean brightness of 255
CONTENT_TYPE = "image/jpeg"
FORMATS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG"}
_SCRIPTS = (b"<script", b"<?php", b"<html")
_decoding = threading.BoundedSemaphore(2)  # pictures in memory at once: 40 megapixels are 160 MB


class PictureRefused(Refused):
    """The family of refusals of an uploaded picture."""

    code = "picture-refused"
    message = _("This file cannot be used. Please choose a photo of the paper.")
    status = 422


class PictureMissing(PictureRefused):
    code = "picture-missing"
    message = _("Please take or choose a photo first.")


class PictureEmpty(PictureRefused):
    code = "picture-empty"
    message = _("This file is empty. Please take the photo again.")


class PictureTooLarge(PictureRefused):
    code = "picture-too-large"
    message = _("This file is larger than 10 MB. Please choose a smaller photo.")
    status = 413


class NotAPicture(PictureRefused):
    code = "not-a-picture"
    message = _("This file is not a photo. Please choose a JPEG, PNG or WebP picture.")


class TwoFilesInOne(PictureRefused):
    code = "picture-hides-a-file"
    message = _("Another file is hidden in this picture. Please take a new photo with the camera.")


class TooManyPixels(PictureRefused):
    code = "picture-too-many-pixels"
    message = _("This picture has too many pixels. Please take it again with less detail.")


class PictureBroken(PictureRefused):
    code = "picture-broken"
    message = _("This picture is damaged or cut off. Please take it again.")


def cleaned(raw: bytes) -> bytes:
    """The picture as a JPEG of at most 2000 px with nothing but its pixels, or a PictureRefused that says why not."""
    if not raw:
        raise PictureEmpty()
    if len(raw) > LARGEST_BYTES:
        raise PictureTooLarge()
    kind = _format(raw)
    if _hides_a_file(raw):
        raise TwoFilesInOne()
    image = _opened(raw, kind)
    with _decoding:
        try:
            return _encoded(_pixels(image))
        except (OSError, SyntaxError, ValueError, EOFError, IndexError, MemoryError) as trouble:
            raise PictureBroken() from trouble


def doubts(jpeg: bytes) -> tuple[str, ...]:
    """What may make a kept picture hard to read: codes of DOUBTS. They help; they never block."""
    image = Image.open(io.BytesIO(jpeg), formats=["JPEG"])
    found = ["small"] if max(image.size) < SMALL_SIDE else []
    image.draft("L", (200, 200))
    if ImageStat.Stat(image.convert("L")).mean[0] < DARK:
        found.append("dark")
    return tuple(found)


DOUBTS: dict[str, Any] = {
    "small": _("This photo is small. If you cannot read the text in it, take it again from closer by."),
    "dark": _("This photo is dark. Try near a window, hold still for 2 seconds, and take it again."),
}


def _format(raw: bytes) -> str:
    for magic, name in FORMATS.items():
        if raw.startswith(magic):
            return name
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return "WEBP"
    raise NotAPicture()


def _hides_a_file(raw: bytes) -> bool:
    """True for a picture that is also an archive, a PDF or a page. (Phones append previews and short films: allowed.)"""
    lower = raw.lower()
    return (
        zipfile.is_zipfile(io.BytesIO(raw))
        or b"%pdf-" in lower[:1024]
        or any(word in lower for word in _SCRIPTS)
    )


def _opened(raw: bytes, kind: str) -> Image.Image:
    """The picture with only its header read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is lower
            image = Image.open(io.BytesIO(raw), formats=[kind])
    except Image.DecompressionBombError:
        raise TooManyPixels() from None
    except UnidentifiedImageError:
        raise PictureBroken() from None
    except (OSError, SyntaxError, ValueError) as trouble:
        raise PictureBroken() from trouble
    if image.width * image.height > LARGEST_PIXELS:
        raise TooManyPixels()
    return image


def _pixels(image: Image.Image) -> Image.Image:
    image.draft("RGB", (LONG_SIDE, LONG_SIDE))  # a JPEG decodes no more than it must
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I;16") or upright.mode in ("I", "F"):
        upright = upright.convert("I").point(lambda level: level / 256).convert("L")
    if upright.mode in ("RGBA", "LA", "PA", "P"):
        upright = upright.convert("RGBA")
        white = Image.new("RGB", upright.size, "white")
        white.paste(upright, mask=upright.getchannel("A"))
        upright = white
    upright = upright.convert("RGB")
    upright.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    bare = Image.new("RGB", upright.size)
    bare.paste(upright)  # only pixels come along
    return bare


def _encoded(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()
