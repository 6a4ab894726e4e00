"""``pykbroker consume``: the records of a topic, as text or JSON, without joining a group."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING

import click

from pykbroker.cli.options import bootstrap_option, connect

if TYPE_CHECKING:
    from pykbroker.wire.records import Record


@click.command()
@bootstrap_option
@click.argument("topic")
@click.option("-p", "--partition", "partitions", type=click.IntRange(0), multiple=True, help="Only these. Repeatable.")
@click.option(
    "-o",
    "--offset",
    default="earliest",
    show_default=True,
    metavar="OFFSET",
    help="Where to begin: earliest, latest, a number, -N for the last N, @MILLISECONDS for a time.",
)
@click.option("-n", "--count", type=click.IntRange(1), help="Stop after so many records.")
@click.option("-f", "--follow", is_flag=True, help="Wait for new records when all have been printed.")
@click.option("--read-committed", is_flag=True, help="Leave out open and aborted transactions.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.option("--values", is_flag=True, help="Values only, one per line.")
def consume(
    bootstrap: str,
    topic: str,
    partitions: tuple[int, ...],
    offset: str,
    count: int | None,
    follow: bool,
    read_committed: bool,
    as_json: bool,
    values: bool,
) -> None:
    """Print the records of TOPIC up to its end, or for ever with --follow. Commits nothing."""
    from pykbroker.cli.consuming import records_of

    show = _as_json if as_json else (_value_only if values else _as_text)
    printed = 0
    with connect(bootstrap) as cluster:
        for partition, record in records_of(cluster, topic, partitions, offset, follow, read_committed):
            click.echo(show(partition, record))
            printed += 1
            if printed == count:
                break


def _as_text(partition: int, record: Record) -> str:
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.timestamp / 1000))
    where = f"{partition}@{record.offset}  {moment}.{record.timestamp % 1000:03d}"
    headers = "".join(f"  {name}={_text(value)}" for name, value in record.headers)
    return f"{where}  {_text(record.key)}  {_text(record.value)}{headers}"


def _value_only(partition: int, record: Record) -> str:
    return "" if record.value is None else record.value.decode("utf-8", "backslashreplace")


def _as_json(partition: int, record: Record) -> str:
    return json.dumps(
        {
            "partition": partition,
            "offset": record.offset,
            "timestamp": record.timestamp,
            "key": _json(record.key),
            "value": _json(record.value),
            "headers": [[name, _json(value)] for name, value in record.headers],
        },
        ensure_ascii=False,
    )


def _text(data: bytes | None) -> str:
    return "null" if data is None else data.decode("utf-8", "backslashreplace")


def _json(data: bytes | None) -> str | dict[str, str] | None:
    """Text where it is text; else an object that says so."""
    if data is None:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}
