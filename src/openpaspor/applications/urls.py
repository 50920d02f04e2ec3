"""The applicant's doors."""

from django.urls import path, register_converter

from . import api, views


class ReferenceConverter:
    """`OP-A7K2-9QXM` and nothing else."""

    regex = "OP-[0-9A-Z]{4}-[0-9A-Z]{4}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(ReferenceConverter, "reference")

app_name = "applications"
urlpatterns = [
    path("", views.start, name="start"),
    path("cek/", views.check, name="check"),
    path("bantuan/", views.help_page, name="help"),
    path("privasi/", views.privacy, name="privacy"),
    path("lacak/", views.track, name="track"),
    path("api/v1/track", api.track, name="api_track"),
    path("permohonan/", views.my_list, name="list"),
    path("permohonan/baru/", views.new, name="new"),
    path("permohonan/<reference:ref>/", views.tasks, name="tasks"),
    path("permohonan/<reference:ref>/isi/<slug:slug>/", views.fill, name="fill"),
    path("permohonan/<reference:ref>/tidak-bisa/", views.ineligible, name="ineligible"),
    path("permohonan/<reference:ref>/berkas/", views.papers, name="papers"),
    path("permohonan/<reference:ref>/berkas/<slug:code>/", views.paper, name="paper"),
    path("permohonan/<reference:ref>/berkas/<slug:code>/bawa/", views.bring, name="bring"),
    path("permohonan/<reference:ref>/berkas/<slug:code>/gambar", views.picture, name="picture"),
    path("permohonan/<reference:ref>/periksa/", views.review, name="review"),
    path("permohonan/<reference:ref>/lanjut/", views.next_step, name="next"),
    path("permohonan/<reference:ref>/status/", views.status, name="status"),
    path("permohonan/<reference:ref>/tarik/", views.withdraw, name="withdraw"),
    path("permohonan/<reference:ref>/hapus/", views.delete, name="delete"),
]
