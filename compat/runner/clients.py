"""Reads clients.toml: which clients there are, where they come from, how their program is run.

A client is pure data here; installing is install.py's job and running is session.py's.
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from runner.places import CLIENTS, TABLE


@dataclass(frozen=True)
class Client:
    """One row of the report: a client at one version.

    `kind` chooses the installer: python, system, node, go, cargo or maven.
    `python` bounds the interpreters that may run it, oldest and newest ("3.6-3.11").
    """

    name: str
    title: str
    version: str
    language: str
    kind: str
    program: Path
    packages: tuple[str, ...] = ()
    python: str = ""
    command: str = ""
    arguments: tuple[str, ...] = ()
    groups: frozenset[str] = field(default_factory=frozenset)
    timeout_s: int = 240


def load_clients() -> dict[str, Client]:
    """Every client of the table by name, in the table's order."""
    table = tomllib.loads(TABLE.read_text())
    return {name: _client(name, row) for name, row in table.items()}


def _client(name: str, row: dict[str, object]) -> Client:
    values = dict(row)
    values["program"] = CLIENTS / str(values["program"])
    for key in ("packages", "arguments"):
        values[key] = tuple(values.get(key, ()))
    values["groups"] = frozenset(values.get("groups", ()))
    return Client(name=name, **values)


def select(clients: dict[str, Client], wanted: list[str]) -> list[Client]:
    """The clients asked for by name, by group ("ci", "python") or by the beginning of a name; all when none is."""
    if not wanted:
        return list(clients.values())
    chosen: dict[str, Client] = {}
    for word in wanted:
        found = [c for c in clients.values() if word == c.name or word in c.groups]
        found = found or [c for c in clients.values() if c.name.startswith(word)]
        if not found:
            raise SystemExit(f"compat: no client called {word!r}; there are: {', '.join(clients)}")
        chosen.update((client.name, client) for client in found)
    return list(chosen.values())
