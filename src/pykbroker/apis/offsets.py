"""Committed offsets: OffsetCommit, OffsetFetch, OffsetDelete (API keys 8, 9, 47).

Handlers resolve topics (by name, or by id from OffsetCommit and OffsetFetch v10 on) and answer for those that do not
exist; the rest is the group's shard's. A commit to a partition that does not exist is refused, as in Apache Kafka
(``KafkaApis.handleOffsetCommitRequest``).
"""

from __future__ import annotations

from pykbroker.apis.context import RequestContext
from pykbroker.apis.handles import Api, handles
from pykbroker.coordinator.group_shard import GroupShard
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.image import MetadataImage, TopicImage
from pykbroker.wire.messages.offsets import (
    OffsetCommitRequest,
    OffsetCommitRequestTopic,
    OffsetCommitResponse,
    OffsetCommitResponsePartition,
    OffsetCommitResponseTopic,
    OffsetDeleteRequest,
    OffsetDeleteRequestTopic,
    OffsetDeleteResponse,
    OffsetDeleteResponsePartition,
    OffsetDeleteResponseTopic,
    OffsetFetchRequest,
    OffsetFetchRequestGroup,
    OffsetFetchRequestTopics,
    OffsetFetchResponse,
    OffsetFetchResponseGroup,
    OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
)

NO_OFFSET = -1


# -- commit ------------------------------------------------------------------------------------------------------------


def _refused(topic: OffsetCommitRequestTopic, code: ErrorCode) -> OffsetCommitResponseTopic:
    return OffsetCommitResponseTopic(
        name=topic.name,
        topic_id=topic.topic_id,
        partitions=[
            OffsetCommitResponsePartition(partition_index=entry.partition_index, error_code=code)
            for entry in topic.partitions
        ],
    )


def _commit_failed(request: OffsetCommitRequest, error: KafkaError) -> OffsetCommitResponse:
    return OffsetCommitResponse(topics=[_refused(topic, error.code) for topic in request.topics])


@handles(OffsetCommitRequest, error_response=_commit_failed)
async def offset_commit(context: RequestContext, request: OffsetCommitRequest) -> OffsetCommitResponse:
    """Remember how far a group has read.

    v2-4  retention_time_ms    v6  leader epochs (KIP-320)    v7  static members    v9  KIP-848    v10  topic ids
    """
    by_id = context.version in OffsetCommitRequest.BY_TOPIC_ID
    known, answers = _split(context.services.metadata.image, request, by_id)
    if not known:
        return OffsetCommitResponse(topics=answers)
    to_commit = OffsetCommitRequest(
        group_id=request.group_id,
        generation_id_or_member_epoch=request.generation_id_or_member_epoch,
        member_id=request.member_id,
        group_instance_id=request.group_instance_id,
        retention_time_ms=request.retention_time_ms,
        topics=known,
    )
    reply = context.services.groups.call(
        request.group_id,
        GroupShard.commit_offsets,
        to_commit,
        knows_group_id_not_found=context.version in OffsetCommitRequest.KNOWS_GROUP_NOT_FOUND,
    )
    committed = await context.answer(reply)
    return committed if not answers else OffsetCommitResponse(topics=_merged(committed.topics, answers))


def _split(
    image: MetadataImage, request: OffsetCommitRequest, by_id: bool
) -> tuple[list[OffsetCommitRequestTopic], list[OffsetCommitResponseTopic]]:
    """Topics with the partitions that exist, names and ids filled in; and answers for the others."""
    known, answers = [], []
    for topic in request.topics:
        found = image.topics_by_id.get(topic.topic_id) if by_id else image.topics.get(topic.name)
        if found is None:
            unknown = ErrorCode.UNKNOWN_TOPIC_ID if by_id else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
            answers.append(_refused(topic, unknown))
            continue
        count = len(found.partitions)
        there = [entry for entry in topic.partitions if 0 <= entry.partition_index < count]
        known.append(OffsetCommitRequestTopic(name=found.name, topic_id=found.topic_id, partitions=there))
        if len(there) < len(topic.partitions):
            missing = [entry for entry in topic.partitions if not 0 <= entry.partition_index < count]
            gone = OffsetCommitRequestTopic(name=found.name, topic_id=found.topic_id, partitions=missing)
            answers.append(_refused(gone, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION))
    return [topic for topic in known if topic.partitions], answers


def _merged(committed: object, refused: list[OffsetCommitResponseTopic]) -> list[OffsetCommitResponseTopic]:
    """One entry per topic, whichever way its partitions went."""
    topics: dict[tuple[str, bytes], OffsetCommitResponseTopic] = {}
    for topic in [*committed, *refused]:  # type: ignore[misc]  # a sequence of response topics
        known = topics.get((topic.name, topic.topic_id))
        if known is None:
            topics[topic.name, topic.topic_id] = topic
        else:
            known.partitions = [*known.partitions, *topic.partitions]
    return list(topics.values())


# -- fetch -------------------------------------------------------------------------------------------------------------


def _fetch_failed(request: OffsetFetchRequest, error: KafkaError) -> OffsetFetchResponse:
    groups = [
        OffsetFetchResponseGroup(topics=(), group_id=group.group_id, error_code=error.code) for group in request.groups
    ]
    topics = [
        OffsetFetchResponseTopic(
            name=topic.name,
            partitions=[
                OffsetFetchResponsePartition(
                    partition_index=index, committed_offset=NO_OFFSET, metadata="", error_code=error.code
                )
                for index in topic.partition_indexes
            ],
        )
        for topic in request.topics or ()
    ]
    return OffsetFetchResponse(error_code=error.code, groups=groups, topics=topics)


@handles(OffsetFetchRequest, error_response=_fetch_failed)
async def offset_fetch(context: RequestContext, request: OffsetFetchRequest) -> OffsetFetchResponse:
    """How far groups have read; -1 where nothing was committed.

    v2  all topics (null), top-level error    v5  leader epochs    v7  require_stable (KIP-447)
    v8  many groups (KIP-709)
    v9  member id and epoch (KIP-848)         v10 topic ids
    """
    if context.version in OffsetFetchRequest.BATCHED:
        by_id = context.version in OffsetFetchRequest.BY_TOPIC_ID
        groups = [await _fetch_group(context, group, request.require_stable, by_id) for group in request.groups]
        return OffsetFetchResponse(groups=groups)
    asked = OffsetFetchRequestGroup(
        group_id=request.group_id,
        topics=None
        if request.topics is None
        else [
            OffsetFetchRequestTopics(name=topic.name, partition_indexes=topic.partition_indexes)
            for topic in request.topics
        ],
    )
    reply = context.services.groups.call(
        request.group_id, GroupShard.fetch_offsets, asked, require_stable=request.require_stable
    )
    try:
        found = await context.answer(reply)
    except KafkaError as error:
        if context.version in OffsetFetchRequest.ERROR_PER_PARTITION:
            return _fetch_failed(request, error)
        return OffsetFetchResponse(error_code=error.code)
    return OffsetFetchResponse(
        topics=[OffsetFetchResponseTopic(name=topic.name, partitions=topic.partitions) for topic in found.topics],  # type: ignore[arg-type]  # the two partition classes have the same fields
        error_code=found.error_code,
    )


async def _fetch_group(
    context: RequestContext, group: OffsetFetchRequestGroup, require_stable: bool, by_id: bool
) -> OffsetFetchResponseGroup:
    image = context.services.metadata.image
    unknown: list[OffsetFetchResponseTopics] = []
    asked = _resolved(image, group, unknown) if by_id and group.topics is not None else group
    try:
        reply = context.services.groups.call(
            group.group_id, GroupShard.fetch_offsets, asked, require_stable=require_stable
        )
        found = await context.answer(reply)
    except KafkaError as error:
        return OffsetFetchResponseGroup(topics=(), group_id=group.group_id, error_code=error.code)
    if not by_id:
        return found
    topics = []
    for topic in found.topics:
        known = image.topics.get(topic.name)
        if known is not None:  # an answer by id cannot tell of a topic that has none
            topics.append(
                OffsetFetchResponseTopics(name=topic.name, topic_id=known.topic_id, partitions=topic.partitions)
            )
    return OffsetFetchResponseGroup(group_id=group.group_id, topics=[*topics, *unknown], error_code=found.error_code)


def _resolved(
    image: MetadataImage, group: OffsetFetchRequestGroup, unknown: list[OffsetFetchResponseTopics]
) -> OffsetFetchRequestGroup:
    """The group's request with names in place of ids; topics that are not there are answered in ``unknown``."""
    topics = []
    for topic in group.topics or ():
        found: TopicImage | None = image.topics_by_id.get(topic.topic_id)
        if found is None:
            unknown.append(
                OffsetFetchResponseTopics(
                    topic_id=topic.topic_id,
                    partitions=[
                        OffsetFetchResponsePartitions(
                            partition_index=index,
                            committed_offset=NO_OFFSET,
                            metadata="",
                            error_code=ErrorCode.UNKNOWN_TOPIC_ID,
                        )
                        for index in topic.partition_indexes
                    ],
                )
            )
            continue
        topics.append(
            OffsetFetchRequestTopics(
                name=found.name, topic_id=found.topic_id, partition_indexes=topic.partition_indexes
            )
        )
    return OffsetFetchRequestGroup(
        group_id=group.group_id, member_id=group.member_id, member_epoch=group.member_epoch, topics=topics
    )


# -- delete ------------------------------------------------------------------------------------------------------------


@handles(OffsetDeleteRequest)
async def offset_delete(context: RequestContext, request: OffsetDeleteRequest) -> OffsetDeleteResponse:
    """Forget committed offsets of topics that the group does not read now (KIP-496)."""
    image = context.services.metadata.image
    known, answers = [], []
    for topic in request.topics:
        found = image.topics.get(topic.name)
        count = len(found.partitions) if found is not None else 0
        there = [entry for entry in topic.partitions if 0 <= entry.partition_index < count]
        missing = [entry for entry in topic.partitions if not 0 <= entry.partition_index < count]
        if there:
            known.append(OffsetDeleteRequestTopic(name=topic.name, partitions=there))
        if missing:
            answers.append(
                OffsetDeleteResponseTopic(
                    name=topic.name,
                    partitions=[
                        OffsetDeleteResponsePartition(
                            partition_index=entry.partition_index, error_code=ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
                        )
                        for entry in missing
                    ],
                )
            )
    reply = context.services.groups.call(
        request.group_id,
        GroupShard.delete_offsets,
        OffsetDeleteRequest(group_id=request.group_id, topics=known),
    )
    deleted = await context.answer(reply)
    return OffsetDeleteResponse(error_code=deleted.error_code, topics=[*deleted.topics, *answers])


FAMILY: tuple[Api, ...] = (offset_commit, offset_fetch, offset_delete)
