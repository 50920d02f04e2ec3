"""How banks speak to us: one folder per bank, each a module with the four names of `Gateway`.

Settings name them (`PAYMENT_GATEWAYS`, provider → dotted path), so another bank needs no fork. A gateway only reads and
proves; what the money means is decided in `payments.rules` and done in `payments.actions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Protocol, cast

from django.conf import settings
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from openpaspor.kit.refused import Refused

from ..rules import Notice, Statement


class BadSignature(Refused):
    code = "bad-signature"
    message = _("This notice was not signed by the bank.")
    status = 401


class NotJson(Refused):
    code = "not-json"
    message = _("A notice is a JSON object.")
    status = 400


class NoticeNotReadable(Refused):
    code = "notice-not-readable"
    message = _("The notice lacks a field or holds one of the wrong kind: %(field)s.")
    status = 422


class StatementNotReadable(Refused):
    code = "settlement-not-readable"
    message = _("This is not a settlement file we can read: line %(line)s.")
    status = 422


class StatementUnbalanced(Refused):
    code = "settlement-unbalanced"
    message = _("The lines of this file do not add up to its own total. Ask the bank for it again.")
    status = 422


class BadProof(Refused):
    code = "bad-proof"
    message = _(
        "This receipt was not signed by a bank we know, or it was altered. Ask the visitor for the bank's own receipt."
    )
    status = 422


class Gateway(Protocol):
    """What a bank's module offers."""

    PROVIDER: str

    def is_open(self) -> bool:
        """Whether this installation listens to the bank."""

    def read_notice(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        """Check the signature over the bytes as they came, then read them. BadSignature, NotJson, NoticeNotReadable."""

    def read_proof(self, text: str) -> Notice | None:
        """A receipt as scanned, its signature checked with the bank's public key alone. BadProof; None: of another bank."""

    def read_statement(self, name: str, raw: bytes) -> Statement:
        """Read a settlement file and check its totals. StatementNotReadable, StatementUnbalanced."""


def find(provider: str) -> Gateway:
    """The gateway of a bank we listen to; others do not exist."""
    path = settings.PAYMENT_GATEWAYS.get(provider)
    gateway = cast(Gateway, import_module(path)) if path else None
    if gateway is None or not gateway.is_open():
        raise Http404
    return gateway


def read_proof(text: str) -> Notice:
    """What a signed receipt says, by whichever bank we listen to. Needs no line. Raises BadProof."""
    for provider in open_providers():
        notice = find(provider).read_proof(text.strip().upper())
        if notice is not None:
            return notice
    raise BadProof()


def open_providers() -> list[str]:
    """The banks we listen to."""
    return [name for name, path in settings.PAYMENT_GATEWAYS.items() if import_module(path).is_open()]
