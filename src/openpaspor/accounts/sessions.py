"""Being signed in. Sessions live on the wall clock and are counted, so that a person can end them all."""

from __future__ import annotations

from django.contrib.auth import login, logout
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest

from openpaspor.kit import clock

from .models import SignedIn, User

BACKEND = "django.contrib.auth.backends.ModelBackend"
STAFF_SECONDS = 12 * 3600  # a staff session ends so long after its last use
TOUCH_SECONDS = 600  # how often its end is moved on
SEEN = "seen_at"


def sign_in(request: HttpRequest, person: User) -> None:
    """Let this browser be `person`. What an earlier person left in its session is gone."""
    if request.user.is_authenticated:
        sign_out(request)
    login(request, person, backend=BACKEND)
    if person.is_staff_member:
        request.session.set_expiry(STAFF_SECONDS)
    request.session[SEEN] = int(clock.real_now().timestamp())
    request.session.save()
    key = request.session.session_key or ""
    SignedIn.objects.create(person=person, session_key=key, since=clock.real_now())


def sign_out(request: HttpRequest) -> None:
    SignedIn.objects.filter(session_key=request.session.session_key or "").delete()
    logout(request)


def keep_alive(request: HttpRequest) -> None:
    """Move the end of a staff session on while it is used; written at most every ten minutes."""
    now = int(clock.real_now().timestamp())
    if now - request.session.get(SEEN, 0) >= TOUCH_SECONDS:
        request.session[SEEN] = now


def browsers_of(person: User) -> int:
    """In how many browsers a person is signed in."""
    keys = person.signed_in.values_list("session_key", flat=True)  # type: ignore[attr-defined]
    return Session.objects.filter(session_key__in=list(keys), expire_date__gt=clock.real_now()).count()


def sign_out_everywhere(person: User, *, keep: str = "") -> int:
    """End every session of a person, but the one with the key `keep`. Returns how many."""
    ended = person.signed_in.exclude(session_key=keep)  # type: ignore[attr-defined]
    keys = list(ended.values_list("session_key", flat=True))
    for key in keys:
        SessionStore(key).delete()
    ended.delete()
    return len(keys)
