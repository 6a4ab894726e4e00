"""Produce (API key 0): append batches of records to partitions.

Does: per-partition errors in Kafka's order of checks; acks 0, 1 and all; duplicates of an idempotent producer
answered with their offsets; no transactional batch without a transaction (``apis.transactional``); record errors
(KIP-467); the current leader where this broker is not it (KIP-951). Does not: touch single records, unless the topic's
configuration asks for it (``log.validate``).

v2  log_append_time_ms    v3  transactional_id, batches of format 2    v5  log_start_offset
v8  record_errors, error_message
v9  flexible    v10  current_leader, node_endpoints    v12  adds partitions to the transaction (KIP-890)
v13  topics by id (KIP-516)    v0-2: message formats 0 and 1
"""

from __future__ import annotations

from pykbroker.apis.context import CloseConnection, RequestContext
from pykbroker.apis.handles import Api, handles
from pykbroker.apis.transactional import Admission, admit, is_transactional
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.config import MAX_LONG
from pykbroker.log.flushing import FlushJob
from pykbroker.log.log import AppendOrigin
from pykbroker.log.validate import RecordErrors
from pykbroker.names import TopicPartition
from pykbroker.replication.partition import Partition
from pykbroker.wire.batch_header import MAGIC_POSITION, NEWEST_MAGIC, next_size
from pykbroker.wire.compression import ZSTD
from pykbroker.wire.messages.produce import (
    BatchIndexAndErrorMessage,
    PartitionProduceData,
    PartitionProduceResponse,
    ProduceRequest,
    ProduceResponse,
    TopicProduceData,
    TopicProduceResponse,
)
from pykbroker.wire.records import HEADER_SIZE, Buffer, CorruptRecords, read_header

_NOT_LOOKED_AT = frozenset(
    {
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode.NOT_LEADER_OR_FOLLOWER,
        ErrorCode.INVALID_TOPIC_EXCEPTION,
        ErrorCode.KAFKA_STORAGE_ERROR,
        ErrorCode.MESSAGE_TOO_LARGE,
        ErrorCode.RECORD_LIST_TOO_LARGE,
        ErrorCode.CORRUPT_MESSAGE,
    }
)
"""Errors with which Kafka does not tell where the log starts (``ReplicaManager.appendRecordsToLeader``)."""


class NotOneBatch(KafkaError):
    """A partition's bytes are not what the request's version asks for."""


Appended = list[tuple[PartitionProduceResponse, Partition, int]]
"""What waits to be committed: the answer, the partition, and the offset after the last record."""


def _every_partition(request: ProduceRequest, error: KafkaError) -> ProduceResponse:
    return ProduceResponse(
        responses=[
            TopicProduceResponse(
                name=topic.name,
                topic_id=topic.topic_id,
                partition_responses=[
                    PartitionProduceResponse(
                        index=data.index, error_code=error.code, base_offset=-1, error_message=None
                    )
                    for data in topic.partition_data
                ],
            )
            for topic in request.topic_data
        ]
    )


@handles(ProduceRequest, error_response=_every_partition)
async def produce(context: RequestContext, request: ProduceRequest) -> ProduceResponse | None:
    """Append; answer when as many replicas as ``acks`` asks for have it."""
    if request.acks not in (-1, 0, 1):
        answer = _every_partition(request, KafkaError(ErrorCode.INVALID_REQUIRED_ACKS))
    else:
        answer = await _append_all(context, request)
    if request.acks != 0:
        return answer
    failed = [
        (topic.name, part.index, ErrorCode(part.error_code).name)
        for topic in answer.responses
        for part in topic.partition_responses
        if part.error_code
    ]
    if failed:  # the producer expects no answer: closing is how Kafka makes it look at its metadata again
        raise CloseConnection(f"a Produce with acks=0 failed: {failed[:3]}")
    return None


async def _append_all(context: RequestContext, request: ProduceRequest) -> ProduceResponse:
    now_ms = context.now_ms
    by_id = context.version in ProduceRequest.BY_TOPIC_ID
    refused = await _refused(context, request, by_id)  # nothing may be waited for from here to the appends
    uncommitted: Appended = []
    flushes: list[FlushJob] = []
    responses = []
    for topic in request.topic_data:
        name = _topic_name(context, topic, by_id)
        answers = []
        for data in topic.partition_data:
            if name is None:
                answers.append(_failed(data.index, KafkaError(ErrorCode.UNKNOWN_TOPIC_ID)))
            elif refused and TopicPartition(name, data.index) in refused:
                error = refused[TopicPartition(name, data.index)]
                answers.append(_failed(data.index, error))
                answers[-1].error_message = error.message
            else:
                answers.append(_append(context, name, data, request.acks, now_ms, uncommitted, flushes))
        responses.append(TopicProduceResponse(name=topic.name, topic_id=topic.topic_id, partition_responses=answers))
    if flushes:
        await _flush(context, flushes)
    if uncommitted:
        await _wait_committed(context, uncommitted, request.timeout_ms)
    return ProduceResponse(responses=responses)


async def _refused(context: RequestContext, request: ProduceRequest, by_id: bool) -> Admission:
    """Partitions whose transactional batch belongs to no transaction."""
    wanted = {}
    for topic in request.topic_data:
        for data in topic.partition_data:
            if is_transactional(data.records):
                name = _topic_name(context, topic, by_id)
                if name is not None:
                    wanted[TopicPartition(name, data.index)] = data.records
    return await admit(context, request.transactional_id, wanted) if wanted else {}


def _topic_name(context: RequestContext, topic: TopicProduceData, by_id: bool) -> str | None:
    if not by_id:
        return topic.name
    known = context.services.metadata.image.topics_by_id.get(topic.topic_id)
    return known.name if known is not None else None


def _append(
    context: RequestContext,
    topic: str,
    data: PartitionProduceData,
    acks: int,
    now_ms: int,
    uncommitted: Appended,
    flushes: list[FlushJob],
) -> PartitionProduceResponse:
    """One partition's share of the request; a plain function, so that nothing can come between check and append."""
    index = data.index
    partition = None
    try:
        partition = context.services.replicas.leader(topic, index)
        if topic in context.services.replicas.closed_to_clients:
            raise KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, f"{topic} is internal: clients may not write to it")
        records = one_batch(context.version, data.records if data.records is not None else b"")
        info = partition.append_as_leader(records, required_acks=acks, origin=AppendOrigin.CLIENT, now_ms=now_ms)
    except NotOneBatch as error:
        answer = _failed(index, error)
        answer.error_message = error.message if error.code == ErrorCode.CORRUPT_MESSAGE else None
        return answer
    except RecordErrors as error:
        answer = _failed(index, error, partition)
        answer.error_message = error.message if error.record_errors else None
        answer.record_errors = [
            BatchIndexAndErrorMessage(batch_index=at, batch_index_error_message=why) for at, why in error.record_errors
        ]
        return answer
    except KafkaError as error:
        if error.code == ErrorCode.KAFKA_STORAGE_ERROR and context.version not in ProduceRequest.KNOWS_STORAGE_ERROR:
            error = KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER, error.message)
        return _failed(index, error, partition)
    answer = PartitionProduceResponse(
        index=index,
        error_code=0,
        base_offset=info.base_offset,
        log_append_time_ms=info.log_append_time_ms,
        log_start_offset=info.log_start_offset,
    )
    log = partition.log
    if log.config.flush_messages != MAX_LONG and log.is_flush_due(now_ms):
        job = log.flush_job(None, now_ms)
        if job is not None:
            flushes.append(job)
    if acks == -1 and not partition.is_committed(info.last_offset + 1):
        uncommitted.append((answer, partition, info.last_offset + 1))
    return answer


def one_batch(version: int, records: Buffer) -> Buffer:
    """The batch among a partition's bytes, which must be one of message format 2 from v3 on; raises NotOneBatch.

    Fewer bytes behind it than a batch has are dropped, as Apache Kafka does (``ProduceRequest.validateRecords``).
    """
    if version not in ProduceRequest.BATCHES_ONLY:
        return records
    size = _size_of_next(records, 0)
    if size is None:
        raise NotOneBatch(ErrorCode.INVALID_RECORD, "a partition's records must be exactly one batch, not none")
    if records[MAGIC_POSITION] != NEWEST_MAGIC:
        raise NotOneBatch(ErrorCode.INVALID_RECORD, "a partition's records must be in message format 2")
    if size == len(records):
        batch = records
    else:
        if _size_of_next(records, size) is not None:
            raise NotOneBatch(ErrorCode.INVALID_RECORD, "a partition's records must be exactly one batch, not more")
        batch = records[:size]
    if version not in ProduceRequest.ZSTD_ALLOWED and size >= HEADER_SIZE and read_header(batch).compression == ZSTD:
        raise KafkaError(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE)
    return batch


def _size_of_next(records: Buffer, position: int) -> int | None:
    try:
        return next_size(records, position)
    except CorruptRecords as error:
        raise NotOneBatch(ErrorCode.CORRUPT_MESSAGE, str(error)) from None


def _failed(index: int, error: KafkaError, partition: Partition | None = None) -> PartitionProduceResponse:
    """The answer to an append that failed; where the log looked at the records, it says where it starts."""
    looked = partition is not None and error.code not in _NOT_LOOKED_AT
    return PartitionProduceResponse(
        index=index,
        error_code=error.code,
        base_offset=-1,
        log_start_offset=partition.log.log_start_offset if looked and partition is not None else -1,
        error_message=None,
    )


async def _flush(context: RequestContext, jobs: list[FlushJob]) -> None:
    """``flush.messages`` is reached: what was appended is on the disk before it is acknowledged."""
    await context.client.flush()
    for job in jobs:
        await context.services.world.wait_for_disk(job.run)
        job.finish()


async def _wait_committed(context: RequestContext, uncommitted: Appended, timeout_ms: int) -> None:
    """Wait until all in-sync replicas have what was appended, or leadership is lost, or time is up."""

    def settled() -> bool:
        return all(part.is_committed(end) or not part.is_leader for _, part, end in uncommitted)

    await context.wait_until(settled, [part.bell for _, part, _ in uncommitted], timeout_ms)
    for answer, partition, end in uncommitted:
        if not partition.is_leader:
            answer.error_code = ErrorCode.NOT_LEADER_OR_FOLLOWER
        elif not partition.is_committed(end):
            answer.error_code = ErrorCode.REQUEST_TIMED_OUT


FAMILY: tuple[Api, ...] = (produce,)
