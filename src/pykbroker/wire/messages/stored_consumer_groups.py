"""Records of consumer groups (KIP-848) in ``__consumer_offsets``."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import StoredMessage
from pykbroker.wire.schema import ALL_DEFAULTS, Struct, array, data, int8, int32, int64, string, struct, uuid


class ConsumerGroupMetadataKey(StoredMessage, api_key=3, versions="0"):
    """A consumer group as a whole."""

    group_id: str = string()


class ConsumerGroupMetadataValue(StoredMessage, api_key=3, versions="0", flexible="0+"):
    """The group epoch, and a hash of the metadata it was computed from."""

    epoch: int = int32()
    metadata_hash: int = int64(default=0, tag=0)


class ConsumerGroupPartitionMetadataKey(StoredMessage, api_key=4, versions="0"):
    """The topics of a consumer group, in records from before Apache Kafka 4.1."""

    group_id: str = string()


class PartitionMetadata(Struct):
    partition: int = int32()
    racks: Sequence[str] = array(string())


class TopicMetadata(Struct):
    topic_id: bytes = uuid()
    topic_name: str = string()
    num_partitions: int = int32()
    partition_metadata: Sequence[PartitionMetadata] = array(PartitionMetadata)


class ConsumerGroupPartitionMetadataValue(StoredMessage, api_key=4, versions="0", flexible="0+"):
    """Topics with their numbers of partitions; a hash in the group record replaced it."""

    topics: Sequence[TopicMetadata] = array(TopicMetadata)


class ConsumerGroupMemberMetadataKey(StoredMessage, api_key=5, versions="0"):
    """A member of a consumer group."""

    group_id: str = string()
    member_id: str = string()


class ClassicProtocol(Struct):
    name: str = string()
    metadata: bytes = data()


class ClassicMemberMetadata(Struct):
    session_timeout_ms: int = int32()
    supported_protocols: Sequence[ClassicProtocol] = array(ClassicProtocol)


class ConsumerGroupMemberMetadataValue(StoredMessage, api_key=5, versions="0", flexible="0+"):
    """What a member subscribes to; for a classic member also its protocols (KIP-848 migration)."""

    instance_id: str | None = string(default=None, nullable="0+")
    rack_id: str | None = string(default=None, nullable="0+")
    client_id: str = string()
    client_host: str = string()
    subscribed_topic_names: Sequence[str] = array(string())
    subscribed_topic_regex: str | None = string(default=None, nullable="0+")
    rebalance_timeout_ms: int = int32(default=-1)
    server_assignor: str | None = string(default=None, nullable="0+")
    classic_member_metadata: ClassicMemberMetadata | None = struct(
        ClassicMemberMetadata, default=ALL_DEFAULTS, nullable="0+", tag=0
    )


class ConsumerGroupTargetAssignmentMetadataKey(StoredMessage, api_key=6, versions="0"):
    """The target assignment of a consumer group as a whole."""

    group_id: str = string()


class ConsumerGroupTargetAssignmentMetadataValue(StoredMessage, api_key=6, versions="0", flexible="0+"):
    """The group epoch the target assignment is for."""

    assignment_epoch: int = int32()
    assignment_timestamp: int = int64(default=0, tag=0)


class ConsumerGroupTargetAssignmentMemberKey(StoredMessage, api_key=7, versions="0"):
    """A member's part of the target assignment."""

    group_id: str = string()
    member_id: str = string()


class TopicPartition(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[int] = array(int32())


class ConsumerGroupTargetAssignmentMemberValue(StoredMessage, api_key=7, versions="0", flexible="0+"):
    """The partitions a member shall have."""

    topic_partitions: Sequence[TopicPartition] = array(TopicPartition)


class ConsumerGroupCurrentMemberAssignmentKey(StoredMessage, api_key=8, versions="0"):
    """What a member has now."""

    group_id: str = string()
    member_id: str = string()


class TopicPartitions(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[int] = array(int32())
    assignment_epochs: Sequence[int] | None = array(int32(), default=(), nullable="0+", tag=0)


class ConsumerGroupCurrentMemberAssignmentValue(StoredMessage, api_key=8, versions="0", flexible="0+"):
    """Epoch, state and partitions of a member, and those it has yet to give back."""

    member_epoch: int = int32()
    previous_member_epoch: int = int32()
    state: int = int8()
    assigned_partitions: Sequence[TopicPartitions] = array(TopicPartitions)
    partitions_pending_revocation: Sequence[TopicPartitions] = array(TopicPartitions)


class ConsumerGroupRegularExpressionKey(StoredMessage, api_key=16, versions="0"):
    """A regular expression that members of a consumer group subscribe with."""

    group_id: str = string()
    regular_expression: str = string()


class ConsumerGroupRegularExpressionValue(StoredMessage, api_key=16, versions="0", flexible="0+"):
    """The topics it matched, and when and at which metadata version that was."""

    topics: Sequence[str] = array(string())
    version: int = int64()
    timestamp: int = int64()
