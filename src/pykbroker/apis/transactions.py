"""Producers' identities: InitProducerId for idempotent producers, DescribeProducers (API keys 22 and 61).

Does not: serve transactions. A transactional id is refused with TRANSACTIONAL_ID_AUTHORIZATION_FAILED, which
producers treat as final, and none of the transaction APIs is advertised.
"""

from __future__ import annotations

from pykbroker.apis.context import RequestContext
from pykbroker.apis.handles import Api, handles
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.wire.messages.transactions import (
    DescribeProducersRequest,
    DescribeProducersResponse,
    InitProducerIdRequest,
    InitProducerIdResponse,
    PartitionResponse,
    ProducerState,
    TopicResponse,
)

NO_PRODUCER_ID = -1


def _no_identity(request: InitProducerIdRequest, error: KafkaError) -> InitProducerIdResponse:
    return InitProducerIdResponse(error_code=error.code, producer_id=NO_PRODUCER_ID, producer_epoch=-1)


@handles(InitProducerIdRequest, error_response=_no_identity)
async def init_producer_id(context: RequestContext, request: InitProducerIdRequest) -> InitProducerIdResponse:
    """A producer id of its own, epoch 0, for a producer that wants its retries deduplicated (KIP-98).

    v2  flexible      v3  the id and epoch the producer had (KIP-360)      v6  two-phase commit (KIP-939)
    """
    if request.transactional_id is not None:
        if not request.transactional_id:
            raise KafkaError(ErrorCode.INVALID_REQUEST)
        raise KafkaError(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    if (request.producer_id == NO_PRODUCER_ID) != (request.producer_epoch == -1):
        raise KafkaError(ErrorCode.INVALID_REQUEST)
    return InitProducerIdResponse(producer_id=context.services.producer_ids.next(), producer_epoch=0)


def _nothing_described(request: DescribeProducersRequest, error: KafkaError) -> DescribeProducersResponse:
    return DescribeProducersResponse(
        topics=[
            TopicResponse(name=topic.name, partitions=[_undescribed(index, error) for index in topic.partition_indexes])
            for topic in request.topics
        ]
    )


def _undescribed(index: int, error: KafkaError) -> PartitionResponse:
    return PartitionResponse(
        active_producers=(), partition_index=index, error_code=error.code, error_message=error.message
    )


@handles(DescribeProducersRequest, error_response=_nothing_described)
async def describe_producers(context: RequestContext, request: DescribeProducersRequest) -> DescribeProducersResponse:
    """Who has produced to partitions with an identity, and how far (KIP-664)."""
    topics = []
    for topic in request.topics:
        answers = []
        for index in topic.partition_indexes:
            try:
                log = context.services.replicas.leader(topic.name, index).log
                answers.append(
                    PartitionResponse(
                        error_code=0,
                        partition_index=index,
                        active_producers=[
                            ProducerState(
                                producer_id=state.producer_id,
                                producer_epoch=state.epoch,
                                last_sequence=state.last_sequence,
                                last_timestamp=state.last_timestamp,
                                coordinator_epoch=state.coordinator_epoch,
                                current_txn_start_offset=state.transaction_first_offset,
                            )
                            for state in log.producer_states()
                        ],
                        error_message=None,
                    )
                )
            except KafkaError as error:
                answers.append(_undescribed(index, error))
        topics.append(TopicResponse(name=topic.name, partitions=answers))
    return DescribeProducersResponse(topics=topics)


FAMILY: tuple[Api, ...] = (init_producer_id, describe_producers)
