"""fetch"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import (
    ALL_DEFAULTS,
    MAX_INT32,
    MAX_INT64,
    ZERO_UUID,
    Struct,
    array,
    int8,
    int16,
    int32,
    int64,
    records,
    string,
    struct,
    uuid,
)


class EpochEndOffset(Struct):
    epoch: int = int32(default=-1)
    end_offset: int = int64(default=-1)


class LeaderIdAndEpoch(Struct):
    leader_id: int = int32(default=-1)
    leader_epoch: int = int32(default=-1)


class SnapshotId(Struct):
    end_offset: int = int64(default=-1)
    epoch: int = int32(default=-1)


class AbortedTransaction(Struct):
    producer_id: int = int64()
    first_offset: int = int64()


class PartitionData(Struct):
    partition_index: int = int32()
    error_code: int = int16()
    high_watermark: int = int64()
    last_stable_offset: int = int64(default=-1, versions="4+")
    log_start_offset: int = int64(default=-1, versions="5+")
    diverging_epoch: EpochEndOffset = struct(EpochEndOffset, default=ALL_DEFAULTS, versions="12+", tag=0)
    current_leader: LeaderIdAndEpoch = struct(LeaderIdAndEpoch, default=ALL_DEFAULTS, versions="12+", tag=1)
    snapshot_id: SnapshotId = struct(SnapshotId, default=ALL_DEFAULTS, versions="12+", tag=2)
    aborted_transactions: Sequence[AbortedTransaction] | None = array(
        AbortedTransaction, default=(), versions="4+", nullable="4+"
    )
    preferred_read_replica: int = int32(default=-1, versions="11+")
    records: Any = records()


class FetchableTopicResponse(Struct):
    topic: str = string(default="", versions="0-12")
    topic_id: bytes = uuid(default=ZERO_UUID, versions="13+")
    partitions: Sequence[PartitionData] = array(PartitionData)


class NodeEndpoint(Struct):
    node_id: int = int32()
    host: str = string()
    port: int = int32()
    rack: str | None = string(default=None, nullable="0+")


class FetchResponse(Response, versions="0-18", flexible="12+"):
    """TODO"""

    throttle_time_ms: int = int32(default=0, versions="1+")
    error_code: int = int16(default=0, versions="7+")
    session_id: int = int32(default=0, versions="7+")
    responses: Sequence[FetchableTopicResponse] = array(FetchableTopicResponse)
    node_endpoints: Sequence[NodeEndpoint] = array(NodeEndpoint, default=(), versions="16+", tag=0)


class ReplicaState(Struct):
    replica_id: int = int32(default=-1)
    replica_epoch: int = int64(default=-1)


class FetchPartition(Struct):
    partition: int = int32()
    current_leader_epoch: int = int32(default=-1, versions="9+")
    fetch_offset: int = int64()
    last_fetched_epoch: int = int32(default=-1, versions="12+")
    log_start_offset: int = int64(default=-1, versions="5+")
    partition_max_bytes: int = int32()
    replica_directory_id: bytes = uuid(default=ZERO_UUID, versions="17+", tag=0)
    high_watermark: int = int64(default=MAX_INT64, versions="18+", tag=1)


class FetchTopic(Struct):
    topic: str = string(default="", versions="0-12")
    topic_id: bytes = uuid(default=ZERO_UUID, versions="13+")
    partitions: Sequence[FetchPartition] = array(FetchPartition)


class ForgottenTopic(Struct):
    topic: str = string(default="", versions="7-12")
    topic_id: bytes = uuid(default=ZERO_UUID, versions="13+")
    partitions: Sequence[int] = array(int32())


class FetchRequest(Request[FetchResponse], api_key=1, versions="0-18", flexible="12+"):
    """TODO"""

    cluster_id: str | None = string(default=None, versions="12+", nullable="12+", tag=0)
    replica_id: int = int32(default=-1, versions="0-14")
    replica_state: ReplicaState = struct(ReplicaState, default=ALL_DEFAULTS, versions="15+", tag=1)
    max_wait_ms: int = int32()
    min_bytes: int = int32()
    max_bytes: int = int32(default=MAX_INT32, versions="3+")
    isolation_level: int = int8(default=0, versions="4+")
    session_id: int = int32(default=0, versions="7+")
    session_epoch: int = int32(default=-1, versions="7+")
    topics: Sequence[FetchTopic] = array(FetchTopic)
    forgotten_topics_data: Sequence[ForgottenTopic] = array(ForgottenTopic, default=(), versions="7+")
    rack_id: str = string(default="", versions="11+")
