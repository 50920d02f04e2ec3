"""Settings of the tests: a folder of their own that is gone afterwards, and nothing that only makes them slow."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

MEMORY_DISK = Path("/dev/shm")

if "OPENPASPOR_TEST_HOME" not in os.environ:  # the first process of the run; its children inherit it
    _place = str(MEMORY_DISK) if MEMORY_DISK.is_dir() and os.access(MEMORY_DISK, os.W_OK) else None
    os.environ["OPENPASPOR_TEST_HOME"] = tempfile.mkdtemp(prefix="openpaspor-test-", dir=_place)
    _owner = os.getpid()
    atexit.register(
        lambda: (
            os.getpid() == _owner and shutil.rmtree(os.environ["OPENPASPOR_TEST_HOME"], ignore_errors=True)
        )
    )

os.environ["OPENPASPOR_HOME"] = str(
    Path(os.environ["OPENPASPOR_TEST_HOME"], os.environ.get("PYTEST_XDIST_WORKER", "main"))
)
os.environ["OPENPASPOR_DEMO"] = "1"
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright keeps an event loop in this thread

from openpaspor.nodes.settings import *  # noqa: E402, F403
from openpaspor.nodes.settings import DATABASES, HOME  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {
        "NAME": HOME / "test.sqlite3"
    }  # a file, so that threads meet as they do outside
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True
STATIC_ROOT = None
