"""ListOffsets and OffsetForLeaderEpoch (API keys 2 and 23): which offset, for a time or for an epoch.

Does: every special timestamp (below), and by timestamp the first record at or after it, as Apache Kafka looks it up
(``UnifiedLog.fetchOffsetByTimestamp``): the answer carries that record's own timestamp.
Does not: search tiered storage: there is none, so the local log start is the log start, and nothing has been tiered.

v0  up to max_num_offsets segment starts    v1  one offset and its timestamp    v2  isolation_level    v4  leader epochs
v7  max timestamp (KIP-734)    v8  local log start (KIP-405)    v9  latest tiered (KIP-1005)    v10  timeout_ms
v11  earliest pending upload
"""

from __future__ import annotations

from pykbroker.apis.context import RequestContext
from pykbroker.apis.handles import Api, handles
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.replication.partition import Partition
from pykbroker.wire.messages.list_offsets import (
    EpochEndOffset,
    ListOffsetsPartition,
    ListOffsetsPartitionResponse,
    ListOffsetsRequest,
    ListOffsetsResponse,
    ListOffsetsTopicResponse,
    OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
    OffsetForLeaderTopicResult,
)

LATEST, EARLIEST, MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED, EARLIEST_PENDING_UPLOAD = -1, -2, -3, -4, -5, -6
_SPECIAL_SINCE = {
    MAX_TIMESTAMP: ListOffsetsRequest.MAX_TIMESTAMP,
    EARLIEST_LOCAL: ListOffsetsRequest.EARLIEST_LOCAL,
    LATEST_TIERED: ListOffsetsRequest.LATEST_TIERED,
    EARLIEST_PENDING_UPLOAD: ListOffsetsRequest.EARLIEST_PENDING_UPLOAD,
}
"""In which versions a special timestamp may be asked for."""
READ_UNCOMMITTED, READ_COMMITTED = 0, 1
UNKNOWN = -1
CONSUMER_REPLICA_ID = -1


def _list_failed(request: ListOffsetsRequest, error: KafkaError) -> ListOffsetsResponse:
    return ListOffsetsResponse(
        topics=[
            ListOffsetsTopicResponse(
                name=topic.name, partitions=[_failed(entry.partition_index, error) for entry in topic.partitions]
            )
            for topic in request.topics
        ]
    )


def _failed(index: int, error: KafkaError) -> ListOffsetsPartitionResponse:
    return ListOffsetsPartitionResponse(
        partition_index=index, error_code=error.code, timestamp=UNKNOWN, offset=UNKNOWN, leader_epoch=UNKNOWN
    )


@handles(ListOffsetsRequest, error_response=_list_failed)
async def list_offsets(context: RequestContext, request: ListOffsetsRequest) -> ListOffsetsResponse:
    """One answer per partition, in the order asked."""
    if request.isolation_level not in (READ_UNCOMMITTED, READ_COMMITTED):
        raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, f"there is no isolation level {request.isolation_level}")
    seen: set[tuple[str, int]] = set()
    twice: set[tuple[str, int]] = set()
    for topic in request.topics:
        for entry in topic.partitions:
            key = (topic.name, entry.partition_index)
            (twice if key in seen else seen).add(key)
    topics = []
    for topic in request.topics:
        answers = []
        for entry in {entry.partition_index: entry for entry in topic.partitions}.values():
            try:
                if (topic.name, entry.partition_index) in twice:
                    raise KafkaError(ErrorCode.INVALID_REQUEST, "the partition is named twice")
                answers.append(_look_up(context, request, topic.name, entry))
            except KafkaError as error:
                answers.append(_failed(entry.partition_index, error))
        topics.append(ListOffsetsTopicResponse(name=topic.name, partitions=answers))
    return ListOffsetsResponse(topics=topics)


def _look_up(
    context: RequestContext, request: ListOffsetsRequest, topic: str, entry: ListOffsetsPartition
) -> ListOffsetsPartitionResponse:
    partition = context.services.replicas.leader(topic, entry.partition_index, entry.current_leader_epoch)
    since = _SPECIAL_SINCE.get(entry.timestamp)
    if entry.timestamp < EARLIEST_PENDING_UPLOAD or (since is not None and context.version not in since):
        raise KafkaError(ErrorCode.UNSUPPORTED_VERSION)
    if context.version in ListOffsetsRequest.LISTS_SEGMENTS:
        return _segment_starts(partition, entry)
    end = _visible_end(partition, request)
    offset, timestamp, epoch = _offset_at(partition, entry.timestamp, end)
    return ListOffsetsPartitionResponse(
        error_code=0, partition_index=entry.partition_index, timestamp=timestamp, offset=offset, leader_epoch=epoch
    )


def _visible_end(partition: Partition, request: ListOffsetsRequest) -> int:
    if request.replica_id != CONSUMER_REPLICA_ID:
        return partition.log.log_end_offset
    if request.isolation_level == READ_COMMITTED:
        return partition.log.last_stable_offset
    return partition.log.high_watermark


def _offset_at(partition: Partition, timestamp: int, end: int) -> tuple[int, int, int]:
    """(offset, timestamp, leader epoch) for a special timestamp or a real one; UNKNOWN where there is nothing."""
    log = partition.log
    if timestamp == LATEST:
        return end, UNKNOWN, partition.leader_epoch
    if timestamp in (EARLIEST, EARLIEST_LOCAL, EARLIEST_PENDING_UPLOAD):
        if timestamp == EARLIEST_PENDING_UPLOAD:
            return UNKNOWN, UNKNOWN, UNKNOWN
        return log.log_start_offset, UNKNOWN, log.epoch_of(log.log_start_offset)
    if timestamp == LATEST_TIERED:
        return UNKNOWN, UNKNOWN, UNKNOWN
    if timestamp == MAX_TIMESTAMP:
        latest = log.offset_of_max_timestamp()
        if latest is None and log.log_end_offset > log.log_start_offset:  # records without timestamps: the first one
            return log.log_start_offset, UNKNOWN, log.epoch_of(log.log_start_offset)
        return latest or (UNKNOWN, UNKNOWN, UNKNOWN)
    found = log.offset_for_timestamp(timestamp)
    return found if found is not None and found[0] < end else (UNKNOWN, UNKNOWN, UNKNOWN)


def _segment_starts(partition: Partition, entry: ListOffsetsPartition) -> ListOffsetsPartitionResponse:
    """v0: starts of segments not younger than the timestamp, newest first, and the log's end before them; what lies
    above the high watermark is not told (``Partition.legacyFetchOffsetsForTimestamp``).
    """
    log = partition.log
    if entry.timestamp == LATEST:
        candidates = list(dict.fromkeys(min(start, log.high_watermark) for start in log.segment_starts_before(None)))
    elif entry.timestamp == EARLIEST:
        candidates = [log.log_start_offset]
    else:
        candidates = log.segment_starts_before(entry.timestamp)
    return ListOffsetsPartitionResponse(
        error_code=0, partition_index=entry.partition_index, old_style_offsets=candidates[: entry.max_num_offsets]
    )


def _epochs_failed(request: OffsetForLeaderEpochRequest, error: KafkaError) -> OffsetForLeaderEpochResponse:
    return OffsetForLeaderEpochResponse(
        topics=[
            OffsetForLeaderTopicResult(
                topic=topic.topic,
                partitions=[_epoch_failed(entry.partition, error) for entry in topic.partitions],
            )
            for topic in request.topics
        ]
    )


def _epoch_failed(index: int, error: KafkaError) -> EpochEndOffset:
    return EpochEndOffset(partition=index, error_code=error.code, leader_epoch=UNKNOWN, end_offset=UNKNOWN)


@handles(OffsetForLeaderEpochRequest, error_response=_epochs_failed)
async def offset_for_leader_epoch(
    context: RequestContext, request: OffsetForLeaderEpochRequest
) -> OffsetForLeaderEpochResponse:
    """The largest epoch not above the one asked for, and the offset at which it ended (KIP-101, KIP-279)."""
    topics = []
    for topic in request.topics:
        answers = []
        for entry in topic.partitions:
            try:
                partition = context.services.replicas.leader(topic.topic, entry.partition, entry.current_leader_epoch)
                epoch, end_offset = partition.log.end_offset_for_epoch(entry.leader_epoch)
                answers.append(
                    EpochEndOffset(error_code=0, partition=entry.partition, leader_epoch=epoch, end_offset=end_offset)
                )
            except KafkaError as error:
                answers.append(_epoch_failed(entry.partition, error))
        topics.append(OffsetForLeaderTopicResult(topic=topic.topic, partitions=answers))
    return OffsetForLeaderEpochResponse(topics=topics)


FAMILY: tuple[Api, ...] = (list_offsets, offset_for_leader_epoch)
