"""offsets"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import ZERO_UUID, Struct, array, boolean, int16, int32, int64, string, uuid


class OffsetCommitResponsePartition(Struct):
    partition_index: int = int32()
    error_code: int = int16()


class OffsetCommitResponseTopic(Struct):
    name: str = string(default="", versions="0-9")
    topic_id: bytes = uuid(default=ZERO_UUID, versions="10+")
    partitions: Sequence[OffsetCommitResponsePartition] = array(OffsetCommitResponsePartition)


class OffsetCommitResponse(Response, versions="0-10", flexible="8+"):
    """TODO"""

    throttle_time_ms: int = int32(default=0, versions="3+")
    topics: Sequence[OffsetCommitResponseTopic] = array(OffsetCommitResponseTopic)


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
    """TODO"""

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
    """TODO"""

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
    """TODO"""

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
    """TODO"""

    error_code: int = int16()
    throttle_time_ms: int = int32(default=0)
    topics: Sequence[OffsetDeleteResponseTopic] = array(OffsetDeleteResponseTopic)


class OffsetDeleteRequestPartition(Struct):
    partition_index: int = int32()


class OffsetDeleteRequestTopic(Struct):
    name: str = string()
    partitions: Sequence[OffsetDeleteRequestPartition] = array(OffsetDeleteRequestPartition)


class OffsetDeleteRequest(Request[OffsetDeleteResponse], api_key=47, versions="0"):
    """TODO"""

    group_id: str = string()
    topics: Sequence[OffsetDeleteRequestTopic] = array(OffsetDeleteRequestTopic)
