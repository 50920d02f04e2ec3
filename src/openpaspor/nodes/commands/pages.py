"""List every page with an address that shows it in the demo."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from openpaspor.nodes import cli

HELP = "list every page with an address that shows it in the demo"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", nargs="*", default=(), metavar="NAME", help="pages whose names begin so")


def run(args: argparse.Namespace) -> int:
    from openpaspor.nodes.pages import NOT_PAGES, shown_pages

    pages = shown_pages(tuple(args.only))
    for page in pages:
        who = page.login or "-"
        cli.say(f"{page.name:28} {page.case:14} {who:20} {page.url or 'nothing in this demo shows it'}")
    if args.json:
        listed = [asdict(page) | {"picture": page.picture} for page in pages]
        cli.answer({"pages": listed, "not_pages": NOT_PAGES})
    if not pages:
        return cli.CHECKED_NOTHING
    return cli.GOOD if all(page.url for page in pages) else cli.FOUND
