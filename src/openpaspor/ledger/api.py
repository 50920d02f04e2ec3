"""The door of the wire."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from . import exchange
from .messages import LONGEST


@csrf_exempt
@require_POST
def wire(request: HttpRequest) -> HttpResponse:
    """POST /wire/v1: a signed message in, a signed answer out (200). 403 to whom we do not know, 413 beyond 8 MiB."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > LONGEST:
        return HttpResponse(status=413)
    said = exchange.answer(request.read())
    if said is None:
        return HttpResponse(status=403)
    return HttpResponse(said, content_type="application/octet-stream")
