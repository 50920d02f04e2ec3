from django.urls import path

from . import views

app_name = "notifications"
urlpatterns = [
    path("demo/inbox/", views.inbox, name="inbox"),
    path("demo/inbox.json", views.inbox_json, name="inbox_json"),
    path("ops/gangguan/", views.outage, name="outage"),
    path("permohonan/<str:ref>/pesan/", views.messages, name="messages"),
]
