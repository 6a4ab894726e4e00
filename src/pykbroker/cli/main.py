"""``pykbroker``: the command line. Commands are imported only when they are called, so that ``--help`` is instant."""

from __future__ import annotations

import click

from pykbroker import __version__
from pykbroker.cli.lazy import LazyGroup

COMMANDS = {
    "serve": ("pykbroker.cli.serve", "serve", "Run a broker."),
    "wait": ("pykbroker.cli.wait", "wait", "Wait until a broker is ready."),
    "topics": ("pykbroker.cli.topics", "topics", "List, create, describe and delete topics."),
    "produce": ("pykbroker.cli.produce", "produce", "Write records to a topic."),
    "consume": ("pykbroker.cli.consume", "consume", "Print the records of a topic."),
    "groups": ("pykbroker.cli.groups", "groups", "List and describe consumer groups, and how far behind they are."),
    "configs": ("pykbroker.cli.configs", "configs", "Show, explain and change configurations."),
    "dump": ("pykbroker.cli.dump", "dump", "Show what stands in a log, index, snapshot or checkpoint file."),
    "verify": ("pykbroker.cli.verify", "verify", "Check the data directory of a stopped broker."),
    "decode": ("pykbroker.cli.decode", "decode", "Show what stands in a request or response, or in a capture."),
}
"""Name → (module, attribute, one line of help)."""


@click.group(cls=LazyGroup, lazy_commands=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pykbroker")
def main() -> None:
    """A Kafka broker in Python: stock clients connect to it unchanged."""


if __name__ == "__main__":
    main()
