"""The doors of the appointment desk. `reference` is the converter of the application desk."""

from django.urls import path

import openpaspor.applications.urls  # noqa: F401 - registers the converter

from . import head_views, views

app_name = "appointments"

urlpatterns = [
    path("kantor/", views.finder, name="finder"),
    path("permohonan/<reference:ref>/waktu/", views.choose, name="choose"),
    path("permohonan/<reference:ref>/waktu/lepas/", views.give_up, name="give_up"),
    path("permohonan/<reference:ref>/ubah/", views.change, name="change"),
    path("permohonan/<reference:ref>/susulan/", views.rescue, name="rescue"),
    path("permohonan/<reference:ref>/bukti/", views.visit_pass, name="pass"),
    path("permohonan/<reference:ref>/bukti.pdf", views.pass_pdf, name="pass_pdf"),
    path("permohonan/<reference:ref>/bukti.ics", views.pass_ics, name="pass_ics"),
    path("kepala/tempat/", head_views.pots, name="pots"),
    path("kepala/tempat/buku/", head_views.short, name="short"),
    path("kepala/tempat/buku/ada/", head_views.again, name="again"),
    path("kepala/tempat/<str:day>/tutup/", head_views.close_day, name="close_day"),
]
