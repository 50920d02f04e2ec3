"""Nodes: begin one, let one in, see its lines, send one away."""

from __future__ import annotations

import argparse
import importlib.util
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from typing import Any

from openpaspor.nodes import cli

HELP = "begin a node, enrol it, see its lines, send one away"
WORDS = {"open": "open", "cut": "no answer", "quarantined": "QUARANTINED", "silent": "no answer"}

LOOK = {  # what a person does about a trouble that does not go away by itself
    "other-keys": "{peer} answers with other keys than the known ones. Ask there. If it was begun anew, it invites us "
    "again, and here: openpaspor node enrol CODE",
    "older-epoch": "{peer} answers under an epoch that is past: an old copy of it is running. Stop that one.",
}
TWO_PASTS = "Two boxes write under one name, here or there. Stop the copy, then: openpaspor node quarantine-lift {peer}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(dest="deed", required=True)
    _who(deeds.add_parser("init", help="make the keys of this node and say who it is"))
    invite = deeds.add_parser(
        "invite", help="at the centre: a one-time code for a new node, good for 24 hours"
    )
    invite.add_argument("name")
    _what(invite, roles=("portal", "office"))
    enrol = deeds.add_parser("enrol", help="at the new node: be let in with the code")
    enrol.add_argument("code")
    enrol.add_argument("--centre", metavar="URL", default="", help="where the centre listens")
    deeds.add_parser("renew", help="tell the centre that our epoch rose; done by itself while we run")
    deeds.add_parser("status", help="every line of this node: open or not, since when, what waits")
    deeds.add_parser("list", help="the nodes we know")
    revoke = deeds.add_parser("revoke", help="at the centre: believe nothing new that a node says")
    revoke.add_argument("name")
    revoke.add_argument(
        "--reason", required=True, choices=("stolen", "lost", "replaced", "closed", "compromised")
    )
    deeds.add_parser("quarantine-lift", help="somebody looked: take messages of a node again").add_argument(
        "name"
    )
    without = deeds.add_parser(
        "go-on-without", help="at a centre that was put back: do not wait for what a lost node had heard"
    )
    without.add_argument("name")
    access = deeds.add_parser(
        "access", help="a first password on this box for somebody whom the centre posted"
    )
    access.add_argument("login", help="staff number")
    link = deeds.add_parser("link", help="reach a node at another address than the listed one")
    link.add_argument("name")
    link.add_argument("--url", required=True)
    if importlib.util.find_spec("openpaspor.nodes.rebuild"):
        from openpaspor.nodes import rebuild

        rebuild.add_arguments(deeds.add_parser("rebuild", help=rebuild.HELP))
    for deed in deeds.choices.values():
        deed.add_argument("--json", action="store_true", default=argparse.SUPPRESS)


def _who(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", required=True, help="small letters, digits and hyphens")
    _what(parser, roles=("everything", "portal", "office", "centre"))
    parser.add_argument("--centre", metavar="URL", default="", help="where the centre listens")


def _what(parser: argparse.ArgumentParser, *, roles: tuple[str, ...]) -> None:
    parser.add_argument("--role", required=True, choices=roles)
    parser.add_argument("--offices", default="", help="codes of the offices that it serves, comma separated")
    parser.add_argument("--url", default="", help="where others reach it; an office may do without")


def run(args: argparse.Namespace) -> int:
    if args.deed == "rebuild":
        from openpaspor.nodes import rebuild

        return rebuild.rebuild(args)
    return DEEDS[args.deed](args)


def _alone() -> AbstractContextManager[Any]:
    """On SQLite one process writes: what changes something needs the server to be stopped."""
    from django.db import connection

    from openpaspor.kit import lock
    from openpaspor.ledger import node

    return lock.hold(node.here().home) if connection.vendor == "sqlite" else nullcontext()


def _offices(args: argparse.Namespace) -> tuple[str, ...] | None:
    """The offices that were named, or None after saying what is wrong with them."""
    from openpaspor.offices import workdays

    named = tuple(filter(None, args.offices.split(",")))
    unknown = [code for code in named if code not in workdays.office_codes()]
    if unknown:
        cli.say(f"There is no office {', '.join(unknown)}.")
        return None
    if (args.role == "office") != bool(named):
        cli.say("An office node serves one office or more (--offices); no other node does.")
        return None
    return named


def _init(args: argparse.Namespace) -> int:
    from openpaspor.ledger import node
    from openpaspor.ledger.identity import Identity
    from openpaspor.nodes import joining

    offices = _offices(args)
    if offices is None:
        return cli.WRONG_USE
    with _alone():
        made = joining.begin(
            Identity(name=args.name, role=args.role, offices=offices, url=args.url), centre_url=args.centre
        )
    cli.say(f"This is {made.name} ({made.role}). Its keys are in {node.here().home / 'keys'} and stay there.")
    if not made.issuer:
        cli.say("Now let the centre invite it, and enrol it here with the code.")
    return _say_identity(args, made)


def _say_identity(args: argparse.Namespace, made: Any) -> int:
    if args.json:
        cli.answer(asdict(made))
    return cli.GOOD


def _invite(args: argparse.Namespace) -> int:
    from openpaspor.kit import clock
    from openpaspor.ledger import enrol

    offices = _offices(args)
    if offices is None:
        return cli.WRONG_USE
    with _alone():
        code = enrol.invite(
            args.name, args.role, offices, url=args.url, actor="operator", now=clock.real_now()
        )
    cli.say(f"The code of {args.name}, once, within 24 hours, at that box:")
    cli.say(f"  openpaspor node enrol {code} --centre URL")
    if args.json:
        cli.answer({"node": args.name, "code": code})
    return cli.GOOD


def _enrol(args: argparse.Namespace) -> int:
    from openpaspor.nodes import joining

    with _alone():
        made = joining.join(args.code, args.centre)
    cli.say(
        f"This is {made.name} ({made.role}) in epoch {made.epoch}; its references begin with {made.issuer}."
    )
    return _say_identity(args, made)


def _renew(args: argparse.Namespace) -> int:
    from openpaspor.ledger import enrol

    with _alone():
        made = enrol.tell_new_epoch()
    cli.say(f"The centre knows epoch {made.epoch}." if made else "The centre knows our epoch already.")
    return _say_identity(args, made) if made else cli.GOOD


def _status(args: argparse.Namespace) -> int:
    from openpaspor.ledger import links, node, refill
    from openpaspor.ledger.models import Wanted

    us, states = node.here(), links.line_states()
    waits_for = refill.waits_for() if refill.is_filling() else []
    unfetched = Wanted.objects.count()
    cli.say(f"{us.name} ({us.role}), epoch {us.epoch}. {unfetched} files have not come yet.")
    for line in states:
        since = f"{line.since:%Y-%m-%d %H:%M:%S} UTC" if line.since else "never"
        cli.say(
            f"  {line.peer:<18} {WORDS[line.word]:<12} last answer {since:<24} unsent {line.unsent:<6} {line.trouble}".rstrip()
        )
        look = TWO_PASTS if line.word == "quarantined" else LOOK.get(line.trouble, "")
        if look:
            cli.say(f"    {look.format(peer=line.peer)}")
    for name in waits_for:
        cli.say(
            f"Put back, and nothing is decided until {name} has given back what it heard of us. "
            f"If it is gone for ever: openpaspor node go-on-without {name}"
        )
    if args.json:
        cli.answer({"node": us.name, "role": us.role, "epoch": us.epoch, "unfetched": unfetched, "waits_for": waits_for, "links": [asdict(line) for line in states]})  # fmt: skip
    return cli.GOOD if all(line.is_open for line in states) and not waits_for else cli.FOUND


def _list(args: argparse.Namespace) -> int:
    from openpaspor.ledger import links

    rows = sorted(links.newest_records().values(), key=lambda row: (row.role, row.node))
    for row in rows:
        gone = f"revoked {row.revoked_at:%Y-%m-%d %H:%M} UTC" if row.revoked_at else ""
        cli.say(
            f"{row.node:<18} {row.role:<10} epoch {row.epoch:<3} {','.join(row.offices):<24} {row.url} {gone}".rstrip()
        )
    if args.json:
        names = ("node", "epoch", "role", "offices", "url", "sign_public", "wire_public", "revoked_at")
        cli.answer({"nodes": [{name: getattr(row, name) for name in names} for row in rows]})
    return cli.GOOD


def _revoke(args: argparse.Namespace) -> int:
    from openpaspor.kit import clock
    from openpaspor.ledger import enrol

    with _alone():
        enrol.revoke(args.name, args.reason, actor="operator", now=clock.now())
    cli.say(f"{args.name} is revoked: nothing new that it says is taken. What it said before stands.")
    if args.json:
        cli.answer({"node": args.name, "revoked": True})
    return cli.GOOD


def _lift(args: argparse.Namespace) -> int:
    from openpaspor.ledger import links

    with _alone():
        lifted = links.lift_quarantine(args.name)
    cli.say(f"Messages of {args.name} are taken again." if lifted else f"{args.name} was not in quarantine.")
    if args.json:
        cli.answer({"node": args.name, "lifted": lifted})
    return cli.GOOD if lifted else cli.CHECKED_NOTHING


def _go_on_without(args: argparse.Namespace) -> int:
    from openpaspor.ledger import refill

    with _alone():
        waited = refill.is_filling() and args.name in refill.waits_for()
        if waited:
            refill.note_all_given_back(args.name)
    cli.say(
        f"What only {args.name} had heard of this centre is lost, unless it comes back one day."
        if waited
        else f"Nothing waits for {args.name}."
    )
    if args.json:
        cli.answer({"node": args.name, "waited": waited})
    return cli.GOOD if waited else cli.CHECKED_NOTHING


def _access(args: argparse.Namespace) -> int:
    import secrets

    from openpaspor.accounts import actions
    from openpaspor.kit import clock

    with _alone():
        given = actions.give_access(
            args.login,
            action_id=f"access:{secrets.token_hex(8)}",
            actor="operator",
            now=clock.now(),
            real_now=clock.real_now(),
        )
    cli.say(
        f"First password of {given.person.login}, shown only now, good for seven days and once: {given.password}"
    )
    if args.json:
        cli.answer({"login": given.person.login, "password": given.password})
    return cli.GOOD


def _link(args: argparse.Namespace) -> int:
    from openpaspor.nodes import joining

    with _alone():
        joining.reach(args.name, args.url)
    cli.say(f"{args.name} is reached at {args.url} from the next start on.")
    if args.json:
        cli.answer({"node": args.name, "url": args.url})
    return cli.GOOD


DEEDS = {
    "init": _init, "invite": _invite, "enrol": _enrol, "renew": _renew, "status": _status, "list": _list,
    "revoke": _revoke, "quarantine-lift": _lift, "go-on-without": _go_on_without, "link": _link,
    "access": _access,
}  # fmt: skip
