"""The door of the wire."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from . import enrol, exchange
from .messages import LONGEST


@csrf_exempt
@require_POST
def wire(request: HttpRequest) -> HttpResponse:
    """POST /wire/v1: a signed message in, a signed answer out (200). 403 to whom we do not know, 413 beyond 8 MiB.

    A newcomer with a code and a node whose epoch rose are heard first; both are not on the list yet.
    """
    if int(request.META.get("CONTENT_LENGTH") or 0) > LONGEST:
        return HttpResponse(status=413)
    said = answer_to(request.read(), request.META.get("REMOTE_ADDR", ""))
    if said is None:
        return HttpResponse(status=403)
    return HttpResponse(said, content_type="application/octet-stream")


def answer_to(came: bytes, address: str) -> bytes | None:
    """The signed answer to what came from an address, or None to whom we do not know."""
    said = enrol.hear(came, address) if enrol.is_meant(came) else None
    return exchange.answer(came) if said is None else said
