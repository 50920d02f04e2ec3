"""The tables of the database: whether they are those of this program, and bringing them there."""

from __future__ import annotations

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def waiting() -> int:
    """How many migrations have not been applied."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def bring_up_to_date() -> None:
    """Apply what waits, and make the cache's table, which has no migration of its own."""
    if waiting():
        call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)


def count_anew() -> None:
    """After many rows came at once: PostgreSQL plans by what it has counted, and of what it has not counted it takes hours to join."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
