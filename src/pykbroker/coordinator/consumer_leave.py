"""How members of consumer groups leave: by saying so, by falling silent, or by not giving up partitions in
time.

Whatever the way, what the member had is free at once and the group's epoch goes up, so that the others'
next heartbeats share it out. A static member that leaves for a while keeps its partitions until its session
ends (KIP-345).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pykbroker.coordinator.consumer_group import ConsumerGroup, ConsumerMember, hash_topics
from pykbroker.coordinator.consumer_records import current_record, epoch_record, member_tombstones, regex_tombstone
from pykbroker.coordinator.group_config import GroupConfig
from pykbroker.coordinator.reconcile import LEFT_STATIC_EPOCH, Current, EpochsByPartition, MemberState
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.result import Result, Turn
from pykbroker.metadata.image import MetadataImage

if TYPE_CHECKING:
    from pykbroker.wire.messages.consumer_groups import ConsumerGroupHeartbeatRequest

CONSUMER_SESSION = "consumer-session"
CONSUMER_REBALANCE = "consumer-rebalance"

LEAVE_EPOCH = -1


def unknown_member(member_id: str, group_id: str) -> KafkaError:
    """Who is that?"""
    return KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, f"Member {member_id} is not a member of group {group_id}.")


def known_static(group: ConsumerGroup, instance_id: str, member_id: str) -> ConsumerMember:
    """The static member of that name, if it is the one that asks."""
    existing_id = group.static_members.get(instance_id)
    if existing_id is None:
        raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, f"Instance id {instance_id} is unknown.")
    if existing_id != member_id:
        raise KafkaError(
            ErrorCode.FENCED_INSTANCE_ID, f"member {member_id} of instance {instance_id} was fenced by {existing_id}"
        )
    return group.members[existing_id]


def arm_session(group_id: str, member_id: str, config: GroupConfig, turn: Turn, result: Result[Any]) -> None:
    """The member has been heard of."""
    timeout_ms = config.of_group(group_id, "consumer.session.timeout.ms")
    result.timers[CONSUMER_SESSION, group_id, member_id] = turn.now_ms + timeout_ms


def leave(
    group: ConsumerGroup, request: ConsumerGroupHeartbeatRequest, image: MetadataImage, result: Result[Any]
) -> None:
    """A heartbeat with epoch -1 or, from a static member that will be back, -2."""
    member_id, instance_id = request.member_id, request.instance_id
    if instance_id is not None:
        member = known_static(group, instance_id, member_id)
    else:
        found = group.members.get(member_id)
        if found is None:
            raise unknown_member(member_id, group.group_id)
        member = found
    if instance_id is not None and request.member_epoch == LEFT_STATIC_EPOCH:
        current = member.current
        away = Current(LEFT_STATIC_EPOCH, current.previous_epoch, current.state, _without_epochs(current.assigned), {})
        result.records.append(current_record(group.group_id, member_id, away))
    else:
        fence(group, [member_id], image, result)


def _without_epochs(assigned: EpochsByPartition) -> EpochsByPartition:
    """Its successor begins at epoch 0, and so may commit for these."""
    return {topic_id: dict.fromkeys(partitions, 0) for topic_id, partitions in assigned.items()}


def fence(group: ConsumerGroup, member_ids: list[str], image: MetadataImage, result: Result[Any]) -> None:
    """Take members out."""
    group_id = group.group_id
    remaining = [each.subscription for each in group.members.values() if each.member_id not in member_ids]
    for member_id in member_ids:
        result.records += member_tombstones(group_id, member_id)
        result.timers[CONSUMER_SESSION, group_id, member_id] = None
        result.timers[CONSUMER_REBALANCE, group_id, member_id] = None
    wanted = {each.topic_regex for each in remaining}
    resolved = {regex: each for regex, each in group.resolved_regexes.items() if regex in wanted}
    result.records += [regex_tombstone(group_id, regex) for regex in group.resolved_regexes.keys() - wanted]
    result.records.append(epoch_record(group_id, group.epoch + 1, hash_topics(remaining, resolved, image)))


def session_over(group: ConsumerGroup, member_id: str, image: MetadataImage, result: Result[Any]) -> None:
    """The session timer."""
    if member_id in group.members:
        fence(group, [member_id], image, result)


def rebalance_over(group: ConsumerGroup, member_id: str, image: MetadataImage, result: Result[Any]) -> None:
    """The rebalance timer: the member was asked to give up partitions and has not."""
    member = group.members.get(member_id)
    if member is not None and member.current.state == MemberState.UNREVOKED_PARTITIONS:
        fence(group, [member_id], image, result)


def loaded(group: ConsumerGroup, config: GroupConfig, turn: Turn, result: Result[Any]) -> None:
    """The group has been read from the log: sessions begin anew, and so does the time to give up
    partitions."""
    for member in group.members.values():
        arm_session(group.group_id, member.member_id, config, turn, result)
        if member.current.state == MemberState.UNREVOKED_PARTITIONS:
            deadline_ms = turn.now_ms + member.subscription.rebalance_timeout_ms
            result.timers[CONSUMER_REBALANCE, group.group_id, member.member_id] = deadline_ms
