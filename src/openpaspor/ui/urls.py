from django.urls import path

from openpaspor.ui import views

app_name = "ui"
urlpatterns = [path("", views.components, name="components")]
