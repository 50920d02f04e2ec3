from django.apps import AppConfig


class AdjudicationConfig(AppConfig):
    name = "openpaspor.adjudication"
    label = "adjudication"
    default_auto_field = "django.db.models.BigAutoField"
