"""Fetch (API key 1): records of partitions from given offsets on, waiting for them if asked to.

Does: sessions (KIP-227), topics by id (KIP-516), at least one batch even if it is too large (KIP-74), epoch fencing and
truncation detection (KIP-320, KIP-595's diverging epoch), read_committed with the aborted transactions.
Does not: name a preferred read replica: the leader is the only replica consumers read from.

v1  throttle_time_ms    v3  max_bytes    v4  isolation_level    v7  sessions    v9  current_leader_epoch
v12 flexible, last_fetched_epoch    v13 topic ids    v15 replica_state    v16 node_endpoints
v0-3: message formats 0 and 1
"""

from __future__ import annotations

from pykbroker.apis.context import RequestContext
from pykbroker.apis.fetch_sessions import FetchContext, FetchPartition
from pykbroker.apis.handles import Api, handles
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.replication.partition import Partition
from pykbroker.wire.message_sets import UnsupportedCompression, down_convert
from pykbroker.wire.messages.fetch import (
    AbortedTransaction,
    EpochEndOffset,
    FetchableTopicResponse,
    FetchRequest,
    FetchResponse,
    PartitionData,
)

READ_UNCOMMITTED, READ_COMMITTED = 0, 1


_OF_SESSIONS = frozenset(
    {
        ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
        ErrorCode.INVALID_FETCH_SESSION_EPOCH,
        ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR,
    }
)
"""Errors of the session alone: nothing is said of partitions."""


class _Collected:
    """What one look at all partitions found."""

    __slots__ = ("answers", "failed", "size")

    def __init__(self) -> None:
        self.answers: list[tuple[FetchPartition, PartitionData]] = []
        self.size = 0
        self.failed = False
        """Whether reading some log failed, which ends the wait (DelayedFetch, cases A to F)."""


class _Reader:
    """One Fetch request's way of looking at its partitions, used again at every ring of their bells."""

    def __init__(self, context: RequestContext, request: FetchRequest, fetch: FetchContext) -> None:
        self._context = context
        self._request = request
        self._fetch = fetch
        self._read_committed = request.isolation_level == READ_COMMITTED
        self._found: list[tuple[FetchPartition, Partition | None, ErrorCode]] = [
            self._find(wanted) for wanted in fetch.partitions
        ]
        self._old_format = _old_format(context.version)
        named = context.version in FetchRequest.HAS_REPLICA_STATE
        self._is_replica = (request.replica_state.replica_id if named else request.replica_id) >= 0
        self._limit = min(request.max_bytes, context.services.config["fetch.max.bytes"])
        # without: a first batch larger than the limit is answered cut off (hardMaxBytesLimit in ReplicaManager)
        self._at_least_one_batch = context.version in FetchRequest.KEEPS_ORDER_AND_LIMIT

    def _find(self, wanted: FetchPartition) -> tuple[FetchPartition, Partition | None, ErrorCode]:
        services = self._context.services
        if self._fetch.by_topic_id:
            topic = services.metadata.image.topics_by_id.get(wanted.topic_id)
            if topic is None:  # in a session Kafka remembers the name that the id stood for
                known = bool(wanted.topic)
                return wanted, None, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION if known else ErrorCode.UNKNOWN_TOPIC_ID
            wanted.topic = topic.name
        partition = services.replicas.get(wanted.topic, wanted.index)
        return wanted, partition, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION

    @property
    def partitions(self) -> list[Partition]:
        """The partitions there are."""
        return [partition for _, partition, _ in self._found if partition is not None]

    def collect(self) -> _Collected:
        """Look at every partition once; a plain function."""
        collected = _Collected()
        room = self._limit
        for wanted, partition, missing in self._found:
            if partition is None:
                answer = _failed(wanted.index, missing, unread=True)
            else:
                try:
                    answer = self._read(
                        partition, wanted, min(wanted.max_bytes, room), self._at_least_one_batch and collected.size == 0
                    )
                except KafkaError as error:
                    answer = _failed(wanted.index, self._code_for_client(error.code))
                    collected.failed = True
            collected.answers.append((wanted, answer))
            if answer.diverging_epoch.epoch != -1:
                collected.failed = True
            size = len(answer.records or b"")
            collected.size += size
            room = max(0, room - size)
        return collected

    def _code_for_client(self, code: ErrorCode) -> ErrorCode:
        if code == ErrorCode.KAFKA_STORAGE_ERROR and self._context.version not in FetchRequest.KNOWS_STORAGE_ERROR:
            return ErrorCode.NOT_LEADER_OR_FOLLOWER
        return code

    def _read(self, partition: Partition, wanted: FetchPartition, max_bytes: int, at_least_one: bool) -> PartitionData:
        if self._is_replica:
            raise KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER, "no other broker replicates from this one")
        partition.check_leader(wanted.current_leader_epoch)
        if wanted.max_bytes < 0:
            raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, f"a limit of {wanted.max_bytes} bytes")
        log = partition.log
        if log.config.compression_type == "zstd" and self._context.version not in FetchRequest.ZSTD_ALLOWED:
            raise KafkaError(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE)
        answer = PartitionData(
            error_code=0,
            records=b"",
            partition_index=wanted.index,
            high_watermark=log.high_watermark,
            last_stable_offset=log.last_stable_offset,
            log_start_offset=log.log_start_offset,
            aborted_transactions=None,
        )
        if wanted.last_fetched_epoch >= 0:
            diverging = _diverging_epoch(partition, wanted)
            if diverging is not None:
                answer.diverging_epoch = diverging
                answer.records = b""
                return answer
        fetched = partition.read(
            wanted.fetch_offset, max_bytes, read_committed=self._read_committed, min_one_batch=at_least_one
        )
        # a batch that does not fit is sent cut off to the oldest clients only: others could do nothing with it
        useless = fetched.is_first_incomplete and self._at_least_one_batch
        answer.records = b"" if useless else fetched.records
        if self._read_committed and log.has_transactions:
            answer.aborted_transactions = [
                AbortedTransaction(producer_id=producer_id, first_offset=first_offset)
                for producer_id, first_offset in log.aborted_transactions(wanted.fetch_offset, fetched)
            ]
        elif self._read_committed:
            answer.aborted_transactions = []
        if self._old_format is not None and len(answer.records):
            try:
                answer.records = down_convert(fetched.records.read(), self._old_format)
            except UnsupportedCompression as error:
                raise KafkaError(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, str(error)) from None
        return answer


def _old_format(version: int) -> int | None:
    """The message format a client of this version reads; None for the one that logs hold."""
    if version in FetchRequest.MESSAGE_FORMAT_0:
        return 0
    return 1 if version in FetchRequest.MESSAGE_FORMAT_1 else None


def _diverging_epoch(partition: Partition, wanted: FetchPartition) -> EpochEndOffset | None:
    """Where the client's log departs from ours, if it does (KIP-320, ``Partition.fetchRecords``)."""
    epoch, end_offset = partition.log.end_offset_for_epoch(wanted.last_fetched_epoch)
    if end_offset < 0:
        raise KafkaError(ErrorCode.OFFSET_OUT_OF_RANGE)
    if epoch < wanted.last_fetched_epoch or end_offset < wanted.fetch_offset:
        return EpochEndOffset(epoch=epoch, end_offset=end_offset)
    return None


def _failed(index: int, code: ErrorCode, *, unread: bool = False) -> PartitionData:
    """A partition that could not be read; of one that was not even looked at, Kafka lists no aborted transactions."""
    return PartitionData(
        partition_index=index,
        error_code=code,
        high_watermark=-1,
        last_stable_offset=-1,
        log_start_offset=-1,
        aborted_transactions=() if unread else None,
        records=b"",
    )


def _whole_request_failed(request: FetchRequest, error: KafkaError) -> FetchResponse:
    """Sessions have a place for the error; what the request names says so too (``FetchRequest.getErrorResponse``)."""
    topics = [
        FetchableTopicResponse(
            topic=topic.topic,
            topic_id=topic.topic_id,
            partitions=[_failed(entry.partition, error.code, unread=True) for entry in topic.partitions],
        )
        for topic in (() if error.code in _OF_SESSIONS else request.topics)
    ]
    return FetchResponse(error_code=error.code, responses=topics)


@handles(FetchRequest, error_response=_whole_request_failed)
async def fetch(context: RequestContext, request: FetchRequest) -> FetchResponse:
    """Answer as soon as ``min_bytes`` are there, some partition cannot be read, or ``max_wait_ms`` have passed."""
    if request.isolation_level not in (READ_UNCOMMITTED, READ_COMMITTED):
        raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, f"there is no isolation level {request.isolation_level}")
    by_topic_id = context.version in FetchRequest.BY_TOPIC_ID
    resolved = context.services.fetch_sessions.resolve(request, by_topic_id, context.now_ms)
    reader = _Reader(context, request, resolved)
    collected = reader.collect()

    def enough() -> bool:
        nonlocal collected
        if collected.size >= request.min_bytes or collected.failed:
            return True
        collected = reader.collect()
        return collected.size >= request.min_bytes or collected.failed

    waited_for = reader.partitions
    if waited_for and request.max_wait_ms > 0 and not (collected.size >= request.min_bytes or collected.failed):
        await context.wait_until(enough, [partition.bell for partition in waited_for], request.max_wait_ms)
        if any(not partition.is_leader for partition in waited_for):
            reader = _Reader(context, request, resolved)  # a topic went away meanwhile: look again
            collected = reader.collect()
    return _answer(resolved, collected)


def _answer(resolved: FetchContext, collected: _Collected) -> FetchResponse:
    topics: dict[str | bytes, FetchableTopicResponse] = {}
    partitions: dict[str | bytes, list[PartitionData]] = {}
    for wanted, answer in collected.answers:
        if not resolved.is_worth_telling(wanted, answer):
            continue
        key = wanted.topic_id if resolved.by_topic_id else wanted.topic
        if key not in topics:
            of_topic = partitions[key] = []
            topics[key] = FetchableTopicResponse(topic=wanted.topic, topic_id=wanted.topic_id, partitions=of_topic)
        else:
            of_topic = partitions[key]
        of_topic.append(answer)
    return FetchResponse(session_id=resolved.session_id, responses=list(topics.values()))


FAMILY: tuple[Api, ...] = (fetch,)
