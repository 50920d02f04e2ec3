from django.urls import path

from openpaspor.ui import views

app_name = "ui"
urlpatterns = [path("ui/", views.components, name="components")]
