"""``pykbroker serve``: run a broker until SIGTERM or SIGINT.

Reads what only the command line may read (options, the environment, the configuration file), builds the world, and says
in one summary where the broker is. Everything else is ``broker.py``'s.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from pykbroker import __version__
from pykbroker.cli.logs import configure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pykbroker.broker import Broker, Ready
    from pykbroker.config.config import BrokerConfig

EXIT_UNUSABLE = 2
"""The configuration is wrong, a port is taken, or a directory cannot be used."""


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 for any free one.  [default: 9092]")
@click.option("--host", help="Address to listen on; 0.0.0.0 for all.  [default: localhost]")
@click.option("--advertise", metavar="HOST[:PORT]", help="Where clients shall connect, if not where they did.")
@click.option("--data-dir", metavar="DIR", help="Where everything is kept.  [default: .pykbroker]")
@click.option("--ephemeral", is_flag=True, help="Keep nothing after exit.")
@click.option("--topic", "topics", multiple=True, metavar="NAME[:PARTITIONS]", help="Create a topic. Repeatable.")
@click.option("--config", "config_file", type=click.Path(dir_okay=False), help="A server.properties file.")
@click.option("-o", "--option", "options", multiple=True, metavar="KEY=VALUE", help="A Kafka config. Repeatable.")
@click.option("--preset", type=click.Choice(["dev", "kafka"]), default="dev", show_default=True, help="Defaults.")
@click.option("--as-version", metavar="RELEASE", help="Be like this Apache Kafka release: 2.8, 3.0 ... 4.3.")
@click.option(
    "--trace", is_flag=False, flag_value="-", metavar="[FILE]", help="Print requests and answers (=FILE: there)."
)
@click.option("--ready-file", type=click.Path(dir_okay=False), help="Written when every API works: HOST:PORT.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--log-level", default="INFO", show_default=True, type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"])
)
def serve(
    port: int | None,
    host: str | None,
    advertise: str | None,
    data_dir: str | None,
    ephemeral: bool,
    topics: tuple[str, ...],
    config_file: str | None,
    options: tuple[str, ...],
    preset: str,
    as_version: str | None,
    trace: str | None,
    ready_file: str | None,
    log_format: str,
    log_level: str,
) -> None:
    """Run a broker until it is told to stop (Ctrl-C, SIGTERM).

    Precedence, weakest first: preset, --config, KAFKA_* environment variables, -o, the other options.
    """
    gc.disable()  # start-up only makes objects; what it made is frozen in _settle_down
    from pykbroker.config.definitions import ConfigError
    from pykbroker.config.source import broker_config

    configure(log_format, log_level)
    try:
        properties = Path(config_file).read_text() if config_file else None
        config = broker_config(
            dict(_split(option) for option in options),
            preset=preset,
            properties=properties,
            environment=os.environ,
            host=host,
            port=port,
            advertise=advertise,
            data_dir=data_dir,
            ephemeral=ephemeral,
            topics=topics,
            as_version=as_version,
        )
    except (ConfigError, OSError) as error:
        _give_up(str(error))
    for warning in config.warnings:
        click.echo(f"warning: {warning}", err=True)
    with _trace_to(trace) as write:
        _run(config, ready_file, write)


def _split(option: str) -> tuple[str, str]:
    key, equals, value = option.partition("=")
    if not equals:
        raise click.BadParameter(f"{option!r} is not KEY=VALUE", param_hint="-o")
    return key.strip(), value.strip()


@contextmanager
def _trace_to(name: str | None) -> Iterator[Callable[[str], object] | None]:
    """Where a trace goes: nowhere, to standard error ("-"), or to the end of a file."""
    if name is None:
        yield None
    elif name == "-":
        yield lambda line: sys.stderr.write(f"{line}\n")
    else:
        with ExitStack() as stack:
            try:
                out = stack.enter_context(Path(name).open("a", encoding="utf-8", buffering=1))
            except OSError as error:
                _give_up(str(error))
            yield lambda line: out.write(f"{line}\n")


def _run(config: BrokerConfig, ready_file: str | None, trace: Callable[[str], object] | None) -> None:
    import trio

    from pykbroker.broker import Broker
    from pykbroker.errors import KafkaError
    from pykbroker.world import real_world

    # glibc serves large blocks with fresh pages until it has seen one freed; afterwards it keeps them, up to that size.
    # A megabyte of records would otherwise pay 250 page faults. Never touched, so it costs nothing.
    bytearray(16 << 20)
    seed = os.environ.get("PYKBROKER_SEED")
    world = real_world(ephemeral=config.is_ephemeral, seed=int(seed) if seed else None)
    broker = Broker(config, world, trace)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_stop_on_signal, broker, nursery.cancel_scope)
            ready = await nursery.start(broker.run)
            _settle_down()
            _announce(ready, config, ready_file)
            await broker.ended.wait()
            nursery.cancel_scope.cancel()

    try:
        trio.run(main)
    except* (OSError, KafkaError) as group:
        _give_up("; ".join(str(error) for error in _leaves(group)))
    finally:
        if ready_file:
            Path(ready_file).unlink(missing_ok=True)


def _settle_down() -> None:
    """What start-up has made stays: the collector need not look at it again, and a pause of it would be felt."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    gc.enable()


async def _stop_on_signal(broker: Broker, scope: object) -> None:
    import trio

    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            broker.stop()


def _announce(ready: Ready, config: BrokerConfig, ready_file: str | None) -> None:
    """The summary, then the ready file: whoever waits for either may connect."""
    addresses = [f"{host}:{port}" for host, port in ready.listeners.values()]
    listeners = ", ".join(f"{name} on {host}:{port}" for name, (host, port) in ready.listeners.items())
    data = "in memory (nothing is kept)" if config.is_ephemeral else ", ".join(config.log_dirs)
    imitated = f", as Apache Kafka {config.as_version}" if config.as_version else ""
    click.echo(
        f"pykbroker {__version__} is ready: {listeners}\n"
        f"  bootstrap.servers  {addresses[0]}\n"
        f"  data               {data}\n"
        f"  topics             {ready.topic_count} ({ready.partition_count} partitions)\n"
        f"  node {ready.node_id} of cluster {ready.cluster_id}; preset {config.preset.name}{imitated};"
        f" Python {sys.version_info.major}.{sys.version_info.minor}, pid {os.getpid()}"
    )
    sys.stdout.flush()
    if ready_file:
        partial = Path(f"{ready_file}.partial")
        partial.write_text(addresses[0] + "\n")
        partial.replace(ready_file)


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return leaves


def _give_up(reason: str) -> NoReturn:
    click.echo(f"pykbroker cannot start: {reason}", err=True)
    sys.exit(EXIT_UNUSABLE)
