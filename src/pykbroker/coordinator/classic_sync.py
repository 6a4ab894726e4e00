"""SyncGroup for classic groups: the leader hands in the assignment, everybody gets a part of it.

The leader's assignment is stored before anybody sees it; the group is stable once the record is replayed.
"""

from __future__ import annotations

from typing import Any

from pykbroker.coordinator.classic_group import COMPLETING, PREPARING, STABLE, ClassicGroup
from pykbroker.coordinator.classic_rebalance import (
    abandon_syncs,
    answer_parked_sync,
    arm_session,
    prepare,
    sync_answer,
    sync_error,
    sync_key,
)
from pykbroker.coordinator.group_config import GroupConfig
from pykbroker.coordinator.group_records import group_record
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.result import Result, Turn
from pykbroker.wire.messages.groups import SyncGroupRequest
from pykbroker.wire.messages.stored_groups import GroupMetadataValue


def sync(group: ClassicGroup, request: SyncGroupRequest, config: GroupConfig, turn: Turn, result: Result[Any]) -> None:
    """Give a member its assignment, now or when the leader has brought it."""
    code = _check(group, request)
    if code is not ErrorCode.NONE:
        result.replies[turn.token] = sync_error(code)
        return
    member = group.members[request.member_id]
    group.pending_syncs.discard(member.member_id)
    if not group.pending_syncs:
        result.timers[sync_key(group.group_id)] = None
    if group.state is STABLE:
        result.replies[turn.token] = sync_answer(group, member.assignment)
        return
    # A request of the same member that was parked before has been given up by its client.
    answer_parked_sync(member, ErrorCode.REBALANCE_IN_PROGRESS, result)
    member.sync_token = turn.token
    if group.leader == member.member_id:
        _take_assignment(group, request, config, turn, result)


def _check(group: ClassicGroup, request: SyncGroupRequest) -> ErrorCode:
    code = group.check_member(request.member_id, request.group_instance_id)
    if code is not ErrorCode.NONE:
        return code
    if request.generation_id != group.generation:
        return ErrorCode.ILLEGAL_GENERATION
    if request.protocol_type is not None and request.protocol_type != group.protocol_type:
        return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    if request.protocol_name is not None and request.protocol_name != group.protocol_name:
        return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    return ErrorCode.REBALANCE_IN_PROGRESS if group.state is PREPARING else ErrorCode.NONE


def _take_assignment(
    group: ClassicGroup, request: SyncGroupRequest, config: GroupConfig, turn: Turn, result: Result[Any]
) -> None:
    """Store what the leader decided and answer whoever waits for it. Members it left out get an empty
    assignment."""
    assignments = {each.member_id: bytes(each.assignment) for each in request.assignments}
    result.records.append(group_record(group, assignments))
    tokens: list[int] = []
    for member in group.members.values():
        token, member.sync_token = member.sync_token, None
        if token is not None:
            tokens.append(token)
            result.replies[token] = sync_answer(group, assignments.get(member.member_id, b""))
            arm_session(group, member, turn, result)

    def rebalance_again(error: KafkaError) -> Result[Any]:
        failed: Result[Any] = Result(replies={token: sync_error(error.code) for token in tokens})
        failed.timers.update(result.timers)
        abandon_syncs(group, error.code, turn, failed)
        prepare(group, config, turn, failed, f"{error.code.name} when storing the assignment")
        return failed

    result.on_append_failed = rebalance_again


def replay_assignment(group: ClassicGroup, value: GroupMetadataValue) -> None:
    """The record of a group that is live here: its current generation has been stored, so it is stable.

    Any other record of a live group (an empty generation, a static member's new id) says what the group
    already knows.
    """
    if group.state is not COMPLETING or value.generation != group.generation or not value.members:
        return
    for stored in value.members:
        group.members[stored.member_id].assignment = bytes(stored.assignment)
    group.move_to(STABLE, value.current_state_timestamp)
