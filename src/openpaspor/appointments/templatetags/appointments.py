"""What the templates of this room need and Django does not have."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.translation import gettext_lazy as _

REGION_NAMES = {
    "sumatra": _("Sumatra"),
    "jawa": _("Java"),
    "bali-nusa-tenggara": _("Bali and Nusa Tenggara"),
    "kalimantan-sulawesi": _("Kalimantan and Sulawesi"),
    "maluku-papua": _("Maluku and Papua"),
}

register = template.Library()


@register.filter
def unbroken(text: str) -> str:
    """The text on one line: its spaces do not break."""
    return text.replace(" ", "\u00a0")


@register.filter
def value_of(words: Mapping[str, Any], key: str) -> Any:
    """The words for a code, or the code itself."""
    return words.get(key, key)


@register.filter
def region_name(region: str) -> Any:
    """A part of the country in words."""
    return REGION_NAMES[region]
