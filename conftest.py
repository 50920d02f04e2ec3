"""What every test may use. The installation's folder is a fresh one for each run."""

from __future__ import annotations

import os
import tempfile

os.environ["OPENPASPOR_HOME"] = tempfile.mkdtemp(prefix="openpaspor-test-")
os.environ["OPENPASPOR_DEMO"] = "1"
