"""Doors of the operator: people on the staff, their roles and postings. Served under /ops/postings/."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openpaspor.kit import clock
from openpaspor.kit.refused import Refused
from openpaspor.ui.forms import ActionForm

from . import actions, sessions
from .forms import AccessForm, NewPersonForm, PostingForm
from .models import Posting, Role, User
from .permissions import staff

A_PAGE = 50  # people


@dataclass(frozen=True)
class Person:
    """One line of the register: a staff member and the postings in force."""

    user: User
    postings: list[Posting]


@never_cache
@staff(Role.OPS)
@require_GET
def postings(request: HttpRequest) -> HttpResponse:
    """Everybody on the staff, with what they may do now."""
    wanted = request.GET.get("q", "").strip()
    people = User.objects.exclude(login=None).order_by("login")
    if wanted:
        held = Posting.objects.in_force(clock.now()).filter(
            Q(office__name__icontains=wanted) | Q(office=wanted.upper())
        )
        people = people.filter(Q(login__icontains=wanted) | Q(postings__in=held)).distinct()
    page = Paginator(people, A_PAGE).get_page(request.GET.get("halaman"))
    in_force: dict[int, list[Posting]] = {}
    for posting in (
        Posting.objects.in_force(clock.now()).filter(person__in=page.object_list).select_related("office")
    ):
        in_force.setdefault(posting.person_id, []).append(posting)
    lines = [Person(person, in_force.get(person.pk, [])) for person in page.object_list]
    return render(request, "accounts/postings.html", {"page": page, "people": lines, "wanted": wanted})


@never_cache
@staff(Role.OPS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_person(request: HttpRequest) -> HttpResponse:
    """Add somebody; the answer shows their first password, once."""
    form = NewPersonForm(request.POST or None)
    if request.method != "POST":
        return render(request, "accounts/new_person.html", {"form": form})
    if not form.is_valid():
        return render(request, "accounts/new_person.html", {"form": form}, status=422)
    asked = form.cleaned_data
    try:
        access = actions.create_person(
            asked["login"],
            asked["role"],
            asked["office"],
            action_id=form.action_id,
            actor=_me(request).actor_code,
            now=clock.now(),
            real_now=clock.real_now(),
        )
    except Refused as refusal:
        return render(
            request, "accounts/new_person.html", {"form": form, "refusal": refusal}, status=refusal.status
        )
    return render(request, "accounts/first_access.html", {"access": access, "is_new": True})


@never_cache
@staff(Role.OPS, Role.HEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def access(request: HttpRequest) -> HttpResponse:
    """Let in on this box somebody whom the centre posted; a head of office only people of that office."""
    form = AccessForm(request.POST or None)
    if request.method != "POST":
        return render(request, "accounts/access.html", {"form": form})
    if not form.is_valid():
        return render(request, "accounts/access.html", {"form": form}, status=422)
    try:
        given = actions.give_access(
            form.cleaned_data["login"],
            action_id=form.action_id,
            actor=_me(request).actor_code,
            now=clock.now(),
            real_now=clock.real_now(),
            office=request.posting.office,  # type: ignore[attr-defined]
        )
    except Refused as refusal:
        return render(
            request, "accounts/access.html", {"form": form, "refusal": refusal}, status=refusal.status
        )
    sessions.sign_out_everywhere(given.person)
    return render(request, "accounts/first_access.html", {"access": given, "is_new": True})


@never_cache
@staff(Role.OPS)
@require_GET
def person(request: HttpRequest, code: str) -> HttpResponse:
    """One staff member: postings now and before, and what an operator can do."""
    return _person_page(request, _of(code))


def _me(request: HttpRequest) -> User:
    return cast(User, request.user)  # `staff` let nobody else in


def _of(code: str) -> User:
    return get_object_or_404(User.objects.exclude(login=None), code=code)


def _person_page(
    request: HttpRequest,
    of: User,
    form: PostingForm | None = None,
    refusal: Refused | None = None,
    status: int = 200,
) -> HttpResponse:
    now = clock.now()
    held = Posting.objects.filter(person=of).select_related("office").order_by("-starts_at", "-id")
    shown = {
        "of": of,
        "form": form or PostingForm(),
        "refusal": refusal,
        "in_force": held.in_force(now),
        "ended": held.filter(ends_at__lte=now)[:20],
        "browsers": sessions.browsers_of(of),
        "is_me": of == request.user,
    }
    return render(request, "accounts/person.html", shown, status=status)


@staff(Role.OPS)
@require_POST
def grant(request: HttpRequest, code: str) -> HttpResponse:
    of = _of(code)
    form = PostingForm(request.POST)
    if not form.is_valid():
        return _person_page(request, of, form, status=422)
    try:
        actions.grant_posting(
            of,
            form.cleaned_data["role"],
            form.cleaned_data["office"],
            action_id=form.action_id,
            actor=_me(request).actor_code,
            now=clock.now(),
        )
    except Refused as refusal:
        return _person_page(request, of, form, refusal, refusal.status)
    messages.success(request, _("The posting is granted. It counts at once."))
    return redirect("accounts:person", code=code)


@staff(Role.OPS)
@require_POST
def end(request: HttpRequest, code: str, posting_id: int) -> HttpResponse:
    of = _of(code)
    posting = get_object_or_404(Posting, pk=posting_id, person=of)
    form = ActionForm(request.POST)
    try:
        actions.end_posting(posting, action_id=form.action_id, actor=_me(request).actor_code, now=clock.now())
    except Refused as refusal:
        return _person_page(request, of, refusal=refusal, status=refusal.status)
    messages.success(request, _("The posting is ended. It no longer opens any door."))
    return redirect("accounts:person", code=code)


@never_cache
@staff(Role.OPS)
@require_POST
def reset(request: HttpRequest, code: str) -> HttpResponse:
    """Lost password or phone: a new first password, shown once."""
    of = _of(code)
    form = ActionForm(request.POST)
    access = actions.reset_access(
        of,
        action_id=form.action_id,
        actor=_me(request).actor_code,
        now=clock.now(),
        real_now=clock.real_now(),
    )
    sessions.sign_out_everywhere(of)
    return render(request, "accounts/first_access.html", {"access": access, "is_new": False})
