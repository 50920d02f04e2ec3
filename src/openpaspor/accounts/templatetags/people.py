"""`{% load people %}`: colleagues by the number they sign in with."""

from __future__ import annotations

from django import template

from openpaspor.accounts.models import User

register = template.Library()


@register.filter
def login_of(code: str) -> str:
    """The staff number behind an actor's code; the code itself for whoever has none."""
    return User.objects.filter(code=code).exclude(login=None).values_list("login", flat=True).first() or code
