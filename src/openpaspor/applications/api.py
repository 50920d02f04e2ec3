"""What programs may ask of the application desk."""

from __future__ import annotations

from datetime import date, datetime

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from openpaspor.facts.base import format_moment
from openpaspor.kit import clock
from openpaspor.kit.refused import Refused

from . import limits
from .actions import note_shown
from .rules import Wait, Who, blockers
from .tracking import find


@require_safe
def track(request: HttpRequest) -> JsonResponse:
    """`?ref=&born=YYYY-MM-DD`: where an application stands. 404 for a wrong pair, 429 after five wrong ones."""
    now = clock.now()
    try:
        application = find(
            request.GET.get("ref", ""),
            _date(request.GET.get("born", "")),
            address=request.META.get("REMOTE_ADDR", ""),
        )
    except Refused as refusal:
        answer = JsonResponse(
            {"schema": 1, "code": refusal.code, "message": str(refusal)}, status=refusal.status
        )
        if refusal.status == limits.TooManyTries.status:
            answer["Retry-After"] = str(limits.WINDOW)
        return _private(answer)
    note_shown(application, now=now)
    wait = next(iter(blockers(application)), Wait(application.state, Who.NOBODY, None, ""))
    return _private(
        JsonResponse(
            {
                "schema": 1,
                "ref": application.ref,
                "state": application.state,
                "reason": wait.code,
                "who": str(wait.who),
                "until": _written(wait.until),
                "can_do": wait.can_do,
                "as_of": format_moment(now),
            }
        )
    )


def _private(answer: JsonResponse) -> JsonResponse:
    answer["Cache-Control"] = "private, no-store"
    return answer


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _written(until: datetime | date | None) -> str | None:
    if isinstance(until, datetime):
        return format_moment(until)
    return until.isoformat() if until else None
