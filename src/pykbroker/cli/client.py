"""A small synchronous Kafka client for the commands: one request at a time, to any broker, ours or not.

Versions are agreed per connection. ``Cluster`` knows the brokers and asks the right one: any, the
controller, a partition's leader, a group's coordinator. What a broker refuses becomes a ``ClientError``,
which click prints in one line. Never: retries for ever; what can pass (a leader being elected, a
coordinator loading) is asked again until ``timeout`` is over.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import click

from pykbroker.errors import ErrorCode
from pykbroker.wire.header import (
    RequestHeader,
    decode_response_header,
    encode_request_header,
    response_header_is_flexible,
)
from pykbroker.wire.messages.api_versions import ApiVersionsRequest
from pykbroker.wire.messages.metadata import MetadataRequest, MetadataRequestTopic, MetadataResponse
from pykbroker.wire.schema import WireError

if TYPE_CHECKING:
    from pykbroker.wire.api import Request, Response
    from pykbroker.wire.messages.metadata import MetadataResponseTopic

ResponseT = TypeVar("ResponseT", bound="Response")
T = TypeVar("T")

CLIENT_ID = "pykbroker-cli"
DEFAULT_PORT = 9092
RETRY_SECONDS = 0.05
NEWEST = 32767

BY_TOPIC_NAME_UP_TO = {0: 12, 1: 12, 9: 9}
"""Produce, Fetch and OffsetFetch name topics by id above these versions; names are simpler here."""


class ClientError(click.ClickException):
    """What went wrong, in one line. Exit status 1."""


class BrokerError(ClientError):
    """A broker answered with an error code."""

    def __init__(self, code: int, message: str | None = None, about: str = "") -> None:
        known = ErrorCode(code) if code in ErrorCode.__members__.values() else None
        name = f"error {code}" if known is None else known.name
        words = message or ("" if known is None else known.default_message)
        super().__init__(f"{about}: {name}: {words}" if about else f"{name}: {words}")
        self.code = code

    @property
    def retriable(self) -> bool:
        """Whether asking again may help."""
        return self.code in ErrorCode.__members__.values() and ErrorCode(self.code).retriable


def check(code: int, message: str | None = None, about: str = "") -> None:
    """Raise BrokerError for anything but NONE."""
    if code != ErrorCode.NONE:
        raise BrokerError(code, message, about)


def parse_address(text: str) -> tuple[str, int]:
    """(host, port) of ``host[:port]``; IPv6 in brackets."""
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")):
        host, port = text, str(DEFAULT_PORT)
    if not port.isdigit():
        raise ClientError(f"{text!r} is not HOST:PORT")
    return host.strip("[]") or "localhost", int(port)


class Connection:
    """One connection to one broker."""

    def __init__(self, host: str, port: int, timeout: float) -> None:
        """Connects and agrees on versions. Raises ClientError."""
        self.address = f"{host}:{port}"
        try:
            self._socket = socket.create_connection((host, port), timeout)
        except OSError as error:
            raise ClientError(f"no broker answers at {self.address}: {error}") from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._correlation_id = 0
        self._versions: dict[int, tuple[int, int]] = {18: (0, 0)}
        try:
            answer = self.call(ApiVersionsRequest())
        except ClientError:
            self.close()
            raise
        self._versions = {row.api_key: (row.min_version, row.max_version) for row in answer.api_keys}

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def version_of(self, request_type: type[Request[Any]]) -> int:
        """The newest version both sides know. Raises ClientError when there is none."""
        key, mine = request_type.api_key, request_type.versions
        low, high = self._versions.get(key, (1, 0))
        version = min(high, mine.high, BY_TOPIC_NAME_UP_TO.get(key, NEWEST))
        if version < max(low, mine.low):
            name = request_type.__name__.removesuffix("Request")
            raise ClientError(f"the broker at {self.address} does not serve {name}")
        return version

    def call(self, request: Request[ResponseT]) -> ResponseT:
        """Send a request and return the answer. Raises ClientError when there is none."""
        version = self.version_of(type(request))
        self._correlation_id += 1
        try:
            self._send(request, version)
            frame = self._receive(int.from_bytes(self._receive(4), "big"))
            flexible = response_header_is_flexible(request.api_key, version)
            correlation_id, position = decode_response_header(frame, flexible)
            answer = type(request).response_type.decode(frame, version, position)
        except (OSError, WireError) as error:
            raise ClientError(f"the broker at {self.address} did not answer: {error}") from None
        if correlation_id != self._correlation_id:
            raise ClientError(f"the broker at {self.address} answered another question")
        return cast(ResponseT, answer)

    def _send(self, request: Request[Any], version: int) -> None:
        header = RequestHeader(request.api_key, version, self._correlation_id, CLIENT_ID)
        frame = encode_request_header(header) + request.encode(version)
        self._socket.sendall(len(frame).to_bytes(4, "big") + frame)

    def _receive(self, size: int) -> bytes:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            received = self._socket.recv_into(view)
            if not received:
                raise OSError("the connection was closed")
            view = view[received:]
        return bytes(data)


class Cluster:
    """Every broker of a cluster, found from one of them. A context manager that closes its connections."""

    def __init__(self, bootstrap: str, timeout: float = 10.0) -> None:
        self._timeout = timeout
        self._connections: dict[int, Connection] = {}
        self._brokers: dict[int, tuple[str, int]] = {}
        self._controller_id = -1
        self._bootstrap = self._first_of(bootstrap.split(","))

    def _first_of(self, addresses: Iterable[str]) -> Connection:
        error = ClientError("no address was given")
        for address in addresses:
            try:
                return Connection(*parse_address(address.strip()), self._timeout)
            except ClientError as refusal:
                error = refusal
        raise error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for connection in (self._bootstrap, *self._connections.values()):
            connection.close()

    def call(self, request: Request[ResponseT]) -> ResponseT:
        """Ask any broker."""
        return self._bootstrap.call(request)

    def call_node(self, node_id: int, request: Request[ResponseT]) -> ResponseT:
        """Ask one broker."""
        connection = self._connections.get(node_id)
        if connection is None:
            if node_id not in self._brokers:
                self.metadata([])
            if node_id not in self._brokers:
                raise ClientError(f"broker {node_id} is not in the cluster")
            connection = self._connections[node_id] = Connection(*self._brokers[node_id], self._timeout)
        return connection.call(request)

    def call_controller(self, request: Request[ResponseT]) -> ResponseT:
        """Ask the broker that speaks for the controller."""
        if self._controller_id < 0:
            self.metadata([])
        return self.call(request) if self._controller_id < 0 else self.call_node(self._controller_id, request)

    def call_coordinator(self, group_id: str, request: Request[ResponseT]) -> ResponseT:
        """Ask the coordinator of a group."""
        return self.call_node(self.until_it_passes(lambda: self._coordinator_of(group_id)), request)

    def metadata(self, topics: Iterable[str] | None, *, create: bool = False) -> MetadataResponse:
        """What the cluster looks like; of all topics, or of those named."""
        wanted = None if topics is None else [MetadataRequestTopic(name=name) for name in topics]
        answer = self.call(MetadataRequest(topics=wanted, allow_auto_topic_creation=create))
        self._brokers = {broker.node_id: (broker.host, broker.port) for broker in answer.brokers}
        self._controller_id = answer.controller_id
        return answer

    @property
    def broker_ids(self) -> list[int]:
        """The nodes of the last metadata."""
        return sorted(self._brokers)

    def topic(self, name: str, *, create: bool = False) -> MetadataResponseTopic:
        """One topic's metadata, all its partitions with leaders. Raises BrokerError."""

        def ask() -> MetadataResponseTopic:
            (topic,) = self.metadata([name], create=create).topics
            check(topic.error_code, about=name)
            for partition in topic.partitions:
                check(partition.error_code, about=f"{name}-{partition.partition_index}")
            return topic

        def is_final(error: BrokerError) -> bool:
            return error.code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION and not create

        return self.until_it_passes(ask, is_final)

    def until_it_passes(self, ask: Callable[[], T], is_final: Callable[[BrokerError], bool] = lambda _: False) -> T:
        """What ``ask`` returns, asked again while it raises something that may pass."""
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                return ask()
            except BrokerError as error:
                if not error.retriable or is_final(error) or time.monotonic() > deadline:
                    raise
            time.sleep(RETRY_SECONDS)

    def _coordinator_of(self, group_id: str) -> int:
        from pykbroker.wire.messages.groups import FindCoordinatorRequest

        answer = self.call(FindCoordinatorRequest(key=group_id, coordinator_keys=[group_id]))
        found = answer.coordinators[0] if answer.coordinators else answer
        check(found.error_code, found.error_message, about=f"group {group_id}")
        self._brokers.setdefault(found.node_id, (found.host, found.port))
        return found.node_id
