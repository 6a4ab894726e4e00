"""Produce (API key 0): batches of records for partitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import (
    ALL_DEFAULTS,
    ZERO_UUID,
    Struct,
    Versions,
    array,
    int16,
    int32,
    int64,
    records,
    string,
    struct,
    uuid,
)


class BatchIndexAndErrorMessage(Struct):
    batch_index: int = int32()
    batch_index_error_message: str | None = string(default=None, nullable="0+")


class LeaderIdAndEpoch(Struct):
    leader_id: int = int32(default=-1)
    leader_epoch: int = int32(default=-1)


class PartitionProduceResponse(Struct):
    index: int = int32()
    error_code: int = int16()
    base_offset: int = int64()
    log_append_time_ms: int = int64(default=-1, versions="2+")
    log_start_offset: int = int64(default=-1, versions="5+")
    record_errors: Sequence[BatchIndexAndErrorMessage] = array(BatchIndexAndErrorMessage, default=(), versions="8+")
    error_message: str | None = string(default=None, versions="8+", nullable="8+")
    current_leader: LeaderIdAndEpoch = struct(LeaderIdAndEpoch, default=ALL_DEFAULTS, versions="10+", tag=0)


class TopicProduceResponse(Struct):
    name: str = string(default="", versions="0-12")
    topic_id: bytes = uuid(default=ZERO_UUID, versions="13+")
    partition_responses: Sequence[PartitionProduceResponse] = array(PartitionProduceResponse)


class NodeEndpoint(Struct):
    node_id: int = int32()
    host: str = string()
    port: int = int32()
    rack: str | None = string(default=None, nullable="0+")


class ProduceResponse(Response, versions="0-13", flexible="9+"):
    """Where each partition's batch went.

    v2  append time    v5  log start offset    v8  which records were refused, and why (KIP-467)
    v10  the new leader, if moved (KIP-951)    v11  may say TRANSACTION_ABORTABLE (KIP-890)
    """

    responses: Sequence[TopicProduceResponse] = array(TopicProduceResponse, default=())
    throttle_time_ms: int = int32(default=0, versions="1+")
    node_endpoints: Sequence[NodeEndpoint] = array(NodeEndpoint, default=(), versions="10+", tag=0)


class PartitionProduceData(Struct):
    index: int = int32()
    records: Any = records()


class TopicProduceData(Struct):
    name: str = string(default="", versions="0-12")
    topic_id: bytes = uuid(default=ZERO_UUID, versions="13+")
    partition_data: Sequence[PartitionProduceData] = array(PartitionProduceData)


class ProduceRequest(Request[ProduceResponse], api_key=0, versions="0-13", flexible="9+"):
    """Batches of records by topic and partition. acks=0 is the one request that gets no answer.

    v0-v1  message format 0    v2  message format 1
    v3  format 2, exactly one batch per partition; transactional id    v7  zstd allowed (KIP-110)
    v9  flexible    v12  adds partitions to the transaction implicitly (KIP-890)
    v13  topics by id (KIP-516)
    """

    BY_TOPIC_ID = Versions.parse("13+")
    """Topics are named by id (KIP-516)."""
    BATCHES_ONLY = Versions.parse("3+")
    """Exactly one batch of message format 2 per partition; before, message sets."""
    MESSAGE_FORMAT_0 = Versions.parse("0-1")
    """Message sets without timestamps."""
    ZSTD_ALLOWED = Versions.parse("7+")
    """zstd may be used (KIP-110); before, UNSUPPORTED_COMPRESSION_TYPE."""
    ADDS_PARTITIONS_TO_TRANSACTION = Versions.parse("12+")
    """Transactional batches add their partition to the transaction (KIP-890)."""
    KNOWS_STORAGE_ERROR = Versions.parse("4+")
    """May be told KAFKA_STORAGE_ERROR; before, NOT_LEADER_OR_FOLLOWER."""
    KNOWS_ABORTABLE = Versions.parse("11+")
    """May be told TRANSACTION_ABORTABLE (KIP-890); before, the error behind it."""
    TELLS_NEW_LEADER = Versions.parse("10+")
    """The answer can name the new leader (KIP-951)."""

    transactional_id: str | None = string(default=None, versions="3+", nullable="3+")
    acks: int = int16()
    timeout_ms: int = int32()
    topic_data: Sequence[TopicProduceData] = array(TopicProduceData)
