"""How often a stranger may try: a fixed number of tries in a window, counted in the cache on the wall clock."""

from __future__ import annotations

import hashlib

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from openpaspor.kit.refused import Refused

TRIES = 5
WINDOW = 600  # seconds


class TooManyTries(Refused):
    code = "too-many-tries"
    message = _("Too many tries in a short time. Wait ten minutes, then try again.")
    status = 429


class Try:
    """One try of somebody at something. It counts unless it is given back."""

    def __init__(self, *what: str) -> None:
        self._digest = hashlib.sha256("\n".join(what).encode()).hexdigest()[:32]
        self._taken = ""

    def take(self) -> None:
        """Use up one try, or raise TooManyTries. `cache.add` lets each be taken once, however many ask at once."""
        for number in range(TRIES):
            key = f"try:{self._digest}:{number}"
            if cache.add(key, 1, WINDOW):
                self._taken = key
                return
        raise TooManyTries()

    def give_back(self) -> None:
        cache.delete(self._taken)
