"""Booting: the node's identity and clock are set once, when Django is ready."""

from django.apps import AppConfig


class NodesConfig(AppConfig):
    name = "openpaspor.nodes"
    label = "nodes"

    def ready(self) -> None:
        from importlib import import_module
        from importlib.util import find_spec

        from django.apps import apps
        from django.conf import settings

        from openpaspor.kit import clock
        from openpaspor.nodes.boot import boot

        boot(settings.IDENTITY)
        clock.use_file(settings.CLOCK if settings.DEMO else None)
        for app in apps.get_app_configs():
            if app.name.startswith("openpaspor."):
                for part in ("followers", "sweeps"):
                    if find_spec(f"{app.name}.{part}"):
                        import_module(f"{app.name}.{part}")
