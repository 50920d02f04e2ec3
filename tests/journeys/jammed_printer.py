"""A printer that prints and notes the page, and falls silent before it says so."""

from __future__ import annotations

from datetime import datetime

from openpaspor.issuance.printers import demo
from openpaspor.issuance.printers.demo import journal

__all__ = ["journal", "take"]


def take(job: str, serial: str, page: bytes, *, now: datetime) -> None:
    demo.take(job, serial, page, now=now)
    raise TimeoutError("no answer")
