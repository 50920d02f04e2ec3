"""The doors. Each room brings its own; an installation serves those of its role."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

ROOMS = [
    "ui",
    "ledger",
    "accounts",
    "applications",
    "appointments",
    "payments",
    "hall",
    "intake",
    "adjudication",
    "issuance",
    "notifications",
    "nodes.ops",
    "nodes.demo",
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include(f"openpaspor.{room}.urls")) for room in ROOMS if find_spec(f"openpaspor.{room}.urls")
]

handler400 = "openpaspor.ui.views.bad_request"
handler403 = "openpaspor.ui.views.permission_denied"
handler404 = "openpaspor.ui.views.page_not_found"
handler500 = "openpaspor.ui.views.server_error"
