"""The doors of the money desk. `reference` is the converter of the application desk."""

from django.urls import path

import openpaspor.applications.urls  # noqa: F401 - registers the converter

from . import api, desk_views, difference_views, proof_views, views
from .gateways.demo import views as bank

app_name = "payments"
urlpatterns = [
    path("permohonan/<reference:ref>/bayar/", views.bill, name="bill"),
    path("permohonan/<reference:ref>/bayar/keadaan", views.bill_state, name="bill_state"),
    path("permohonan/<reference:ref>/bayar/baru/", views.renew, name="renew"),
    path("permohonan/<reference:ref>/kuitansi/", views.receipt, name="receipt"),
    path("permohonan/<reference:ref>/kuitansi.pdf", views.receipt_pdf, name="receipt_pdf"),
    path("petugas/tagihan/<reference:ref>/", proof_views.proof, name="proof"),
    path("kas/bukti/<int:pk>/tolak/", proof_views.refuse, name="refuse_proof"),
    path("payments/notices/<slug:provider>", api.notice, name="notice"),
    path("kas/", desk_views.kas, name="kas"),
    path("kas/tagihan/", desk_views.bills, name="kas_bills"),
    path("kas/tagihan/<reference:ref>/baru/", desk_views.renew, name="kas_renew"),
    path("kas/uang/<int:pk>/", desk_views.money, name="kas_money"),
    path("kas/uang/<int:pk>/urus/", desk_views.take_up, name="take_up"),
    path("kas/uang/<int:pk>/cocokkan/", desk_views.place, name="place"),
    path("kas/uang/<int:pk>/kembalikan/", desk_views.ask_refund, name="ask_refund"),
    path("kas/uang/<int:pk>/batal/", desk_views.drop_refund, name="drop_refund"),
    path("kas/uang/<int:pk>/setuju/", desk_views.agree_refund, name="agree_refund"),
    path("kas/rekonsiliasi/", desk_views.settlements, name="settlements"),
    path("kas/rekonsiliasi/<int:pk>/", desk_views.settlement, name="settlement"),
    path("kas/selisih/", difference_views.differences, name="differences"),
    path("kas/selisih/<int:pk>/", difference_views.difference, name="difference"),
    path("kas/selisih/<int:pk>/jelaskan/", difference_views.explain, name="explain"),
    path("kas/selisih/<int:pk>/setuju/", difference_views.agree, name="agree_difference"),
    path("kas/selisih/<int:pk>/batal/", difference_views.drop, name="drop_difference"),
    path("kepala/pembebasan/", desk_views.exemptions, name="exemptions"),
    path("kepala/pembebasan/<int:pk>/putuskan/", desk_views.decide_exemption, name="decide_exemption"),
    path("demo/bank/", bank.counter, name="bank"),
    path("demo/bank/pay", bank.pay, name="bank_pay"),
    path("demo/bank/deliver", bank.deliver, name="bank_deliver"),
    path("demo/bank/settlement.csv", bank.settlement, name="bank_settlement"),
    path("demo/bank/struk/<slug:txn>/", bank.slip, name="bank_slip"),
]
