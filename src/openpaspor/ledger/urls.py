from django.urls import path

from . import door

app_name = "ledger"
urlpatterns = [path("wire/v1", door.door, name="wire")]
