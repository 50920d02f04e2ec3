import pytest
from django.core.cache import cache

from . import make


@pytest.fixture(autouse=True)
def _codes_go_to_the_outbox(settings):
    settings.CODE_SENDER = "openpaspor.accounts.tests.make.send_code"
    make.outbox.clear()


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet(db):
    cache.clear()
