"""Groups of commands that are imported only when they are called, so that ``--help`` is instant."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

Commands = Mapping[str, tuple[str, str, str]]
"""Name → (module, attribute, one line of help). The line stands here so that listing imports nothing."""


class LazyGroup(click.Group):
    """A group that imports a command when it is needed."""

    def __init__(self, *args: Any, lazy_commands: Commands | None = None, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self._lazy = lazy_commands or {}

    def list_commands(self, context: click.Context) -> list[str]:
        """In the order of the table."""
        return [*self._lazy, *super().list_commands(context)]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command itself, imported now."""
        entry = self._lazy.get(name)
        if entry is None:
            return super().get_command(context, name)
        module, attribute, _ = entry
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, and offer the nearest name to whoever mistyped."""
        try:
            return super().resolve_command(context, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            nearest = get_close_matches(args[0], self.list_commands(context), n=1)
            if not nearest:
                raise
            raise click.UsageError(f"{error.message} Did you mean {nearest[0]!r}?", context) from None

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """One line each, from the table."""
        if not self._lazy:
            super().format_commands(context, formatter)
            return
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in self._lazy.items()])
