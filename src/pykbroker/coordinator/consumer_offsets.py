"""Who may commit and fetch offsets of a consumer group (KIP-848): members by their epoch, others while it
is empty.

A commit with an earlier epoch is good for the partitions that the member has had since that epoch or
longer: the answer that told it of the new epoch may not have reached it yet (KIP-1251). Kafka:
``ConsumerGroup.validateOffsetCommit``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pykbroker.coordinator.consumer_group import ConsumerGroup, ConsumerMember
from pykbroker.coordinator.consumer_leave import unknown_member
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.wire.messages.offsets import OffsetCommitRequest, OffsetFetchRequestGroup
from pykbroker.wire.messages.transactions import TxnOffsetCommitRequest

NO_EPOCH = -1


def check_commit(group: ConsumerGroup, request: OffsetCommitRequest, *, is_new_api: bool) -> None:
    """Raises UNKNOWN_MEMBER_ID, STALE_MEMBER_EPOCH; UNSUPPORTED_VERSION before v9, which does not know that
    error."""
    epoch = request.generation_id_or_member_epoch
    if epoch < 0 and group.is_empty:
        return
    member = _member(group, request.member_id)
    if not is_new_api:
        raise KafkaError(
            ErrorCode.UNSUPPORTED_VERSION, "members of the consumer protocol must commit with OffsetCommit 9 or above"
        )
    wanted = ((topic.topic_id, each.partition_index) for topic in request.topics for each in topic.partitions)
    _check_epoch(member, epoch, wanted)


def check_transactional_commit(
    group: ConsumerGroup, request: TxnOffsetCommitRequest, topic_ids: Mapping[str, bytes]
) -> None:
    """Raises UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION (transactional producers do not know the other)."""
    epoch = request.generation_id
    if epoch < 0 and group.is_empty:
        return
    if epoch == NO_EPOCH and not request.member_id and request.group_instance_id is None:
        return  # a producer that does not know for whom it commits
    member = _member(group, request.member_id)
    wanted = (
        (topic_ids.get(topic.name, b""), each.partition_index) for topic in request.topics for each in topic.partitions
    )
    try:
        _check_epoch(member, epoch, wanted)
    except KafkaError as error:
        raise KafkaError(ErrorCode.ILLEGAL_GENERATION, error.message) from None


def check_fetch(group: ConsumerGroup, request: OffsetFetchRequestGroup) -> None:
    """Raises UNKNOWN_MEMBER_ID, STALE_MEMBER_EPOCH for those who say that they are members."""
    if request.member_id is None and request.member_epoch < 0:
        return
    member = _member(group, request.member_id or "")
    if request.member_epoch != member.current.member_epoch:
        raise _stale(request.member_epoch, f"does not match {member.current.member_epoch}")


def _member(group: ConsumerGroup, member_id: str) -> ConsumerMember:
    member = group.members.get(member_id)
    if member is None:
        raise unknown_member(member_id, group.group_id)
    return member


def _check_epoch(member: ConsumerMember, epoch: int, wanted: Iterable[tuple[bytes, int]]) -> None:
    current = member.current
    if epoch == current.member_epoch:
        return
    if epoch > current.member_epoch:
        raise _stale(epoch, f"is newer than {current.member_epoch}")
    for topic_id, partition in wanted:
        since = current.assigned.get(topic_id, {}).get(partition)
        if since is None:
            since = current.revoking.get(topic_id, {}).get(partition)
        if since is None or epoch < since:
            raise _stale(epoch, f"is from before partition {partition} was assigned")


def _stale(epoch: int, why: str) -> KafkaError:
    return KafkaError(ErrorCode.STALE_MEMBER_EPOCH, f"the member epoch {epoch} {why}")
