"""JoinGroup for classic groups: who is let in, under which id, and whether that begins a rebalance.

Kafka's order of checks is kept (``GroupMetadataManager.classicGroupJoinToClassicGroup`` and below it):
group size, protocols, pending members, identity, then what the group's state makes of it.
"""

from __future__ import annotations

from typing import Any

from pykbroker.coordinator.classic_group import (
    COMPLETING,
    EMPTY,
    NO_MEMBER_ID,
    PREPARING,
    STABLE,
    ClassicGroup,
)
from pykbroker.coordinator.classic_member import ClassicMember, Protocols
from pykbroker.coordinator.classic_rebalance import (
    answer_parked_join,
    answer_parked_sync,
    arm_session,
    complete_if_joined,
    join_answer,
    join_error,
    prepare,
    rebalance_or_complete,
    session_key,
)
from pykbroker.coordinator.group_config import ClientIdentity, GroupConfig
from pykbroker.coordinator.group_records import group_record
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.result import Result, Turn
from pykbroker.wire.messages.groups import JoinGroupRequest

NO_REASON = "not provided"


class Joining:
    """One JoinGroup being decided: who asks, what for, and what the request's version allows."""

    __slots__ = (
        "client",
        "config",
        "id_is_required",
        "may_skip_assignment",
        "new_member_id",
        "protocols",
        "rebalance_timeout_ms",
        "request",
        "result",
        "turn",
    )

    def __init__(
        self, turn: Turn, result: Result[Any], client: ClientIdentity, request: JoinGroupRequest, config: GroupConfig
    ) -> None:
        self.turn = turn
        self.result = result
        self.client = client
        self.request = request
        self.config = config
        self.id_is_required = True
        """The version knows MEMBER_ID_REQUIRED (KIP-394)."""
        self.may_skip_assignment = True
        """The version knows ``skip_assignment`` (KIP-814)."""
        self.new_member_id = ""
        """The id to give if this is a new member."""
        self.protocols: Protocols = tuple([(each.name, bytes(each.metadata)) for each in request.protocols])
        # Version 0 has no rebalance timeout of its own.
        given_ms = request.rebalance_timeout_ms
        self.rebalance_timeout_ms = request.session_timeout_ms if given_ms == -1 else given_ms

    def refuse(self, code: ErrorCode, member_id: str) -> None:
        """Answer with an error."""
        self.result.replies[self.turn.token] = join_error(code, member_id)

    def why(self, what: str) -> str:
        """A reason for a rebalance, with the client's own (KIP-800)."""
        return f"{what}; client reason: {self.request.reason or NO_REASON}"


def join(group: ClassicGroup, joining: Joining) -> None:
    """Let a member in, or tell it why not."""
    request = joining.request
    member_id = request.member_id
    if not _has_room(group, member_id, joining.config):
        member = group.members.get(member_id)
        if member is not None:
            answer_parked_join(group, member, ErrorCode.GROUP_MAX_SIZE_REACHED, joining.result)
            answer_parked_sync(member, ErrorCode.GROUP_MAX_SIZE_REACHED, joining.result)
        group.remove(member_id)
        joining.refuse(ErrorCode.GROUP_MAX_SIZE_REACHED, NO_MEMBER_ID)
        # Apache Kafka lets the others wait for the rebalance timeout here, for a member that is out
        # already.
        complete_if_joined(group, joining.turn, joining.result)
    elif not group.supports(request.protocol_type, joining.protocols):
        joining.refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, member_id)
    elif member_id == NO_MEMBER_ID:
        _join_new(group, joining)
    elif member_id in group.pending_joins:
        if request.group_instance_id is not None:
            # Ids of pending members are given to dynamic members only.
            raise KafkaError(
                ErrorCode.UNKNOWN_SERVER_ERROR, f"pending member {member_id} joined with a group instance id"
            )
        _add_member(group, joining, member_id)
    else:
        _join_existing(group, joining)


def _has_room(group: ClassicGroup, member_id: str, config: GroupConfig) -> bool:
    """Whether ``group.max.size`` lets the member in (KIP-389).

    While members are joining, those who are parked count rather than all members, so that a group that is
    over a limit which has been lowered since sheds the members that come last.
    """
    if group.state is EMPTY:
        return True
    member = group.members.get(member_id)
    if group.state is PREPARING:
        return (member is not None and member.join_token is not None) or group.joining_count < config.max_size
    return member is not None or len(group.members) < config.max_size


def _join_new(group: ClassicGroup, joining: Joining) -> None:
    instance_id = joining.request.group_instance_id
    if instance_id is not None:
        existing = group.static_members.get(instance_id)
        if existing is not None:
            _replace_static(group, joining, existing)
        else:
            _add_member(group, joining, joining.new_member_id)
        return
    if not joining.id_is_required:
        _add_member(group, joining, joining.new_member_id)
        return
    # The client must come again with this id; one that never does leaves no member behind (KIP-394).
    member_id = joining.new_member_id
    group.pending_joins.add(member_id)
    deadline_ms = joining.turn.now_ms + joining.request.session_timeout_ms
    joining.result.timers[session_key(group.group_id, member_id)] = deadline_ms
    joining.refuse(ErrorCode.MEMBER_ID_REQUIRED, member_id)


def _add_member(group: ClassicGroup, joining: Joining, member_id: str) -> None:
    request, client = joining.request, joining.client
    member = ClassicMember(member_id, request.group_instance_id, client.client_id, client.host, request.protocol_type)
    member.protocols = joining.protocols
    member.session_timeout_ms = request.session_timeout_ms
    member.rebalance_timeout_ms = joining.rebalance_timeout_ms
    member.is_new = True
    if group.state is PREPARING and group.previous_state is EMPTY:
        group.new_member_added = True
    group.add(member, joining.turn.token)
    # A new member does not know its id yet and cannot send heartbeats, and a lost connection is not noticed
    # while its JoinGroup is parked: this bounds how long clients that retry can leave members behind.
    deadline_ms = joining.turn.now_ms + joining.config.new_member_join_timeout_ms
    joining.result.timers[session_key(group.group_id, member_id)] = deadline_ms
    _rebalance(group, joining, f"adding member {member_id}")


def _join_existing(group: ClassicGroup, joining: Joining) -> None:
    request = joining.request
    member_id = request.member_id
    code = group.check_member(member_id, request.group_instance_id)
    if code is not ErrorCode.NONE:
        joining.refuse(code, member_id)
        return
    member = group.members[member_id]
    if group.state is EMPTY:  # members only ever leave it with a state; kept for completeness of the table
        joining.refuse(ErrorCode.UNKNOWN_MEMBER_ID, member_id)
    elif group.state is PREPARING:
        _update_member(group, joining, member, f"member {member_id} joins")
    elif group.state is STABLE and group.leader == member_id:
        # This is how a leader asks for a new assignment when topics have changed and no member has.
        _update_member(group, joining, member, f"leader {member_id} joins again")
    elif member.protocols != joining.protocols:
        _update_member(group, joining, member, f"member {member_id} offers other protocols")
    else:
        # It may have missed the answer to its first JoinGroup; it can go on to SyncGroup.
        for_leader = group.state is COMPLETING and group.leader == member_id
        joining.result.replies[joining.turn.token] = join_answer(group, member_id, for_leader=for_leader)


def _update_member(group: ClassicGroup, joining: Joining, member: ClassicMember, what: str) -> None:
    group.update(member, joining.protocols, joining.rebalance_timeout_ms, joining.request.session_timeout_ms)
    _park(group, member, joining)
    _rebalance(group, joining, what)


def _park(group: ClassicGroup, member: ClassicMember, joining: Joining) -> None:
    """Park this JoinGroup; one that the same member had parked before (its client gave up on it) is sent
    off."""
    # Sent off with a code upon which a client that does still listen joins again.
    answer_parked_join(group, member, ErrorCode.REBALANCE_IN_PROGRESS, joining.result)
    group.park_join(member, joining.turn.token)


def _rebalance(group: ClassicGroup, joining: Joining, what: str) -> None:
    rebalance_or_complete(group, joining.config, joining.turn, joining.result, joining.why(what))


# -- static members ------------------------------------------------------------------------------------------


def _replace_static(group: ClassicGroup, joining: Joining, old_member_id: str) -> None:
    """A static member has restarted: it takes over its former self's place, if possible without a rebalance
    (KIP-345)."""
    instance_id = joining.request.group_instance_id
    assert instance_id is not None
    result, turn = joining.result, joining.turn
    old = group.members[old_member_id]
    answer_parked_join(group, old, ErrorCode.FENCED_INSTANCE_ID, result)
    answer_parked_sync(old, ErrorCode.FENCED_INSTANCE_ID, result)
    leader_before = group.leader
    new = old.renamed(joining.new_member_id)
    group.replace_static(instance_id, old_member_id, new)
    group.update(new, joining.protocols, joining.rebalance_timeout_ms, joining.request.session_timeout_ms)
    result.timers[session_key(group.group_id, old_member_id)] = None
    arm_session(group, new, turn, result)
    what = f"static member {instance_id} came back as {new.member_id}"
    if group.state is PREPARING:
        group.park_join(new, turn.token)
        complete_if_joined(group, turn, result)
    elif group.state is COMPLETING or group.select_protocol() != group.protocol_name:
        # While the leader is assigning, it knows the old id only; the new one would be left without an
        # assignment.
        group.park_join(new, turn.token)
        prepare(group, joining.config, turn, result, joining.why(what))
    else:
        _keep_generation(group, joining, old, new, leader_before)


def _keep_generation(
    group: ClassicGroup, joining: Joining, old: ClassicMember, new: ClassicMember, leader_before: str | None
) -> None:
    """The group stays stable: the new id is stored and the member goes on with its old assignment."""
    result, turn = joining.result, joining.turn
    is_leader = group.leader == new.member_id
    if joining.may_skip_assignment:
        # A leader that sees the members and is told to skip knows whom to watch, and does not assign
        # (KIP-814).
        answer = join_answer(group, new.member_id, for_leader=is_leader, skip=is_leader)
    else:
        # Without that flag it must not think itself the leader: it would assign, and nobody else would
        # join.
        answer = join_answer(group, new.member_id, for_leader=False)
        answer.leader = leader_before or NO_MEMBER_ID
    result.replies[turn.token] = answer
    assignments = {member.member_id: member.assignment for member in group.members.values()}
    result.records.append(group_record(group, assignments))

    def restore(error: KafkaError) -> Result[Any]:
        assert new.instance_id is not None
        group.replace_static(new.instance_id, new.member_id, old)
        undone: Result[Any] = Result(replies={turn.token: join_error(error.code)})
        undone.timers[session_key(group.group_id, new.member_id)] = None
        arm_session(group, old, turn, undone)
        return undone

    result.on_append_failed = restore
