"""`docs/facts.md`, made from the facts themselves.

python tools/facts.py --write     writes the page
python tools/facts.py --check     exit 1 when the page is not what would be written
"""

from __future__ import annotations

import ast
import inspect
import sys
from dataclasses import MISSING, fields
from pathlib import Path

from openpaspor.facts import Fact, known, names

PAGE = Path(__file__).resolve().parent.parent / "docs" / "facts.md"
HEAD = """# Facts

What rooms and nodes tell each other through the ledger. Made by `python tools/facts.py --write` from
`src/openpaspor/facts/`; edit it there. Facts only gain optional fields; a changed meaning is a new name. They hold
references, codes and times, never a name, a phone number or free text. Moments are UTC.
"""


def comments_of(kind: type[Fact]) -> dict[str, str]:
    """The comment behind each field in the source."""
    lines = inspect.getsource(kind).splitlines()
    found = {}
    for statement in ast.walk(ast.parse(inspect.cleandoc("\n".join(lines)))):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            found[statement.target.id] = lines[(statement.end_lineno or 1) - 1].partition("  # ")[2]
    return found


def page() -> str:
    """The whole page."""
    out = [HEAD]
    speaker = ""
    for name in names():
        kind = known(name)
        room = name.partition(".")[0]
        if room != speaker:
            speaker = room
            out.append(f"## {room}\n")
        out.append(f"### `{name}`\n\n{inspect.cleandoc(kind.__doc__ or '')}\n")
        comments = comments_of(kind)
        out.append("| Field | Type | |\n|---|---|---|")
        for field in fields(kind):
            optional = "" if field.default is MISSING else f", else `{field.default!r}`"
            shape = str(field.type).replace("|", "or")
            out.append(f"| `{field.name}` | {shape}{optional} | {comments.get(field.name, '')} |")
        out.append("")
    return "\n".join(out).rstrip("\n") + "\n"


def main(arguments: list[str]) -> int:
    if arguments == ["--write"]:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if arguments == ["--check"]:
        good = PAGE.exists() and PAGE.read_text(encoding="utf-8") == page()
        if not good:
            print(f"{PAGE.name} is out of date: run `python tools/facts.py --write`.", file=sys.stderr)
        return 0 if good else 1
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
