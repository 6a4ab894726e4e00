"""Waiting for members: the first rebalance's delay, rebalance and sync timeouts, sizes, and everybody's
answer."""

import pytest
from group_world import GroupWorld, protocols

from pykbroker.coordinator.classic_group import GroupState
from pykbroker.coordinator.group_config import GroupConfig
from pykbroker.errors import ErrorCode, KafkaError


def world(**settings):
    config = GroupConfig()
    for name, value in settings.items():
        setattr(config, name, value)
    return GroupWorld(config)


def test_the_first_members_of_a_group_gather_for_a_while():
    """group.initial.rebalance.delay.ms: all who come within it are in generation 1."""
    scene = world()
    first = scene.join(member=scene.member_id())
    scene.advance(2_999)
    second = scene.join(member=scene.member_id())

    assert not first.done

    scene.advance(1)

    assert not first.done  # somebody came, so another round begins

    scene.advance(3_000)

    assert first.result().generation_id == second.result().generation_id == 1
    assert len(first.result().members) == 2


def test_gathering_ends_with_the_rebalance_timeout():
    """However many keep coming."""
    scene = world()
    first = scene.join(member=scene.member_id(), rebalance_ms=7_000)
    for _ in range(8):
        scene.advance(999)
        scene.join(member=scene.member_id(), rebalance_ms=7_000)

    assert first.done
    assert scene.now_ms - 1_700_000_000_000 < 8_000


def test_without_a_delay_the_first_member_is_answered_in_its_own_turn():
    """The development preset: nothing has to wait for a timer."""
    scene = world(initial_rebalance_delay_ms=0)

    assert scene.join(member=scene.member_id()).result().generation_id == 1


def test_a_pending_member_holds_up_later_rebalances_until_its_time_is_over():
    """An id was handed out (KIP-394); its owner may be on the way back."""
    scene = world()
    (first,) = scene.stable()
    second = scene.member_id()
    third = scene.member_id()
    joins = [scene.join(member=first), scene.join(member=second)]

    assert not joins[0].done

    scene.advance(10_000)  # the session timeout its JoinGroup asked for

    assert [each.result().generation_id for each in joins] == [2, 2]
    assert scene.join(member=third).result().error_code == ErrorCode.UNKNOWN_MEMBER_ID


def test_a_pending_member_that_leaves_holds_up_nobody():
    """LeaveGroup with an id that has not joined."""
    scene = world()
    (first,) = scene.stable()
    second, third = scene.member_id(), scene.member_id()
    joins = [scene.join(member=first), scene.join(member=second)]

    scene.leave(third)

    assert [each.done for each in joins] == [True, True]


def test_a_group_of_static_members_waits_for_them_to_come_back():
    """Nobody joined within the rebalance timeout: static members are not thrown out, their sessions decide."""
    scene = world(initial_rebalance_delay_ms=0)
    a = scene.join(instance="one", session_ms=100_000, rebalance_ms=20_000).result().member_id
    scene.sync(member=a, instance="one", assignments={a: b"A"})
    joined = scene.join(session_ms=6_000, rebalance_ms=20_000, id_is_required=False)
    scene.leave(scene.shard.groups["g"].members and list(scene.shard.groups["g"].members)[1])

    assert joined.result().error_code == ErrorCode.UNKNOWN_MEMBER_ID

    scene.advance(50_000)

    assert scene.describe().group_state == "PreparingRebalance"
    assert scene.join(member=a, instance="one").result().generation_id == 2


def test_a_parked_join_does_not_expire_unless_its_member_is_new():
    """Somebody who waits for us lives; a new member is given five minutes."""
    scene = world()
    first, second = scene.stable(2)
    parked = scene.join(member=first, rebalance_ms=600_000)
    new = scene.join(session_ms=6_000, rebalance_ms=600_000, id_is_required=False)
    for _ in range(60):
        scene.advance(5_000)
        scene.heartbeat(member=second)

    assert new.result().error_code == ErrorCode.UNKNOWN_MEMBER_ID
    assert not parked.done

    scene.join(member=second)

    assert parked.result().generation_id == 2


def test_a_request_that_comes_twice_leaves_no_request_unanswered():
    """A client that gave up on its JoinGroup or SyncGroup and sends another."""
    scene = world()
    first, second = scene.stable(2)
    given_up = scene.join(member=first)
    again = scene.join(member=first)

    assert given_up.result().error_code == ErrorCode.REBALANCE_IN_PROGRESS

    scene.join(member=second)

    assert again.done

    given_up = scene.sync(member=second, generation=2)
    again = scene.sync(member=second, generation=2)

    assert given_up.result().error_code == ErrorCode.REBALANCE_IN_PROGRESS
    assert not again.done


@pytest.mark.parametrize("state", ["stable", "preparing"])
def test_a_full_group_takes_no_more_members(state):
    """group.max.size, counted in members, or while they are joining in those who have come."""
    scene = world(max_size=2)
    members = scene.stable(2)
    if state == "preparing":
        scene.join(member=members[0])
        scene.join(member=members[1], offered=protocols("range", "other"))
        scene.sync(member=members[0], generation=2, assignments={})
        scene.join(member=members[0])

    assert scene.join().result().error_code == (
        ErrorCode.GROUP_MAX_SIZE_REACHED if state == "stable" else ErrorCode.MEMBER_ID_REQUIRED
    )


def test_a_group_that_is_over_a_lowered_limit_sheds_members_after_a_restart():
    """The first to join again stay."""
    scene = world()
    members = scene.stable(3)
    scene.config.max_size = 2
    scene.restart()

    assert scene.describe().group_state == "PreparingRebalance"

    joins = [scene.join(member=each) for each in members]

    assert joins[2].result().error_code == ErrorCode.GROUP_MAX_SIZE_REACHED
    assert [each.result().generation_id for each in joins[:2]] == [2, 2]


def test_the_protocol_most_members_prefer_is_chosen():
    """Among those that all of them offer."""
    scene = world()
    offers = [("a", "b", "c"), ("c", "b"), ("b", "c")]
    joins = [scene.join(offered=protocols(*each), id_is_required=False) for each in offers]
    scene.advance(6_000)

    assert {each.result().protocol_name for each in joins} == {"b"}
    assert scene.describe().group_state == "CompletingRebalance"


def test_a_leader_whose_assignment_cannot_be_stored_begins_again():
    """Everybody who waited is told, and the group rebalances when storage works again."""
    scene = world()
    first, second = scene.stable(2)
    joins = [scene.join(member=first), scene.join(member=second)]
    assert all(each.done for each in joins)
    waiting = scene.sync(member=second, generation=2)
    scene.journal.error = KafkaError(ErrorCode.NOT_ENOUGH_REPLICAS)

    leader = scene.sync(member=first, generation=2, assignments={first: b"A", second: b"B"})

    assert leader.result().error_code == ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert waiting.result().error_code == ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert scene.shard.groups["g"].state is GroupState.PREPARING_REBALANCE

    scene.journal.error = None
    joins = [scene.join(member=first), scene.join(member=second)]

    assert [each.result().generation_id for each in joins] == [3, 3]


def test_a_new_group_that_cannot_be_stored_never_was():
    """No group, no member, no timer."""
    scene = world()
    scene.journal.error = KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER)

    assert scene.join().result().error_code == ErrorCode.NOT_COORDINATOR
    assert scene.shard.groups == {}
    assert scene.join(id_is_required=False).result().error_code == ErrorCode.NOT_COORDINATOR
    assert len(scene.engine._alarms) == 1  # the retention timer


def test_a_static_member_whose_new_id_cannot_be_stored_keeps_its_old_one():
    """The replacement is taken back; the next attempt works."""
    scene = world(initial_rebalance_delay_ms=0)
    a = scene.join(instance="one").result().member_id
    scene.sync(member=a, instance="one", assignments={a: b"A"})
    scene.journal.error = KafkaError(ErrorCode.NOT_ENOUGH_REPLICAS)

    assert scene.join(instance="one").result().error_code == ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert scene.heartbeat(member=a, instance="one").error is None

    scene.journal.error = None
    again = scene.join(instance="one").result()

    assert again.skip_assignment
    assert scene.heartbeat(member=a, instance="one").error.code == ErrorCode.FENCED_INSTANCE_ID
    assert scene.sync(member=again.member_id, instance="one").result().assignment == b"A"


def test_a_static_member_that_would_change_the_protocol_begins_a_rebalance():
    """Its old self is fenced, its new self waits for the others."""
    scene = world(initial_rebalance_delay_ms=0)
    a = scene.join(instance="one", offered=protocols("range", "other")).result().member_id
    scene.sync(member=a, instance="one", assignments={a: b"A"})

    again = scene.join(instance="one", offered=protocols("other")).result()

    assert (again.generation_id, again.protocol_name) == (2, "other")


def test_members_that_cannot_read_each_other_are_kept_apart():
    """Another protocol type, or no protocol in common; and a pending id is not for a static member."""
    scene = world()
    scene.stable()
    pending = scene.member_id()

    for refused in (scene.join(protocol_type="connect"), scene.join(offered=protocols("other"))):
        assert refused.result().error_code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert scene.join(member=pending, instance="one").error.code == ErrorCode.UNKNOWN_SERVER_ERROR


def test_subscriptions_that_cannot_be_read_count_as_everything():
    """A consumer with a broken subscription is served; its group's offsets are kept."""
    scene = world(initial_rebalance_delay_ms=0)
    broken = protocols("range")
    broken[0].metadata = b"\0"
    a = scene.join(member=scene.member_id(), offered=broken).result().member_id
    scene.sync(member=a, assignments={a: b"A"})

    assert scene.shard.groups["g"].subscribed_topics is None
    assert scene.shard.groups["g"].is_subscribed_to("anything")
