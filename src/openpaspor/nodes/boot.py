"""Becoming the node that an identity describes."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from django.conf import settings

from openpaspor.ledger import node
from openpaspor.ledger.identity import Identity


def role_of(name: str) -> ModuleType:
    """What nodes of a role serve and follow: a file in `nodes/roles/`."""
    return import_module(f"openpaspor.nodes.roles.{name if name in node.ROLES else 'everything'}")


def boot(identity: Identity) -> node.Node:
    """Say to this process who we are."""
    us = node.Node(
        name=identity.name,
        role=identity.role,
        home=settings.HOME,
        offices=identity.offices,
        demo=settings.DEMO,
        url=identity.url,
        allotted=identity.issuer,
        links=identity.links,
        rooms=role_of(identity.role).FOLLOWS,
    )
    node.boot(us)
    return us
