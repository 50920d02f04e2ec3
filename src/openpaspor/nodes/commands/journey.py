"""Make `docs/journey.md` and its diagram from the map, or check that they are made from it."""

from __future__ import annotations

import argparse
from pathlib import Path

from openpaspor import journey
from openpaspor.nodes import cli

HELP = "write docs/journey.md from the map, or check that it is up to date"
PAGE = Path("docs/journey.md")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    deed = parser.add_mutually_exclusive_group()
    deed.add_argument("--write", action="store_true", help="write the page")
    deed.add_argument(
        "--check", action="store_true", help="exit 1 when the page is not what would be written"
    )


def page() -> str:
    """The map as a page: a diagram, the states, the moves."""
    lines = [
        "# The journey",
        "",
        "Made from `src/openpaspor/journey.py` by `openpaspor journey --write`; do not edit.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        f"    [*] --> {journey.START}",
    ]
    for move in journey.MOVES.values():
        lines += [f"    {origin} --> {move.target}: {move.name}" for origin in move.origins]
    lines += [f"    {state} --> [*]" for state in journey.State if state in journey.ENDS]
    lines += ["```", "", "| State | Means | In the hands of | Step |", "|---|---|---|---|"]
    lines += [
        f"| {state} | {note.means} | {note.custodian} | {note.step} |"
        for state, note in journey.STATES.items()
    ]
    lines += ["", "| Move | From | To | Made at |", "|---|---|---|---|"]
    lines += [
        f"| {move.name} | {', '.join(move.origins)} | {move.target} | {', '.join(move.sites)}"
        f"{' (takes it over)' if move.takes else ''} |"
        for move in journey.MOVES.values()
    ]
    return "\n".join(lines) + "\n"


def run(args: argparse.Namespace) -> int:
    text = page()
    same = PAGE.exists() and PAGE.read_text() == text
    if args.write:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(text)
        same = True
    if args.json:
        cli.answer(
            {
                "states": [state.value for state in journey.State],
                "moves": [
                    {
                        "name": move.name,
                        "from": list(move.origins),
                        "to": move.target,
                        "sites": list(move.sites),
                    }
                    for move in journey.MOVES.values()
                ],
                "page_is_current": same,
            }
        )
    cli.say(f"{PAGE} is {'made from the map' if same else 'not what the map says; run with --write'}.")
    return cli.FOUND if args.check and not same else cli.GOOD
