"""A whole broker in memory and in virtual time, and a small typed client for it."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator

import pytest
import trio
from hypothesis import HealthCheck, settings

from pykbroker.broker import Broker
from pykbroker.config.source import broker_config
from pykbroker.memory_disk import MemoryDisk
from pykbroker.memory_network import MemoryNetwork
from pykbroker.network import Transport
from pykbroker.wire.header import (
    RequestHeader,
    decode_response_header,
    encode_request_header,
    response_header_is_flexible,
)
from pykbroker.world import VirtualClock, World

# Time is not what a property test is about, and machines are shared. In CI the examples are always the same ones.
settings.register_profile(
    "house", deadline=None, derandomize="CI" in os.environ, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")

ADDRESS = ("localhost", 9092)


class Client:
    """Sends requests and decodes the answers; one connection."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._correlation_id = 0
        self._buffer = bytearray()

    async def send_bytes(self, data: bytes) -> None:
        await self.transport.send([data])

    def frame(self, request, version: int | None = None, client_id: str = "test") -> bytes:
        """A request as bytes, size prefix included; in its newest version unless told otherwise."""
        version = type(request).versions.high if version is None else version
        self._correlation_id += 1
        header = encode_request_header(RequestHeader(request.api_key, version, self._correlation_id, client_id))
        body = header + request.encode(version)
        return len(body).to_bytes(4, "big") + body

    async def receive_frame(self) -> bytes | None:
        """The next whole frame; None when the broker has closed the connection."""
        while len(self._buffer) < 4 or len(self._buffer) < 4 + int.from_bytes(self._buffer[:4], "big"):
            scratch = memoryview(bytearray(65536))
            count = await self.transport.receive_into(scratch)
            if count == 0:
                return None
            self._buffer += scratch[:count]
        size = int.from_bytes(self._buffer[:4], "big")
        frame = bytes(self._buffer[4 : 4 + size])
        del self._buffer[: 4 + size]
        return frame

    def decode(self, request, frame: bytes, version: int | None = None):
        """(correlation id, response) of an answer to ``request``."""
        version = type(request).versions.high if version is None else version
        flexible = response_header_is_flexible(request.api_key, version)
        correlation_id, position = decode_response_header(frame, flexible)
        return correlation_id, type(request).response_type.decode(frame, version, position)

    async def ask(self, request, version: int | None = None):
        """Send a request and return the response to it."""
        await self.send_bytes(self.frame(request, version))
        frame = await self.receive_frame()
        assert frame is not None, "the broker closed the connection"
        correlation_id, response = self.decode(request, frame, version)
        assert correlation_id == self._correlation_id
        return response

    def close(self) -> None:
        self.transport.close()


class BrokerInMemory:
    """A running broker with its world, which can be stopped and started again over the same disk."""

    def __init__(self, nursery: trio.Nursery, configs: dict[str, str], as_version: str | None = None) -> None:
        self._nursery = nursery
        self._configs = configs
        self.as_version = as_version
        self.disk = MemoryDisk()
        self.network = MemoryNetwork()
        self.broker: Broker | None = None

    async def start(self) -> None:
        self.broker = self.make()
        await self._nursery.start(self.broker.run)

    def make(self) -> Broker:
        """A broker over this world that has not been started."""
        configs = {"listeners": "PLAINTEXT://localhost:9092", **self._configs}
        data_dir = None if "log.dirs" in configs else "/data"
        config = broker_config(configs, data_dir=data_dir, as_version=self.as_version)
        world = World(VirtualClock(), random.Random(7), self.disk, self.network, disk_waits=False)
        return Broker(config, world)

    async def stop(self) -> None:
        assert self.broker is not None
        self.broker.stop()
        await self.broker.ended.wait()

    @property
    def services(self):
        assert self.broker is not None
        return self.broker.services

    async def connect(self) -> Client:
        return Client(await self.network.connect(*ADDRESS))


@pytest.fixture
def broker_configs() -> dict[str, str]:
    """Configs of the broker in memory; a test module may override this fixture."""
    return {}


@pytest.fixture
async def broker(autojump_clock, broker_configs) -> AsyncIterator[BrokerInMemory]:
    """A broker in memory, in virtual time."""
    async with trio.open_nursery() as nursery:
        broker = BrokerInMemory(nursery, broker_configs)
        await broker.start()
        yield broker
        nursery.cancel_scope.cancel()


@pytest.fixture
async def client(broker) -> AsyncIterator[Client]:
    """A connection to the broker in memory."""
    client = await broker.connect()
    yield client
    client.close()
