from django.urls import path

from . import api

app_name = "ledger"
urlpatterns = [path("wire/v1", api.wire, name="wire")]
