"""Partitions: more of them (CreatePartitions, API key 37).

Lives here: the checks in Kafka's order and the new partitions' records.
Invariant: a topic only grows; its new partitions have as many replicas as those it has.

Kafka: ``ReplicationControlManager.createPartitions``. Two deviations: a topic that would need more than 10,000
records is refused with POLICY_VIOLATION, where 4.3.1 answers UNKNOWN_SERVER_ERROR and keeps those it had already
made.
"""

from __future__ import annotations

from collections import Counter

from pykbroker.controller.assignments import isr_of, partition_record, validate_assignment
from pykbroker.controller.decision import ANYBODY, MAX_RECORDS_PER_REQUEST, Decision, Requester
from pykbroker.controller.settings import Settings
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.image import MetadataImage
from pykbroker.metadata.placement import place
from pykbroker.wire.api import StoredMessage
from pykbroker.wire.messages.topics import (
    CreatePartitionsRequest,
    CreatePartitionsResponse,
    CreatePartitionsTopic,
    CreatePartitionsTopicResult,
)


def create_partitions(
    image: MetadataImage, request: CreatePartitionsRequest, settings: Settings, requester: Requester = ANYBODY
) -> Decision[CreatePartitionsResponse]:
    """Grow every topic that can be grown. ``requester.may_create`` is asked for the right to alter the topic."""
    times_named = Counter(topic.name for topic in request.topics)
    results = [_result(name, _NAMED_TWICE) for name, times in times_named.items() if times > 1]
    records: list[StoredMessage] = []
    for topic in request.topics:
        if times_named[topic.name] > 1:
            continue
        try:
            if not requester.may_create(topic.name):
                raise KafkaError(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
            added = _grow(image, topic, settings, requester, MAX_RECORDS_PER_REQUEST - len(records))
        except KafkaError as error:
            results.append(_result(topic.name, error))
        else:
            records += added
            results.append(_result(topic.name, None))
    return Decision(() if request.validate_only else records, CreatePartitionsResponse(results=results))


def _grow(
    image: MetadataImage, wanted: CreatePartitionsTopic, settings: Settings, requester: Requester, room: int
) -> list[StoredMessage]:
    topic = image.topics.get(wanted.name)
    if topic is None:
        raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    present = len(topic.partitions)
    if wanted.count <= present:
        raise KafkaError(
            ErrorCode.INVALID_PARTITIONS,
            f"the topic has {present} partition(s) and can only grow, not to {wanted.count}",
        )
    added = wanted.count - present
    if wanted.assignments is not None and len(wanted.assignments) != added:
        raise KafkaError(
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            f"{added} new partition(s) need as many assignments, not {len(wanted.assignments)}",
        )
    if added > room:
        raise KafkaError(ErrorCode.POLICY_VIOLATION, f"{added} new partitions are too many for one request")
    requester.charge(added)
    replication_factor = len(topic.partitions[0].replicas)
    if wanted.assignments is None:
        replicas = place(image, added, replication_factor, settings.random)
    else:
        replicas = [tuple(assignment.broker_ids) for assignment in wanted.assignments]
        for assigned in replicas:
            validate_assignment(image, assigned, replication_factor)
            isr_of(image, assigned, ErrorCode.INVALID_REPLICA_ASSIGNMENT)
    return [
        partition_record(image, topic.topic_id, partition_id, assigned)
        for partition_id, assigned in enumerate(replicas, present)
    ]


def _result(name: str, error: KafkaError | None) -> CreatePartitionsTopicResult:
    if error is None:
        return CreatePartitionsTopicResult(name=name, error_code=ErrorCode.NONE)
    return CreatePartitionsTopicResult(name=name, error_code=error.code, error_message=error.message)


_NAMED_TWICE = KafkaError(ErrorCode.INVALID_REQUEST, "the topic is named more than once in the request")
