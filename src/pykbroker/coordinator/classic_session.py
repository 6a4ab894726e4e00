"""Heartbeat, LeaveGroup and the end of sessions for classic groups."""

from __future__ import annotations

from typing import Any

from pykbroker.coordinator.classic_group import COMPLETING, NO_MEMBER_ID, PREPARING, STABLE, ClassicGroup
from pykbroker.coordinator.classic_rebalance import (
    SESSION,
    answer_parked_join,
    answer_parked_sync,
    complete_if_joined,
    complete_join,
    prepare,
    remove_member,
    session_key,
)
from pykbroker.coordinator.group_config import GroupConfig
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.result import Result, Turn
from pykbroker.wire.messages.groups import HeartbeatRequest, HeartbeatResponse, MemberIdentity, MemberResponse


def heartbeat(group: ClassicGroup, request: HeartbeatRequest, turn: Turn) -> Result[HeartbeatResponse]:
    """A member lives; it learns whether it has to join again."""
    member_id = request.member_id
    member = group.members.get(member_id)
    if member is None or request.group_instance_id is not None:
        code = group.check_member(member_id, request.group_instance_id)
        if code is not ErrorCode.NONE:
            raise KafkaError(code)
        assert member is not None
    if request.generation_id != group.generation:
        raise KafkaError(ErrorCode.ILLEGAL_GENERATION)
    code = ErrorCode.REBALANCE_IN_PROGRESS if group.state is PREPARING else ErrorCode.NONE
    return Result(
        replies={turn.token: HeartbeatResponse(error_code=code)},
        timers={(SESSION, group.group_id, member_id): turn.now_ms + member.session_timeout_ms},
    )


def leave(
    group: ClassicGroup, leaving: list[MemberIdentity], config: GroupConfig, turn: Turn, result: Result[Any]
) -> list[MemberResponse]:
    """Take members out at their own wish, or at an administrator's by instance id; one answer for each."""
    answers = []
    left: list[str] = []
    for identity in leaving:
        member_id, instance_id = identity.member_id, identity.group_instance_id
        code = _leave_one(group, member_id, instance_id, result)
        if code is ErrorCode.NONE:
            left.append(f"{member_id or instance_id} ({identity.reason or 'no reason given'})")
        answers.append(MemberResponse(member_id=member_id, group_instance_id=instance_id, error_code=code))
    if left:
        if group.state in (STABLE, COMPLETING):
            prepare(group, config, turn, result, f"left: {', '.join(left)}")
        elif group.state is PREPARING:
            complete_if_joined(group, turn, result)
    return answers


def _leave_one(group: ClassicGroup, member_id: str, instance_id: str | None, result: Result[Any]) -> ErrorCode:
    if member_id == NO_MEMBER_ID:
        known = None if instance_id is None else group.static_members.get(instance_id)
        if known is None:
            return ErrorCode.UNKNOWN_MEMBER_ID
        member_id = known
    elif member_id not in group.pending_joins:
        code = group.check_member(member_id, instance_id)
        if code is not ErrorCode.NONE:
            return code
    member = group.members.get(member_id)
    if member is not None:
        answer_parked_join(group, member, ErrorCode.UNKNOWN_MEMBER_ID, result)
        answer_parked_sync(member, ErrorCode.UNKNOWN_MEMBER_ID, result)
    group.remove(member_id)
    result.timers[session_key(group.group_id, member_id)] = None
    return ErrorCode.NONE


def session_over(group: ClassicGroup, member_id: str, config: GroupConfig, turn: Turn, result: Result[Any]) -> None:
    """The session timer: a member, or an id given to somebody who never came back, is out."""
    if member_id in group.pending_joins:
        group.remove(member_id)
        if group.state is PREPARING and group.all_joined:
            complete_join(group, turn, result)
        return
    member = group.members.get(member_id)
    # Whoever waits in JoinGroup or SyncGroup lives; its timer is armed again with the answer.
    if member is not None and not member.is_parked:
        remove_member(group, member, config, turn, result, f"no heartbeat from {member_id}")
