"""How a classic group gets from one generation to the next: prepare, wait for everybody, complete, wait for
everybody's sync.

Each function goes one step on and writes what follows into the turn's ``Result``. The order of steps, and
which timers stand while, is Kafka's (``GroupMetadataManager.prepareRebalance``,
``completeClassicGroupJoin``, ``expirePendingSync``).
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from pykbroker.coordinator.classic_group import (
    COMPLETING,
    EMPTY,
    NO_MEMBER_ID,
    PREPARING,
    STABLE,
    ClassicGroup,
)
from pykbroker.coordinator.classic_member import ClassicMember
from pykbroker.coordinator.group_config import GroupConfig
from pykbroker.coordinator.group_records import group_record
from pykbroker.errors import ErrorCode
from pykbroker.machine.result import Result, Turn
from pykbroker.wire.messages.groups import JoinGroupResponse, JoinGroupResponseMember, SyncGroupResponse

SESSION = "session"
JOIN = "join"
SYNC = "sync"


def session_key(group_id: str, member_id: str) -> Hashable:
    """The timer that removes a member that is not heard of."""
    return (SESSION, group_id, member_id)


def join_key(group_id: str) -> Hashable:
    """The timer that ends the join phase."""
    return (JOIN, group_id)


def sync_key(group_id: str) -> Hashable:
    """The timer that ends the wait for SyncGroup."""
    return (SYNC, group_id)


def arm_session(group: ClassicGroup, member: ClassicMember, turn: Turn, result: Result[Any]) -> None:
    """The member has been heard of."""
    result.timers[SESSION, group.group_id, member.member_id] = turn.now_ms + member.session_timeout_ms


# -- answers -------------------------------------------------------------------------------------------------


def join_error(code: ErrorCode, member_id: str = NO_MEMBER_ID) -> JoinGroupResponse:
    """A JoinGroup refused."""
    return JoinGroupResponse(error_code=code, protocol_name=None, leader=NO_MEMBER_ID, member_id=member_id, members=())


def join_answer(group: ClassicGroup, member_id: str, *, for_leader: bool, skip: bool = False) -> JoinGroupResponse:
    """The current generation as a member sees it; the leader also sees who else is in it."""
    members: list[JoinGroupResponseMember] = []
    if for_leader:
        assert group.protocol_name is not None
        members = [
            JoinGroupResponseMember(
                member_id=member.member_id,
                group_instance_id=member.instance_id,
                metadata=member.metadata(group.protocol_name),
            )
            for member in group.members.values()
        ]
    return JoinGroupResponse(
        error_code=ErrorCode.NONE,
        generation_id=group.generation,
        protocol_type=group.protocol_type,
        protocol_name=group.protocol_name,
        leader=group.leader or NO_MEMBER_ID,
        skip_assignment=skip,
        member_id=member_id,
        members=members,
    )


def sync_answer(group: ClassicGroup, assignment: bytes) -> SyncGroupResponse:
    """A member's part of the current generation."""
    return SyncGroupResponse(
        error_code=ErrorCode.NONE,
        protocol_type=group.protocol_type,
        protocol_name=group.protocol_name,
        assignment=assignment,
    )


def sync_error(code: ErrorCode) -> SyncGroupResponse:
    """A SyncGroup refused."""
    return SyncGroupResponse(error_code=code, assignment=b"")


def answer_parked_join(group: ClassicGroup, member: ClassicMember, code: ErrorCode, result: Result[Any]) -> None:
    """Refuse a member's parked JoinGroup, if there is one."""
    token = group.park_join(member, None)
    if token is not None:
        about = NO_MEMBER_ID if code is ErrorCode.UNKNOWN_MEMBER_ID else member.member_id
        result.replies[token] = join_error(code, about)


def answer_parked_sync(member: ClassicMember, code: ErrorCode, result: Result[Any]) -> bool:
    """Refuse a member's parked SyncGroup, if there is one."""
    token, member.sync_token = member.sync_token, None
    if token is None:
        return False
    result.replies[token] = sync_error(code)
    return True


# -- steps ---------------------------------------------------------------------------------------------------


def rebalance_or_complete(
    group: ClassicGroup, config: GroupConfig, turn: Turn, result: Result[Any], reason: str
) -> None:
    """Something about the members has changed: begin a rebalance, or see whether the one under way can end."""
    if group.can_rebalance:
        prepare(group, config, turn, result, reason)
    else:
        complete_if_joined(group, turn, result)


def prepare(group: ClassicGroup, config: GroupConfig, turn: Turn, result: Result[Any], reason: str) -> None:
    """Call everybody to join again. A group's first members are given some time to gather."""
    if group.state is COMPLETING:
        abandon_syncs(group, ErrorCode.REBALANCE_IN_PROGRESS, turn, result)
    group.pending_syncs.clear()
    result.timers[sync_key(group.group_id)] = None
    group.rebalance_reason = reason
    is_first = group.state is EMPTY
    group.move_to(PREPARING, turn.now_ms)
    if not is_first:
        _complete_or_wait(group, turn, result)
        return
    delay_ms = config.initial_rebalance_delay_ms
    if delay_ms == 0:
        complete_join(group, turn, result)
        return
    group.initial_delay = (delay_ms, max(group.rebalance_timeout_ms - delay_ms, 0))
    result.timers[join_key(group.group_id)] = turn.now_ms + delay_ms


def abandon_syncs(group: ClassicGroup, code: ErrorCode, turn: Turn, result: Result[Any]) -> None:
    """This generation will not be: assignments are void, and whoever waits for one is told ``code``."""
    for member in group.members.values():
        member.assignment = b""
        if answer_parked_sync(member, code, result):
            arm_session(group, member, turn, result)


def complete_if_joined(group: ClassicGroup, turn: Turn, result: Result[Any]) -> None:
    """End the join phase if nobody is missing; a first rebalance ends by its delay only."""
    if group.state is PREPARING and group.previous_state is not EMPTY and group.all_joined:
        complete_join(group, turn, result)


def _complete_or_wait(group: ClassicGroup, turn: Turn, result: Result[Any]) -> None:
    if group.all_joined:
        complete_join(group, turn, result)
    else:
        _wait_for_joins(group, turn, result)


def _wait_for_joins(group: ClassicGroup, turn: Turn, result: Result[Any]) -> None:
    group.initial_delay = None
    result.timers[join_key(group.group_id)] = turn.now_ms + group.rebalance_timeout_ms


def complete_join(group: ClassicGroup, turn: Turn, result: Result[Any]) -> None:
    """The join phase is over: whoever did not come is out, static members excepted; the others are a new
    generation."""
    group.initial_delay = None
    result.timers[join_key(group.group_id)] = None
    for member in list(group.members.values()):
        if member.join_token is None and member.instance_id is None:
            group.remove(member.member_id)
            result.timers[session_key(group.group_id, member.member_id)] = None
    if not group.elect_joined_leader() and group.members:
        # Only static members, none of whom has come: wait until their sessions end or they come.
        _wait_for_joins(group, turn, result)
        return
    group.next_generation(turn.now_ms)
    if group.state is EMPTY:
        result.records.append(group_record(group, {}))
        return
    for member in group.members.values():
        token = group.park_join(member, None)
        if token is not None:
            for_leader = member.member_id == group.leader
            result.replies[token] = join_answer(group, member.member_id, for_leader=for_leader)
        arm_session(group, member, turn, result)
        member.is_new = False
        group.pending_syncs.add(member.member_id)
    result.timers[sync_key(group.group_id)] = turn.now_ms + group.rebalance_timeout_ms


# -- timers --------------------------------------------------------------------------------------------------


def join_time_over(group: ClassicGroup, config: GroupConfig, turn: Turn, result: Result[Any]) -> None:
    """The join timer: a first rebalance goes on while new members keep coming, up to the rebalance timeout."""
    if group.state is not PREPARING:
        return
    if group.initial_delay is not None and group.new_member_added and group.initial_delay[1] > 0:
        delay_ms, remaining_ms = group.initial_delay
        group.new_member_added = False
        next_delay_ms = min(config.initial_rebalance_delay_ms, remaining_ms)
        group.initial_delay = (next_delay_ms, max(remaining_ms - delay_ms, 0))
        result.timers[join_key(group.group_id)] = turn.now_ms + next_delay_ms
        return
    complete_join(group, turn, result)


def sync_time_over(group: ClassicGroup, config: GroupConfig, turn: Turn, result: Result[Any]) -> None:
    """The sync timer: members that joined and never came for their assignment are out."""
    if group.state not in (COMPLETING, STABLE) or not group.pending_syncs:
        return
    missing = sorted(group.pending_syncs)
    for member_id in missing:
        group.remove(member_id)
        result.timers[session_key(group.group_id, member_id)] = None
    prepare(group, config, turn, result, f"no SyncGroup from {', '.join(missing)}")


def remove_member(
    group: ClassicGroup, member: ClassicMember, config: GroupConfig, turn: Turn, result: Result[Any], reason: str
) -> None:
    """A member's session is over."""
    answer_parked_join(group, member, ErrorCode.UNKNOWN_MEMBER_ID, result)
    answer_parked_sync(member, ErrorCode.UNKNOWN_MEMBER_ID, result)
    group.remove(member.member_id)
    if group.state in (STABLE, COMPLETING):
        prepare(group, config, turn, result, reason)
    elif group.state is PREPARING and group.all_joined:
        complete_join(group, turn, result)
