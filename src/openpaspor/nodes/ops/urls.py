"""Doors of the operator and of those who ask how the service does."""

from django.urls import path

from . import views

app_name = "nodes"
urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("status.json", views.status_json, name="status_json"),
    path("status/", views.status, name="status"),
    path("ops/", views.ops, name="ops"),
    path("ops/seen/<int:conflict>/", views.seen, name="conflict_seen"),
    path("ops/lines/<slug:peer>/lift/", views.lift, name="lift_quarantine"),
    path("ops/parked/retry/", views.retry, name="retry_parked"),
]
