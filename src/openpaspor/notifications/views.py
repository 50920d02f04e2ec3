"""Where messages are read (the demo's inbox, the applicant's own list) and where an operator speaks to many."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib import messages as notices
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from openpaspor.accounts.models import Role
from openpaspor.accounts.permissions import demo_only, staff
from openpaspor.applications.models import Application
from openpaspor.facts.base import format_moment
from openpaspor.kit import clock, phones
from openpaspor.ledger import node
from openpaspor.offices.models import Office
from openpaspor.ui.forms import ActionForm

from . import actions
from .models import Message, MessageQuerySet
from .wording import worded

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


@never_cache
@staff(Role.OPS)
@require_http_methods(["GET", "HEAD", "POST"])
def outage(request: HttpRequest) -> HttpResponse:
    """Tell people with an appointment that it stands although the central system has a problem."""
    now = clock.now()
    if request.method == "POST":
        form = ActionForm(request.POST)
        actor = request.user.actor_code  # type: ignore[union-attr]
        told = actions.announce_outage(action_id=form.action_id, actor=actor, now=now)
        notices.success(request, _("We are telling the people of %(n)s appointments.") % {"n": told})
        return redirect("notifications:outage")
    shown = {
        "people": actions.with_appointment(now, now + actions.AHEAD).count(),
        "texts": [(each, worded("PUSAT", each, at=_example(now, each))) for each in ("id", "en")],
        "sent": Message.objects.filter(template="PUSAT").newest_first().first(),
    }
    return render(request, "notifications/outage.html", shown)


def _example(now: datetime, language: str) -> str:
    office = Office.objects.order_by("pk").first()
    return actions.in_words(now + timedelta(days=1), office, language)
