"""The photo of the holder as the counter keeps it: cut to 3:4, encoded anew, nothing of its metadata left.

Only what a size and a light meter can tell is checked here; a bad light is a warning, never a wall.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, ImageStat

from openpaspor.applications import documents

SHORTEST_SIDE = 480  # px of the picture as it comes
KEPT_HEIGHT = 1200  # px
RATIO = (3, 4)
DARK, BRIGHT, FLAT = 70, 205, 18  # grey levels: mean below, mean above, spread below

WARNINGS = {
    "dark": _("The photo is dark. Turn on a light or turn the face to the window."),
    "bright": _("The photo is very bright. Turn away from the window."),
    "flat": _("The photo has little contrast. Clean the lens and check the light."),
}


class PortraitTooSmall(documents.PictureRefused):
    code = "portrait-too-small"
    message = _("The photo is too small: its shorter side has %(side)s pixels, it needs 480.")


@dataclass(frozen=True)
class Portrait:
    """A photo ready to keep, and the codes of what one should look at."""

    jpeg: bytes
    warnings: tuple[str, ...]


def prepare(picture: bytes) -> Portrait:
    """Check, cut and encode a photo, or raise a PictureRefused that says what is wrong."""
    image = Image.open(io.BytesIO(documents.cleaned(picture)), formats=["JPEG"])
    if min(image.size) < SHORTEST_SIDE:
        raise PortraitTooSmall(side=min(image.size))
    cut = _cut(image)
    out = io.BytesIO()
    cut.save(out, "JPEG", quality=90, optimize=True)
    return Portrait(out.getvalue(), _warnings(cut))


def _cut(image: Image.Image) -> Image.Image:
    """The middle of the picture in 3:4, at most 900 by 1200."""
    wide, high = RATIO
    width = min(image.width, image.height * wide // high)
    height = min(image.height, width * high // wide)
    target = (width, height) if height <= KEPT_HEIGHT else (KEPT_HEIGHT * wide // high, KEPT_HEIGHT)
    return ImageOps.fit(image, target, Image.Resampling.LANCZOS)


def _warnings(image: Image.Image) -> tuple[str, ...]:
    measured = ImageStat.Stat(image.convert("L"))
    light, spread = measured.mean[0], measured.stddev[0]
    found = ["dark"] if light < DARK else ["bright"] if light > BRIGHT else []
    if spread < FLAT:
        found.append("flat")
    return tuple(found)
