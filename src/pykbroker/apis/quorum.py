"""DescribeQuorum and UpdateFeatures (API keys 55 and 57): the metadata quorum, and which features are on.

A cluster of one has a quorum of one voter, which leads and has committed everything it has written.
"""

from __future__ import annotations

from collections.abc import Callable

from pykbroker.apis.context import RequestContext
from pykbroker.apis.handles import Api, handles
from pykbroker.controller.features import update_features as decide_features
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.names import METADATA_TOPIC
from pykbroker.wire.messages.brokers import UpdateFeaturesRequest, UpdateFeaturesResponse
from pykbroker.wire.messages.quorum import (
    DescribeQuorumRequest,
    DescribeQuorumResponse,
    DescribeQuorumResponsePartitionData,
    DescribeQuorumResponseTopicData,
    Listener,
    Node,
    ReplicaState,
)


@handles(DescribeQuorumRequest)
async def describe_quorum(context: RequestContext, request: DescribeQuorumRequest) -> DescribeQuorumResponse:
    """Leader, voters and how far they are (KIP-595); v1 adds fetch timestamps (KIP-836), v2 directory ids and nodes
    (KIP-853).
    """
    services = context.services
    controller = services.controller
    now_ms = context.now_ms
    voter = ReplicaState(
        replica_id=services.node_id,
        log_end_offset=controller.log_end_offset,
        last_fetch_timestamp=now_ms,
        last_caught_up_timestamp=now_ms,
    )
    metadata_partition = DescribeQuorumResponsePartitionData(
        partition_index=0,
        error_code=0,
        error_message="",
        leader_id=services.node_id,
        leader_epoch=controller.epoch,
        high_watermark=controller.log_end_offset,
        current_voters=[voter],
        observers=(),
    )
    asked = [(topic.topic_name, entry.partition_index) for topic in request.topics for entry in topic.partitions]
    if asked != [(METADATA_TOPIC, 0)]:  # Kafka knows the one partition, and only if nothing else is asked
        return _topics(request, _unknown)
    host, port = context.client.advertised
    response = _topics(request, lambda index: metadata_partition)
    response.nodes = [
        Node(node_id=services.node_id, listeners=[Listener(name=context.client.listener_name, host=host, port=port)])
    ]
    return response


def _topics(
    request: DescribeQuorumRequest, answer: Callable[[int], DescribeQuorumResponsePartitionData]
) -> DescribeQuorumResponse:
    return DescribeQuorumResponse(
        error_message="",
        topics=[
            DescribeQuorumResponseTopicData(
                topic_name=topic.topic_name, partitions=[answer(entry.partition_index) for entry in topic.partitions]
            )
            for topic in request.topics
        ],
    )


def _unknown(index: int) -> DescribeQuorumResponsePartitionData:
    error = KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    return DescribeQuorumResponsePartitionData(
        partition_index=index,
        error_code=error.code,
        error_message=error.message,
        leader_id=0,
        leader_epoch=0,
        high_watermark=0,
        current_voters=(),
        observers=(),
    )


@handles(UpdateFeaturesRequest)
async def update_features(context: RequestContext, request: UpdateFeaturesRequest) -> UpdateFeaturesResponse:
    """Raise or lower feature levels (KIP-584); v1 has upgrade types and validate_only, v2 one error for all."""
    return context.services.controller.decide(decide_features, request)


FAMILY: tuple[Api, ...] = (describe_quorum, update_features)
