"""Consumer groups of KIP-848: the heartbeat that is the whole protocol, and looking at groups (API keys 68 and 69).

Handlers only translate; members, epochs and assignments are ``coordinator``'s.
"""

from __future__ import annotations

from pykbroker.apis import authorized
from pykbroker.apis.context import RequestContext
from pykbroker.apis.groups import client_identity
from pykbroker.apis.handles import Api, handles
from pykbroker.coordinator.group_shard import GroupShard
from pykbroker.errors import KafkaError
from pykbroker.wire.messages.consumer_groups import (
    ConsumerGroupDescribeRequest,
    ConsumerGroupDescribeResponse,
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
    DescribedGroup,
)


@handles(ConsumerGroupHeartbeatRequest)
async def consumer_group_heartbeat(
    context: RequestContext, request: ConsumerGroupHeartbeatRequest
) -> ConsumerGroupHeartbeatResponse:
    """A member joins, tells what it owns, learns what it shall own, or leaves.

    v1  members make their own ids (KIP-1082), regular expressions (RE2)
    """
    reply = context.services.groups.call(
        request.group_id,
        GroupShard.consumer_heartbeat,
        client_identity(context),
        request,
        id_is_required=context.version in ConsumerGroupHeartbeatRequest.MEMBER_MAKES_ITS_ID,
    )
    return await context.answer(reply)


def _describe_failed(request: ConsumerGroupDescribeRequest, error: KafkaError) -> ConsumerGroupDescribeResponse:
    return ConsumerGroupDescribeResponse(groups=[_undescribed(group_id, error) for group_id in request.group_ids])


def _undescribed(group_id: str, error: KafkaError) -> DescribedGroup:
    return DescribedGroup(
        error_code=error.code,
        error_message=error.message,
        group_id=group_id,
        group_state="",
        group_epoch=0,
        assignment_epoch=0,
        assignor_name="",
        members=(),
    )


@handles(ConsumerGroupDescribeRequest, error_response=_describe_failed)
async def consumer_group_describe(
    context: RequestContext, request: ConsumerGroupDescribeRequest
) -> ConsumerGroupDescribeResponse:
    """Epochs, members and their assignments, now and to come."""
    described = []
    for group_id in request.group_ids:
        reply = context.services.groups.call(group_id, GroupShard.describe_consumer_groups, [group_id])
        try:
            (group,) = await context.answer(reply)
        except KafkaError as error:
            group = _undescribed(group_id, error)
        asked = request.include_authorized_operations and group.error_code == 0
        group.authorized_operations = authorized.GROUP if asked else authorized.NOT_ASKED
        described.append(group)
    return ConsumerGroupDescribeResponse(groups=described)


FAMILY: tuple[Api, ...] = (consumer_group_heartbeat, consumer_group_describe)
