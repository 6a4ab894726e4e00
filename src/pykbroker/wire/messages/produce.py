"""produce"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import (
    ALL_DEFAULTS,
    ZERO_UUID,
    Struct,
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
    """TODO"""

    responses: Sequence[TopicProduceResponse] = array(TopicProduceResponse)
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
    """TODO"""

    transactional_id: str | None = string(default=None, versions="3+", nullable="3+")
    acks: int = int16()
    timeout_ms: int = int32()
    topic_data: Sequence[TopicProduceData] = array(TopicProduceData)
