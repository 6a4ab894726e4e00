"""A broker inside the test's own process, in a thread of its own.

The thread runs trio; the test may be synchronous, asyncio or trio. ``start`` returns when every API works; ``stop``
returns when everything is closed. Nothing is written to disk unless a data directory is given.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from types import TracebackType

import trio

from pykbroker.broker import Broker, Ready
from pykbroker.config.source import broker_config
from pykbroker.world import real_world

START_TIMEOUT_SECONDS = 10


class EmbeddedBroker:
    """A Kafka broker on a free port of the loopback interface.

    Usable as a context manager. ``configs`` are Kafka's broker configs, e.g. ``{"num.partitions": "3"}``;
    ``as_version`` is the Apache Kafka release to be like, say "3.9".
    """

    def __init__(
        self,
        configs: Mapping[str, str] | None = None,
        *,
        port: int = 0,
        data_dir: str | None = None,
        as_version: str | None = None,
    ) -> None:
        overrides = dict(configs or {})
        self._config_args = (overrides, port, data_dir, as_version)
        self._thread: threading.Thread | None = None
        self._broker: Broker | None = None
        self._token: trio.lowlevel.TrioToken | None = None
        self._ready: Ready | None = None
        self._failure: BaseException | None = None
        self._names = itertools.count(1)

    @property
    def bootstrap_servers(self) -> str:
        """What to give a client: ``127.0.0.1:PORT``."""
        assert self._ready is not None, "the broker has not been started"
        host, port = next(iter(self._ready.listeners.values()))
        return f"{host}:{port}"

    def unique_name(self, prefix: str = "test") -> str:
        """A topic or group name that nobody else uses on this broker."""
        return f"{prefix}-{next(self._names)}"

    def start(self) -> EmbeddedBroker:
        """Return when every API works. Raises what kept the broker from starting."""
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), name="pykbroker", daemon=True)
        self._thread.start()
        if not started.wait(START_TIMEOUT_SECONDS):
            raise TimeoutError(f"the broker was not ready after {START_TIMEOUT_SECONDS} s")
        if self._failure is not None:
            self._thread.join()
            raise _innermost(self._failure)
        return self

    def stop(self) -> None:
        """Close every connection, flush, and return when the thread has ended. Stopping twice is fine."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if self._broker is not None and self._token is not None:
            self._token.run_sync_soon(self._broker.stop)
        thread.join()

    def _run(self, started: threading.Event) -> None:
        try:
            trio.run(self._main, started)
        except BaseException as failure:  # handed to the test's thread by start()
            self._failure = failure
        finally:
            started.set()

    async def _main(self, started: threading.Event) -> None:
        overrides, port, data_dir, as_version = self._config_args
        config = broker_config(
            overrides,
            host="127.0.0.1",
            port=port,
            data_dir=data_dir,
            ephemeral=data_dir is None,
            as_version=as_version,
        )
        self._broker = Broker(config, real_world(ephemeral=data_dir is None))
        self._token = trio.lowlevel.current_trio_token()
        async with trio.open_nursery() as nursery:
            self._ready = await nursery.start(self._broker.run)
            started.set()

    def __enter__(self) -> EmbeddedBroker:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def _innermost(failure: BaseException) -> BaseException:
    """The one thing that went wrong, out of the groups that nurseries make of it."""
    while isinstance(failure, BaseExceptionGroup) and len(failure.exceptions) == 1:
        failure = failure.exceptions[0]
    return failure
