"""Which partition owns a key, and which engines run here.

A coordinator's topic has many partitions; the one that owns a key is Kafka's ``hash(key) % partitions``
with Java's string hash, so that Apache Kafka, opening the same directory, looks for a group where it was
written. A broker runs an engine for every partition it leads and refuses keys of all others with
NOT_COORDINATOR.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Concatenate, Generic, ParamSpec, TypeVar

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.engine import Engine, Machine, Reply
from pykbroker.machine.result import Result, Turn

T = TypeVar("T")
P = ParamSpec("P")
MachineT = TypeVar("MachineT", bound=Machine)

_INT_MIN = -0x8000_0000


def java_hash(text: str) -> int:
    """``String.hashCode()``: over UTF-16 code units, in signed 32-bit arithmetic."""
    code = 0
    if text.isascii():
        for unit in text.encode("ascii"):
            code = (31 * code + unit) & 0xFFFF_FFFF
    else:
        units = text.encode("utf-16-be", "surrogatepass")
        for high, low in zip(units[::2], units[1::2], strict=True):
            code = (31 * code + (high << 8 | low)) & 0xFFFF_FFFF
    return code - 0x1_0000_0000 if code & 0x8000_0000 else code


def partition_for(key: str, partition_count: int) -> int:
    """The partition of a coordinator's topic that owns ``key`` (``Utils.abs`` has 0 for the one int without
    an opposite)."""
    code = java_hash(key)
    return (0 if code == _INT_MIN else abs(code)) % partition_count


class Shards(Generic[MachineT]):
    """The engines of one coordinator by partition."""

    def __init__(self) -> None:
        self.partition_count = 0
        """How many partitions the coordinator's topic has; 0 until the topic exists."""
        self._engines: dict[int, Engine[MachineT]] = {}

    def add(self, partition: int, engine: Engine[MachineT]) -> None:
        """This broker has become the leader of ``partition``; the engine is loading or active."""
        assert partition not in self._engines
        self._engines[partition] = engine

    def remove(self, partition: int, error: KafkaError) -> None:
        """Leadership is lost, or the broker stops: the engine answers what it holds with ``error``."""
        engine = self._engines.pop(partition, None)
        if engine is not None:
            engine.close(error)

    def close(self, error: KafkaError) -> None:
        """All of them."""
        for partition in list(self._engines):
            self.remove(partition, error)

    def partition_for(self, key: str) -> int:
        """Which partition owns ``key``; the topic must exist."""
        return partition_for(key, self.partition_count)

    def at(self, partition: int) -> Engine[MachineT] | None:
        """The engine of a partition, if it runs here."""
        return self._engines.get(partition)

    def engine(self, key: str) -> Engine[MachineT]:
        """The engine that owns ``key``. Raises COORDINATOR_NOT_AVAILABLE before the topic exists,
        NOT_COORDINATOR elsewhere."""
        if not self.partition_count:
            raise KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE)
        engine = self._engines.get(partition_for(key, self.partition_count))
        if engine is None:
            raise KafkaError(ErrorCode.NOT_COORDINATOR)
        return engine

    def submit(
        self, key: str, method: Callable[Concatenate[MachineT, Turn, P], Result[T]], *args: P.args, **kwargs: P.kwargs
    ) -> Reply[T]:
        """One turn at the engine that owns ``key``; being the wrong broker is an answer like any other."""
        try:
            engine = self.engine(key)
        except KafkaError as error:
            refused: Reply[T] = Reply()
            refused.answer(error)
            return refused
        return engine.submit(method, *args, **kwargs)

    def __iter__(self) -> Iterator[Engine[MachineT]]:
        return iter(self._engines.values())

    def items(self) -> Iterator[tuple[int, Engine[MachineT]]]:
        """Partition and engine, as they are now."""
        return iter(list(self._engines.items()))

    def __len__(self) -> int:
        return len(self._engines)
