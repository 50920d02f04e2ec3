"""Doors of the operator, of those who ask how the service does, and of an office that is cut off."""

from django.urls import path

from . import alone, views

app_name = "nodes"
urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("status.json", views.status_json, name="status_json"),
    path("status/", views.status, name="status"),
    path("petugas/luring/", alone.offline, name="offline"),
    path("petugas/luring/coba/", alone.try_line, name="try_line"),
    path("petugas/luring/keadaan/", alone.line_state, name="line_state"),
    path("petugas/dilihat/", alone.doubts, name="doubts"),
    path("petugas/dilihat/<int:pk>/", alone.decide, name="decide_doubt"),
    path("ops/", views.ops, name="ops"),
    path("ops/jam/", views.clock_of_node, name="clock"),
    path("ops/seen/<int:conflict>/", views.seen, name="conflict_seen"),
    path("ops/lines/<slug:peer>/lift/", views.lift, name="lift_quarantine"),
    path("ops/parked/retry/", views.retry, name="retry_parked"),
]
