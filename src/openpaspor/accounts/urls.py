from django.urls import path

from . import postings, staff_views, views

app_name = "accounts"
urlpatterns = [
    path("masuk/", views.sign_in, name="sign_in"),
    path("masuk/kode/", views.code, name="code"),
    path("masuk/kode/lagi/", views.code_again, name="code_again"),
    path("keluar/", views.sign_out, name="sign_out"),
    path("akun/", views.account, name="account"),
    path("akun/keluar-semua/", views.sign_out_everywhere, name="sign_out_everywhere"),
    path("akun/nomor/", views.new_phone, name="new_phone"),
    path("akun/nomor/kode/", views.new_phone_code, name="new_phone_code"),
    path("petugas/masuk/", staff_views.sign_in, name="staff_sign_in"),
    path("petugas/masuk/kode/", staff_views.code, name="staff_code"),
    path("petugas/masuk/sandi/", staff_views.password, name="staff_password"),
    path("petugas/masuk/aplikasi/", staff_views.set_up, name="staff_set_up"),
    path("ops/akses/", postings.access, name="access"),
    path("ops/postings/", postings.postings, name="postings"),
    path("ops/postings/baru/", postings.new_person, name="new_person"),
    path("ops/postings/<str:code>/", postings.person, name="person"),
    path("ops/postings/<str:code>/beri/", postings.grant, name="grant_posting"),
    path("ops/postings/<str:code>/akhiri/<int:posting_id>/", postings.end, name="end_posting"),
    path("ops/postings/<str:code>/atur-ulang/", postings.reset, name="reset_access"),
]
