"""Records of share groups (KIP-932) in ``__consumer_offsets``: membership. Deliveries are in
``stored_shares.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import StoredMessage
from pykbroker.wire.schema import Struct, array, int8, int32, int64, string, uuid


class ShareGroupMemberMetadataKey(StoredMessage, api_key=10, versions="0"):
    """A member of a share group."""

    group_id: str = string()
    member_id: str = string()


class ShareGroupMemberMetadataValue(StoredMessage, api_key=10, versions="0", flexible="0+"):
    """What a member subscribes to."""

    rack_id: str | None = string(default=None, nullable="0+")
    client_id: str = string()
    client_host: str = string()
    subscribed_topic_names: Sequence[str] = array(string())


class ShareGroupMetadataKey(StoredMessage, api_key=11, versions="0"):
    """A share group as a whole."""

    group_id: str = string()


class ShareGroupMetadataValue(StoredMessage, api_key=11, versions="0", flexible="0+"):
    """The group epoch, and a hash of the metadata it was computed from."""

    epoch: int = int32()
    metadata_hash: int = int64()


class ShareGroupTargetAssignmentMetadataKey(StoredMessage, api_key=12, versions="0"):
    """The target assignment of a share group as a whole."""

    group_id: str = string()


class ShareGroupTargetAssignmentMetadataValue(StoredMessage, api_key=12, versions="0", flexible="0+"):
    """The epoch of the target assignment."""

    assignment_epoch: int = int32()
    assignment_timestamp: int = int64(default=0, tag=0)


class ShareGroupTargetAssignmentMemberKey(StoredMessage, api_key=13, versions="0"):
    """A member's part of the target assignment."""

    group_id: str = string()
    member_id: str = string()


class TopicPartition(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[int] = array(int32())


class ShareGroupTargetAssignmentMemberValue(StoredMessage, api_key=13, versions="0", flexible="0+"):
    """The partitions a member shall have."""

    topic_partitions: Sequence[TopicPartition] = array(TopicPartition)


class ShareGroupCurrentMemberAssignmentKey(StoredMessage, api_key=14, versions="0"):
    """What a member has now."""

    group_id: str = string()
    member_id: str = string()


class TopicPartitions(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[int] = array(int32())


class ShareGroupCurrentMemberAssignmentValue(StoredMessage, api_key=14, versions="0", flexible="0+"):
    """Epoch, state and partitions of a member."""

    member_epoch: int = int32()
    previous_member_epoch: int = int32()
    state: int = int8()
    assigned_partitions: Sequence[TopicPartitions] = array(TopicPartitions)


class ShareGroupStatePartitionMetadataKey(StoredMessage, api_key=15, versions="0"):
    """Which share-partitions of a group have state with the share coordinator."""

    group_id: str = string()


class TopicPartitionsInfo(Struct):
    topic_id: bytes = uuid()
    topic_name: str = string()
    partitions: Sequence[int] = array(int32())


class TopicInfo(Struct):
    topic_id: bytes = uuid()
    topic_name: str = string()


class ShareGroupStatePartitionMetadataValue(StoredMessage, api_key=15, versions="0", flexible="0+"):
    """Those being initialized, initialized, and being deleted."""

    initializing_topics: Sequence[TopicPartitionsInfo] = array(TopicPartitionsInfo)
    initialized_topics: Sequence[TopicPartitionsInfo] = array(TopicPartitionsInfo)
    deleting_topics: Sequence[TopicInfo] = array(TopicInfo)
