"""Passport printers, by dotted path in the setting `PASSPORT_PRINTER`.

An adapter is a module with one function:

    take(serial: str, page: bytes, *, now: datetime) -> None

It is called inside the transaction of the deed, after the booklet was scanned: write the page down (a spool table, a
queue on disk) and print it once that transaction is committed. A page that cannot be taken raises `PrinterOut`;
then nothing at all has happened.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from openpaspor.kit.refused import Refused


class PrinterOut(Refused):
    code = "printer-out"
    message = _("The printer does not answer. Nothing was printed; check the printer and print again.")
    status = 503


def printer() -> Any:
    """The adapter of this installation."""
    return import_module(settings.PASSPORT_PRINTER)
