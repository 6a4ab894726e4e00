"""Fetch (API key 1): records from partitions, for consumers and for followers."""

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
    Versions,
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
    """Records, as they lie in the log.

    v5  log start offset    v6  may say KAFKA_STORAGE_ERROR
    v11  another replica to read from (KIP-392)
    v12  diverging epoch, current leader, snapshot to fetch instead (KIP-595, KIP-630)
    v16  endpoints of new leaders (KIP-951)
    """

    throttle_time_ms: int = int32(default=0, versions="1+")
    error_code: int = int16(default=0, versions="7+")
    session_id: int = int32(default=0, versions="7+")
    responses: Sequence[FetchableTopicResponse] = array(FetchableTopicResponse, default=())
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
    """Asks for records from an offset on, by topic and partition.

    v0-v1  message format 0    v2-v3  format 1
    v3  limit of the whole answer; order of partitions counts (KIP-74)
    v4  isolation level, format 2 (KIP-98)    v7  fetch sessions (KIP-227)
    v9  leader epoch is checked (KIP-320)    v10  zstd (KIP-110)    v11  rack of the consumer (KIP-392)
    v12  flexible; last fetched epoch, so that a follower learns where it diverged (KIP-595)
    v13  topics by id (KIP-516)    v15  replica and its epoch in a tag (KIP-903)
    v17  directory id (KIP-853)    v18  the high watermark the follower knows (KIP-1166)
    """

    BY_TOPIC_ID = Versions.parse("13+")
    """Topics are named by id (KIP-516)."""
    HAS_SESSIONS = Versions.parse("7+")
    """Session id and epoch mean something (KIP-227)."""
    MESSAGE_FORMAT_0 = Versions.parse("0-1")
    """The client reads message sets without timestamps."""
    MESSAGE_FORMAT_1 = Versions.parse("2-3")
    """The client reads message sets with timestamps."""
    KEEPS_ORDER_AND_LIMIT = Versions.parse("3+")
    """max_bytes and the order of partitions count (KIP-74); before, partitions have hard limits."""
    ZSTD_ALLOWED = Versions.parse("10+")
    """zstd may be sent (KIP-110); before, UNSUPPORTED_COMPRESSION_TYPE."""
    FINDS_DIVERGENCE = Versions.parse("12+")
    """A last fetched epoch is answered with where the logs diverge (KIP-595)."""
    HAS_REPLICA_STATE = Versions.parse("15+")
    """Who asks stands in replica_state, not in replica_id (KIP-903)."""
    TELLS_NEW_LEADER = Versions.parse("16+")
    """The answer can name the endpoints of new leaders (KIP-951)."""
    KNOWS_STORAGE_ERROR = Versions.parse("6+")
    """May be told KAFKA_STORAGE_ERROR; before, NOT_LEADER_OR_FOLLOWER."""
    TELLS_HIGH_WATERMARK = Versions.parse("18+")
    """A follower tells the high watermark it knows (KIP-1166)."""

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
