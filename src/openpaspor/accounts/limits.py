"""How often one may try. The numbers are in settings (`ACCOUNT_RATE_LIMITS`); allauth counts them on the wall clock."""

from __future__ import annotations

from allauth.core import ratelimit
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from openpaspor.kit.refused import Refused
from openpaspor.ledger import node


class TooOften(Refused):
    code = "too-many-tries"
    message = _("Too many tries in a short time. Wait a quarter of an hour, then try again.")
    status = 429


def spend(request: HttpRequest, action: str, key: str) -> None:
    """Count one try of `action` for `key` (a phone number, a login) and for the visitor's address, or raise TooOften."""
    if not ratelimit.consume(request, action=action, key=_token(key)):
        raise TooOften()


def forgive(request: HttpRequest, action: str, key: str) -> None:
    """It was right in the end: earlier tries of this key no longer count."""
    ratelimit.clear(request, action=action, key=_token(key))


def _token(key: str) -> str:
    """Phone numbers do not stand in the cache, not even as a hash that could be guessed through."""
    return node.here().keys.token("limit", key)
