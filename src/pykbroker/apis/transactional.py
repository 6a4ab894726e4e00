"""What Produce and TxnOffsetCommit must know before they write transactional records: is there a transaction?

A partition whose log has the producer's transaction open already needs no question. For any other the transaction
coordinator is asked: by a producer that adds partitions by producing (KIP-890, part 2) to add it, for an older one
whether it has been added. Between the coordinator's answer and the append nothing else runs, so a marker cannot come
between (which is what Kafka's verification guards are for); an answer that had to be waited for is asked for again.
"""

from __future__ import annotations

from enum import Enum

from pykbroker.apis.context import RequestContext
from pykbroker.coordinator.transaction_shard import TransactionShard
from pykbroker.coordinator.transaction_state import EPOCH_BUMPING_VERSION
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.engine import Reply
from pykbroker.names import TopicPartition
from pykbroker.replication.partition import Partition
from pykbroker.services.groups import OFFSETS_TOPIC
from pykbroker.services.transactions import TRANSACTIONS_TOPIC
from pykbroker.wire.messages.produce import ProduceRequest
from pykbroker.wire.messages.transactions import TxnOffsetCommitRequest
from pykbroker.wire.records import HEADER_SIZE, BatchHeader, Buffer, magic_at, read_header

__all__ = ["TRANSACTIONS_TOPIC", "Admission", "Supports", "admit", "admit_group", "code_for_client", "exists"]

MAGIC_OFFSET = 16
ATTRIBUTES_LOW_OFFSET = 22
TRANSACTIONAL_FLAG = 0x10

ASK_AGAIN = frozenset(
    {
        ErrorCode.NETWORK_EXCEPTION,
        ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.NOT_COORDINATOR,
    }
)
"""Producers do not know how to take these; NOT_ENOUGH_REPLICAS makes them try again without asking for metadata."""


class Supports(Enum):
    """What a request's version lets the coordinator do (``TransactionSupportedOperation``)."""

    INVALID_STATE_ONLY = 0
    """Ask; a partition that is not in the transaction is INVALID_TXN_STATE."""
    ABORTABLE = 1
    """Ask; such a partition is TRANSACTION_ABORTABLE."""
    ADDING = 2
    """Add it."""

    @classmethod
    def of_produce(cls, version: int) -> Supports:
        """By a Produce request's version."""
        if version in ProduceRequest.ADDS_PARTITIONS_TO_TRANSACTION:
            return cls.ADDING
        return cls.ABORTABLE if version in ProduceRequest.KNOWS_ABORTABLE else cls.INVALID_STATE_ONLY

    @classmethod
    def of_offset_commit(cls, version: int) -> Supports:
        """By a TxnOffsetCommit request's version."""
        if version in TxnOffsetCommitRequest.ADDS_GROUP_TO_TRANSACTION:
            return cls.ADDING
        return cls.ABORTABLE if version in TxnOffsetCommitRequest.KNOWS_ABORTABLE else cls.INVALID_STATE_ONLY


Admission = dict[TopicPartition, KafkaError]
"""Partitions that may not be written to, and why."""


def code_for_client(code: ErrorCode, knows_fenced: bool) -> ErrorCode:
    """PRODUCER_FENCED, or what it was called before (KIP-588)."""
    return ErrorCode.INVALID_PRODUCER_EPOCH if code is ErrorCode.PRODUCER_FENCED and not knows_fenced else code


def exists(context: RequestContext, partition: TopicPartition) -> bool:
    """Whether the cluster has such a partition."""
    return context.services.metadata.image.partition(partition.topic, partition.partition) is not None


def has_offsets_topic(context: RequestContext) -> None:
    """Create the offsets topic if a group is named before it was ever needed."""
    if OFFSETS_TOPIC not in context.services.metadata.image.topics:
        context.services.controller.auto_create(OFFSETS_TOPIC)


# -- Produce -----------------------------------------------------------------------------------------------------------


def is_transactional(records: Buffer | None) -> bool:
    """Whether a partition's records begin with a transactional batch; looks at two bytes."""
    return (
        records is not None
        and len(records) >= HEADER_SIZE
        and records[ATTRIBUTES_LOW_OFFSET] & TRANSACTIONAL_FLAG != 0
        and magic_at(records) == 2
    )


async def admit(
    context: RequestContext, transactional_id: str | None, wanted: dict[TopicPartition, Buffer]
) -> Admission:
    """Make sure that a transaction includes the partitions of these transactional batches.

    Raises KafkaError where the whole request is wrong. What is returned holds until somebody waits.
    """
    if transactional_id is None:
        raise KafkaError(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "a transactional batch without an id")
    headers = {partition: read_header(records) for partition, records in wanted.items()}
    identities = {(header.producer_id, header.producer_epoch) for header in headers.values()}
    if len(identities) > 1:
        raise KafkaError(ErrorCode.INVALID_PRODUCER_ID_MAPPING, "one request is of one producer")
    supports = Supports.of_produce(context.version)
    if supports is not Supports.ADDING and not context.services.config["transaction.partition.verification.enable"]:
        return {}
    while True:
        refused: Admission = {}
        asked = _unadmitted(context, headers, supports, refused)
        if not asked:
            return refused
        ((producer_id, epoch),) = identities
        reply = _ask(context, transactional_id, producer_id, epoch, asked, supports)
        if reply.done:
            refused.update(_refusals(reply, asked, supports))
            return refused
        try:
            await context.answer(reply)
        except KafkaError:
            refused.update(_refusals(reply, asked, supports))
            return refused


def _unadmitted(
    context: RequestContext, headers: dict[TopicPartition, BatchHeader], supports: Supports, refused: Admission
) -> set[TopicPartition]:
    """Partitions led here whose log has no such transaction open."""
    asked = set()
    for at, header in headers.items():
        try:
            partition = context.services.replicas.leader(*at)
        except KafkaError as error:
            refused[at] = _without_words(error.code)
            continue
        producers = partition.log.producers
        if producers.is_transaction_open(header.producer_id, header.producer_epoch):
            continue
        producers.start_verification(
            header.producer_id,
            header.producer_epoch,
            header.base_sequence,
            can_bump_epoch=supports is Supports.ADDING,
            now_ms=context.now_ms,
        )
        asked.add(at)
    return asked


def _ask(
    context: RequestContext,
    transactional_id: str,
    producer_id: int,
    epoch: int,
    partitions: set[TopicPartition],
    supports: Supports,
) -> Reply[frozenset[TopicPartition]]:
    call = context.services.transactions.call
    identity = transactional_id, producer_id, epoch
    if supports is Supports.ADDING:
        return call(transactional_id, TransactionShard.add_partitions, *identity, partitions, EPOCH_BUMPING_VERSION)
    return call(transactional_id, TransactionShard.verify_partitions, *identity, partitions)


def _refusals(reply: Reply[frozenset[TopicPartition]], asked: set[TopicPartition], supports: Supports) -> Admission:
    """What a producer is told of the coordinator's answer."""
    if reply.error is not None:
        error = _for_producer(reply.error, supports)
        return dict.fromkeys(asked, error)
    if not reply.value:
        return {}
    return dict.fromkeys(reply.value, _outside(supports))


def _outside(supports: Supports) -> KafkaError:
    if supports is Supports.ABORTABLE:
        return _without_words(ErrorCode.TRANSACTION_ABORTABLE)
    return KafkaError(ErrorCode.INVALID_TXN_STATE, "the partition has not been added to the transaction")


def _without_words(code: ErrorCode) -> KafkaError:
    """Kafka answers most of these without a message."""
    error = KafkaError(code)
    error.message = None
    return error


def _for_producer(error: KafkaError, supports: Supports) -> KafkaError:
    code = error.code
    if code in ASK_AGAIN or (code is ErrorCode.CONCURRENT_TRANSACTIONS and supports is not Supports.ADDING):
        return KafkaError(ErrorCode.NOT_ENOUGH_REPLICAS, f"the transaction could not be verified: {code.name}")
    return _without_words(code_for_client(code, knows_fenced=False))


# -- TxnOffsetCommit ---------------------------------------------------------------------------------------------------


async def admit_group(context: RequestContext, request: TxnOffsetCommitRequest, supports: Supports) -> None:
    """Make sure that the transaction includes the group's partition of the offsets topic. Raises KafkaError."""
    services = context.services
    has_offsets_topic(context)
    at = TopicPartition(OFFSETS_TOPIC, services.groups.partition_of(request.group_id))
    if supports is not Supports.ADDING and not services.config["transaction.partition.verification.enable"]:
        return
    while not _is_open(services.replicas.get(*at), request):
        identity = request.transactional_id, request.producer_id, request.producer_epoch
        reply = _ask(context, *identity, {at}, supports)
        is_now = reply.done
        try:
            await context.answer(reply)
        except KafkaError as error:
            if error.code is ErrorCode.PRODUCER_FENCED:
                raise KafkaError(ErrorCode.INVALID_PRODUCER_EPOCH, error.message) from None
            raise
        if reply.value:
            raise _outside(supports)
        if is_now:
            return


def _is_open(partition: Partition | None, request: TxnOffsetCommitRequest) -> bool:
    return partition is not None and partition.log.producers.is_transaction_open(
        request.producer_id, request.producer_epoch
    )
