"""A printer that prints nothing and keeps a journal of its own (table `issuance_printerline`), as every printer does."""

from __future__ import annotations

import hashlib
from datetime import datetime

from openpaspor.issuance.models import PrinterLine


def take(job: str, serial: str, page: bytes, *, now: datetime) -> None:
    """Note the page. The page itself is made again from the dossier whenever somebody may see it."""
    PrinterLine.objects.create(job=job, serial=serial, digest=hashlib.sha256(page).hexdigest(), taken_at=now)


def journal(job: str) -> bool | None:
    """Whether this job stands in the journal."""
    return PrinterLine.objects.filter(job=job).exists()
