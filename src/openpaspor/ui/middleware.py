"""Language and text size: asked for in the address once, kept in a cookie."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

Answer = Callable[[HttpRequest], HttpResponse]
YEAR = 365 * 24 * 3600  # seconds


def wish(request: HttpRequest, name: str, allowed: tuple[str, ...]) -> str:
    """The value asked for in the address, else the one in the cookie, else the first allowed."""
    for given in (request.GET.get(name), request.COOKIES.get(name)):
        if given in allowed:
            return given
    return allowed[0]


def keep(request: HttpRequest, response: HttpResponse, name: str, value: str) -> None:
    if request.GET.get(name) == value and request.COOKIES.get(name) != value:
        response.set_cookie(
            name, value, max_age=YEAR, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    patch_vary_headers(response, ["Cookie"])


class LanguageMiddleware:
    """`?bahasa=id|en`. Indonesian unless asked otherwise, whatever the browser says it prefers."""

    languages = ("id", "en")

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = wish(request, "bahasa", self.languages)
        request.LANGUAGE_CODE = language  # type: ignore[attr-defined]
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        keep(request, response, "bahasa", language)
        return response


class TextSize:
    """`?huruf=besar|biasa`: the A+ button, without a script."""

    sizes = ("biasa", "besar")

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        size = wish(request, "huruf", self.sizes)
        request.text_size = size  # type: ignore[attr-defined]
        response = self.get_response(request)
        keep(request, response, "huruf", size)
        return response
