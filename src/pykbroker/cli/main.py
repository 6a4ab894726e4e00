"""``pykbroker``: the command line. Commands are imported only when they are called, so that ``--help`` is instant."""

from __future__ import annotations

import importlib

import click

from pykbroker import __version__

COMMANDS = {
    "serve": ("pykbroker.cli.serve", "serve", "Run a broker."),
    "wait": ("pykbroker.cli.wait", "wait", "Wait until a broker is ready."),
}
"""Name → (module, attribute, one line of help). The line stands here so that listing imports nothing."""


class LazyGroup(click.Group):
    """A group that imports a command when it is needed."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        entry = COMMANDS.get(name)
        if entry is None:
            return None
        module, attribute, _ = entry
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pykbroker")
def main() -> None:
    """A Kafka broker in Python: stock clients connect to it unchanged."""


if __name__ == "__main__":
    main()
