"""The doors of the appointment desk."""

from django.urls import path

from . import head_views, views

app_name = "appointments"

urlpatterns = [
    path("kantor/", views.finder, name="finder"),
    path("permohonan/<str:ref>/waktu/", views.choose, name="choose"),
    path("permohonan/<str:ref>/waktu/lepas/", views.give_up, name="give_up"),
    path("permohonan/<str:ref>/ubah/", views.change, name="change"),
    path("permohonan/<str:ref>/susulan/", views.rescue, name="rescue"),
    path("permohonan/<str:ref>/bukti/", views.visit_pass, name="pass"),
    path("permohonan/<str:ref>/bukti.pdf", views.pass_pdf, name="pass_pdf"),
    path("permohonan/<str:ref>/bukti.ics", views.pass_ics, name="pass_ics"),
    path("kepala/tempat/", head_views.pots, name="pots"),
    path("kepala/tempat/buku/", head_views.short, name="short"),
    path("kepala/tempat/buku/ada/", head_views.again, name="again"),
    path("kepala/tempat/<str:day>/tutup/", head_views.close_day, name="close_day"),
]
