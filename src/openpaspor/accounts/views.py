"""Doors of applicants: signing in by a code, the account, signing out."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openpaspor.kit import clock, phones
from openpaspor.kit.refused import Refused

from . import actions, limits, sessions
from .doors import address_of, door_of, onward
from .forms import CodeForm, NewPhoneForm, PhoneForm
from .models import Challenge, Purpose

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])
ASKED, ONWARD = "challenge", "onward"  # names in the session


def _challenge(request: HttpRequest, purpose: Purpose) -> Challenge | None:
    """The newest code this browser asked for."""
    return Challenge.objects.filter(token=request.session.get(ASKED, ""), purpose=purpose).first()


def _send(request: HttpRequest, phone: str, purpose: Purpose, instead_of: Challenge | None = None) -> None:
    person = request.user if purpose == Purpose.NEW_PHONE else None
    limits.spend(request, "ask_code", phone)
    challenge = actions.ask_code(phone, purpose, now=clock.real_now(), person=person, instead_of=instead_of)
    request.session[ASKED] = challenge.token


@never_cache
@GET_OR_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """Enter a phone number. The same for everybody, whether the number has an account or not."""
    wanted = onward(request, request.POST.get("next") or request.GET.get("next", ""), "")
    if request.user.is_authenticated and not request.user.is_staff_member:
        return redirect(wanted or door_of(request.user, clock.now()))
    form = PhoneForm(request.POST or None, initial={"next": wanted})
    if request.method != "POST":
        return render(request, "accounts/sign_in.html", {"form": form})
    if not form.is_valid():
        return render(request, "accounts/sign_in.html", {"form": form}, status=422)
    try:
        _send(request, form.cleaned_data["phone"], Purpose.SIGN_IN)
    except Refused as refusal:
        return render(
            request, "accounts/sign_in.html", {"form": form, "refusal": refusal}, status=refusal.status
        )
    request.session[ONWARD] = wanted
    return redirect("accounts:code")


@never_cache
@sensitive_post_parameters("code")
@GET_OR_POST
def code(request: HttpRequest) -> HttpResponse:
    """Enter the code. Right: signed in, with a new account if the number has none."""
    challenge = _challenge(request, Purpose.SIGN_IN)
    if request.method != "POST":
        if challenge is None or challenge.used_at:
            return redirect("accounts:sign_in")
        return _code_page(request, challenge)
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _code_page(request, challenge, form, status=422)
    try:
        if challenge is None:
            raise actions.CodeRefused()
        person = actions.enter_by_code(
            challenge,
            form.cleaned_data["code"],
            language=(get_language() or "id")[:2],
            now=clock.real_now(),
            domain_now=clock.now(),
        )
    except Refused as refusal:
        return _code_page(request, challenge, refusal=refusal, status=refusal.status)
    wanted = request.session.pop(ONWARD, "")
    sessions.sign_in(request, person)
    request.session[ASKED] = challenge.token  # so that the same code sent again is told that it was used
    return redirect(onward(request, wanted, door_of(person, clock.now())))


def _code_page(
    request: HttpRequest,
    challenge: Challenge | None,
    form: CodeForm | None = None,
    refusal: Refused | None = None,
    status: int = 200,
) -> HttpResponse:
    shown = {
        "form": form or CodeForm(),
        "refusal": refusal,
        "phone": phones.mask(challenge.phone) if challenge else "",
        "is_spent": isinstance(refusal, actions.CodeTriesUsed | actions.CodeExpired | actions.CodeUsed)
        or not challenge,
        "changes_phone": bool(challenge and challenge.purpose == Purpose.NEW_PHONE),
    }
    return render(request, "accounts/code.html", shown, status=status)


@require_POST
def code_again(request: HttpRequest) -> HttpResponse:
    """Send another code to the same number."""
    purpose = Purpose.NEW_PHONE if request.POST.get("purpose") == Purpose.NEW_PHONE else Purpose.SIGN_IN
    challenge = _challenge(request, purpose)
    if challenge is None or (purpose == Purpose.NEW_PHONE and challenge.person_id != request.user.pk):
        return redirect("accounts:sign_in")
    try:
        _send(request, challenge.phone, purpose, instead_of=challenge)
    except Refused as refusal:
        return _code_page(request, challenge, refusal=refusal, status=refusal.status)
    messages.success(request, _("A new code is on its way. Only the newest one counts."))
    return redirect("accounts:new_phone_code" if purpose == Purpose.NEW_PHONE else "accounts:code")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    was_staff = request.user.is_authenticated and request.user.is_staff_member
    sessions.sign_out(request)
    return redirect("accounts:staff_sign_in" if was_staff else address_of("applications:start"))


@never_cache
@login_required
@require_GET
def account(request: HttpRequest) -> HttpResponse:
    """The person's own number, browsers and ways out."""
    shown = {
        "phone": phones.mask(request.user.phone) if request.user.phone_kept else "",
        "browsers": sessions.browsers_of(request.user),
        "applications_url": address_of("applications:list", ""),
        "privacy_url": address_of("applications:privacy", "/privasi/"),
        "door": door_of(request.user, clock.now()),
    }
    return render(request, "accounts/account.html", shown)


@login_required
@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End every session, this one too: who lost a phone wants nothing left open."""
    was_staff = request.user.is_staff_member
    sessions.sign_out_everywhere(request.user)
    sessions.sign_out(request)
    messages.success(request, _("You are signed out everywhere."))
    return redirect("accounts:staff_sign_in" if was_staff else "accounts:sign_in")


def _applicant_only(request: HttpRequest) -> None:
    if request.user.is_staff_member:
        raise actions.NoPhoneHere()


@never_cache
@login_required
@GET_OR_POST
def new_phone(request: HttpRequest) -> HttpResponse:
    """Enter another number; the old one stays until the new one has shown its code."""
    _applicant_only(request)
    form = NewPhoneForm(request.POST or None)
    if request.method != "POST":
        return render(request, "accounts/new_phone.html", {"form": form})
    if not form.is_valid():
        return render(request, "accounts/new_phone.html", {"form": form}, status=422)
    try:
        _send(request, form.cleaned_data["phone"], Purpose.NEW_PHONE)
    except Refused as refusal:
        return render(
            request, "accounts/new_phone.html", {"form": form, "refusal": refusal}, status=refusal.status
        )
    return redirect("accounts:new_phone_code")


@never_cache
@login_required
@sensitive_post_parameters("code")
@GET_OR_POST
def new_phone_code(request: HttpRequest) -> HttpResponse:
    """Enter the code that came to the new number."""
    _applicant_only(request)
    challenge = _challenge(request, Purpose.NEW_PHONE)
    if challenge is None:
        return redirect("accounts:new_phone")
    if request.method != "POST":
        return redirect("accounts:account") if challenge.used_at else _code_page(request, challenge)
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _code_page(request, challenge, form, status=422)
    try:
        actions.change_phone(challenge, form.cleaned_data["code"], person=request.user, now=clock.real_now())
    except Refused as refusal:
        return _code_page(request, challenge, refusal=refusal, status=refusal.status)
    messages.success(request, _("Your number is changed. Messages come to the new one from now on."))
    return redirect("accounts:account")
