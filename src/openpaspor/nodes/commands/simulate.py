"""Run a portal, three offices and the centre in one process under many seeds, and show which seed breaks a promise."""

from __future__ import annotations

import argparse
import gc
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from openpaspor.nodes import cli
from openpaspor.nodes.simulation import ACTIONS

HELP = "try out thousands of bad days: five nodes in one process, everything that can go wrong under a seed"
LAST_SHOWN = 12  # actions of a failing seed
MEMORY_DISK = Path("/dev/shm")  # noqa: S108 - a run is a folder of its own in it


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seeds", type=int, default=20, help="how many, from --first on")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--replay", type=int, metavar="SEED", help="one seed, with everything that happened")
    parser.add_argument("--actions", type=int, default=ACTIONS, help="of one seed")
    parser.add_argument("--wire-only", action="store_true", help="no rooms: only the ledger and its lines")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes side by side")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Exit 0: every seed kept every promise; 1: some did not, and are named."""
    if args.child:
        return _child(args)
    seeds = [args.replay] if args.replay is not None else range(args.first, args.first + args.seeds)
    began, found = time.monotonic(), list(_outcomes(seeds, args))
    if len(found) < len(seeds):
        cli.say(f"{len(seeds) - len(found)} seeds were not run to their end.")
        return cli.CANNOT_START
    return _tell(sorted(found, key=lambda outcome: outcome["seed"]), args, time.monotonic() - began)


def _outcomes(seeds: Sequence[int], args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Each child plays every n-th seed in an installation of its own and writes one line for each."""
    place = str(MEMORY_DISK) if MEMORY_DISK.is_dir() and os.access(MEMORY_DISK, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="openpaspor-simulate-", dir=place) as folder:
        parts = [list(seeds[job :: args.jobs]) for job in range(args.jobs)]
        children = [_start(part, args, Path(folder, str(job))) for job, part in enumerate(parts) if part]
        try:
            for line in _lines_of(children):
                outcome = json.loads(line)
                if outcome["wrong"] and not args.json and args.replay is None:
                    _tell_failure(outcome, args)
                yield outcome
        finally:  # of what was stopped halfway nothing goes on in a folder that goes away
            for child in children:
                child.kill()
                child.wait()


def _lines_of(children: list[subprocess.Popen[str]]) -> Iterator[str]:
    """What any of them writes, as it comes: one that is not read stops when its pipe is full."""
    came: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read(child: subprocess.Popen[str]) -> None:
        assert child.stdout
        for line in child.stdout:
            came.put(line)
        child.wait()
        came.put(None)

    for child in children:
        threading.Thread(target=read, args=(child,), daemon=True).start()
    for _child in children:
        yield from iter(came.get, None)


def _start(seeds: list[int], args: argparse.Namespace, home: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "openpaspor", "simulate", "--child", "--actions", str(args.actions)]
    words += ["--wire-only"] if args.wire_only else []
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("OPENPASPOR_", "DJANGO_"))
    }
    clean |= {
        "OPENPASPOR_HOME": str(home),
        "OPENPASPOR_DEMO": "1",
        "PYTHONHASHSEED": "0",
    }  # sets in the same order
    child = subprocess.Popen(words, env=clean, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin
    child.stdin.write(json.dumps(seeds))
    child.stdin.close()
    return child


def _child(args: argparse.Namespace) -> int:
    cli.set_up_django()
    from django.conf import settings

    from openpaspor.nodes.simulation import run, template

    prepared = settings.HOME / "prepared"
    template.build(prepared, with_people=not args.wire_only)
    gc.freeze()  # all that was imported stays
    gc.set_threshold(50_000)
    for seed in json.load(sys.stdin):
        outcome = run.play(
            prepared, settings.HOME / "run", seed, actions=args.actions, wire_only=args.wire_only
        )
        sys.stdout.write(json.dumps(vars(outcome)) + "\n")
        sys.stdout.flush()
    return cli.GOOD


def _tell_failure(outcome: dict[str, Any], args: argparse.Namespace) -> None:
    cli.say(f"Seed {outcome['seed']} broke a promise:")
    for text in outcome["wrong"][:5]:
        cli.say(f"  {text}")
    cli.say("The last actions:")
    for text in outcome["trace"][-LAST_SHOWN:]:
        cli.say(f"  {text}")
    more = " --wire-only" if args.wire_only else ""
    more += f" --actions {args.actions}" if args.actions != ACTIONS else ""
    cli.say(f"See all of it: openpaspor simulate --replay {outcome['seed']}{more}")


def _tell(found: list[dict[str, Any]], args: argparse.Namespace, seconds: float) -> int:
    failed = [outcome["seed"] for outcome in found if outcome["wrong"]]
    if args.replay is not None:
        for text in found[0]["trace"]:
            cli.say(text)
        for text in found[0]["wrong"]:
            cli.say(f"WRONG: {text}")
        cli.say(f"Trace {found[0]['digest'][:16]}")
    happened: Counter[str] = Counter()
    for outcome in found:
        happened.update(outcome["seen"])
    actions = sum(outcome["actions"] for outcome in found)
    cli.say(
        f"{len(found)} seeds, {actions} actions, {sum(one['messages'] for one in found)} messages in {seconds:.0f} s; "
        + (f"{len(failed)} broke a promise: {failed[:20]}" if failed else "every promise was kept.")
    )
    if args.json:
        cli.answer(
            {
                "seeds": len(found), "actions": actions, "seconds": round(seconds, 1), "failed": failed,
                "happened": dict(sorted(happened.items())),
                "wrong": {outcome["seed"]: outcome["wrong"][:5] for outcome in found if outcome["wrong"]},
                "trace": found[0]["digest"] if args.replay is not None else "",
            }
        )  # fmt: skip
    return cli.FOUND if failed else cli.GOOD
