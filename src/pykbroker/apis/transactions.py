"""Producers' identities and transactions (API keys 22, 24, 25, 26, 27, 28, 61, 65, 66).

Handlers translate: what a transaction is, and who may do what to it, is in ``coordinator/transaction_*``. Everywhere
a client from before KIP-588 is told INVALID_PRODUCER_EPOCH where newer ones are told PRODUCER_FENCED.
Does not: keep prepared transactions (KIP-939's ``keep_prepared_txn``), which Apache Kafka 4.3 does not do either.
"""

from __future__ import annotations

from collections.abc import Iterable

from pykbroker.apis.context import RequestContext
from pykbroker.apis.handles import Api, handles
from pykbroker.apis.transactional import (
    TRANSACTIONS_TOPIC,
    Supports,
    admit_group,
    code_for_client,
    exists,
    has_offsets_topic,
)
from pykbroker.coordinator.group_shard import GroupShard
from pykbroker.coordinator.transaction_listing import undescribed
from pykbroker.coordinator.transaction_shard import TransactionShard
from pykbroker.coordinator.transaction_state import EPOCH_BUMPING_VERSION, NAMES
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.engine import Reply
from pykbroker.names import TopicPartition
from pykbroker.services.groups import OFFSETS_TOPIC
from pykbroker.services.markers import Marker
from pykbroker.wire.messages.transactions import (
    AddOffsetsToTxnRequest,
    AddOffsetsToTxnResponse,
    AddPartitionsToTxnPartitionResult,
    AddPartitionsToTxnRequest,
    AddPartitionsToTxnResponse,
    AddPartitionsToTxnResult,
    AddPartitionsToTxnTopic,
    AddPartitionsToTxnTopicResult,
    AddPartitionsToTxnTransaction,
    DescribeTransactionsRequest,
    DescribeTransactionsResponse,
    EndTxnRequest,
    EndTxnResponse,
    InitProducerIdRequest,
    InitProducerIdResponse,
    ListTransactionsRequest,
    ListTransactionsResponse,
    TxnOffsetCommitRequest,
    TxnOffsetCommitRequestTopic,
    TxnOffsetCommitResponse,
    TxnOffsetCommitResponsePartition,
    TxnOffsetCommitResponseTopic,
    WritableTxnMarkerPartitionResult,
    WritableTxnMarkerResult,
    WritableTxnMarkerTopicResult,
    WriteTxnMarkersRequest,
    WriteTxnMarkersResponse,
)

NO_PRODUCER_ID = -1
NO_PRODUCER_EPOCH = -1
NOT_INCLUDED = ErrorCode.TRANSACTION_ABORTABLE
CLIENT_BEFORE_EPOCH_BUMPS = 0
"""The transaction version of clients that do not expect a new epoch at every end (Kafka notes 0, never 1)."""


# -- identities --------------------------------------------------------------------------------------------------------


def _no_identity(request: InitProducerIdRequest, error: KafkaError) -> InitProducerIdResponse:
    return InitProducerIdResponse(error_code=error.code, producer_id=NO_PRODUCER_ID, producer_epoch=NO_PRODUCER_EPOCH)


@handles(InitProducerIdRequest, error_response=_no_identity)
async def init_producer_id(context: RequestContext, request: InitProducerIdRequest) -> InitProducerIdResponse:
    """A producer id and epoch: of its own for an idempotent producer (KIP-98), the transactional id's for another.

    v2  flexible      v3  the id and epoch the producer had (KIP-360)      v6  two-phase commit (KIP-939)
    """
    if (request.producer_id == NO_PRODUCER_ID) != (request.producer_epoch == NO_PRODUCER_EPOCH):
        raise KafkaError(ErrorCode.INVALID_REQUEST)
    if request.transactional_id is None:
        return InitProducerIdResponse(error_code=0, producer_id=context.services.producer_ids.next(), producer_epoch=0)
    if not request.transactional_id:
        raise KafkaError(ErrorCode.INVALID_REQUEST)
    reply = context.services.transactions.call(request.transactional_id, TransactionShard.init_producer_id, request)
    try:
        return await context.answer(reply)
    except KafkaError as error:
        knows = context.version in InitProducerIdRequest.KNOWS_FENCED
        raise KafkaError(code_for_client(error.code, knows), error.message) from None


# -- what a transaction includes ---------------------------------------------------------------------------------------


def _results(
    topics: Iterable[AddPartitionsToTxnTopic], codes: dict[TopicPartition, ErrorCode] | ErrorCode
) -> list[AddPartitionsToTxnTopicResult]:
    """The same topics and partitions, with a code each or the same for all."""
    return [
        AddPartitionsToTxnTopicResult(
            name=topic.name,
            results_by_partition=[
                AddPartitionsToTxnPartitionResult(
                    partition_index=index,
                    partition_error_code=codes
                    if isinstance(codes, ErrorCode)
                    else codes[TopicPartition(topic.name, index)],
                )
                for index in topic.partitions
            ],
        )
        for topic in topics
    ]


def _nothing_added(request: AddPartitionsToTxnRequest, error: KafkaError) -> AddPartitionsToTxnResponse:
    if request.transactions:
        return AddPartitionsToTxnResponse(error_code=error.code)
    return AddPartitionsToTxnResponse(results_by_topic_v3_and_below=_results(request.v3_and_below_topics, error.code))


@handles(AddPartitionsToTxnRequest, error_response=_nothing_added)
async def add_partitions_to_txn(
    context: RequestContext, request: AddPartitionsToTxnRequest
) -> AddPartitionsToTxnResponse:
    """Partitions a transaction is going to write to; all of a transaction's or none.

    v2  knows PRODUCER_FENCED      v3  flexible      v4  several transactions, verify only (KIP-890)
    """
    if context.version in AddPartitionsToTxnRequest.BATCHED:
        results = [
            AddPartitionsToTxnResult(
                transactional_id=each.transactional_id,
                topic_results=await _add(context, each, EPOCH_BUMPING_VERSION),
            )
            for each in request.transactions
        ]
        return AddPartitionsToTxnResponse(error_code=0, results_by_transaction=results)
    only = AddPartitionsToTxnTransaction(
        transactional_id=request.v3_and_below_transactional_id,
        producer_id=request.v3_and_below_producer_id,
        producer_epoch=request.v3_and_below_producer_epoch,
        topics=request.v3_and_below_topics,
    )
    return AddPartitionsToTxnResponse(
        results_by_topic_v3_and_below=await _add(context, only, CLIENT_BEFORE_EPOCH_BUMPS)
    )


async def _add(
    context: RequestContext, wanted: AddPartitionsToTxnTransaction, client_version: int
) -> list[AddPartitionsToTxnTopicResult]:
    partitions = {TopicPartition(topic.name, index) for topic in wanted.topics for index in topic.partitions}
    missing = {each for each in partitions if not exists(context, each)}
    if missing:
        return _results(
            wanted.topics,
            {
                each: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION if each in missing else ErrorCode.OPERATION_NOT_ATTEMPTED
                for each in partitions
            },
        )
    call = context.services.transactions.call
    identity = wanted.transactional_id, wanted.producer_id, wanted.producer_epoch
    try:
        if wanted.verify_only:
            verified = call(identity[0], TransactionShard.verify_partitions, *identity, partitions)
            outside = await context.answer(verified)
            codes = {each: NOT_INCLUDED if each in outside else ErrorCode.NONE for each in partitions}
            return _results(wanted.topics, codes)
        added = call(identity[0], TransactionShard.add_partitions, *identity, partitions, client_version)
        await context.answer(added)
    except KafkaError as error:
        knows = context.version in AddPartitionsToTxnRequest.KNOWS_FENCED
        return _results(wanted.topics, code_for_client(error.code, knows))
    return _results(wanted.topics, ErrorCode.NONE)


@handles(AddOffsetsToTxnRequest)
async def add_offsets_to_txn(context: RequestContext, request: AddOffsetsToTxnRequest) -> AddOffsetsToTxnResponse:
    """A transaction is going to commit offsets of a group: its partition of the offsets topic joins.

    v2  knows PRODUCER_FENCED      v3  flexible      v4  TRANSACTION_ABORTABLE
    """
    services = context.services
    has_offsets_topic(context)
    partition = TopicPartition(OFFSETS_TOPIC, services.groups.partition_of(request.group_id))
    identity = request.transactional_id, request.producer_id, request.producer_epoch
    reply = services.transactions.call(
        identity[0], TransactionShard.add_partitions, *identity, {partition}, CLIENT_BEFORE_EPOCH_BUMPS
    )
    try:
        await context.answer(reply)
    except KafkaError as error:
        knows = context.version in AddOffsetsToTxnRequest.KNOWS_FENCED
        raise KafkaError(code_for_client(error.code, knows), error.message) from None
    return AddOffsetsToTxnResponse(error_code=0)


def _no_offset(request: TxnOffsetCommitRequest, error: KafkaError) -> TxnOffsetCommitResponse:
    return TxnOffsetCommitResponse(topics=[_not_committed(topic, error.code) for topic in request.topics])


def _not_committed(topic: TxnOffsetCommitRequestTopic, code: ErrorCode) -> TxnOffsetCommitResponseTopic:
    return TxnOffsetCommitResponseTopic(
        name=topic.name,
        partitions=[
            TxnOffsetCommitResponsePartition(partition_index=each.partition_index, error_code=code)
            for each in topic.partitions
        ],
    )


@handles(TxnOffsetCommitRequest, error_response=_no_offset)
async def txn_offset_commit(context: RequestContext, request: TxnOffsetCommitRequest) -> TxnOffsetCommitResponse:
    """Offsets that are committed when the transaction is (KIP-98); until then nobody sees them.

    v2  leader epochs    v3  flexible, membership (KIP-447)    v4  TRANSACTION_ABORTABLE
    v5  the group joins the transaction here (KIP-890)
    """
    known, answers = _existing_topics(context, request)
    if not known:
        return TxnOffsetCommitResponse(topics=answers)
    to_commit = TxnOffsetCommitRequest(
        transactional_id=request.transactional_id,
        group_id=request.group_id,
        producer_id=request.producer_id,
        producer_epoch=request.producer_epoch,
        generation_id=request.generation_id,
        member_id=request.member_id,
        group_instance_id=request.group_instance_id,
        topics=known,
    )
    image = context.services.metadata.image
    topic_ids = {topic.name: image.topics[topic.name].topic_id for topic in known}
    try:
        if not request.group_id:
            raise KafkaError(ErrorCode.INVALID_GROUP_ID)
        await admit_group(context, request, Supports.of_offset_commit(context.version))
        reply = context.services.groups.call(
            request.group_id, GroupShard.commit_transactional_offsets, to_commit, topic_ids
        )
        committed = await context.answer(reply)
    except KafkaError as error:
        code = error.code
        if code is ErrorCode.COORDINATOR_LOAD_IN_PROGRESS and context.version in TxnOffsetCommitRequest.DREADS_LOADING:
            code = ErrorCode.COORDINATOR_NOT_AVAILABLE
        return TxnOffsetCommitResponse(topics=[*answers, *(_not_committed(topic, code) for topic in known)])
    return TxnOffsetCommitResponse(topics=[*answers, *committed.topics])


def _existing_topics(
    context: RequestContext, request: TxnOffsetCommitRequest
) -> tuple[list[TxnOffsetCommitRequestTopic], list[TxnOffsetCommitResponseTopic]]:
    """Topics with the partitions that exist, and the answers for those that do not."""
    known, answers = [], []
    for topic in request.topics:
        there = [each for each in topic.partitions if exists(context, TopicPartition(topic.name, each.partition_index))]
        missing = [each for each in topic.partitions if each not in there]
        if there:
            known.append(TxnOffsetCommitRequestTopic(name=topic.name, partitions=there))
        if missing:
            gone = TxnOffsetCommitRequestTopic(name=topic.name, partitions=missing)
            answers.append(_not_committed(gone, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION))
    return known, answers


# -- ends --------------------------------------------------------------------------------------------------------------


@handles(EndTxnRequest)
async def end_txn(context: RequestContext, request: EndTxnRequest) -> EndTxnResponse:
    """Commit or abort; answered when that is decided, the markers follow.

    v2  knows PRODUCER_FENCED    v3  flexible    v4  TRANSACTION_ABORTABLE    v5  a new epoch every time (KIP-890)
    """
    bumps = context.version in EndTxnRequest.BUMPS_EPOCH
    reply = context.services.transactions.call(
        request.transactional_id,
        TransactionShard.end,
        request,
        EPOCH_BUMPING_VERSION if bumps else CLIENT_BEFORE_EPOCH_BUMPS,
    )
    try:
        return await context.answer(reply)
    except KafkaError as error:
        knows = context.version in EndTxnRequest.KNOWS_FENCED
        raise KafkaError(code_for_client(error.code, knows), error.message) from None


def _no_marker(request: WriteTxnMarkersRequest, error: KafkaError) -> WriteTxnMarkersResponse:
    return WriteTxnMarkersResponse(
        markers=[
            WritableTxnMarkerResult(
                producer_id=marker.producer_id,
                topics=[
                    WritableTxnMarkerTopicResult(
                        name=topic.name,
                        partitions=[
                            WritableTxnMarkerPartitionResult(partition_index=index, error_code=error.code)
                            for index in topic.partition_indexes
                        ],
                    )
                    for topic in marker.topics
                ],
            )
            for marker in request.markers
        ]
    )


@handles(WriteTxnMarkersRequest, error_response=_no_marker)
async def write_txn_markers(context: RequestContext, request: WriteTxnMarkersRequest) -> WriteTxnMarkersResponse:
    """Another broker's coordinator, or an administrator who ends a hanging transaction (KIP-664), says how it ended.

    v1  flexible      v2  transaction_version (KIP-1228)
    """
    writer = context.services.transactions.markers
    replies: list[tuple[WritableTxnMarkerPartitionResult, Reply[None]]] = []
    results: dict[int, dict[str, list[WritableTxnMarkerPartitionResult]]] = {}
    for each in request.markers:
        marker = Marker(
            each.producer_id,
            each.producer_epoch,
            each.transaction_result,
            each.coordinator_epoch,
            each.transaction_version,
        )
        topics = results.setdefault(each.producer_id, {})
        for topic in each.topics:
            answers = topics.setdefault(topic.name, [])
            for index in topic.partition_indexes:
                answer = WritableTxnMarkerPartitionResult(partition_index=index, error_code=ErrorCode.NONE)
                answers.append(answer)
                replies.append((answer, writer.write(marker, TopicPartition(topic.name, index))))
    for answer, reply in replies:
        try:
            await context.answer(reply)
        except KafkaError as error:
            answer.error_code = error.code
    return WriteTxnMarkersResponse(
        markers=[
            WritableTxnMarkerResult(
                producer_id=producer_id,
                topics=[WritableTxnMarkerTopicResult(name=name, partitions=found) for name, found in topics.items()],
            )
            for producer_id, topics in results.items()
        ]
    )


# -- looking -----------------------------------------------------------------------------------------------------------


def _none_described(request: DescribeTransactionsRequest, error: KafkaError) -> DescribeTransactionsResponse:
    states = [undescribed(each, error.code) for each in request.transactional_ids]
    return DescribeTransactionsResponse(transaction_states=states)


@handles(DescribeTransactionsRequest, error_response=_none_described)
async def describe_transactions(
    context: RequestContext, request: DescribeTransactionsRequest
) -> DescribeTransactionsResponse:
    """State, producer, partitions and start of transactional ids (KIP-664)."""
    states = []
    for transactional_id in dict.fromkeys(request.transactional_ids):
        try:
            if not transactional_id:
                raise KafkaError(ErrorCode.INVALID_REQUEST)
            reply = context.services.transactions.call(transactional_id, TransactionShard.describe, transactional_id)
            states.append(await context.answer(reply))
        except KafkaError as error:
            code = error.code
            if code is ErrorCode.COORDINATOR_NOT_AVAILABLE and TRANSACTIONS_TOPIC not in _topics(context):
                code = ErrorCode.NOT_COORDINATOR
            states.append(undescribed(transactional_id, code))
    return DescribeTransactionsResponse(transaction_states=states)


def _topics(context: RequestContext) -> Iterable[str]:
    return context.services.metadata.image.topics


@handles(ListTransactionsRequest)
async def list_transactions(context: RequestContext, request: ListTransactionsRequest) -> ListTransactionsResponse:
    """Every transactional id this broker coordinates, by state and producer (KIP-664).

    v1  running for longer than (KIP-994)      v2  ids that match a pattern (KIP-1152)
    """
    found = []
    for engine in context.services.transactions.shards:
        found += await context.answer(engine.submit(TransactionShard.list_transactions, request))
    known = set(NAMES.values())
    return ListTransactionsResponse(
        error_code=0,
        unknown_state_filters=[name for name in request.state_filters if name not in known],
        transaction_states=found,
    )


FAMILY: tuple[Api, ...] = (
    init_producer_id,
    add_partitions_to_txn,
    add_offsets_to_txn,
    end_txn,
    write_txn_markers,
    txn_offset_commit,
    describe_transactions,
    list_transactions,
)
