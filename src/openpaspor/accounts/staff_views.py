"""Doors of staff: number and password, then a code of the authenticator app. Works without any line."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from openpaspor.kit import clock, qr
from openpaspor.kit.refused import Refused
from openpaspor.ledger import node

from . import actions, limits, rules, sessions
from .doors import door_of, onward
from .forms import AppCodeForm, NewPasswordForm, SetUpForm, StaffSignInForm
from .models import User

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])
STAGE = "staff_stage"  # in the session: who gave the right password, when, and where to go on
STAGE_SECONDS = 600


@never_cache
@sensitive_post_parameters("password")
@GET_OR_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    wanted = onward(request, request.POST.get("next") or request.GET.get("next", ""), "")
    if request.method != "POST":
        if request.user.is_authenticated and request.user.is_staff_member:
            return redirect(wanted or door_of(request.user, clock.now()))
        return render(
            request, "accounts/staff_sign_in.html", {"form": StaffSignInForm(initial={"next": wanted})}
        )
    form = StaffSignInForm(request.POST)
    if not form.is_valid():
        return render(request, "accounts/staff_sign_in.html", {"form": form}, status=422)
    login = form.cleaned_data["login"].strip().lower()
    try:
        limits.spend(request, "staff_sign_in", login)
        person = actions.check_password(login, form.cleaned_data["password"], now=clock.real_now())
    except Refused as refusal:
        shown = {"form": StaffSignInForm(initial={"login": login, "next": wanted}), "refusal": refusal}
        return render(request, "accounts/staff_sign_in.html", shown, status=refusal.status)
    limits.forgive(request, "staff_sign_in", login)
    request.session[STAGE] = {"person": person.pk, "at": clock.real_now().timestamp(), "next": wanted}
    return redirect(_next_step(person))


def _next_step(person: User) -> str:
    if person.one_time_until:
        return "accounts:staff_password"
    return "accounts:staff_code" if person.totp_kept else "accounts:staff_set_up"


def _waiting(request: HttpRequest) -> User | None:
    """Who gave the right password in this browser within the last ten minutes."""
    stage = request.session.get(STAGE)
    if not stage or clock.real_now().timestamp() - stage["at"] > STAGE_SECONDS:
        return None
    return User.objects.filter(pk=stage["person"], is_active=True).first()


def _come_in(request: HttpRequest, person: User) -> str:
    """Sign in and say where to go on."""
    wanted = request.session.pop(STAGE)["next"]
    sessions.sign_in(request, person)
    return onward(request, wanted, door_of(person, clock.now()))


@never_cache
@sensitive_post_parameters("code")
@GET_OR_POST
def code(request: HttpRequest) -> HttpResponse:
    """The code of the authenticator app."""
    person = _waiting(request)
    if person is None or _next_step(person) != "accounts:staff_code":
        return redirect("accounts:staff_sign_in")
    form = AppCodeForm(request.POST or None)
    shown: dict[str, Any] = {"form": form, "person": person}
    if request.method != "POST":
        return render(request, "accounts/staff_code.html", shown)
    if not form.is_valid():
        return render(request, "accounts/staff_code.html", shown, status=422)
    try:
        limits.spend(request, "staff_code", person.code)
        actions.check_app_code(person, form.cleaned_data["code"], now=clock.real_now())
    except Refused as refusal:
        shown |= {"form": AppCodeForm(), "refusal": refusal}
        return render(request, "accounts/staff_code.html", shown, status=refusal.status)
    limits.forgive(request, "staff_code", person.code)
    return redirect(_come_in(request, person))


@never_cache
@sensitive_post_parameters("password", "again")
@GET_OR_POST
def password(request: HttpRequest) -> HttpResponse:
    """First visit: a password of one's own."""
    person = _waiting(request)
    if person is None or not person.one_time_until:
        return redirect("accounts:staff_sign_in")
    form = NewPasswordForm(request.POST or None)
    if request.method != "POST":
        return render(request, "accounts/staff_password.html", {"form": form, "person": person})
    if not form.is_valid():
        return render(request, "accounts/staff_password.html", {"form": form, "person": person}, status=422)
    actions.choose_password(person, form.cleaned_data["password"])
    return redirect(_next_step(person))


@never_cache
@sensitive_post_parameters("code")
@GET_OR_POST
def set_up(request: HttpRequest) -> HttpResponse:
    """First visit: set up the authenticator app, prove it, and get recovery codes to print."""
    person = _waiting(request)
    if person is None or _next_step(person) != "accounts:staff_set_up":
        return redirect("accounts:staff_sign_in")
    secret = _secret_in_the_making(request)
    form = SetUpForm(request.POST or None)
    if request.method != "POST":
        return _set_up_page(request, person, secret, form)
    if not form.is_valid():
        return _set_up_page(request, person, secret, form, status=422)
    try:
        limits.spend(request, "staff_code", person.code)
        codes = actions.set_up_app(person, secret, form.cleaned_data["code"], now=clock.real_now())
    except Refused as refusal:
        return _set_up_page(request, person, secret, SetUpForm(), refusal=refusal, status=refusal.status)
    limits.forgive(request, "staff_code", person.code)
    shown = {"codes": codes, "person": person, "onward": _come_in(request, person)}
    return render(request, "accounts/staff_recovery.html", shown)


def _secret_in_the_making(request: HttpRequest) -> bytes:
    """The secret this set-up page shows, kept encrypted in the session until the app has proved it."""
    keys = node.here().keys
    stage = request.session[STAGE]
    if "secret" not in stage:
        stage["secret"] = keys.keep(actions.new_totp_secret().hex(), "totp-set-up").hex()
        request.session.modified = True
    return bytes.fromhex(keys.read(bytes.fromhex(stage["secret"]), "totp-set-up"))


def _set_up_page(
    request: HttpRequest,
    person: User,
    secret: bytes,
    form: SetUpForm,
    refusal: Refused | None = None,
    status: int = 200,
) -> HttpResponse:
    text = rules.totp_text(secret)
    shown = {
        "form": form,
        "person": person,
        "refusal": refusal,
        "picture": qr.svg(
            rules.totp_address(secret, person.login or ""), label=_("QR code for your app"), mode="byte"
        ),
        "secret": " ".join(text[start : start + 4] for start in range(0, len(text), 4)),
    }
    return render(request, "accounts/staff_set_up.html", shown, status=status)
