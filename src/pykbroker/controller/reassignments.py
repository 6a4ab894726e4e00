"""Reassignments: partitions that move to other brokers (AlterPartitionReassignments 45, ListPartitionReassignments 46).

Lives here: beginning, cancelling and listing moves (KIP-455). A move adds the new replicas, waits until they are in
sync, then drops the old ones; when nothing has to be waited for, as on one broker, it is over at once.
Never: copies data; followers see the image and fetch.

Kafka: ``ReplicationControlManager.alterPartitionReassignments``, ``PartitionReassignmentReplicas``,
``PartitionReassignmentRevert``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pykbroker.controller.assignments import validate_assignment
from pykbroker.controller.decision import Decision, check_size
from pykbroker.controller.partition_change import Election, PartitionChange
from pykbroker.controller.settings import Settings
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.image import MetadataImage, PartitionImage, TopicImage
from pykbroker.wire.api import StoredMessage
from pykbroker.wire.messages.stored_metadata_topics import PartitionChangeRecord
from pykbroker.wire.messages.topics import (
    AlterPartitionReassignmentsRequest,
    AlterPartitionReassignmentsResponse,
    ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse,
    OngoingPartitionReassignment,
    OngoingTopicReassignment,
    ReassignablePartitionResponse,
    ReassignableTopicResponse,
)


def alter_partition_reassignments(
    image: MetadataImage, request: AlterPartitionReassignmentsRequest, settings: Settings
) -> Decision[AlterPartitionReassignmentsResponse]:
    """Begin a move for each partition that is given replicas; cancel it for those given none."""
    records: list[StoredMessage] = []
    responses = []
    for topic in request.topics:
        results = []
        for target in topic.partitions:
            try:
                record = _alter(
                    image,
                    topic.name,
                    target.partition_index,
                    target.replicas,
                    settings,
                    may_change_factor=request.allow_replication_factor_change,
                )
            except KafkaError as error:
                results.append(_result(target.partition_index, error))
                continue
            if record is not None:
                records.append(record)
            results.append(_result(target.partition_index, None))
        responses.append(ReassignableTopicResponse(name=topic.name, partitions=results))
    check_size(records)
    response = AlterPartitionReassignmentsResponse(
        error_code=ErrorCode.NONE,
        allow_replication_factor_change=request.allow_replication_factor_change,
        responses=responses,
    )
    return Decision(records, response)


def _alter(
    image: MetadataImage,
    topic_name: str,
    partition_id: int,
    replicas: Sequence[int] | None,
    settings: Settings,
    *,
    may_change_factor: bool,
) -> PartitionChangeRecord | None:
    topic, partition = image.topics.get(topic_name), image.partition(topic_name, partition_id)
    if topic is None or partition is None:
        raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"there is no partition {topic_name}-{partition_id}")
    change = PartitionChange(image, topic.topic_id, partition, settings.min_insync_replicas(image, topic_name))
    if replicas is None:
        _cancel(image, topic, partition, change, settings)
    else:
        validate_assignment(image, replicas)
        present = len(_replicas_in_the_end(partition))
        if not may_change_factor and len(replicas) != present:
            raise KafkaError(
                ErrorCode.INVALID_REPLICATION_FACTOR,
                f"the partition has {present} replica(s), the new assignment {len(replicas)}",
            )
        change.removing = tuple(sorted(set(partition.replicas) - set(replicas)))
        change.adding = tuple(sorted(set(replicas) - set(partition.replicas)))
        change.replicas = (*replicas, *change.removing)
    return change.record()


def _replicas_in_the_end(partition: PartitionImage) -> set[int]:
    """The replicas once the present move is over."""
    return ({*partition.replicas, *partition.adding_replicas}) - set(partition.removing_replicas)


def _cancel(
    image: MetadataImage,
    topic: TopicImage,
    partition: PartitionImage,
    change: PartitionChange,
    settings: Settings,
) -> None:
    """Back to the replicas from before the move."""
    if not partition.is_reassigning:
        raise KafkaError(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS)
    unclean_allowed = settings.allows_unclean_election(image, topic.name)
    replicas = [replica for replica in partition.replicas if replica not in partition.adding_replicas]
    isr = [replica for replica in partition.isr if replica not in partition.adding_replicas]
    if not replicas:
        raise KafkaError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, "no replica is left from before the reassignment")
    if not isr:
        if not unclean_allowed:
            raise KafkaError(
                ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                "only new replicas are in sync: going back would need an unclean election, which the topic forbids",
            )
        isr = [replicas[0]]
    change.replicas, change.isr, change.adding, change.removing = replicas, isr, (), ()
    if unclean_allowed:
        change.election = Election.UNCLEAN


def list_partition_reassignments(
    image: MetadataImage, request: ListPartitionReassignmentsRequest
) -> ListPartitionReassignmentsResponse:
    """The moves under way, of the partitions named or of all."""
    wanted: Iterable[tuple[TopicImage, Iterable[int]]]
    if request.topics is None:
        wanted = ((topic, range(len(topic.partitions))) for topic in image.topics.values())
    else:
        wanted = (
            (image.topics[topic.name], topic.partition_indexes)
            for topic in request.topics
            if topic.name in image.topics
        )
    topics = []
    for topic, partition_ids in wanted:
        found = [image.partition(topic.name, partition_id) for partition_id in partition_ids]
        moving = [_ongoing(partition) for partition in found if partition is not None and partition.is_reassigning]
        if moving:
            topics.append(OngoingTopicReassignment(name=topic.name, partitions=moving))
    return ListPartitionReassignmentsResponse(error_code=ErrorCode.NONE, topics=topics)


def _ongoing(partition: PartitionImage) -> OngoingPartitionReassignment:
    return OngoingPartitionReassignment(
        partition_index=partition.partition_id,
        replicas=partition.replicas,
        adding_replicas=partition.adding_replicas,
        removing_replicas=partition.removing_replicas,
    )


def _result(partition_id: int, error: KafkaError | None) -> ReassignablePartitionResponse:
    if error is None:
        return ReassignablePartitionResponse(partition_index=partition_id, error_code=ErrorCode.NONE)
    return ReassignablePartitionResponse(
        partition_index=partition_id, error_code=error.code, error_message=error.message
    )
