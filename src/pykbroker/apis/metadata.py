"""Metadata, DescribeCluster, DescribeTopicPartitions (API keys 3, 60, 75): where things are.

Does: create unknown topics that a client names, before it answers (Apache Kafka answers UNKNOWN_TOPIC_OR_PARTITION
first and creates meanwhile; so does this broker under ``--preset kafka``); topics by name and by id; authorized
operations. Every broker is named at the address at which the asking client can reach it.
"""

from __future__ import annotations

from collections.abc import Iterable

from pykbroker.apis import authorized
from pykbroker.apis.context import RequestContext
from pykbroker.apis.handles import Api, handles
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.image import PartitionImage, TopicImage
from pykbroker.names import INTERNAL_TOPICS, validate_topic_name
from pykbroker.wire.messages.metadata import (
    Cursor,
    DescribeClusterBroker,
    DescribeClusterRequest,
    DescribeClusterResponse,
    DescribeTopicPartitionsRequest,
    DescribeTopicPartitionsResponse,
    DescribeTopicPartitionsResponsePartition,
    DescribeTopicPartitionsResponseTopic,
    MetadataRequest,
    MetadataResponse,
    MetadataResponseBroker,
    MetadataResponsePartition,
    MetadataResponseTopic,
)

NO_ID = bytes(16)
BROKERS, CONTROLLERS = 1, 2
"""Endpoint types of DescribeCluster (KIP-919)."""


def _metadata_failed(request: MetadataRequest, error: KafkaError) -> MetadataResponse:
    """The whole request failed: each topic named says so."""
    topics = [
        MetadataResponseTopic(partitions=(), error_code=error.code, name=topic.name or "", topic_id=topic.topic_id)
        for topic in request.topics or ()
    ]
    return MetadataResponse(topics=topics, error_code=error.code)


@handles(MetadataRequest, error_response=_metadata_failed)
async def metadata(context: RequestContext, request: MetadataRequest) -> MetadataResponse:
    """Brokers, and the topics asked for (all of them when none is named; in v0 an empty list means all).

    v1  controller, internal topics    v4  allow_auto_topic_creation    v5  offline replicas    v7  leader epochs
    v8  authorized operations          v10-12 topic ids (KIP-516)       v13 error_code
    """
    services = context.services
    image = services.metadata.image
    ask_all = request.topics is None or (not request.topics and context.version in MetadataRequest.NO_TOPICS_MEANS_ALL)
    operations = request.include_topic_authorized_operations
    if ask_all:
        topics = [_describe(topic, operations) for topic in image.topics.values()]
    else:
        by_id = context.version in MetadataRequest.BY_TOPIC_ID
        if not by_id and any(entry.name is None or entry.topic_id != NO_ID for entry in request.topics or ()):
            raise KafkaError(ErrorCode.INVALID_REQUEST, "topics can be asked for by id from version 12 on")
        found = [_named(context, request, entry.name, entry.topic_id) for entry in request.topics or ()]
        topics = list({(topic.name, topic.topic_id): topic for topic in found}.values())
    host, port = context.client.advertised
    return MetadataResponse(
        brokers=[
            MetadataResponseBroker(node_id=services.node_id, host=host, port=port, rack=services.config["broker.rack"])
        ],
        cluster_id=services.cluster_id,
        controller_id=services.node_id,
        topics=topics,
        cluster_authorized_operations=(
            authorized.CLUSTER if request.include_cluster_authorized_operations else authorized.NOT_ASKED
        ),
    )


def _named(
    context: RequestContext, request: MetadataRequest, name: str | None, topic_id: bytes
) -> MetadataResponseTopic:
    """One topic that the client named, created if it may be."""
    image = context.services.metadata.image
    operations = request.include_topic_authorized_operations
    if name is None or (topic_id != NO_ID and not name):
        topic = image.topics_by_id.get(topic_id)
        if topic is None:
            return MetadataResponseTopic(
                partitions=(), error_code=ErrorCode.UNKNOWN_TOPIC_ID, name=None, topic_id=topic_id
            )
        return _describe(topic, operations)
    topic = image.topics.get(name)
    if topic is not None:
        return _describe(topic, operations)
    try:
        validate_topic_name(name)
        if not (request.allow_auto_topic_creation and context.services.config["auto.create.topics.enable"]):
            raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
        created = context.services.controller.auto_create(name)
        if not context.services.config.answers_auto_creation_at_once:
            raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)  # as Apache Kafka: the client shall ask again
        return _describe(created, operations)
    except KafkaError as error:
        return MetadataResponseTopic(
            partitions=(), error_code=error.code, name=name, is_internal=name in INTERNAL_TOPICS
        )


def _describe(topic: TopicImage, with_operations: bool) -> MetadataResponseTopic:
    return MetadataResponseTopic(
        error_code=0,
        name=topic.name,
        topic_id=topic.topic_id,
        is_internal=topic.name in INTERNAL_TOPICS,
        partitions=[_partition(state) for state in topic.partitions],
        topic_authorized_operations=authorized.TOPIC if with_operations else authorized.NOT_ASKED,
    )


def _partition(state: PartitionImage) -> MetadataResponsePartition:
    return MetadataResponsePartition(
        error_code=0 if state.leader >= 0 else ErrorCode.LEADER_NOT_AVAILABLE,
        partition_index=state.partition_id,
        leader_id=state.leader,
        leader_epoch=state.leader_epoch,
        replica_nodes=state.replicas,
        isr_nodes=state.isr,
    )


@handles(DescribeClusterRequest)
async def describe_cluster(context: RequestContext, request: DescribeClusterRequest) -> DescribeClusterResponse:
    """The cluster and its brokers (KIP-700).

    v1  endpoint_type (KIP-919): a broker's listener describes brokers only      v2  fenced brokers (KIP-1073)
    """
    if request.endpoint_type != BROKERS:
        known = request.endpoint_type == CONTROLLERS
        raise KafkaError(
            ErrorCode.MISMATCHED_ENDPOINT_TYPE if known else ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
            "this is a broker's listener: ask it about brokers (endpoint type 1)",
        )
    services = context.services
    host, port = context.client.advertised
    return DescribeClusterResponse(
        endpoint_type=BROKERS,
        cluster_id=services.cluster_id,
        controller_id=services.node_id,
        brokers=[
            DescribeClusterBroker(broker_id=services.node_id, host=host, port=port, rack=services.config["broker.rack"])
        ],
        cluster_authorized_operations=(
            authorized.CLUSTER if request.include_cluster_authorized_operations else authorized.NOT_ASKED
        ),
    )


def _partitions_failed(request: DescribeTopicPartitionsRequest, error: KafkaError) -> DescribeTopicPartitionsResponse:
    topics = [
        DescribeTopicPartitionsResponseTopic(partitions=(), name=topic.name, error_code=error.code)
        for topic in request.topics
    ]
    return DescribeTopicPartitionsResponse(topics=topics)


@handles(DescribeTopicPartitionsRequest, error_response=_partitions_failed)
async def describe_topic_partitions(
    context: RequestContext, request: DescribeTopicPartitionsRequest
) -> DescribeTopicPartitionsResponse:
    """Topics and their partitions in pages (KIP-966): names in order, from the cursor on, up to a limit of
    partitions.
    """
    image = context.services.metadata.image
    most = context.services.config["max.request.partition.size.limit"]
    limit = max(1, min(request.response_partition_limit, most))
    cursor = request.cursor
    if cursor is not None and cursor.partition_index < 0:
        raise KafkaError(ErrorCode.INVALID_REQUEST, "the cursor's partition index is negative")
    names: Iterable[str] = {topic.name for topic in request.topics} or image.topics
    answer = DescribeTopicPartitionsResponse(topics=[])
    topics: list[DescribeTopicPartitionsResponseTopic] = []
    for name in sorted(names):
        if cursor is not None and name < cursor.topic_name:
            continue
        if limit <= 0:
            answer.next_cursor = Cursor(topic_name=name, partition_index=0)
            break
        topic = image.topics.get(name)
        if topic is None:
            topics.append(_unknown_topic(name))
            continue
        first = cursor.partition_index if cursor is not None and name == cursor.topic_name else 0
        page = topic.partitions[first : first + limit]
        topics.append(_topic_page(topic, page))
        limit -= len(page)
        if first + len(page) < len(topic.partitions):
            answer.next_cursor = Cursor(topic_name=name, partition_index=first + len(page))
            break
    answer.topics = topics
    return answer


def _unknown_topic(name: str) -> DescribeTopicPartitionsResponseTopic:
    try:
        validate_topic_name(name)
        code = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    except KafkaError as error:
        code = error.code
    return DescribeTopicPartitionsResponseTopic(
        partitions=(), name=name, error_code=code, topic_authorized_operations=authorized.TOPIC
    )


def _topic_page(topic: TopicImage, page: Iterable[PartitionImage]) -> DescribeTopicPartitionsResponseTopic:
    return DescribeTopicPartitionsResponseTopic(
        error_code=0,
        name=topic.name,
        topic_id=topic.topic_id,
        is_internal=topic.name in INTERNAL_TOPICS,
        partitions=[
            DescribeTopicPartitionsResponsePartition(
                error_code=0,
                partition_index=state.partition_id,
                leader_id=state.leader,
                leader_epoch=state.leader_epoch,
                replica_nodes=state.replicas,
                isr_nodes=state.isr,
                eligible_leader_replicas=state.elr,
                last_known_elr=state.last_known_elr,
            )
            for state in page
        ],
        topic_authorized_operations=authorized.TOPIC,
    )


FAMILY: tuple[Api, ...] = (metadata, describe_cluster, describe_topic_partitions)
