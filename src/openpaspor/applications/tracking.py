"""Status for somebody who is not signed in: the reference and the birth date open one sentence and the box of four."""

from __future__ import annotations

import hmac
from datetime import date

from django.utils.translation import gettext_lazy as _

from openpaspor.kit import references
from openpaspor.kit.refused import Refused
from openpaspor.ledger import node

from .limits import Try
from .models import Application


class NotFoundHere(Refused):
    code = "not-found"
    message = _(
        "We find no application with this reference and birth date. Please compare both with your papers."
    )
    status = 404


def find(ref: str, born: date | None, *, address: str) -> Application:
    """The application, or NotFoundHere: the same for an unknown reference and a wrong date. Raises TooManyTries."""
    known = _canonical(ref)
    attempt = Try("track", address, known or ref[:60])  # however it is written, it is one reference
    attempt.take()
    application = _find(known, born)
    if application is None:
        raise NotFoundHere()
    attempt.give_back()
    return application


def _canonical(ref: str) -> str:
    """The reference as we write it; nothing for what cannot be one."""
    try:
        return str(references.parse(ref))
    except references.ReferenceInvalid:
        return ""


def _find(ref: str, born: date | None) -> Application | None:
    application = (
        Application.objects.filter(ref=ref).select_related("office").first() if ref and born else None
    )
    if application is None or born is None or not application.born_key:
        return None
    token = node.here().keys.token("born", born.isoformat())
    return application if hmac.compare_digest(application.born_key, token) else None
