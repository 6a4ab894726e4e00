"""list_offsets"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import Struct, array, int8, int16, int32, int64, string


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
    """TODO"""

    throttle_time_ms: int = int32(default=0, versions="2+")
    topics: Sequence[ListOffsetsTopicResponse] = array(ListOffsetsTopicResponse)


class ListOffsetsPartition(Struct):
    partition_index: int = int32()
    current_leader_epoch: int = int32(default=-1, versions="4+")
    timestamp: int = int64()
    max_num_offsets: int = int32(default=1, versions="0")


class ListOffsetsTopic(Struct):
    name: str = string()
    partitions: Sequence[ListOffsetsPartition] = array(ListOffsetsPartition)


class ListOffsetsRequest(Request[ListOffsetsResponse], api_key=2, versions="0-11", flexible="6+"):
    """TODO"""

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
    """TODO"""

    throttle_time_ms: int = int32(default=0, versions="2+")
    topics: Sequence[OffsetForLeaderTopicResult] = array(OffsetForLeaderTopicResult)


class OffsetForLeaderPartition(Struct):
    partition: int = int32()
    current_leader_epoch: int = int32(default=-1, versions="2+")
    leader_epoch: int = int32()


class OffsetForLeaderTopic(Struct):
    topic: str = string()
    partitions: Sequence[OffsetForLeaderPartition] = array(OffsetForLeaderPartition)


class OffsetForLeaderEpochRequest(Request[OffsetForLeaderEpochResponse], api_key=23, versions="0-4", flexible="4+"):
    """TODO"""

    replica_id: int = int32(default=-2, versions="3+")
    topics: Sequence[OffsetForLeaderTopic] = array(OffsetForLeaderTopic)
