"""Where records go: the partitioner every client uses, and Produce requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from pykbroker.cli.client import ClientError, check
from pykbroker.wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from pykbroker.wire.records import RecordBatchBuilder

if TYPE_CHECKING:
    from pykbroker.cli.client import Cluster

ALL_IN_SYNC = -1
TIMEOUT_MS = 30_000


class KeyValue(Protocol):
    """What a record is made of."""

    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...


class Destination:
    """A topic to write to. It is created if the broker does that."""

    def __init__(
        self, cluster: Cluster, topic: str, codec: int = 0, headers: tuple[tuple[str, bytes | None], ...] = ()
    ) -> None:
        self._cluster = cluster
        self._topic = topic
        self._codec = codec
        self._headers = headers
        found = cluster.topic(topic, create=True)
        self._leaders = {partition.partition_index: partition.leader_id for partition in found.partitions}

    @property
    def partition_count(self) -> int:
        """How many partitions the topic has."""
        return len(self._leaders)

    def partition_for(self, key: bytes | None, keyless: int) -> int:
        """The partition that Apache Kafka's clients choose for a key; ``keyless`` when there is none."""
        return keyless if key is None else (murmur2(key) & 0x7FFFFFFF) % self.partition_count

    def write(self, partition: int, records: Iterable[KeyValue], timestamp_ms: int) -> int:
        """Write one batch; the offset of its first record."""
        if partition not in self._leaders:
            raise ClientError(f"{self._topic} has {self.partition_count} partitions, numbered from 0")
        builder = RecordBatchBuilder(compression=self._codec)
        for record in records:
            builder.append(timestamp_ms, record.key, record.value, self._headers)
        data = PartitionProduceData(index=partition, records=builder.build())
        request = ProduceRequest(
            acks=ALL_IN_SYNC,
            timeout_ms=TIMEOUT_MS,
            topic_data=[TopicProduceData(name=self._topic, partition_data=[data])],
        )
        return self._cluster.until_it_passes(lambda: self._written(partition, request))

    def _written(self, partition: int, request: ProduceRequest) -> int:
        answer = self._cluster.call_node(self._leaders[partition], request)
        (result,) = answer.responses[0].partition_responses
        check(result.error_code, result.error_message, f"{self._topic}-{partition}")
        return result.base_offset


def murmur2(data: bytes) -> int:
    """The hash that decides on partitions (``Utils.murmur2``), as an unsigned 32-bit number."""
    multiplier, mask = 0x5BD1E995, 0xFFFFFFFF
    size = len(data)
    value = 0x9747B28C ^ size
    whole = size & ~3
    for position in range(0, whole, 4):
        word = int.from_bytes(data[position : position + 4], "little") * multiplier & mask
        word = (word ^ word >> 24) * multiplier & mask
        value = (value * multiplier & mask) ^ word
    if size > whole:
        value = (value ^ int.from_bytes(data[whole:], "little")) * multiplier & mask
    value = (value ^ value >> 13) * multiplier & mask
    return value ^ value >> 15
