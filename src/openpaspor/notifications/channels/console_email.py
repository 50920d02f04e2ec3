"""Messages as e-mails through Django's e-mail back end, which prints to the console unless told otherwise."""

from __future__ import annotations

from django.core.mail import EmailMessage
from django.utils.translation import get_language

from ..models import Message
from ..wording import worded

DOMAIN = "sms.invalid"  # a reserved name: no such mail can ever leave by mistake


def send_code(phone: str, code: str) -> None:
    language = "en" if get_language() == "en" else "id"
    EmailMessage("OTP", worded("OTP", language, code=code), to=[f"{phone}@{DOMAIN}"]).send()


def send(message: Message) -> None:
    EmailMessage(message.template, message.text, to=[f"{message.to}@{DOMAIN}"]).send()
