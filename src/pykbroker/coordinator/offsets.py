"""Deciding about committed offsets: commit, fetch, delete, and what has expired.

Functions over the shard's ``OffsetStore`` and the group concerned. They write records and answers and
change nothing; the store changes when the records are replayed. A group that does not exist is None:
whoever commits without membership gets a simple group by replay (``OffsetMetadataManager``).
"""

from __future__ import annotations

from collections.abc import Mapping

from pykbroker.coordinator.classic_group import COMPLETING, EMPTY, STABLE, ClassicGroup
from pykbroker.coordinator.consumer_group import ConsumerGroup
from pykbroker.coordinator.group_config import GroupConfig
from pykbroker.coordinator.group_records import NO_EXPIRY, offset_record, offset_tombstone
from pykbroker.coordinator.offset_store import CommittedOffset, OffsetStore
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.result import Record
from pykbroker.wire.messages.offsets import (
    OffsetCommitRequest,
    OffsetCommitResponse,
    OffsetCommitResponsePartition,
    OffsetCommitResponseTopic,
    OffsetDeleteRequest,
    OffsetDeleteResponse,
    OffsetDeleteResponsePartition,
    OffsetDeleteResponseTopic,
    OffsetFetchRequestGroup,
    OffsetFetchResponseGroup,
    OffsetFetchResponsePartitions,
    OffsetFetchResponseTopics,
)
from pykbroker.wire.messages.stored_groups import OffsetCommitValue
from pykbroker.wire.messages.transactions import (
    TxnOffsetCommitRequest,
    TxnOffsetCommitResponse,
    TxnOffsetCommitResponsePartition,
    TxnOffsetCommitResponseTopic,
)

NO_OFFSET = -1
NO_LEADER_EPOCH = -1
NO_RETENTION = -1


# -- may they? -----------------------------------------------------------------------------------------------


def check_commit(group: ClassicGroup, member_id: str, instance_id: str | None, generation: int) -> None:
    """Whether a member, or somebody without membership, may commit now
    (``ClassicGroup.validateOffsetCommit``)."""
    if generation < 0 and group.state is EMPTY:
        return  # an administrator, or a consumer that assigns its partitions itself
    if generation < 0 and not member_id and instance_id is None:
        raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID)
    _check_identity(group, member_id, instance_id, generation)
    if group.state is COMPLETING:
        raise KafkaError(ErrorCode.REBALANCE_IN_PROGRESS)


def check_transactional_commit(group: ClassicGroup, member_id: str, instance_id: str | None, generation: int) -> None:
    """The same for a transaction: old producers say nothing of membership, and the group's state does not
    matter."""
    if generation < 0 and (group.state is EMPTY or (not member_id and instance_id is None)):
        return
    _check_identity(group, member_id, instance_id, generation)


def _check_identity(group: ClassicGroup, member_id: str, instance_id: str | None, generation: int) -> None:
    code = group.check_member(member_id, instance_id)
    if code is not ErrorCode.NONE:
        raise KafkaError(code)
    if generation != group.generation:
        raise KafkaError(ErrorCode.ILLEGAL_GENERATION)


# -- commit --------------------------------------------------------------------------------------------------


def commit(
    request: OffsetCommitRequest, config: GroupConfig, now_ms: int, records: list[Record]
) -> OffsetCommitResponse:
    """Write the offsets; metadata that is too long is refused partition by partition."""
    group_id = request.group_id
    limit = config.offset_metadata_max_bytes
    retention_ms = request.retention_time_ms
    expire_ms = NO_EXPIRY if retention_ms == NO_RETENTION else now_ms + retention_ms
    topics = []
    for topic in request.topics:
        name, topic_id = topic.name, topic.topic_id
        answers = []
        for partition in topic.partitions:
            index = partition.partition_index
            metadata = partition.committed_metadata or ""
            code = ErrorCode.NONE
            if len(metadata) > limit:
                code = ErrorCode.OFFSET_METADATA_TOO_LARGE
            else:
                value = OffsetCommitValue(
                    offset=partition.committed_offset,
                    leader_epoch=partition.committed_leader_epoch,
                    metadata=metadata,
                    commit_timestamp=now_ms,
                    expire_timestamp=expire_ms,
                    topic_id=topic_id,
                )
                records.append(offset_record(group_id, name, index, value))
            answers.append(OffsetCommitResponsePartition(partition_index=index, error_code=code))
        topics.append(OffsetCommitResponseTopic(name=name, topic_id=topic_id, partitions=answers))
    return OffsetCommitResponse(topics=topics)


def commit_transactional(
    request: TxnOffsetCommitRequest,
    topic_ids: Mapping[str, bytes],
    config: GroupConfig,
    now_ms: int,
    records: list[Record],
) -> TxnOffsetCommitResponse:
    """The same for a transaction; the records are the producer's and count when its marker comes."""
    limit = config.offset_metadata_max_bytes
    topics = []
    for topic in request.topics:
        answers = []
        for partition in topic.partitions:
            index = partition.partition_index
            metadata = partition.committed_metadata or ""
            code = ErrorCode.NONE
            if len(metadata) > limit:
                code = ErrorCode.OFFSET_METADATA_TOO_LARGE
            else:
                value = OffsetCommitValue(
                    offset=partition.committed_offset,
                    leader_epoch=partition.committed_leader_epoch,
                    metadata=metadata,
                    commit_timestamp=now_ms,
                    topic_id=topic_ids.get(topic.name, bytes(16)),
                )
                records.append(offset_record(request.group_id, topic.name, index, value))
            answers.append(TxnOffsetCommitResponsePartition(partition_index=index, error_code=code))
        topics.append(TxnOffsetCommitResponseTopic(name=topic.name, partitions=answers))
    return TxnOffsetCommitResponse(topics=topics)


def committed_offset(value: OffsetCommitValue, record_offset: int) -> CommittedOffset:
    """What a record says."""
    return CommittedOffset(
        value.offset,
        value.leader_epoch,
        value.metadata,
        value.commit_timestamp,
        value.expire_timestamp,
        value.topic_id,
        record_offset,
    )


# -- fetch ---------------------------------------------------------------------------------------------------


def fetch(store: OffsetStore, request: OffsetFetchRequestGroup, require_stable: bool) -> OffsetFetchResponseGroup:
    """The committed offsets asked for, or all of the group's; an offset that was never committed is -1."""
    group_id = request.group_id
    topics = []
    if request.topics is None:
        for name, partitions in store.of_group(group_id).items():
            answers = [
                _partition(store, group_id, name, index, committed, require_stable)
                for index, committed in partitions.items()
            ]
            topics.append(OffsetFetchResponseTopics(name=name, partitions=answers))
    else:
        for topic in request.topics:
            name = topic.name
            answers = []
            for index in topic.partition_indexes:
                committed_or_none = store.get(group_id, name, index)
                if committed_or_none is not None and not committed_or_none.is_of(topic.topic_id):
                    committed_or_none = None
                answers.append(_partition(store, group_id, name, index, committed_or_none, require_stable))
            topics.append(OffsetFetchResponseTopics(name=name, topic_id=topic.topic_id, partitions=answers))
    return OffsetFetchResponseGroup(group_id=group_id, topics=topics)


def _partition(
    store: OffsetStore,
    group_id: str,
    topic: str,
    index: int,
    committed: CommittedOffset | None,
    require_stable: bool,
) -> OffsetFetchResponsePartitions:
    code = ErrorCode.NONE
    if require_stable and store.is_pending(group_id, topic, index):
        code, committed = ErrorCode.UNSTABLE_OFFSET_COMMIT, None
    if committed is None:
        return OffsetFetchResponsePartitions(
            partition_index=index,
            committed_offset=NO_OFFSET,
            committed_leader_epoch=NO_LEADER_EPOCH,
            metadata="",
            error_code=code,
        )
    return OffsetFetchResponsePartitions(
        partition_index=index,
        committed_offset=committed.offset,
        committed_leader_epoch=committed.leader_epoch,
        metadata=committed.metadata,
        error_code=code,
    )


# -- delete and expire ---------------------------------------------------------------------------------------


def delete(
    store: OffsetStore, group: ClassicGroup | ConsumerGroup, request: OffsetDeleteRequest, records: list[Record]
) -> OffsetDeleteResponse:
    """Delete offsets of topics that the group does not consume now."""
    if isinstance(group, ClassicGroup) and not group.is_empty and not group.uses_consumer_protocol:
        raise KafkaError(ErrorCode.NON_EMPTY_GROUP)
    topics = []
    for topic in request.topics:
        code = ErrorCode.NONE
        if group.is_subscribed_to(topic.name):
            code = ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC
        answers = []
        for partition in topic.partitions:
            index = partition.partition_index
            answers.append(OffsetDeleteResponsePartition(partition_index=index, error_code=code))
            if code is ErrorCode.NONE and (
                store.get(group.group_id, topic.name, index) is not None
                or store.is_pending(group.group_id, topic.name, index)
            ):
                records.append(offset_tombstone(group.group_id, topic.name, index))
        topics.append(OffsetDeleteResponseTopic(name=topic.name, partitions=answers))
    return OffsetDeleteResponse(topics=topics)


def delete_all(store: OffsetStore, group_id: str, records: list[Record]) -> None:
    """Delete all offsets of a group that is being deleted."""
    records += [offset_tombstone(group_id, topic, partition) for topic, partition in store.keys_of_group(group_id)]


def delete_topic(store: OffsetStore, topic: str, topic_id: bytes, records: list[Record]) -> None:
    """Delete all groups' offsets of a topic that has been deleted, unless they are of a later topic of that
    name."""
    found = {
        (group_id, partition) for group_id, partition, committed in store.of_topic(topic) if committed.is_of(topic_id)
    }
    records += [offset_tombstone(group_id, topic, partition) for group_id, partition in sorted(found)]


def expire(
    store: OffsetStore, group: ClassicGroup | ConsumerGroup, config: GroupConfig, now_ms: int, records: list[Record]
) -> bool:
    """Delete what has expired (KIP-211); True when nothing of the group is left, neither committed nor
    pending.

    The clock starts when the group becomes empty; for a group with members or without membership, when the
    offset was committed.
    """
    offsets = store.of_group(group.group_id)
    if not offsets:
        return not store.has_open_transactions(group.group_id)
    if not _may_expire(group):
        return False
    since_ms = -1
    if isinstance(group, ClassicGroup) and group.protocol_type is not None and group.is_empty:
        since_ms = group.state_timestamp_ms
    retention_ms = config.offsets_retention_ms
    is_all = True
    for topic, partitions in offsets.items():
        is_in_use = group.is_subscribed_to(topic)
        for partition, committed in partitions.items():
            if (
                not is_in_use
                and _is_expired(committed, since_ms, retention_ms, now_ms)
                and not store.is_pending(group.group_id, topic, partition)
            ):
                records.append(offset_tombstone(group.group_id, topic, partition))
            else:
                is_all = False
    return is_all and not store.has_open_transactions(group.group_id)


def _may_expire(group: ClassicGroup | ConsumerGroup) -> bool:
    if isinstance(group, ConsumerGroup) or group.protocol_type is None or group.is_empty:
        return True
    return group.state is STABLE and group.uses_consumer_protocol and group.subscribed_topics is not None


def _is_expired(committed: CommittedOffset, since_ms: int, retention_ms: int, now_ms: int) -> bool:
    if committed.expire_timestamp_ms != NO_EXPIRY:
        return now_ms >= committed.expire_timestamp_ms  # asked for by an old client
    start_ms = committed.commit_timestamp_ms if since_ms == -1 else since_ms
    return now_ms - start_ms >= retention_ms
