"""Everything the environment may say is in `docs/settings.md`, and nothing else is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "settings.md").read_text()
VARIABLE = re.compile(r"\bOPENPASPOR_[A-Z]+(?:_[A-Z]+)*\b")


def in_the_code() -> set[str]:
    files = [
        *ROOT.glob("src/**/*.py"),
        *ROOT.glob("tools/*.py"),
        *ROOT.glob("tests/**/*.py"),
        ROOT / "conftest.py",
    ]
    return {name for file in files if file != Path(__file__) for name in VARIABLE.findall(file.read_text())}


def test_every_variable_of_the_code_is_documented_and_every_documented_one_is_read():
    documented = set(re.findall(r"^\| `(OPENPASPOR_[A-Z_]+)`", PAGE, re.MULTILINE))

    assert documented == in_the_code()


def test_every_adapter_is_documented_with_what_ships():
    shipped = {
        name: getattr(settings, name)
        for name in ("CODE_SENDER", "MESSAGE_SENDER", "PASSPORT_PRINTER")
    } | {"PAYMENT_GATEWAYS": settings.PAYMENT_GATEWAYS["demo"]}  # fmt: skip

    for name, path in shipped.items():
        assert f"`{name}`" in PAGE and path in PAGE, name


def test_the_indonesian_catalogues_are_complete():
    done = subprocess.run(
        [sys.executable, "tools/messages.py", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
