"""QR codes: inline SVG for pages, PNG for files. Alphanumeric mode, so that a keyboard scanner can type what it reads."""

from __future__ import annotations

from io import BytesIO
from xml.sax.saxutils import quoteattr

import segno

QUIET = 4  # modules of white around the code


def svg(text: str, *, label: str, mode: str = "alphanumeric") -> str:
    """An inline picture that scales to its box, black on white in every theme, with `label` for those who cannot see it.

    `mode="byte"` takes any text, for codes that only a camera reads.
    """
    code = _code(text, mode)
    width = code.symbol_size(border=QUIET)[0]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {width}" role="img" aria-label={quoteattr(label)}'
        f' shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{width}v{width}H0z"/><path d="{_path(code)}"/></svg>'
    )


def png(text: str, *, scale: int = 6) -> bytes:
    """`scale` pixels a module; six is sharp on a phone and on paper."""
    file = BytesIO()
    _code(text).save(file, kind="png", scale=scale, border=QUIET)
    return file.getvalue()


def modules(text: str) -> list[list[bool]]:
    """The code as rows of dark (True) and light, without the quiet zone, to be drawn on paper as rectangles."""
    return [[bool(module) for module in row] for row in _code(text).matrix]


def runs(row: list[bool]) -> list[tuple[int, int]]:
    """Where dark stretches begin in a row and how long they are."""
    found: list[tuple[int, int]] = []
    for place, dark in enumerate(row):
        if dark and found and sum(found[-1]) == place:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif dark:
            found.append((place, 1))
    return found


def _code(text: str, mode: str = "alphanumeric") -> segno.QRCode:
    """Raises ValueError (segno's DataOverflowError is one) for text outside the alphanumeric mode or too long."""
    return segno.make(text, mode=mode, error="m", micro=False, boost_error=True)


def _path(code: segno.QRCode) -> str:
    steps = []
    for down, row in enumerate(code.matrix):
        for along, length in runs([bool(module) for module in row]):
            steps.append(f"M{along + QUIET} {down + QUIET}h{length}v1h-{length}z")
    return "".join(steps)
