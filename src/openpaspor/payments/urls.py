from django.urls import path

from . import api

app_name = "payments"
urlpatterns = [
    path("payments/notices/<slug:provider>", api.notice, name="notice"),
]
