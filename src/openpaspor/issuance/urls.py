"""Doors of the print room: /cetak/."""

from django.urls import path

from . import views

app_name = "issuance"

_CASE = "cetak/<str:ref>/"

urlpatterns = [
    path("cetak/", views.queue, name="queue"),
    path("cetak/stok/", views.stock, name="stock"),
    path("cetak/stok/terima/", views.count_in, name="count_in"),
    path("cetak/stok/terima/<int:pk>/", views.batch, name="batch"),
    path("cetak/stok/terima/<int:pk>/batal/", views.drop_batch, name="drop_batch"),
    path("cetak/stok/rusak/", views.spoil_stock, name="spoil_stock"),
    path("cetak/stok/rusak/<int:pk>/", views.spoil, name="spoil"),
    path("cetak/rak/", views.shelf, name="shelf"),
    path("cetak/belum-diambil/", views.uncollected, name="uncollected"),
    path("cetak/belum-diambil/<int:pk>/ingatkan/", views.remind, name="remind"),
    path("cetak/tertahan/", views.stops, name="stops"),
    path("cetak/serah/<str:ref>/", views.handover, name="handover"),
    path("cetak/serah/<str:ref>/foto/", views.handover_photo, name="handover_photo"),
    path(_CASE, views.case, name="case"),
    path(f"{_CASE}cetak/", views.print_page, name="print"),
    path(f"{_CASE}hasil/", views.resolve, name="resolve"),
    path(f"{_CASE}batalkan/", views.cancel, name="cancel"),
    path(f"{_CASE}periksa/", views.inspect, name="inspect"),
    path(f"{_CASE}salah/", views.report_wrong, name="report_wrong"),
    path(f"{_CASE}halaman.pdf", views.page, name="page"),
    path(f"{_CASE}foto/", views.photo, name="photo"),
]
