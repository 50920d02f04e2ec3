"""Composition: settings, roles, URLs, WSGI and the `openpaspor` command."""
