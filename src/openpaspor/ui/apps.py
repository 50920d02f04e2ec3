from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "openpaspor.ui"
    label = "ui"
