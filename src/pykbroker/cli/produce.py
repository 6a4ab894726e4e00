"""``pykbroker produce``: records from arguments or lines of standard input."""

from __future__ import annotations

import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import click

from pykbroker.cli.options import bootstrap_option, connect, key_value

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}

BATCH_BYTES = 256 * 1024
"""Lines of standard input are sent together up to this size, well below any broker's message.max.bytes."""


class Line(NamedTuple):
    """One record to be written."""

    key: bytes | None
    value: bytes | None


@click.command()
@bootstrap_option
@click.argument("topic")
@click.argument("values", nargs=-1, metavar="[VALUE]...")
@click.option("-k", "--key", help="The key of every record.")
@click.option("-K", "--key-separator", metavar="TEXT", help="Lines are KEY, this text, VALUE.")
@click.option("-p", "--partition", type=click.IntRange(0), help="Where to.  [default: by key, else any]")
@click.option("-H", "--header", "headers", multiple=True, metavar="KEY=VALUE", help="Repeatable.")
@click.option("-z", "--compression", type=click.Choice(list(CODECS)), default="none", show_default=True)
@click.option("--null", is_flag=True, help="Empty values are tombstones.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing about what was written.")
def produce(
    bootstrap: str,
    topic: str,
    values: tuple[str, ...],
    key: str | None,
    key_separator: str | None,
    partition: int | None,
    headers: tuple[str, ...],
    compression: str,
    null: bool,
    quiet: bool,
) -> None:
    """Write VALUEs, or the lines of standard input, to TOPIC, and wait until all replicas in sync have them."""
    from pykbroker.cli.producing import Destination

    header_pairs = tuple((name, value.encode()) for name, value in map(key_value, headers))
    texts: Iterable[str] = values or (line.rstrip("\r\n") for line in sys.stdin)
    lines = (_line(text, key, key_separator, null) for text in texts)
    with connect(bootstrap) as cluster:
        destination = Destination(cluster, topic, CODECS[compression], header_pairs)
        for batch in _batches(lines):
            by_partition: dict[int, list[Line]] = defaultdict(list)
            keyless = random.randrange(destination.partition_count)
            for line in batch:
                chosen = partition if partition is not None else destination.partition_for(line.key, keyless)
                by_partition[chosen].append(line)
            for index, records in sorted(by_partition.items()):
                first = destination.write(index, records, int(time.time() * 1000))
                if not quiet:
                    _report(topic, index, first, len(records))


def _report(topic: str, partition: int, first: int, count: int) -> None:
    if count == 1:
        click.echo(f"{topic}-{partition} offset {first}")
    else:
        click.echo(f"{topic}-{partition} offsets {first} to {first + count - 1}")


def _line(text: str, key: str | None, separator: str | None, null: bool) -> Line:
    if separator is not None and separator in text:
        key, _, text = text.partition(separator)
    value = None if null and not text else text.encode("utf-8", "surrogateescape")
    return Line(None if key is None else key.encode("utf-8", "surrogateescape"), value)


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Lines as they come, together as long as more are there at once."""
    batch: list[Line] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line.key or b"") + len(line.value or b"")
        if size >= BATCH_BYTES or sys.stdin.isatty():
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
