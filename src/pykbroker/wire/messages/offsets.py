"""Committed offsets of groups: OffsetCommit (8), OffsetFetch (9), OffsetDelete (47)."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import (
    ZERO_UUID,
    Struct,
    Versions,
    array,
    boolean,
    int16,
    int32,
    int64,
    string,
    uuid,
)


class OffsetCommitResponsePartition(Struct):
    partition_index: int = int32()
    error_code: int = int16()


class OffsetCommitResponseTopic(Struct):
    name: str = string(default="", versions="0-9")
    topic_id: bytes = uuid(default=ZERO_UUID, versions="10+")
    partitions: Sequence[OffsetCommitResponsePartition] = array(OffsetCommitResponsePartition)


class OffsetCommitResponse(Response, versions="0-10", flexible="8+"):
    """Per partition an error. v9 knows STALE_MEMBER_EPOCH and GROUP_ID_NOT_FOUND."""

    throttle_time_ms: int = int32(default=0, versions="3+")
    topics: Sequence[OffsetCommitResponseTopic] = array(OffsetCommitResponseTopic, default=())


class OffsetCommitRequestPartition(Struct):
    partition_index: int = int32()
    committed_offset: int = int64()
    committed_leader_epoch: int = int32(default=-1, versions="6+")
    commit_timestamp: int = int64(default=-1, versions="1")
    committed_metadata: str | None = string(default=None, nullable="0+")


class OffsetCommitRequestTopic(Struct):
    name: str = string(default="", versions="0-9")
    topic_id: bytes = uuid(default=ZERO_UUID, versions="10+")
    partitions: Sequence[OffsetCommitRequestPartition] = array(OffsetCommitRequestPartition)


class OffsetCommitRequest(Request[OffsetCommitResponse], api_key=8, versions="0-10", flexible="8+"):
    """Commits offsets of a group.

    v0  no membership (offsets once went to ZooKeeper)
    v1  generation and member; a timestamp per partition, in v1 only    v2-v4  retention time
    v6  leader epoch (KIP-320)    v7  static members (KIP-345)    v8  flexible
    v9  consumer groups: the generation is the member epoch (KIP-848)    v10  topics by id (KIP-516)
    """

    BY_TOPIC_ID = Versions.parse("10+")
    """Topics are named by id (KIP-516)."""
    WITHOUT_MEMBERSHIP = Versions.parse("0")
    """Neither generation nor member: a simple consumer."""
    HAS_COMMIT_TIMESTAMP = Versions.parse("1")
    """Each partition has a timestamp."""
    HAS_RETENTION = Versions.parse("2-4")
    """retention_time_ms may be set; -1 is the broker's."""
    CONSUMER_GROUPS = Versions.parse("9+")
    """Members of consumer groups may commit, and may be told STALE_MEMBER_EPOCH (KIP-848)."""
    KNOWS_GROUP_NOT_FOUND = Versions.parse("9+")
    """A missing group is GROUP_ID_NOT_FOUND; before, ILLEGAL_GENERATION."""

    group_id: str = string()
    generation_id_or_member_epoch: int = int32(default=-1, versions="1+")
    member_id: str = string(default="", versions="1+")
    group_instance_id: str | None = string(default=None, versions="7+", nullable="7+")
    retention_time_ms: int = int64(default=-1, versions="2-4")
    topics: Sequence[OffsetCommitRequestTopic] = array(OffsetCommitRequestTopic)


class OffsetFetchResponsePartition(Struct):
    partition_index: int = int32()
    committed_offset: int = int64()
    committed_leader_epoch: int = int32(default=-1, versions="5+")
    metadata: str | None = string(default=None, nullable="0+")
    error_code: int = int16()


class OffsetFetchResponseTopic(Struct):
    name: str = string()
    partitions: Sequence[OffsetFetchResponsePartition] = array(OffsetFetchResponsePartition)


class OffsetFetchResponsePartitions(Struct):
    partition_index: int = int32()
    committed_offset: int = int64()
    committed_leader_epoch: int = int32(default=-1)
    metadata: str | None = string(default=None, nullable="0+")
    error_code: int = int16()


class OffsetFetchResponseTopics(Struct):
    name: str = string(default="", versions="8-9")
    topic_id: bytes = uuid(default=ZERO_UUID, versions="10+")
    partitions: Sequence[OffsetFetchResponsePartitions] = array(OffsetFetchResponsePartitions)


class OffsetFetchResponseGroup(Struct):
    group_id: str = string()
    topics: Sequence[OffsetFetchResponseTopics] = array(OffsetFetchResponseTopics)
    error_code: int = int16(default=0)


class OffsetFetchResponse(Response, versions="0-10", flexible="6+"):
    """Offsets with metadata; -1 where nothing was committed.

    v2  has an error for the whole    v8  one answer per group
    """

    throttle_time_ms: int = int32(default=0, versions="3+")
    topics: Sequence[OffsetFetchResponseTopic] = array(OffsetFetchResponseTopic, default=(), versions="0-7")
    error_code: int = int16(default=0, versions="2-7")
    groups: Sequence[OffsetFetchResponseGroup] = array(OffsetFetchResponseGroup, default=(), versions="8+")


class OffsetFetchRequestTopic(Struct):
    name: str = string()
    partition_indexes: Sequence[int] = array(int32())


class OffsetFetchRequestTopics(Struct):
    name: str = string(default="", versions="8-9")
    topic_id: bytes = uuid(default=ZERO_UUID, versions="10+")
    partition_indexes: Sequence[int] = array(int32())


class OffsetFetchRequestGroup(Struct):
    group_id: str = string()
    member_id: str | None = string(default=None, versions="9+", nullable="9+")
    member_epoch: int = int32(default=-1, versions="9+")
    topics: Sequence[OffsetFetchRequestTopics] | None = array(OffsetFetchRequestTopics, nullable="0+")


class OffsetFetchRequest(Request[OffsetFetchResponse], api_key=9, versions="0-10", flexible="6+"):
    """Asks for committed offsets of a group.

    v2  null topics mean all    v7  only stable offsets: not while a transaction is pending (KIP-447)
    v8  several groups at once, in another shape (KIP-709)    v9  member and its epoch (KIP-848)
    v10  topics by id (KIP-516)
    """

    BY_TOPIC_ID = Versions.parse("10+")
    """Topics are named by id (KIP-516)."""
    BATCHED = Versions.parse("8+")
    """Groups are a list, and so are the answers (KIP-709)."""
    ERROR_PER_PARTITION = Versions.parse("0-1")
    """There is no error for the whole: each partition has it."""
    CONSUMER_GROUPS = Versions.parse("9+")
    """Member and epoch are checked for consumer groups (KIP-848)."""

    group_id: str = string(default="", versions="0-7")
    topics: Sequence[OffsetFetchRequestTopic] | None = array(
        OffsetFetchRequestTopic, default=(), versions="0-7", nullable="2-7"
    )
    groups: Sequence[OffsetFetchRequestGroup] = array(OffsetFetchRequestGroup, default=(), versions="8+")
    require_stable: bool = boolean(default=False, versions="7+")


class OffsetDeleteResponsePartition(Struct):
    partition_index: int = int32()
    error_code: int = int16()


class OffsetDeleteResponseTopic(Struct):
    name: str = string()
    partitions: Sequence[OffsetDeleteResponsePartition] = array(OffsetDeleteResponsePartition)


class OffsetDeleteResponse(Response, versions="0"):
    """Per partition an error."""

    error_code: int = int16(default=0)
    throttle_time_ms: int = int32(default=0)
    topics: Sequence[OffsetDeleteResponseTopic] = array(OffsetDeleteResponseTopic, default=())


class OffsetDeleteRequestPartition(Struct):
    partition_index: int = int32()


class OffsetDeleteRequestTopic(Struct):
    name: str = string()
    partitions: Sequence[OffsetDeleteRequestPartition] = array(OffsetDeleteRequestPartition)


class OffsetDeleteRequest(Request[OffsetDeleteResponse], api_key=47, versions="0"):
    """Deletes committed offsets of topics that nobody in the group subscribes to (KIP-496). Never became
    flexible.
    """

    group_id: str = string()
    topics: Sequence[OffsetDeleteRequestTopic] = array(OffsetDeleteRequestTopic)
