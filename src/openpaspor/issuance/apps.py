from django.apps import AppConfig


class IssuanceConfig(AppConfig):
    name = "openpaspor.issuance"
    label = "issuance"
    default_auto_field = "django.db.models.BigAutoField"
