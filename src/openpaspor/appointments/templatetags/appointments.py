"""What the templates of this room need and Django does not have."""

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def unbroken(text: str) -> str:
    """The text on one line: its spaces do not break."""
    return text.replace(" ", "\u00a0")


@register.filter
def value_of(words: Mapping[str, Any], key: str) -> Any:
    """The words for a code, or the code itself."""
    return words.get(key, key)
