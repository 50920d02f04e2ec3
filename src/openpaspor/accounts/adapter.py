"""What allauth asks of this installation: whose number it is, how a code gets to it, and where a visitor comes from.

The pages and the codes of signing in are our own (`docs/decisions/0005-signing-in.md`); allauth counts tries
and knows where a visitor comes from behind proxies.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.utils.module_loading import import_string

from openpaspor.kit import phones

from .models import User


class PhoneAdapter(DefaultAccountAdapter):
    """Accounts by phone number; no e-mail, no password."""

    def get_user_by_phone(self, phone: str) -> User | None:
        return User.objects.with_phone(phones.normalise(phone))

    def get_phone(self, user: User) -> tuple[str, bool] | None:
        return (user.phone, user.phone_verified) if user.phone_kept else None

    def set_phone(self, user: User, phone: str, verified: bool) -> None:
        user.give_phone(phones.normalise(phone), verified=verified)
        user.save(update_fields=["phone_key", "phone_kept", "phone_verified"])

    def set_phone_verified(self, user: User, phone: str) -> None:
        self.set_phone(user, phone, True)

    def send_verification_code_sms(self, user: User, phone: str, code: str, **kwargs: Any) -> None:
        import_string(settings.CODE_SENDER)(phones.normalise(phone), code)
