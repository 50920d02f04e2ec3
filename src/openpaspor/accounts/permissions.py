"""Who may open which door. A staff view is `@staff(Role.OFFICER)` and finds its posting on the request."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from openpaspor.kit import clock
from openpaspor.ledger import node

from .models import Role
from .sessions import keep_alive


def staff(*roles: Role) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Let only staff with a posting in one of `roles` in; sets `request.posting`. Others: sign-in page or 403."""

    def mark(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            user = request.user
            if not user.is_authenticated:
                return redirect(f"{reverse('accounts:staff_sign_in')}?next={quote(request.get_full_path())}")
            posting = user.posting(clock.now(), *roles) if user.is_staff_member else None
            if posting is None:
                raise PermissionDenied
            request.posting = posting  # type: ignore[attr-defined]
            keep_alive(request)
            return view(request, *args, **kwargs)

        guarded.staff_roles = roles  # type: ignore[attr-defined]
        return guarded

    return mark


LOOPBACK = frozenset({"127.0.0.1", "::1"})


def demo_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A door of the demo: it does not exist unless this is a demo and the visitor sits at this machine."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not node.here().demo or request.META.get("REMOTE_ADDR") not in LOOPBACK:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded
