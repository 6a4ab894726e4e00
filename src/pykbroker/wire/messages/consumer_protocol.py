"""consumer_protocol"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import StoredMessage
from pykbroker.wire.schema import Struct, array, data, int32, string


class TopicPartition(Struct):
    topic: str = string()
    partitions: Sequence[int] = array(int32())


class ConsumerProtocolSubscription(StoredMessage, versions="0-3"):
    """TODO"""

    topics: Sequence[str] = array(string())
    user_data: bytes | None = data(default=None, nullable="0+")
    owned_partitions: Sequence[TopicPartition] = array(TopicPartition, default=(), versions="1+")
    generation_id: int = int32(default=-1, versions="2+")
    rack_id: str | None = string(default=None, versions="3+", nullable="3+")


class ConsumerProtocolAssignment(StoredMessage, versions="0-3"):
    """TODO"""

    assigned_partitions: Sequence[TopicPartition] = array(TopicPartition)
    user_data: bytes | None = data(default=None, nullable="0+")
