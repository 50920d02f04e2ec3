"""The centre's door /pusat/, and two pages of the applicant."""

from django.urls import path

from . import views

app_name = "adjudication"

urlpatterns = [
    path("pusat/", views.queue, name="queue"),
    path("pusat/ambil/", views.take, name="take"),
    path("pusat/cari/", views.find, name="find"),
    path("pusat/<str:ref>/", views.case, name="case"),
    path("pusat/<str:ref>/kertas/<slug:paper>/", views.paper, name="paper"),
    path("pusat/<str:ref>/putusan/", views.decide, name="decide"),
    path("pusat/<str:ref>/lewati/", views.skip, name="skip"),
    path("pusat/<str:ref>/tarik/", views.revoke, name="revoke"),
    path("pusat/<str:ref>/lepas/", views.lift, name="lift"),
    path("pusat/batal/<int:number>/", views.take_back, name="take_back"),
    path("permohonan/<str:ref>/jawab/", views.answer, name="answer"),
    path("permohonan/<str:ref>/keberatan/", views.objection, name="objection"),
]
