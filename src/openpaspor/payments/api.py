"""Where banks knock: signed notices in, one line of JSON out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from openpaspor.kit import clock
from openpaspor.kit.faults import fault
from openpaspor.kit.refused import Refused
from openpaspor.ledger.once import KeyReused

from . import actions, gateways
from .models import Place

LARGEST = 16 * 1024  # bytes of a notice
security = logging.getLogger("openpaspor.security")


def take_notice(
    provider: str, body: bytes, headers: Mapping[str, str], *, now: datetime
) -> tuple[int, dict[str, Any]]:
    """Prove, read and take in one notice. Returns the HTTP status and the answer.

    200 counted towards a bill (now or before) · 202 parked for a person · 401 not signed by the bank ·
    400, 413, 422 not readable · 409 a known transaction with other content.
    """
    if len(body) > LARGEST:
        actions.count_notice(provider, "too-large", now=now)
        return 413, {"code": "notice-too-large"}
    try:
        notice = gateways.find(provider).read_notice(body, headers)
        receipt = actions.receive_notice(notice, now=now)
    except gateways.BadSignature as refusal:
        security.warning("a payment notice for %s was not signed by the bank", provider)
        return _not_believed(provider, refusal, "bad-signature", now=now)
    except KeyReused as refusal:
        security.warning("a bank of %s told two stories of one transaction", provider)
        return _not_believed(provider, refusal, "contradiction", now=now)
    except Refused as refusal:
        return _not_believed(provider, refusal, "not-readable", now=now)
    fault("payments.after_commit")
    parked = receipt.place == Place.UNMATCHED
    answer = {"transaction": receipt.provider_txn, "place": receipt.place, "repeats": receipt.repeats}
    return (202 if parked else 200), {**answer, **({"reason": receipt.reason} if parked else {})}


def _not_believed(
    provider: str, refusal: Refused, outcome: str, *, now: datetime
) -> tuple[int, dict[str, Any]]:
    actions.count_notice(provider, outcome, now=now)
    return refusal.status, {"code": refusal.code, "message": str(refusal)}


def straight_in(now: datetime) -> Callable[[bytes, dict[str, str]], int]:
    """A way for the demo bank to tell us without a server running: the same door, no wire."""
    return lambda body, headers: take_notice("demo", body, headers, now=now)[0]


@csrf_exempt
@require_POST
def notice(request: HttpRequest, provider: str) -> JsonResponse:
    gateways.find(provider)  # a bank we do not listen to is a 404
    status, answer = take_notice(provider, request.read(LARGEST + 1), request.headers, now=clock.now())
    return JsonResponse(answer, status=status)
