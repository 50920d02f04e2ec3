"""How a page says no: one clear sentence, a stable code, the right status."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from openpaspor.kit.refused import Refused


def refused_page(
    request: HttpRequest, refusal: Refused, template: str = "ui/refused.html", **context: Any
) -> HttpResponse:
    """The page `template` with `refusal` in its context and the refusal's own status."""
    return render(request, template, {"refusal": refusal, **context}, status=refusal.status)


class RefusedMiddleware:
    """Turns a refusal that no view caught into its page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return refused_page(request, exception) if isinstance(exception, Refused) else None
