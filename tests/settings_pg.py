"""Settings of the tests on PostgreSQL: `pytest --ds=tests.settings_pg`."""

import os

from tests import postgres

os.environ["OPENPASPOR_DATABASE_URL"] = postgres.url()

from tests.settings import *  # noqa: E402, F403
