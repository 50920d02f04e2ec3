"""The demo's channel: nothing leaves the machine, the inbox page shows what was written."""

from __future__ import annotations

from django.utils.translation import get_language

from openpaspor.kit import clock

from ..models import Message, Status
from ..wording import worded


def send_code(phone: str, code: str) -> None:
    """Put a sign-in code into the inbox, in the language of the page that asked for it."""
    language = "en" if get_language() == "en" else "id"
    Message.written(
        to=phone,
        text=worded("OTP", language, code=code),
        template="OTP",
        language=language,
        code=code,
        now=clock.now(),
        status=Status.SENT,
    ).save()


def send(message: Message) -> None:
    """The row is the inbox: once it is marked as sent it has arrived."""
