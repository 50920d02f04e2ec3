"""Doors of the hall."""

from django.urls import path

from . import head_views, views

app_name = "hall"
urlpatterns = [
    path("petugas/", views.today, name="today"),
    path("petugas/antrean/", views.lines, name="lines"),
    path("petugas/loket/buka/", views.open_counter, name="open_counter"),
    path("petugas/loket/tutup/", views.close_counter, name="close_counter"),
    path("petugas/panggil/", views.call, name="call"),
    path("petugas/nomor/<int:pk>/<slug:deed>/", views.change, name="change"),
    path("petugas/nomor/<int:pk>/", views.ticket, name="ticket"),
    path("petugas/tiba/", views.arrive, name="arrive"),
    path("petugas/kartu/<int:pk>/selesai/", views.pass_seen, name="pass_seen"),
    path("petugas/tiba/dengan-bukti/", views.arrive_pass, name="arrive_pass"),
    path("petugas/tiba/<str:ref>/", views.arrive_ref, name="arrive_ref"),
    path("petugas/langsung/", views.walk_in, name="walk_in"),
    path("petugas/cari/", views.search, name="search"),
    path("kepala/", head_views.head, name="head"),
    path("kepala/tempat-langsung/", head_views.pots, name="pots"),
    path("kepala/tutup-hari/", head_views.end_day, name="end_day"),
    path("aula/<slug:office>/papan", views.board, name="board"),
    path("aula/<slug:office>/papan/isi", views.board_body, name="board_body"),
]
