"""Passport printers, by dotted path in the setting `PASSPORT_PRINTER`.

An adapter is a module with two functions:

    take(job: str, serial: str, page: bytes, *, now: datetime) -> None
    journal(job: str) -> bool | None

`take` prints one page and notes it in the printer's own journal under the number of the job. It is called outside any
transaction, after it was committed that the page goes to the printer. `PrinterOut` means that surely nothing was
printed; it can be tried again under another number. Anything else that goes wrong, a crash of ours too, leaves a job
of which nobody knows; a person looks at the booklet then, and `journal` helps: True when the printer noted this job,
False when it did not, None when it cannot say.
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
