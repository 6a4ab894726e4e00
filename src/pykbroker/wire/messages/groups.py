"""The classic group protocol (FindCoordinator, JoinGroup, Heartbeat, LeaveGroup, SyncGroup: API keys 10 to 14),
and looking after groups of any kind (DescribeGroups 15, ListGroups 16, DeleteGroups 42).
"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import (
    MIN_INT32,
    Struct,
    Versions,
    array,
    boolean,
    data,
    int8,
    int16,
    int32,
    string,
)


class Coordinator(Struct):
    key: str = string()
    node_id: int = int32()
    host: str = string()
    port: int = int32()
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")


class FindCoordinatorResponse(Response, versions="0-6", flexible="3+"):
    """One coordinator, or since v4 one per key."""

    throttle_time_ms: int = int32(default=0, versions="1+")
    error_code: int = int16(default=0, versions="0-3")
    error_message: str | None = string(default=None, versions="1-3", nullable="1-3")
    node_id: int = int32(default=0, versions="0-3")
    host: str = string(default="", versions="0-3")
    port: int = int32(default=0, versions="0-3")
    coordinators: Sequence[Coordinator] = array(Coordinator, default=(), versions="4+")


class FindCoordinatorRequest(Request[FindCoordinatorResponse], api_key=10, versions="0-6", flexible="3+"):
    """Asks which broker coordinates a group or a transaction.

    v1  transactions too (KIP-98)    v3  flexible    v4  several keys at once (KIP-699)
    v5  may say TRANSACTION_ABORTABLE (KIP-890)
    v6  share-partitions: key type 2, "group:topic id:partition" (KIP-932)
    """

    BATCHED = Versions.parse("4+")
    """Keys and answers are lists (KIP-699)."""
    SHARE_PARTITIONS = Versions.parse("6+")
    """Key type 2 may be asked for (KIP-932)."""

    key: str = string(default="", versions="0-3")
    key_type: int = int8(default=0, versions="1+")
    coordinator_keys: Sequence[str] = array(string(), default=(), versions="4+")


class JoinGroupResponseMember(Struct):
    member_id: str = string()
    group_instance_id: str | None = string(default=None, versions="5+", nullable="5+")
    metadata: bytes = data()


class JoinGroupResponse(Response, versions="0-9", flexible="6+"):
    """The generation, its leader, and for the leader everybody's metadata.

    v7  protocol name may be null (KIP-559)
    v9  tells a returning static leader to skip assigning (KIP-814)
    """

    throttle_time_ms: int = int32(default=0, versions="2+")
    error_code: int = int16(default=0)
    generation_id: int = int32(default=-1)
    protocol_type: str | None = string(default=None, versions="7+", nullable="7+")
    protocol_name: str | None = string(default="", nullable="7+")
    leader: str = string(default="")
    skip_assignment: bool = boolean(default=False, versions="9+")
    member_id: str = string(default="")
    members: Sequence[JoinGroupResponseMember] = array(JoinGroupResponseMember, default=())


class JoinGroupRequestProtocol(Struct):
    name: str = string()
    metadata: bytes = data()


class JoinGroupRequest(Request[JoinGroupResponse], api_key=11, versions="0-9", flexible="6+"):
    """A member asks to be in the group; the answer comes when the rebalance completes.

    v1  rebalance timeout (KIP-62; before, it is the session timeout)
    v4  a new member is first given its id (KIP-394)    v5  static members (KIP-345)    v6  flexible
    v8  a reason (KIP-800)
    """

    MEMBER_ID_REQUIRED = Versions.parse("4+")
    """A new member gets an id and MEMBER_ID_REQUIRED first (KIP-394)."""
    HAS_REBALANCE_TIMEOUT = Versions.parse("1+")
    """Before, the session timeout is the rebalance timeout (KIP-62)."""
    PROTOCOL_NAME_MAY_BE_NULL = Versions.parse("7+")
    """Before, no protocol is the empty string (KIP-559)."""
    CAN_SKIP_ASSIGNMENT = Versions.parse("9+")
    """A static leader that returns can be told to skip assigning (KIP-814)."""

    group_id: str = string()
    session_timeout_ms: int = int32()
    rebalance_timeout_ms: int = int32(default=-1, versions="1+")
    member_id: str = string()
    group_instance_id: str | None = string(default=None, versions="5+", nullable="5+")
    protocol_type: str = string()
    protocols: Sequence[JoinGroupRequestProtocol] = array(JoinGroupRequestProtocol)
    reason: str | None = string(default=None, versions="8+", nullable="8+")


class SyncGroupResponse(Response, versions="0-5", flexible="4+"):
    """The member's own assignment."""

    throttle_time_ms: int = int32(default=0, versions="1+")
    error_code: int = int16(default=0)
    protocol_type: str | None = string(default=None, versions="5+", nullable="5+")
    protocol_name: str | None = string(default=None, versions="5+", nullable="5+")
    assignment: bytes = data(default=b"")


class SyncGroupRequestAssignment(Struct):
    member_id: str = string()
    assignment: bytes = data()


class SyncGroupRequest(Request[SyncGroupResponse], api_key=14, versions="0-5", flexible="4+"):
    """The leader brings everybody's assignment, the others ask for theirs.

    v3  static members (KIP-345)    v5  protocol names (KIP-559)
    """

    NAMES_PROTOCOL = Versions.parse("5+")
    """Protocol type and name must be given, and fit (KIP-559)."""

    group_id: str = string()
    generation_id: int = int32()
    member_id: str = string()
    group_instance_id: str | None = string(default=None, versions="3+", nullable="3+")
    protocol_type: str | None = string(default=None, versions="5+", nullable="5+")
    protocol_name: str | None = string(default=None, versions="5+", nullable="5+")
    assignments: Sequence[SyncGroupRequestAssignment] = array(SyncGroupRequestAssignment)


class HeartbeatResponse(Response, versions="0-4", flexible="4+"):
    """Whether all is well, or a rebalance is under way."""

    throttle_time_ms: int = int32(default=0, versions="1+")
    error_code: int = int16(default=0)


class HeartbeatRequest(Request[HeartbeatResponse], api_key=12, versions="0-4", flexible="4+"):
    """A member of a classic group says it is alive. v3 static members (KIP-345); v4 flexible."""

    group_id: str = string()
    generation_id: int = int32()
    member_id: str = string()
    group_instance_id: str | None = string(default=None, versions="3+", nullable="3+")


class MemberResponse(Struct):
    member_id: str = string()
    group_instance_id: str | None = string(default=None, nullable="0+")
    error_code: int = int16()


class LeaveGroupResponse(Response, versions="0-5", flexible="4+"):
    """Whether it worked; since v3 per member."""

    throttle_time_ms: int = int32(default=0, versions="1+")
    error_code: int = int16(default=0)
    members: Sequence[MemberResponse] = array(MemberResponse, default=(), versions="3+")


class MemberIdentity(Struct):
    member_id: str = string()
    group_instance_id: str | None = string(default=None, nullable="0+")
    reason: str | None = string(default=None, versions="5+", nullable="5+")


class LeaveGroupRequest(Request[LeaveGroupResponse], api_key=13, versions="0-5", flexible="4+"):
    """Members leave.

    v3  several at once, so that an administrator can remove static ones (KIP-345)
    v5  a reason (KIP-800)
    """

    BATCHED = Versions.parse("3+")
    """Members are a list, and so are the answers (KIP-345)."""

    group_id: str = string()
    member_id: str = string(default="", versions="0-2")
    members: Sequence[MemberIdentity] = array(MemberIdentity, default=(), versions="3+")


class DescribedGroupMember(Struct):
    member_id: str = string()
    group_instance_id: str | None = string(default=None, versions="4+", nullable="4+")
    client_id: str = string()
    client_host: str = string()
    member_metadata: bytes = data()
    member_assignment: bytes = data()


class DescribedGroup(Struct):
    error_code: int = int16()
    error_message: str | None = string(default=None, versions="6+", nullable="6+")
    group_id: str = string()
    group_state: str = string()
    protocol_type: str = string()
    protocol_data: str = string()
    members: Sequence[DescribedGroupMember] = array(DescribedGroupMember)
    authorized_operations: int = int32(default=MIN_INT32, versions="3+")


class DescribeGroupsResponse(Response, versions="0-6", flexible="5+"):
    """State and members.

    v4  static members
    v6  GROUP_ID_NOT_FOUND for a group that is not there (KIP-1043); before, it is one in state Dead
    """

    throttle_time_ms: int = int32(default=0, versions="1+")
    groups: Sequence[DescribedGroup] = array(DescribedGroup, default=())


class DescribeGroupsRequest(Request[DescribeGroupsResponse], api_key=15, versions="0-6", flexible="5+"):
    """Asks for classic groups by name. v3 authorized operations (KIP-430); v5 flexible."""

    KNOWS_GROUP_NOT_FOUND = Versions.parse("6+")
    """A missing group is GROUP_ID_NOT_FOUND (KIP-1043); before, a group in state Dead."""

    groups: Sequence[str] = array(string())
    include_authorized_operations: bool = boolean(default=False, versions="3+")


class ListedGroup(Struct):
    group_id: str = string()
    protocol_type: str = string()
    group_state: str = string(default="", versions="4+")
    group_type: str = string(default="", versions="5+")


class ListGroupsResponse(Response, versions="0-5", flexible="3+"):
    """Names, protocol types, and since v4 and v5 states and types."""

    throttle_time_ms: int = int32(default=0, versions="1+")
    error_code: int = int16(default=0)
    groups: Sequence[ListedGroup] = array(ListedGroup, default=())


class ListGroupsRequest(Request[ListGroupsResponse], api_key=16, versions="0-5", flexible="3+"):
    """Asks for the groups this broker coordinates. v4 by state (KIP-518); v5 by type (KIP-848)."""

    states_filter: Sequence[str] = array(string(), default=(), versions="4+")
    types_filter: Sequence[str] = array(string(), default=(), versions="5+")


class DeletableGroupResult(Struct):
    group_id: str = string()
    error_code: int = int16()


class DeleteGroupsResponse(Response, versions="0-2", flexible="2+"):
    """Per group an error."""

    throttle_time_ms: int = int32(default=0)
    results: Sequence[DeletableGroupResult] = array(DeletableGroupResult, default=())


class DeleteGroupsRequest(Request[DeleteGroupsResponse], api_key=42, versions="0-2", flexible="2+"):
    """Asks to delete empty groups (KIP-229)."""

    groups_names: Sequence[str] = array(string())
