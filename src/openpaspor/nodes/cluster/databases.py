"""Databases of their own for portal and centre, on the PostgreSQL server that a URL names."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql


def make(url: str, name: str) -> str:
    """Make an empty database called after the one in `url` and `name`; returns its URL. One that was there is lost."""
    made = _beside(url, f"{_name(url)}_{name}")
    with psycopg.connect(_beside(url, "postgres"), autocommit=True) as server:
        called = sql.Identifier(_name(made))
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(called))
        server.execute(sql.SQL("CREATE DATABASE {}").format(called))
    return made


def drop(url: str) -> None:
    with psycopg.connect(_beside(url, "postgres"), autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(_name(url))))


def _name(url: str) -> str:
    return urlsplit(url).path.lstrip("/")


def _beside(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
