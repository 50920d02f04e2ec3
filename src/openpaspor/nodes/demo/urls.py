from django.urls import path

from . import views

app_name = "demo"
urlpatterns = [
    path("demo/", views.index, name="index"),
    path("demo/as/<str:login>", views.become, name="become"),
    path("demo/clock", views.move_clock, name="clock"),
]
