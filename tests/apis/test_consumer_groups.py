"""Groups of KIP-848 through a whole broker: join, assignment, leaving, description, errors."""

from __future__ import annotations

import pytest
from asking import create

from pykbroker.errors import ErrorCode
from pykbroker.wire.messages.consumer_groups import ConsumerGroupDescribeRequest, ConsumerGroupHeartbeatRequest
from pykbroker.wire.messages.groups import FindCoordinatorRequest


@pytest.fixture
async def coordinator(client):
    await client.ask(FindCoordinatorRequest(key_type=0, coordinator_keys=["g"]), 4)
    return client


def beat(member: str = "AAAAAAAAAAAAAAAAAAAAAA", epoch: int = 0, **more) -> ConsumerGroupHeartbeatRequest:
    if epoch == 0:
        more = {"subscribed_topic_names": ["t"], "topic_partitions": [], "rebalance_timeout_ms": 10_000, **more}
    return ConsumerGroupHeartbeatRequest(group_id="g", member_id=member, member_epoch=epoch, **more)


async def test_a_member_joins_and_gets_everything(autojump_clock, coordinator):
    """Alone in the group, the first answer has the epoch, the interval and all partitions."""
    topic_id = await create(coordinator, "t", 2)

    joined = await coordinator.ask(beat())
    steady = await coordinator.ask(beat(joined.member_id, joined.member_epoch))

    assigned = joined.assignment.topic_partitions
    assert (joined.error_code, joined.heartbeat_interval_ms) == (0, 5000)
    assert [(each.topic_id, sorted(each.partitions)) for each in assigned] == [(topic_id, [0, 1])]
    assert (steady.error_code, steady.assignment) == (0, None)


async def test_who_makes_the_member_id(autojump_clock, coordinator):
    """v0: the coordinator, when the member brings none; v1: the member must (KIP-1082)."""
    await create(coordinator)

    given = await coordinator.ask(beat(""), 0)
    refused = await coordinator.ask(beat(""), 1)

    assert (given.error_code, bool(given.member_id)) == (0, True)
    assert refused.error_code == ErrorCode.INVALID_REQUEST


async def test_a_member_leaves(autojump_clock, coordinator):
    """Epoch -1: afterwards nobody knows it."""
    await create(coordinator)
    joined = await coordinator.ask(beat())

    left = await coordinator.ask(beat(joined.member_id, -1))
    late = await coordinator.ask(beat(joined.member_id, joined.member_epoch))

    assert (left.error_code, left.member_epoch) == (0, -1)
    assert late.error_code == ErrorCode.UNKNOWN_MEMBER_ID


async def test_a_wrong_epoch_is_fenced(autojump_clock, coordinator):
    """FENCED_MEMBER_EPOCH for an epoch the member never had."""
    await create(coordinator)
    joined = await coordinator.ask(beat())

    assert (await coordinator.ask(beat(joined.member_id, 99))).error_code == ErrorCode.FENCED_MEMBER_EPOCH


@pytest.mark.parametrize("version", [0, 1])
async def test_groups_are_described(autojump_clock, coordinator, version):
    """Epochs, member and assignment; an unknown group is GROUP_ID_NOT_FOUND; operations only when asked."""
    topic_id = await create(coordinator, "t")
    joined = await coordinator.ask(beat())
    request = ConsumerGroupDescribeRequest(group_ids=["g", "missing"], include_authorized_operations=True)

    here, missing = (await coordinator.ask(request, version)).groups

    (member,) = here.members
    assert (here.error_code, here.group_state, here.assignor_name) == (0, "Stable", "uniform")
    assert (member.member_id, member.member_epoch) == (joined.member_id, joined.member_epoch)
    assert [(each.topic_id, each.topic_name) for each in member.assignment.topic_partitions] == [(topic_id, "t")]
    assert member.member_type == (1 if version >= 1 else -1)
    assert here.authorized_operations > 0
    assert (missing.error_code, missing.authorized_operations) == (ErrorCode.GROUP_ID_NOT_FOUND, -(2**31))


async def test_without_an_offsets_topic_nobody_coordinates(autojump_clock, client):
    """Both APIs say so: one for the whole, one per group."""
    heartbeat = await client.ask(beat())
    described = await client.ask(ConsumerGroupDescribeRequest(group_ids=["g"], include_authorized_operations=False))

    expected = (ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_NOT_AVAILABLE)
    assert heartbeat.error_code in expected
    assert described.groups[0].error_code in expected
