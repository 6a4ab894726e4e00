"""What consumers tell each other through the classic group protocol: subscriptions and assignments.

An int16 version stands before each; a version above the highest known is read as the highest known.
"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import StoredMessage
from pykbroker.wire.schema import Struct, array, data, int32, string


class TopicPartition(Struct):
    topic: str = string()
    partitions: Sequence[int] = array(int32())


class ConsumerProtocolSubscription(StoredMessage, versions="0-3"):
    """What a consumer wants. The int16 version stands before it.

    v1  partitions it owns (KIP-429)    v2  the generation it owned them in (KIP-792)
    v3  its rack (KIP-881)
    """

    topics: Sequence[str] = array(string())
    user_data: bytes | None = data(default=None, nullable="0+")
    owned_partitions: Sequence[TopicPartition] = array(TopicPartition, default=(), versions="1+")
    generation_id: int = int32(default=-1, versions="2+")
    rack_id: str | None = string(default=None, versions="3+", nullable="3+")


class ConsumerProtocolAssignment(StoredMessage, versions="0-3"):
    """What a consumer is given. All versions are the same; they follow those of the subscription."""

    assigned_partitions: Sequence[TopicPartition] = array(TopicPartition)
    user_data: bytes | None = data(default=None, nullable="0+")
