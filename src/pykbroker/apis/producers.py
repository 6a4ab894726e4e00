"""DescribeProducers (API key 61): who has produced to partitions with an identity (KIP-664).

The answer is about a log, not about a coordinator: it shows a transaction that hangs even when no coordinator knows
of it any more.
"""

from __future__ import annotations

from pykbroker.apis.context import RequestContext
from pykbroker.apis.handles import Api, handles
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.wire.messages.transactions import (
    DescribeProducersRequest,
    DescribeProducersResponse,
    PartitionResponse,
    ProducerState,
    TopicResponse,
)


def _nothing_described(request: DescribeProducersRequest, error: KafkaError) -> DescribeProducersResponse:
    return DescribeProducersResponse(
        topics=[
            TopicResponse(
                name=topic.name, partitions=[_undescribed(index, error.code, None) for index in topic.partition_indexes]
            )
            for topic in request.topics
        ]
    )


def _undescribed(index: int, code: ErrorCode, message: str | None) -> PartitionResponse:
    return PartitionResponse(active_producers=(), partition_index=index, error_code=code, error_message=message)


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
                is_known = topic.name in context.services.metadata.image.topics
                answers.append(_undescribed(index, error.code, None if is_known else error.message))
        topics.append(TopicResponse(name=topic.name, partitions=answers))
    return DescribeProducersResponse(topics=topics)


FAMILY: tuple[Api, ...] = (describe_producers,)
