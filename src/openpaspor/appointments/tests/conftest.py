"""What holds for every test of this room."""

import pytest

from openpaspor.kit import clock

from .make import NOW


@pytest.fixture(autouse=True)
def tuesday_morning(monkeypatch: pytest.MonkeyPatch) -> None:
    """The domain clock stands at NOW unless a test moves it."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
