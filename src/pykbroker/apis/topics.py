"""Topics: creating, deleting and growing them, and cutting off their oldest records (API keys 19, 20, 21, 37).

The controller decides; when it has, the topic is usable, so these answer at once and their timeouts never run out.
"""

from __future__ import annotations

from pykbroker.apis.context import RequestContext
from pykbroker.apis.handles import Api, handles
from pykbroker.controller.partitions import create_partitions as decide_partitions
from pykbroker.controller.topics import create_topics as decide_topics
from pykbroker.controller.topics import delete_topics as decide_deletion
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.wire.messages.topics import (
    CreatableTopicResult,
    CreatePartitionsRequest,
    CreatePartitionsResponse,
    CreatePartitionsTopicResult,
    CreateTopicsRequest,
    CreateTopicsResponse,
    DeletableTopicResult,
    DeleteRecordsPartitionResult,
    DeleteRecordsRequest,
    DeleteRecordsResponse,
    DeleteRecordsTopicResult,
    DeleteTopicsRequest,
    DeleteTopicsResponse,
)

NO_OFFSET = -1


def _creation_failed(request: CreateTopicsRequest, error: KafkaError) -> CreateTopicsResponse:
    return CreateTopicsResponse(
        topics=[
            CreatableTopicResult(name=topic.name, error_code=error.code, error_message=error.message)
            for topic in request.topics
        ]
    )


@handles(CreateTopicsRequest, error_response=_creation_failed)
async def create_topics(context: RequestContext, request: CreateTopicsRequest) -> CreateTopicsResponse:
    """Create topics; each has its own answer.

    v1  validate_only, error_message    v4  default partition count and replication factor (KIP-464)
    v5  configs of the new topic in the answer (KIP-525)    v6  THROTTLING_QUOTA_EXCEEDED    v7  topic ids (KIP-516)
    """
    return context.services.controller.decide(decide_topics, request)


def _deletion_failed(request: DeleteTopicsRequest, error: KafkaError) -> DeleteTopicsResponse:
    named: list[tuple[str | None, bytes]] = [(name, bytes(16)) for name in request.topic_names]
    named += [(topic.name, topic.topic_id) for topic in request.topics]
    return DeleteTopicsResponse(
        responses=[
            DeletableTopicResult(name=name, topic_id=topic_id, error_code=error.code, error_message=error.message)
            for name, topic_id in named
        ]
    )


@handles(DeleteTopicsRequest, error_response=_deletion_failed)
async def delete_topics(context: RequestContext, request: DeleteTopicsRequest) -> DeleteTopicsResponse:
    """Delete topics, by name or (v6) by id."""
    if not context.services.config["delete.topic.enable"]:
        disabled = context.version in DeleteTopicsRequest.KNOWS_DELETION_DISABLED
        raise KafkaError(ErrorCode.TOPIC_DELETION_DISABLED if disabled else ErrorCode.INVALID_REQUEST)
    return context.services.controller.decide(decide_deletion, request)


def _partitions_failed(request: CreatePartitionsRequest, error: KafkaError) -> CreatePartitionsResponse:
    return CreatePartitionsResponse(
        results=[
            CreatePartitionsTopicResult(name=topic.name, error_code=error.code, error_message=error.message)
            for topic in request.topics
        ]
    )


@handles(CreatePartitionsRequest, error_response=_partitions_failed)
async def create_partitions(context: RequestContext, request: CreatePartitionsRequest) -> CreatePartitionsResponse:
    """Give topics more partitions; keys then map to other partitions than before, as everywhere."""
    return context.services.controller.decide(decide_partitions, request)


def _records_failed(request: DeleteRecordsRequest, error: KafkaError) -> DeleteRecordsResponse:
    return DeleteRecordsResponse(
        topics=[
            DeleteRecordsTopicResult(
                name=topic.name,
                partitions=[
                    DeleteRecordsPartitionResult(
                        partition_index=entry.partition_index, low_watermark=NO_OFFSET, error_code=error.code
                    )
                    for entry in topic.partitions
                ],
            )
            for topic in request.topics
        ]
    )


@handles(DeleteRecordsRequest, error_response=_records_failed)
async def delete_records(context: RequestContext, request: DeleteRecordsRequest) -> DeleteRecordsResponse:
    """Move logs' starts up to the given offsets; -1 stands for the high watermark (KIP-107)."""
    topics = []
    for topic in request.topics:
        answers = []
        for entry in topic.partitions:
            answer = DeleteRecordsPartitionResult(
                error_code=0, partition_index=entry.partition_index, low_watermark=NO_OFFSET
            )
            try:
                answer.low_watermark = _delete_before(context, topic.name, entry.partition_index, entry.offset)
            except KafkaError as error:
                answer.error_code = error.code
            answers.append(answer)
        topics.append(DeleteRecordsTopicResult(name=topic.name, partitions=answers))
    return DeleteRecordsResponse(topics=topics)


def _delete_before(context: RequestContext, topic: str, index: int, offset: int) -> int:
    partition = context.services.replicas.leader(topic, index)
    if not partition.log.config.is_deleted:
        raise KafkaError(ErrorCode.POLICY_VIOLATION, f"cleanup.policy of {topic} does not contain delete")
    return partition.delete_records_before(offset)


FAMILY: tuple[Api, ...] = (create_topics, delete_topics, create_partitions, delete_records)
