"""DescribeQuorum and UpdateFeatures (API keys 55 and 57): the metadata quorum, and which features are on.

A cluster of one has a quorum of one voter, which leads and has committed everything it has written.
"""

from __future__ import annotations

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
    names = [(topic.topic_name, entry.partition_index) for topic in request.topics for entry in topic.partitions]
    if names != [(METADATA_TOPIC, 0)]:
        unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        return DescribeQuorumResponse(
            topics=[
                DescribeQuorumResponseTopicData(
                    topic_name=topic.topic_name,
                    partitions=[
                        DescribeQuorumResponsePartitionData(
                            leader_id=-1,
                            leader_epoch=-1,
                            high_watermark=-1,
                            current_voters=(),
                            observers=(),
                            partition_index=entry.partition_index,
                            error_code=unknown,
                            error_message=KafkaError(unknown).message,
                        )
                        for entry in topic.partitions
                    ],
                )
                for topic in request.topics
            ]
        )
    services = context.services
    controller = services.controller
    now_ms = context.now_ms
    voter = ReplicaState(
        replica_id=services.node_id,
        log_end_offset=controller.log_end_offset,
        last_fetch_timestamp=now_ms,
        last_caught_up_timestamp=now_ms,
    )
    host, port = context.client.advertised
    return DescribeQuorumResponse(
        topics=[
            DescribeQuorumResponseTopicData(
                topic_name=METADATA_TOPIC,
                partitions=[
                    DescribeQuorumResponsePartitionData(
                        error_code=0,
                        observers=(),
                        partition_index=0,
                        leader_id=services.node_id,
                        leader_epoch=controller.epoch,
                        high_watermark=controller.log_end_offset,
                        current_voters=[voter],
                    )
                ],
            )
        ],
        nodes=[
            Node(
                node_id=services.node_id,
                listeners=[Listener(name=context.client.listener_name, host=host, port=port)],
            )
        ],
    )


@handles(UpdateFeaturesRequest)
async def update_features(context: RequestContext, request: UpdateFeaturesRequest) -> UpdateFeaturesResponse:
    """Raise or lower feature levels (KIP-584); v1 has upgrade types and validate_only, v2 one error for all."""
    return context.services.controller.decide(decide_features, request)


FAMILY: tuple[Api, ...] = (describe_quorum, update_features)
