"""A warm process that knows one installation and does each order in a child of its own, which may die as it likes.

Django is loaded once, before any connection is opened; every order then costs a fork and not a start. Asking side:
`Stage(home)`. Done side: `python -m tests.journeys.stage`, which reads orders from its standard input.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.server import clean_environment, copy_database, drop_database, new_database

GIVEN = os.environ.get("OPENPASPOR_DATABASE_URL", "")  # set by the settings of the run on PostgreSQL
FAILED = 70  # a child ended by an exception; what it was stands in `said`


@dataclass(frozen=True)
class Done:
    """How an order ended."""

    code: int
    out: str
    said: str

    def json(self) -> dict[str, Any]:
        assert self.out, f"no answer: {self.said[-3000:]}"
        return json.loads(self.out)


class Stage:
    """One installation in `home`, played by a warm process."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        self._papers = Path(tempfile.mkdtemp(prefix="stage-", dir=home.parent))
        known = clean_environment() | {"OPENPASPOR_HOME": str(home), "OPENPASPOR_DEMO": "1"} | environment
        self._database = new_database(GIVEN) if GIVEN else ""
        if self._database:
            known["OPENPASPOR_DATABASE_URL"] = self._database
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.stage", str(self._papers)],
            env=known, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def play(self, *arguments: str, **environment: str) -> Done:
        """Play deeds of `tests.journeys.road`."""
        return self.call("tests.journeys.road:main", *arguments, **environment)

    def openpaspor(self, *arguments: str) -> Done:
        """Run a command of the program."""
        return self.call("openpaspor.nodes.cli:main", *arguments)

    def ask(self, *arguments: str) -> dict[str, Any]:
        """What a command answers with `--json`."""
        return self.openpaspor(*arguments, "--json").json()

    def call(self, function: str, *arguments: str, **environment: str) -> Done:
        """Call `module:function` with a list of words; it answers an exit code and writes what it has to say."""
        assert self._process.stdin and self._process.stdout
        order = {"function": function, "arguments": arguments, "environment": environment}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the stage is gone"
        out, said = (self._papers / name for name in ("out", "said"))
        return Done(int(answer), out.read_text(), said.read_text())

    def keep(self, name: str) -> Path:
        """Put a copy of the whole installation aside."""
        kept = self._papers / name
        shutil.copytree(self.home, kept)
        if self._database:
            (kept / "database").write_text(copy_database(self._database))
        return kept

    def put_back(self, kept: Path) -> None:
        """Let the installation be as it was when the copy was made."""
        shutil.rmtree(self.home)
        shutil.copytree(kept, self.home, ignore=shutil.ignore_patterns("database"))
        if self._database:
            drop_database(self._database)
            copy_database((kept / "database").read_text(), self._database)

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=30)
        shutil.rmtree(self._papers, ignore_errors=True)


# --- in the warm process ----------------------------------------------------------------------------------


def serve(papers: Path) -> None:
    """Read orders until the input ends; answer each with its exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openpaspor.nodes.settings")
    import django

    django.setup()
    from tests.journeys import road, side_roads  # noqa: F401 - loaded now, so that no child has to

    for line in sys.stdin:
        child = os.fork()
        if not child:
            os._exit(_obey(json.loads(line), papers))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{code}\n")
        sys.stdout.flush()


def _obey(order: dict[str, Any], papers: Path) -> int:
    os.environ.update(order["environment"])
    for number, name in ((1, "out"), (2, "said")):
        os.dup2(os.open(papers / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    try:
        module, name = order["function"].split(":")
        code = getattr(importlib.import_module(module), name)(order["arguments"])
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001 - said to whoever asked
        traceback.print_exc()
        code = FAILED
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
