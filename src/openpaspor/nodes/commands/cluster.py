"""A whole country of nodes on this machine, with lines that can be cut."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from openpaspor.nodes import cli

HELP = "portal, centre and three offices on this machine; cut their lines, kill them, start them again"
MODES = ("closed", "one-way", "half-open", "slow")
MBIT = 125_000  # bytes a second


def add_arguments(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(dest="deed", required=True)
    start = deeds.add_parser("start", help="start everything; the first time, make the nodes and enrol them")
    start.add_argument("--fresh", action="store_true", help="throw what is there away first")
    cut = deeds.add_parser("cut", help="let the line between two nodes fail")
    cut.add_argument("--how", choices=MODES, default="closed")
    cut.add_argument("--mbit", type=float, default=1.0, help="with --how slow: megabits a second")
    heal = deeds.add_parser("heal", help="let the line between two nodes work again")
    for deed in (cut, heal):
        deed.add_argument("one")
        deed.add_argument("other")
    for name, tells in (("kill", "as a power cut would"), ("up", "start a node again")):
        deeds.add_parser(name, help=tells).add_argument("node")
    deeds.add_parser("status", help="every node and every line")
    deeds.add_parser("stop", help="stop everything; what was done stays")
    for deed in deeds.choices.values():
        deed.add_argument("--json", action="store_true", default=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    from openpaspor.nodes.cluster.machines import Cluster, NoSuchNode
    from openpaspor.nodes.installation import DrillFailed

    folder = Path(os.environ.get("OPENPASPOR_HOME", "var")).resolve() / "cluster"
    cluster = Cluster(folder, database_url=os.environ.get("OPENPASPOR_DATABASE_URL", ""), say=cli.say)
    if args.deed != "start" and not cluster.is_built:
        cli.say("There is no cluster here. Start one: openpaspor cluster start")
        return cli.CANNOT_START
    try:
        return {
            "start": _start, "cut": _cut, "heal": _heal, "kill": _kill, "up": _up, "status": _status, "stop": _stop,
        }[args.deed](cluster, args)  # fmt: skip
    except (NoSuchNode, DrillFailed, TimeoutError) as trouble:
        cli.say(str(trouble))
        return cli.CANNOT_START


def _start(cluster, args: argparse.Namespace) -> int:  # type: ignore[no-untyped-def]
    began = time.monotonic()
    if args.fresh and cluster.is_built:
        cluster.drop()
    if args.fresh or not cluster.is_built:
        cluster.build()
    cluster.start()
    cli.say(f"The cluster is up after {time.monotonic() - began:.0f} s.")
    return _status(cluster, args)


def _cut(cluster, args: argparse.Namespace) -> int:  # type: ignore[no-untyped-def]
    rate = max(1, int(args.mbit * MBIT)) if args.how == "slow" else 0
    name = cluster.shape(args.one, args.other, args.how, rate=rate)
    cli.say(f"The line {name} is {args.how} now. openpaspor cluster heal {args.one} {args.other}")
    return cli.GOOD


def _heal(cluster, args: argparse.Namespace) -> int:  # type: ignore[no-untyped-def]
    cli.say(f"The line {cluster.shape(args.one, args.other, 'open')} works again.")
    return cli.GOOD


def _kill(cluster, args: argparse.Namespace) -> int:  # type: ignore[no-untyped-def]
    cluster.node(args.node).kill()
    cli.say(f"{args.node} is dead. openpaspor cluster up {args.node}")
    return cli.GOOD


def _up(cluster, args: argparse.Namespace) -> int:  # type: ignore[no-untyped-def]
    node = cluster.node(args.node)
    if not node.is_running:
        node.start()
    cli.say(f"{args.node} is up on {node.url}.")
    return cli.GOOD


def _status(cluster, args: argparse.Namespace) -> int:  # type: ignore[no-untyped-def]
    told = cluster.status()
    for node in told:
        cli.say(f"{node['node']:<16} {node['role']:<8} {node['state']:<5} {node['url']}")
        for line in node["lines"]:
            cut = "" if line["relay"] in ("open", "") else f"  (cut: {line['relay']})"
            cli.say(f"    {line['peer']:<16} {line['state']:<12} {line['unsent']} to send{cut}")
    if not cluster.has_lines():
        cli.say("The process of the lines is dead, so all are cut. openpaspor cluster start starts it again.")
    if args.json:
        cli.answer({"nodes": told, "lines_work": cluster.has_lines()})
    return cli.GOOD if cluster.has_lines() and all(node["state"] == "up" for node in told) else cli.FOUND


def _stop(cluster, args: argparse.Namespace) -> int:  # type: ignore[no-untyped-def]
    cluster.stop()
    cli.say("Everything is stopped. openpaspor cluster start goes on where it was.")
    return cli.GOOD
