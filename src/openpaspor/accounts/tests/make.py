"""People of the tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.test import Client

from openpaspor.accounts import actions, demo_people, rules
from openpaspor.accounts.models import Purpose, Role, User
from openpaspor.kit import clock

NOW = datetime(2026, 11, 24, 1, 40, tzinfo=UTC)  # 09.40 WITA, a Tuesday
PHONE = "+6281234567890"


class Outbox(list[tuple[str, str]]):
    """What the code sender was given: (phone, code)."""

    def send_code(self, phone: str, code: str) -> None:
        self.append((phone, code))

    @property
    def code(self) -> str:
        return self[-1][1]

    @property
    def wrong_code(self) -> str:
        return f"{(int(self.code) + 1) % 10**6:06}"


outbox = Outbox()


def send_code(phone: str, code: str) -> None:
    outbox.send_code(phone, code)


def send_nothing(phone: str, code: str) -> None:
    raise OSError("the gateway is down")


def ask_code(phone: str = PHONE, *, now: datetime = NOW, **further: object):
    return actions.ask_code(phone, Purpose.SIGN_IN, now=now, **further)


def enter(challenge, code: str, *, now: datetime = NOW) -> User:
    return actions.enter_by_code(challenge, code, language="id", now=now, domain_now=NOW)


def make_staff(
    login: str = "adi.denpasar", role: Role = Role.OFFICER, office: str | None = "DENPASAR"
) -> User:
    """A member of staff who has been through the first visit."""
    return demo_people.ensure_staff(login, role, office, clock.now() - timedelta(minutes=1))


def app_code(login: str, *, later: int = 0) -> str:
    """What the app of a demo person shows, or will show `later` half-minutes from now."""
    step = int(clock.real_now().timestamp()) // rules.TOTP_SECONDS + later
    return rules.totp_at(demo_people.totp_secret(login), step)


def sign_in_staff(client: Client, login: str) -> None:
    client.post("/petugas/masuk/", {"login": login, "password": demo_people.PASSWORD})
    client.post("/petugas/masuk/kode/", {"code": app_code(login)})
