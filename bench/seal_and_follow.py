"""How long from an action's commit until its entry is sealed and read by every follower, on one box.

    OPENPASPOR_DEMO=1 .venv/bin/python bench/seal_and_follow.py [COUNT]

Uses a throw-away SQLite home with the worker as a thread of this process, as `openpaspor run` has it. The limit is
300 ms at the 95th percentile; the peer is the plain commit of one row in the same database and the same run.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time

os.environ["OPENPASPOR_HOME"] = tempfile.mkdtemp(prefix="openpaspor-bench-")
os.environ["DJANGO_SETTINGS_MODULE"] = "openpaspor.nodes.settings"

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402

from openpaspor.applications.actions import start_application, submit  # noqa: E402
from openpaspor.applications.answers import Answers  # noqa: E402
from openpaspor.kit import clock  # noqa: E402
from openpaspor.ledger import worker  # noqa: E402
from openpaspor.ledger.models import Cursor  # noqa: E402

LIMIT_MS = 300


def main(count: int) -> int:
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    stop = worker.start_worker_thread()
    waits, commits = [], []
    for number in range(count):
        now = clock.now()
        application = start_application(
            "adult-replace",
            action_id=f"bench-{number}",
            actor="A-1",
            now=now,
            answers=Answers(full_name="SUHARTO"),
        )
        submit(application, action_id=f"submit-{number}", actor="A-1", now=now)
        since = time.perf_counter()
        while not worker.is_followed(application.ref):
            time.sleep(0.002)
        waits.append((time.perf_counter() - since) * 1000)
        since = time.perf_counter()
        with transaction.atomic():
            Cursor.objects.update_or_create(pk="bench", defaults={"position": number})
        commits.append((time.perf_counter() - since) * 1000)
    stop.set()
    p95, commit = statistics.quantiles(waits, n=20)[18], statistics.median(commits)
    sys.stdout.write(
        f"{count} applications: sealed and followed in {statistics.median(waits):.0f} ms (median), {p95:.0f} ms (p95);"
        f" limit {LIMIT_MS} ms, ratio {p95 / LIMIT_MS:.2f}. One plain commit: {commit:.1f} ms.\n"
    )
    return 0 if p95 <= LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
