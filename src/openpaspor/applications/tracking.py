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
    attempt = Try("track", address, ref[:60].upper())
    attempt.take()
    application = _find(ref, born)
    if application is None:
        raise NotFoundHere()
    attempt.give_back()
    return application


def _find(ref: str, born: date | None) -> Application | None:
    try:
        known = str(references.parse(ref))
    except references.ReferenceInvalid:
        return None
    token = node.here().keys.token("born", born.isoformat()) if born else ""
    application = Application.objects.filter(ref=known).select_related("office").first()
    if application is None or not application.born_key:
        return None
    return application if hmac.compare_digest(application.born_key, token) else None
