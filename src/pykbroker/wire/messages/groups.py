"""groups"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import MIN_INT32, Struct, array, boolean, data, int8, int16, int32, string


class Coordinator(Struct):
    key: str = string()
    node_id: int = int32()
    host: str = string()
    port: int = int32()
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")


class FindCoordinatorResponse(Response, versions="0-6", flexible="3+"):
    """TODO"""

    throttle_time_ms: int = int32(default=0, versions="1+")
    error_code: int = int16(default=0, versions="0-3")
    error_message: str | None = string(default=None, versions="1-3", nullable="1-3")
    node_id: int = int32(default=0, versions="0-3")
    host: str = string(default="", versions="0-3")
    port: int = int32(default=0, versions="0-3")
    coordinators: Sequence[Coordinator] = array(Coordinator, default=(), versions="4+")


class FindCoordinatorRequest(Request[FindCoordinatorResponse], api_key=10, versions="0-6", flexible="3+"):
    """TODO"""

    key: str = string(default="", versions="0-3")
    key_type: int = int8(default=0, versions="1+")
    coordinator_keys: Sequence[str] = array(string(), default=(), versions="4+")


class JoinGroupResponseMember(Struct):
    member_id: str = string()
    group_instance_id: str | None = string(default=None, versions="5+", nullable="5+")
    metadata: bytes = data()


class JoinGroupResponse(Response, versions="0-9", flexible="6+"):
    """TODO"""

    throttle_time_ms: int = int32(default=0, versions="2+")
    error_code: int = int16()
    generation_id: int = int32(default=-1)
    protocol_type: str | None = string(default=None, versions="7+", nullable="7+")
    protocol_name: str | None = string(nullable="7+")
    leader: str = string()
    skip_assignment: bool = boolean(default=False, versions="9+")
    member_id: str = string()
    members: Sequence[JoinGroupResponseMember] = array(JoinGroupResponseMember)


class JoinGroupRequestProtocol(Struct):
    name: str = string()
    metadata: bytes = data()


class JoinGroupRequest(Request[JoinGroupResponse], api_key=11, versions="0-9", flexible="6+"):
    """TODO"""

    group_id: str = string()
    session_timeout_ms: int = int32()
    rebalance_timeout_ms: int = int32(default=-1, versions="1+")
    member_id: str = string()
    group_instance_id: str | None = string(default=None, versions="5+", nullable="5+")
    protocol_type: str = string()
    protocols: Sequence[JoinGroupRequestProtocol] = array(JoinGroupRequestProtocol)
    reason: str | None = string(default=None, versions="8+", nullable="8+")


class SyncGroupResponse(Response, versions="0-5", flexible="4+"):
    """TODO"""

    throttle_time_ms: int = int32(default=0, versions="1+")
    error_code: int = int16()
    protocol_type: str | None = string(default=None, versions="5+", nullable="5+")
    protocol_name: str | None = string(default=None, versions="5+", nullable="5+")
    assignment: bytes = data()


class SyncGroupRequestAssignment(Struct):
    member_id: str = string()
    assignment: bytes = data()


class SyncGroupRequest(Request[SyncGroupResponse], api_key=14, versions="0-5", flexible="4+"):
    """TODO"""

    group_id: str = string()
    generation_id: int = int32()
    member_id: str = string()
    group_instance_id: str | None = string(default=None, versions="3+", nullable="3+")
    protocol_type: str | None = string(default=None, versions="5+", nullable="5+")
    protocol_name: str | None = string(default=None, versions="5+", nullable="5+")
    assignments: Sequence[SyncGroupRequestAssignment] = array(SyncGroupRequestAssignment)


class HeartbeatResponse(Response, versions="0-4", flexible="4+"):
    """TODO"""

    throttle_time_ms: int = int32(default=0, versions="1+")
    error_code: int = int16()


class HeartbeatRequest(Request[HeartbeatResponse], api_key=12, versions="0-4", flexible="4+"):
    """TODO"""

    group_id: str = string()
    generation_id: int = int32()
    member_id: str = string()
    group_instance_id: str | None = string(default=None, versions="3+", nullable="3+")


class MemberResponse(Struct):
    member_id: str = string()
    group_instance_id: str | None = string(default=None, nullable="0+")
    error_code: int = int16()


class LeaveGroupResponse(Response, versions="0-5", flexible="4+"):
    """TODO"""

    throttle_time_ms: int = int32(default=0, versions="1+")
    error_code: int = int16()
    members: Sequence[MemberResponse] = array(MemberResponse, default=(), versions="3+")


class MemberIdentity(Struct):
    member_id: str = string()
    group_instance_id: str | None = string(default=None, nullable="0+")
    reason: str | None = string(default=None, versions="5+", nullable="5+")


class LeaveGroupRequest(Request[LeaveGroupResponse], api_key=13, versions="0-5", flexible="4+"):
    """TODO"""

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
    """TODO"""

    throttle_time_ms: int = int32(default=0, versions="1+")
    groups: Sequence[DescribedGroup] = array(DescribedGroup)


class DescribeGroupsRequest(Request[DescribeGroupsResponse], api_key=15, versions="0-6", flexible="5+"):
    """TODO"""

    groups: Sequence[str] = array(string())
    include_authorized_operations: bool = boolean(default=False, versions="3+")


class ListedGroup(Struct):
    group_id: str = string()
    protocol_type: str = string()
    group_state: str = string(default="", versions="4+")
    group_type: str = string(default="", versions="5+")


class ListGroupsResponse(Response, versions="0-5", flexible="3+"):
    """TODO"""

    throttle_time_ms: int = int32(default=0, versions="1+")
    error_code: int = int16()
    groups: Sequence[ListedGroup] = array(ListedGroup)


class ListGroupsRequest(Request[ListGroupsResponse], api_key=16, versions="0-5", flexible="3+"):
    """TODO"""

    states_filter: Sequence[str] = array(string(), default=(), versions="4+")
    types_filter: Sequence[str] = array(string(), default=(), versions="5+")


class DeletableGroupResult(Struct):
    group_id: str = string()
    error_code: int = int16()


class DeleteGroupsResponse(Response, versions="0-2", flexible="2+"):
    """TODO"""

    throttle_time_ms: int = int32()
    results: Sequence[DeletableGroupResult] = array(DeletableGroupResult)


class DeleteGroupsRequest(Request[DeleteGroupsResponse], api_key=42, versions="0-2", flexible="2+"):
    """TODO"""

    groups_names: Sequence[str] = array(string())
