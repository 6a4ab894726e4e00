"""Offsets by time (ListOffsets, 2) and ends of leader epochs (OffsetForLeaderEpoch, 23)."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import Struct, Versions, array, int8, int16, int32, int64, string


class ListOffsetsPartitionResponse(Struct):
    partition_index: int = int32()
    error_code: int = int16()
    old_style_offsets: Sequence[int] = array(int64(), default=(), versions="0")
    timestamp: int = int64(default=-1, versions="1+")
    offset: int = int64(default=-1, versions="1+")
    leader_epoch: int = int32(default=-1, versions="4+")


class ListOffsetsTopicResponse(Struct):
    name: str = string()
    partitions: Sequence[ListOffsetsPartitionResponse] = array(ListOffsetsPartitionResponse)


class ListOffsetsResponse(Response, versions="0-11", flexible="6+"):
    """Per partition one offset, its timestamp and leader epoch; in v0 a list of offsets, latest first."""

    throttle_time_ms: int = int32(default=0, versions="2+")
    topics: Sequence[ListOffsetsTopicResponse] = array(ListOffsetsTopicResponse, default=())


class ListOffsetsPartition(Struct):
    partition_index: int = int32()
    current_leader_epoch: int = int32(default=-1, versions="4+")
    timestamp: int = int64()
    max_num_offsets: int = int32(default=1, versions="0")


class ListOffsetsTopic(Struct):
    name: str = string()
    partitions: Sequence[ListOffsetsPartition] = array(ListOffsetsPartition)


class ListOffsetsRequest(Request[ListOffsetsResponse], api_key=2, versions="0-11", flexible="6+"):
    """Asks for the offset at a timestamp, or at a special point (negative timestamps).

    v0  several offsets, of segments    v1  one offset and its timestamp    v2  isolation level
    v4  leader epoch is checked    v7  the record with the highest timestamp, -3 (KIP-734)
    v8  the earliest local offset, -4 (KIP-405)    v9  the last tiered offset, -5 (KIP-1005)
    v10  a time limit for remote lookups (KIP-1075)    v11  earliest pending upload, -6 (KIP-1023)
    """

    LISTS_SEGMENTS = Versions.parse("0")
    """Answered with a list of offsets (old_style_offsets)."""
    MAX_TIMESTAMP = Versions.parse("7+")
    """-3 may be asked for (KIP-734)."""
    EARLIEST_LOCAL = Versions.parse("8+")
    """-4 may be asked for (KIP-405)."""
    LATEST_TIERED = Versions.parse("9+")
    """-5 may be asked for (KIP-1005)."""
    EARLIEST_PENDING_UPLOAD = Versions.parse("11+")
    """-6 may be asked for (KIP-1023)."""

    replica_id: int = int32()
    isolation_level: int = int8(default=0, versions="2+")
    topics: Sequence[ListOffsetsTopic] = array(ListOffsetsTopic)
    timeout_ms: int = int32(default=0, versions="10+")


class EpochEndOffset(Struct):
    error_code: int = int16()
    partition: int = int32()
    leader_epoch: int = int32(default=-1, versions="1+")
    end_offset: int = int64(default=-1)


class OffsetForLeaderTopicResult(Struct):
    topic: str = string()
    partitions: Sequence[EpochEndOffset] = array(EpochEndOffset)


class OffsetForLeaderEpochResponse(Response, versions="0-4", flexible="4+"):
    """Per partition the largest epoch not above the asked one, and its end offset."""

    throttle_time_ms: int = int32(default=0, versions="2+")
    topics: Sequence[OffsetForLeaderTopicResult] = array(OffsetForLeaderTopicResult, default=())


class OffsetForLeaderPartition(Struct):
    partition: int = int32()
    current_leader_epoch: int = int32(default=-1, versions="2+")
    leader_epoch: int = int32()


class OffsetForLeaderTopic(Struct):
    topic: str = string()
    partitions: Sequence[OffsetForLeaderPartition] = array(OffsetForLeaderPartition)


class OffsetForLeaderEpochRequest(Request[OffsetForLeaderEpochResponse], api_key=23, versions="0-4", flexible="4+"):
    """Asks where leader epochs ended, to find where logs diverge (KIP-101).

    v2  the current epoch is checked    v3  replica id
    """

    replica_id: int = int32(default=-2, versions="3+")
    topics: Sequence[OffsetForLeaderTopic] = array(OffsetForLeaderTopic)
