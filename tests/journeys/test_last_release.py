"""This version beside the last release: its installation goes on under us, and each keeps what the other says, byte for byte."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from openpaspor.nodes.installation import COMMAND, Installation, faults_of

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
RELEASE = "8b02bb1"  # 0.1.0


def _is_here() -> bool:
    """A shallow checkout has no release to stand beside."""
    seen = subprocess.run(["git", "cat-file", "-e", f"{RELEASE}^{{commit}}"], cwd=ROOT, capture_output=True)
    return seen.returncode == 0


class Old(Installation):
    """An installation that runs the last release."""

    def __init__(self, home: Path, source: Path) -> None:
        super().__init__(home)
        self.environment["PYTHONPATH"] = str(source / "src")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    there = tmp_path_factory.mktemp("release")
    packed = subprocess.run(["git", "archive", RELEASE, "src"], cwd=ROOT, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(there)], input=packed.stdout, check=True)
    return there


@pytest.fixture(scope="module")
def old(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Old:
    made = Old(tmp_path_factory.mktemp("old") / "home", source)
    made.order("demo", "--size", "12")
    return made


def take(node: Installation, lines: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "ledger", "import", str(lines)], env=node.environment, capture_output=True, text=True, check=False
    )  # fmt: skip


def entries(lines: Path) -> set[str]:
    return {line for line in lines.read_text().splitlines() if '"body"' in line}


if _is_here():

    @pytest.mark.slow
    def test_what_the_last_release_says_is_kept_byte_for_byte(old: Old, tmp_path: Path):
        old.export(said := tmp_path / "said.jsonl")
        hearer = Installation(tmp_path / "hearer", OPENPASPOR_NODE="pusat2", OPENPASPOR_ROLE="centre")
        hearer.start()  # makes its tables
        hearer.stop()

        taken = take(hearer, said)

        assert taken.returncode == 0, taken.stderr[-2000:]
        hearer.export(kept := tmp_path / "kept.jsonl")
        assert entries(said) <= entries(kept)
        assert hearer.order("ledger", "verify")["first_bad"] is None

    @pytest.mark.slow
    def test_an_installation_of_the_last_release_goes_on_under_this_one(old: Old, tmp_path: Path):
        old.export(before := tmp_path / "before.jsonl")
        now = Installation(old.home)
        now.start()
        now.stop()

        known = "K2:"  # in the old demo one head of office opened the calendars of all
        assert [fault for fault in faults_of(now) if not fault.startswith(known)] == []
        now.export(after := tmp_path / "after.jsonl")
        assert entries(before) and entries(before) <= entries(after)
