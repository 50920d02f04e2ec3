"""Where messages are read: the demo's inbox, and the applicant's own list."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from openpaspor.accounts.permissions import demo_only
from openpaspor.applications.models import Application
from openpaspor.facts.base import format_moment
from openpaspor.kit import phones
from openpaspor.ledger import node

from .models import Message, MessageQuerySet

IN_JSON = 200  # newest messages
A_PAGE = 30


def _wanted(request: HttpRequest) -> MessageQuerySet:
    """All messages, or those to the number in `?to=`."""
    messages = Message.objects.newest_first()
    to = request.GET.get("to", "").strip()
    if not to:
        return messages
    try:
        return messages.filter(to_key=node.here().keys.token("phone", phones.normalise(to)))
    except phones.PhoneInvalid:
        return messages.none()


@never_cache
@demo_only
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """Every phone of the demo at once."""
    page = Paginator(_wanted(request), A_PAGE).get_page(request.GET.get("halaman"))
    return render(request, "notifications/inbox.html", {"page": page, "to": request.GET.get("to", "")})


@never_cache
@demo_only
@require_GET
def inbox_json(request: HttpRequest) -> HttpResponse:
    """The same for programs, newest first."""
    shown = [
        {
            "to": phones.local(message.to).replace("-", ""),
            "template": message.template,
            "text": message.text,
            "code": message.code or None,
            "at": format_moment(message.created_at),
        }
        for message in _wanted(request)[:IN_JSON]
    ]
    return JsonResponse(shown, safe=False, json_dumps_params={"ensure_ascii": False})


@never_cache
@login_required
@require_GET
def messages(request: HttpRequest, ref: str) -> HttpResponse:
    """What we wrote to the owner of one application, word by word."""
    application = get_object_or_404(Application.objects.of(request.user).select_related("office"), ref=ref)
    page = Paginator(Message.objects.newest_first().filter(application=ref), A_PAGE).get_page(
        request.GET.get("halaman")
    )
    return render(request, "notifications/messages.html", {"application": application, "page": page})
