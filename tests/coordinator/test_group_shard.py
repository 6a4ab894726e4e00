"""The shard as a whole: what a restart keeps, and what it does not."""

from group_world import GroupWorld, protocols

from pykbroker.coordinator.group_config import GroupConfig
from pykbroker.errors import ErrorCode


def test_a_restart_keeps_generations_members_assignments_and_offsets():
    """Members go on with heartbeats and commits as if nothing had been."""
    world = GroupWorld()
    first, second = world.stable(2)
    world.commit(7, member=first, generation=1, metadata="here")
    before = world.describe()

    world.restart()

    assert world.describe() == before
    assert world.heartbeat(member=second).error is None
    assert world.commit(8, member=first, generation=1).error is None
    assert world.fetch().committed_offset == 8
    assert world.sync(member=second, generation=1).result().assignment == b"1"


def test_members_that_do_not_come_back_after_a_restart_are_out_after_their_session():
    """Everybody has a session from the moment the log has been read."""
    world = GroupWorld()
    world.stable(2)
    world.restart()
    world.advance(10_000)

    # The first to expire begins a rebalance, in which the other has no session either.
    world.advance(60_000)

    assert world.describe().group_state == "Empty"


def test_a_rebalance_under_way_is_forgotten_by_a_restart():
    """The stored generation is back; its members join again when they are told so."""
    world = GroupWorld()
    first, second = world.stable(2)
    parked = world.join(member=first)

    world.restart()

    assert parked.error.code == ErrorCode.NOT_COORDINATOR
    assert world.describe().group_state == "Stable"

    joins = [world.join(member=each) for each in (first, second)]

    assert joins[1].result().generation_id == 2


def test_what_a_member_offered_besides_the_chosen_protocol_is_forgotten_by_a_restart():
    """A member that offers more than was stored begins a rebalance when it joins again."""
    config = GroupConfig()
    config.initial_rebalance_delay_ms = 0
    world = GroupWorld(config)
    offered = protocols("range", "other")
    member = world.join(member=world.member_id(), offered=offered).result().member_id
    world.sync(member=member, assignments={member: b"A"})
    world.restart()

    assert world.join(member=member, offered=offered).result().generation_id == 2


def test_deleted_groups_stay_deleted():
    """Group and offsets, after a restart too."""
    world = GroupWorld()
    (member,) = world.stable()
    world.commit(7, member=member, generation=1)
    world.leave(member)
    shard = type(world.shard)

    answers = world.engine.submit(shard.delete_groups, ["g", "nowhere"]).result()

    assert [each.error_code for each in answers] == [ErrorCode.NONE, ErrorCode.GROUP_ID_NOT_FOUND]

    world.restart()

    assert world.shard.groups == {}
    assert world.fetch().committed_offset == -1


def test_a_join_for_no_group_creates_none():
    """Refusals before the group is looked up leave nothing behind."""
    world = GroupWorld()
    world.join(session_ms=1)
    world.join(group="")
    world.join(member="stranger")

    assert world.shard.groups == {}
    assert world.journal.logged == []
