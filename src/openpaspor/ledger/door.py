"""The door of the wire, for those who are on the list and for those who would like to be."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from . import api, enrol
from .messages import LONGEST


@csrf_exempt
@require_POST
def door(request: HttpRequest) -> HttpResponse:
    """POST /wire/v1. A newcomer with a code, or a node whose epoch rose, is heard here; everybody else by `api.wire`."""
    if int(request.META.get("CONTENT_LENGTH") or 0) <= LONGEST and enrol.is_meant(request.body):
        said = enrol.hear(request.body, request.META.get("REMOTE_ADDR", ""))
        if said is not None:
            return HttpResponse(said, content_type="application/octet-stream")
    return api.wire(request)
