"""Classic consumer groups: who coordinates them, being a member of one, and looking at them (API keys 10-16, 42).

Handlers only translate: the rules live in ``coordinator``. Whatever a member waits for (the others to join, the
leader's assignment) is a parked ``Reply``. FindCoordinator answers for transactional ids too. Does not: coordinate
share groups (key type 2), which are not served.
"""

from __future__ import annotations

from pykbroker.apis import authorized
from pykbroker.apis.context import RequestContext
from pykbroker.apis.handles import Api, handles
from pykbroker.coordinator.group_config import ClientIdentity
from pykbroker.coordinator.group_shard import GroupShard
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.shards import partition_for
from pykbroker.services.groups import OFFSETS_TOPIC
from pykbroker.services.transactions import TRANSACTIONS_TOPIC
from pykbroker.wire.messages.groups import (
    Coordinator,
    DeletableGroupResult,
    DeleteGroupsRequest,
    DeleteGroupsResponse,
    DescribedGroup,
    DescribeGroupsRequest,
    DescribeGroupsResponse,
    FindCoordinatorRequest,
    FindCoordinatorResponse,
    HeartbeatRequest,
    HeartbeatResponse,
    JoinGroupRequest,
    JoinGroupResponse,
    LeaveGroupRequest,
    LeaveGroupResponse,
    ListGroupsRequest,
    ListGroupsResponse,
    SyncGroupRequest,
    SyncGroupResponse,
)

GROUP, TRANSACTION, SHARE = 0, 1, 2
"""Key types of FindCoordinator (``CoordinatorType``)."""
NOBODY = ("", -1)


def client_identity(context: RequestContext) -> ClientIdentity:
    """Who is asking, as group descriptions show it."""
    return ClientIdentity(context.client_id or "", "/" + context.client.host)


@handles(FindCoordinatorRequest)
async def find_coordinator(context: RequestContext, request: FindCoordinatorRequest) -> FindCoordinatorResponse:
    """Which broker coordinates a group or a transactional id; creates the topic for it when it is first needed.

    v1  key types      v3  flexible      v4  many keys at once (KIP-699)      v6  share groups (KIP-932)
    """
    if context.version in FindCoordinatorRequest.BATCHED:
        found = [_coordinator(context, request.key_type, key) for key in request.coordinator_keys]
        return FindCoordinatorResponse(coordinators=found)
    one = _coordinator(context, request.key_type, request.key)
    return FindCoordinatorResponse(
        error_code=one.error_code,
        error_message=one.error_message or "NONE",
        node_id=one.node_id,
        host=one.host,
        port=one.port,
    )


def _coordinator(context: RequestContext, key_type: int, key: str) -> Coordinator:
    try:
        services = context.services
        if key_type == GROUP:
            topic = OFFSETS_TOPIC
        elif key_type == TRANSACTION:
            topic = TRANSACTIONS_TOPIC
        else:
            raise KafkaError(ErrorCode.INVALID_REQUEST, f"no coordinator for keys of type {key_type} here")
        if topic not in services.metadata.image.topics:
            services.controller.auto_create(topic)
        count = len(services.metadata.image.topics[topic].partitions)
        partition = services.replicas.get(topic, partition_for(key, count))
        if partition is None or not partition.is_leader:
            raise KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    except KafkaError as error:
        host, port = NOBODY
        return Coordinator(
            key=key, node_id=-1, host=host, port=port, error_code=error.code, error_message=error.message
        )
    host, port = context.client.advertised
    return Coordinator(error_code=0, key=key, node_id=services.node_id, host=host, port=port, error_message="")


def _join_failed(request: JoinGroupRequest, error: KafkaError) -> JoinGroupResponse:
    return JoinGroupResponse(error_code=error.code, generation_id=-1, member_id=request.member_id, protocol_name="")


@handles(JoinGroupRequest, error_response=_join_failed)
async def join_group(context: RequestContext, request: JoinGroupRequest) -> JoinGroupResponse:
    """A member asks to be in the group; the answer comes when the rebalance completes.

    v1  rebalance_timeout_ms    v4  MEMBER_ID_REQUIRED (KIP-394)    v5  static members (KIP-345)    v6  flexible
    v8  reason (KIP-800)        v9  skip_assignment (KIP-814)
    """
    reply = context.services.groups.call(
        request.group_id,
        GroupShard.join,
        client_identity(context),
        request,
        id_is_required=context.version in JoinGroupRequest.MEMBER_ID_REQUIRED,
        may_skip_assignment=context.version in JoinGroupRequest.CAN_SKIP_ASSIGNMENT,
    )
    answer = await context.answer(reply)
    if answer.protocol_name is None and context.version not in JoinGroupRequest.PROTOCOL_NAME_MAY_BE_NULL:
        answer.protocol_name = ""
    return answer


def _sync_failed(request: SyncGroupRequest, error: KafkaError) -> SyncGroupResponse:
    return SyncGroupResponse(error_code=error.code, assignment=b"")


@handles(SyncGroupRequest, error_response=_sync_failed)
async def sync_group(context: RequestContext, request: SyncGroupRequest) -> SyncGroupResponse:
    """The leader hands in everybody's assignment; everybody gets theirs.

    v3  static members      v4  flexible      v5  protocol type and name (KIP-559)
    """
    if context.version in SyncGroupRequest.NAMES_PROTOCOL and not (request.protocol_type and request.protocol_name):
        raise KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    return await context.answer(context.services.groups.call(request.group_id, GroupShard.sync, request))


@handles(HeartbeatRequest)
async def heartbeat(context: RequestContext, request: HeartbeatRequest) -> HeartbeatResponse:
    """A member says it is alive; REBALANCE_IN_PROGRESS tells it to join again.

    v3  static members      v4  flexible
    """
    return await context.answer(context.services.groups.call(request.group_id, GroupShard.heartbeat, request))


@handles(LeaveGroupRequest)
async def leave_group(context: RequestContext, request: LeaveGroupRequest) -> LeaveGroupResponse:
    """Members leave at once instead of by session timeout.

    v3  several members, static ones too (KIP-345)      v4  flexible      v5  reason (KIP-800)
    """
    is_batched = context.version in LeaveGroupRequest.BATCHED
    reply = context.services.groups.call(request.group_id, GroupShard.leave, request, is_batched=is_batched)
    return await context.answer(reply)


def _describe_failed(request: DescribeGroupsRequest, error: KafkaError) -> DescribeGroupsResponse:
    return DescribeGroupsResponse(groups=[_undescribed(group_id, error) for group_id in request.groups])


def _undescribed(group_id: str, error: KafkaError) -> DescribedGroup:
    return DescribedGroup(
        group_state="",
        protocol_type="",
        protocol_data="",
        members=(),
        error_code=error.code,
        error_message=error.message,
        group_id=group_id,
    )


@handles(DescribeGroupsRequest, error_response=_describe_failed)
async def describe_groups(context: RequestContext, request: DescribeGroupsRequest) -> DescribeGroupsResponse:
    """State, protocol and members of groups; a group that is not there is Dead.

    v3  authorized operations      v4  group_instance_id      v5  flexible      v6  GROUP_ID_NOT_FOUND (KIP-1043)
    """
    missing_is_error = context.version in DescribeGroupsRequest.KNOWS_GROUP_NOT_FOUND
    described = []
    for group_id in request.groups:
        reply = context.services.groups.call(
            group_id, GroupShard.describe, [group_id], missing_is_error=missing_is_error
        )
        try:
            (group,) = await context.answer(reply)
        except KafkaError as error:
            group = _undescribed(group_id, error)
        asked = request.include_authorized_operations and group.error_code == 0
        group.authorized_operations = authorized.GROUP if asked else authorized.NOT_ASKED
        described.append(group)
    return DescribeGroupsResponse(groups=described)


@handles(ListGroupsRequest)
async def list_groups(context: RequestContext, request: ListGroupsRequest) -> ListGroupsResponse:
    """Every group this broker coordinates.

    v3  flexible      v4  states (KIP-518)      v5  types (KIP-848)
    """
    groups = []
    for engine in context.services.groups.shards:
        groups += await context.answer(
            engine.submit(GroupShard.list_groups, request.states_filter, request.types_filter)
        )
    return ListGroupsResponse(groups=groups)


def _delete_failed(request: DeleteGroupsRequest, error: KafkaError) -> DeleteGroupsResponse:
    return DeleteGroupsResponse(
        results=[DeletableGroupResult(group_id=name, error_code=error.code) for name in request.groups_names]
    )


@handles(DeleteGroupsRequest, error_response=_delete_failed)
async def delete_groups(context: RequestContext, request: DeleteGroupsRequest) -> DeleteGroupsResponse:
    """Forget groups that have no members, and their offsets."""
    results: list[DeletableGroupResult] = []
    for name in dict.fromkeys(request.groups_names):
        try:
            results += await context.answer(context.services.groups.call(name, GroupShard.delete_groups, [name]))
        except KafkaError as error:
            results.append(DeletableGroupResult(group_id=name, error_code=error.code))
    return DeleteGroupsResponse(results=results)


FAMILY: tuple[Api, ...] = (
    find_coordinator,
    join_group,
    sync_group,
    heartbeat,
    leave_group,
    describe_groups,
    list_groups,
    delete_groups,
)
