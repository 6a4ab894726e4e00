"""Options that several commands have, and tables as they print them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pykbroker.cli.client import Cluster

BOOTSTRAP_VARIABLE = "PYKBROKER_BOOTSTRAP"

bootstrap_option = click.option(
    "-b",
    "--bootstrap",
    metavar="HOST:PORT",
    default="localhost:9092",
    show_default=True,
    envvar=BOOTSTRAP_VARIABLE,
    show_envvar=True,
    help="A broker of the cluster.",
)


def connect(bootstrap: str) -> Cluster:
    """The cluster behind an address; the wire is imported only now."""
    from pykbroker.cli.client import Cluster

    return Cluster(bootstrap)


def key_value(text: str) -> tuple[str, str]:
    """The two halves of ``KEY=VALUE``."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise click.BadParameter(f"{text!r} is not KEY=VALUE")
    return key.strip(), value.strip()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns under their names, as wide as they must be; numbers to the right."""
    texts = [["-" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *texts, strict=True)]
    right = [bool(texts) and all(_is_number(row[index]) for row in texts) for index in range(len(columns))]
    for row in (list(columns), *texts):
        cells = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        )
        click.echo("  ".join(cells).rstrip())


def _is_number(text: str) -> bool:
    return text == "-" or text.lstrip("-").isdigit()
