"""How a share-partition leader keeps its state with the share coordinator (KIP-932; API keys 83 to 87).

Spoken between brokers only.
"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import Struct, array, int8, int16, int32, int64, string, uuid


class InitializeShareGroupStateResponsePartitionResult(Struct):
    partition: int = int32()
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")


class InitializeStateResult(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[InitializeShareGroupStateResponsePartitionResult] = array(
        InitializeShareGroupStateResponsePartitionResult
    )


class InitializeShareGroupStateResponse(Response, versions="0", flexible="0+"):
    """Per partition an error."""

    results: Sequence[InitializeStateResult] = array(InitializeStateResult, default=())


class InitializeShareGroupStateRequestPartitionData(Struct):
    partition: int = int32()
    state_epoch: int = int32()
    start_offset: int = int64()


class InitializeStateData(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[InitializeShareGroupStateRequestPartitionData] = array(
        InitializeShareGroupStateRequestPartitionData
    )


class InitializeShareGroupStateRequest(
    Request[InitializeShareGroupStateResponse], api_key=83, versions="0", flexible="0+"
):
    """Creates the state of share-partitions, from an offset on."""

    group_id: str = string()
    topics: Sequence[InitializeStateData] = array(InitializeStateData)


class StateBatch(Struct):
    first_offset: int = int64()
    last_offset: int = int64()
    delivery_state: int = int8()
    delivery_count: int = int16()


class ReadShareGroupStateResponsePartitionResult(Struct):
    partition: int = int32()
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")
    state_epoch: int = int32()
    start_offset: int = int64()
    state_batches: Sequence[StateBatch] = array(StateBatch)


class ReadStateResult(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[ReadShareGroupStateResponsePartitionResult] = array(ReadShareGroupStateResponsePartitionResult)


class ReadShareGroupStateResponse(Response, versions="0", flexible="0+"):
    """Start offsets and the states of batches after them."""

    results: Sequence[ReadStateResult] = array(ReadStateResult, default=())


class ReadShareGroupStateRequestPartitionData(Struct):
    partition: int = int32()
    leader_epoch: int = int32()


class ReadStateData(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[ReadShareGroupStateRequestPartitionData] = array(ReadShareGroupStateRequestPartitionData)


class ReadShareGroupStateRequest(Request[ReadShareGroupStateResponse], api_key=84, versions="0", flexible="0+"):
    """Asks for the whole state of share-partitions, on becoming their leader."""

    group_id: str = string()
    topics: Sequence[ReadStateData] = array(ReadStateData)


class WriteShareGroupStateResponsePartitionResult(Struct):
    partition: int = int32()
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")


class WriteStateResult(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[WriteShareGroupStateResponsePartitionResult] = array(
        WriteShareGroupStateResponsePartitionResult
    )


class WriteShareGroupStateResponse(Response, versions="0-1", flexible="0+"):
    """Per partition an error."""

    results: Sequence[WriteStateResult] = array(WriteStateResult, default=())


class WriteShareGroupStateRequestPartitionData(Struct):
    partition: int = int32()
    state_epoch: int = int32()
    leader_epoch: int = int32()
    start_offset: int = int64()
    delivery_complete_count: int = int32(default=-1, versions="1+")
    state_batches: Sequence[StateBatch] = array(StateBatch)


class WriteStateData(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[WriteShareGroupStateRequestPartitionData] = array(WriteShareGroupStateRequestPartitionData)


class WriteShareGroupStateRequest(Request[WriteShareGroupStateResponse], api_key=85, versions="0-1", flexible="0+"):
    """Writes what changed in the state of share-partitions. v1 counts finished deliveries (KIP-1226)."""

    group_id: str = string()
    topics: Sequence[WriteStateData] = array(WriteStateData)


class DeleteShareGroupStateResponsePartitionResult(Struct):
    partition: int = int32()
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")


class DeleteStateResult(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[DeleteShareGroupStateResponsePartitionResult] = array(
        DeleteShareGroupStateResponsePartitionResult
    )


class DeleteShareGroupStateResponse(Response, versions="0", flexible="0+"):
    """Per partition an error."""

    results: Sequence[DeleteStateResult] = array(DeleteStateResult, default=())


class DeleteShareGroupStateRequestPartitionData(Struct):
    partition: int = int32()


class DeleteStateData(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[DeleteShareGroupStateRequestPartitionData] = array(DeleteShareGroupStateRequestPartitionData)


class DeleteShareGroupStateRequest(Request[DeleteShareGroupStateResponse], api_key=86, versions="0", flexible="0+"):
    """Deletes the state of share-partitions."""

    group_id: str = string()
    topics: Sequence[DeleteStateData] = array(DeleteStateData)


class ReadShareGroupStateSummaryResponsePartitionResult(Struct):
    partition: int = int32()
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")
    state_epoch: int = int32()
    leader_epoch: int = int32()
    start_offset: int = int64()
    delivery_complete_count: int = int32(default=-1, versions="1+")


class ReadStateSummaryResult(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[ReadShareGroupStateSummaryResponsePartitionResult] = array(
        ReadShareGroupStateSummaryResponsePartitionResult
    )


class ReadShareGroupStateSummaryResponse(Response, versions="0-1", flexible="0+"):
    """Start offsets. v1 with the count of finished deliveries (KIP-1226)."""

    results: Sequence[ReadStateSummaryResult] = array(ReadStateSummaryResult, default=())


class ReadShareGroupStateSummaryRequestPartitionData(Struct):
    partition: int = int32()
    leader_epoch: int = int32()


class ReadStateSummaryData(Struct):
    topic_id: bytes = uuid()
    partitions: Sequence[ReadShareGroupStateSummaryRequestPartitionData] = array(
        ReadShareGroupStateSummaryRequestPartitionData
    )


class ReadShareGroupStateSummaryRequest(
    Request[ReadShareGroupStateSummaryResponse], api_key=87, versions="0-1", flexible="0+"
):
    """Asks for start offsets only."""

    group_id: str = string()
    topics: Sequence[ReadStateSummaryData] = array(ReadStateSummaryData)
