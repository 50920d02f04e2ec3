"""How a page says no: one clear sentence, a stable code, the right status."""

import errno
import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from openpaspor.kit.refused import Refused

log = logging.getLogger("openpaspor.ui")
SQLITE_CANNOT_WRITE = ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_IOERR")
POSTGRES_DISK_FULL = "53100"


def refused_page(
    request: HttpRequest, refusal: Refused, template: str = "ui/refused.html", **context: Any
) -> HttpResponse:
    """The page `template` with `refusal` in its context and the refusal's own status."""
    return render(request, template, {"refusal": refusal, **context}, status=refusal.status)


class RequestTooLarge(Refused):
    code = "request-too-large"
    message = _("Choose a file of at most 10 MB. What you filled in before is safe.")
    status = 413


class NoRoom(Refused):
    code = "no-room"
    message = _(
        "This machine cannot write: its disk is full or broken. The last step was not saved; all before it is safe. "
        "Tell whoever runs the machine, then send it again."
    )
    status = 507


def cannot_write(exception: BaseException | None) -> bool:
    """Whether a disk without room, or one that only reads, is behind this."""
    while exception is not None:
        if isinstance(exception, OSError) and exception.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            return True
        if getattr(exception, "sqlite_errorname", "").startswith(SQLITE_CANNOT_WRITE):
            return True
        if getattr(exception, "sqlstate", None) == POSTGRES_DISK_FULL:
            return True
        exception = exception.__cause__
    return False


def too_large(request: HttpRequest) -> HttpResponse:
    return refused_page(request, RequestTooLarge(), "413.html")


def sizes_itself(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Mark a view that answers requests beyond the limit with a page of its own."""
    view.sizes_itself = True  # type: ignore[attr-defined]
    return view


class RefusedMiddleware:
    """Turns a refusal that no view caught into its page, and refuses requests whose files were not read in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        size = int(request.META.get("CONTENT_LENGTH") or 0)
        if size <= settings.FILE_UPLOAD_MAX_MEMORY_SIZE or hasattr(view, "sizes_itself"):
            return None
        return too_large(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if cannot_write(exception):
            log.error("%s was refused, as nothing can be written: %s", request.path, exception)
            exception = NoRoom()
        if not isinstance(exception, Refused):
            return None
        at_work = getattr(request, "posting", None) is not None
        return refused_page(request, exception, "ui/refused_staff.html" if at_work else "ui/refused.html")
