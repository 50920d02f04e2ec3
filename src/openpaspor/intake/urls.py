"""The counter's door: /petugas/berkas/."""

from django.urls import path

from . import views

app_name = "intake"

_CASE = "petugas/berkas/<str:ref>/"

urlpatterns = [
    path("petugas/berkas/", views.cases, name="cases"),
    path("petugas/berkas/baru/", views.new, name="new"),
    path("petugas/berkas/baru/<str:ref>/", views.take_in, name="take_in"),
    path("petugas/berkas/pemeriksaan/", views.exams, name="exams"),
    path(_CASE, views.case, name="case"),
    path(f"{_CASE}identitas/", views.identity, name="identity"),
    path(f"{_CASE}identitas/ubah/", views.amend, name="amend"),
    path(f"{_CASE}kertas/<slug:paper>/", views.paper, name="paper"),
    path(f"{_CASE}kertas/<slug:paper>/nilai/", views.judge, name="judge"),
    path(f"{_CASE}kertas/<slug:paper>/foto/", views.capture, name="capture"),
    path(f"{_CASE}wawancara/", views.interview, name="interview"),
    path(f"{_CASE}foto/", views.portrait, name="portrait"),
    path(f"{_CASE}pemeriksaan/", views.exam, name="exam"),
    path(f"{_CASE}pemeriksaan/putusan/", views.exam_decision, name="exam_decision"),
    path(f"{_CASE}kurang/", views.owe, name="owe"),
    path(f"{_CASE}selesai/", views.finish, name="finish"),
    path(f"{_CASE}tanda-terima/", views.receipt, name="receipt"),
]
