"""List the fault points: the places where a test may kill the process as a power cut would."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import openpaspor
from openpaspor.nodes import cli

HELP = "list the named fault points in the code"


@dataclass(frozen=True)
class FaultPoint:
    """One call of `fault("name")`."""

    name: str
    file: str
    line: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None of its own."""


def fault_points() -> list[FaultPoint]:
    """Every call of `fault()` in the package, read from the source."""
    root = Path(openpaspor.__file__).parent
    found = [
        point for file in sorted(root.rglob("*.py")) if "tests" not in file.parts for point in _in(file, root)
    ]
    return sorted(found, key=lambda point: (point.name, point.file, point.line))


def _in(file: Path, root: Path) -> Iterator[FaultPoint]:
    for node in ast.walk(ast.parse(file.read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "fault"
            and node.args
        ):
            name = node.args[0]
            if isinstance(name, ast.Constant):
                yield FaultPoint(str(name.value), str(file.relative_to(root)), node.lineno)


def run(args: argparse.Namespace) -> int:
    points = fault_points()
    for point in points:
        cli.say(f"{point.name:40} {point.file}:{point.line}")
    if args.json:
        cli.answer({"faults": [asdict(point) for point in points]})
    return cli.GOOD if points else cli.CHECKED_NOTHING
