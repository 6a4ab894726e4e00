"""Offsets over time: retention, deleted topics, transactions, incarnations of a topic."""

import pytest
from group_world import GroupWorld

from pykbroker.coordinator.group_config import GroupConfig
from pykbroker.coordinator.group_shard import GroupShard
from pykbroker.errors import ErrorCode
from pykbroker.wire.messages.offsets import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
    OffsetFetchRequestGroup,
    OffsetFetchRequestTopics,
)
from pykbroker.wire.messages.transactions import (
    TxnOffsetCommitRequest,
    TxnOffsetCommitRequestPartition,
    TxnOffsetCommitRequestTopic,
)

DAY_MS = 86_400_000


@pytest.fixture
def scene():
    """Offsets are kept for a day, looked after every hour; the first rebalance does not wait."""
    config = GroupConfig()
    config.offsets_retention_ms = DAY_MS
    config.offsets_retention_check_interval_ms = 3_600_000
    config.initial_rebalance_delay_ms = 0
    return GroupWorld(config)


def keep_alive(scene, member, ms, generation=1):
    """Heartbeats for so long."""
    for _ in range(ms // 5_000):
        scene.advance(5_000)
        assert scene.heartbeat(member=member, generation=generation).error is None


def commit_in_transaction(scene, offset, producer_id=7, group="g", member="", generation=-1, topic="orders", size=0):
    partition = TxnOffsetCommitRequestPartition(
        partition_index=0, committed_offset=offset, committed_metadata="x" * size
    )
    request = TxnOffsetCommitRequest(
        transactional_id="t",
        group_id=group,
        producer_id=producer_id,
        producer_epoch=0,
        generation_id=generation,
        member_id=member,
        topics=[TxnOffsetCommitRequestTopic(name=topic, partitions=[partition])],
    )
    return scene.engine.submit(GroupShard.commit_transactional_offsets, request, {"orders": b"i" * 16})


def test_offsets_without_membership_expire_after_their_last_commit(scene):
    """And the group with them."""
    scene.commit(1)
    scene.advance(DAY_MS // 2)
    scene.commit(2, partition=1)
    scene.advance(DAY_MS // 2 + 3_600_000)

    assert scene.fetch_all() == {("orders", 1): 2}

    scene.advance(DAY_MS)

    assert scene.fetch_all() == {}
    assert scene.shard.groups == {}
    assert scene.loaded_copy().groups == {}


def test_offsets_of_a_group_expire_from_when_it_became_empty(scene):
    """KIP-211: a consumer that was away for less than the retention finds its place."""
    (member,) = scene.stable()
    scene.commit(5, member=member, generation=1)
    keep_alive(scene, member, 2 * DAY_MS // 10)
    scene.leave(member)
    scene.advance(DAY_MS - 3_600_000)

    assert scene.fetch_all() == {("orders", 0): 5}

    scene.advance(2 * 3_600_000)

    assert scene.fetch_all() == {}
    assert scene.shard.groups == {}


def test_offsets_of_topics_that_members_consume_do_not_expire(scene):
    """Those of topics they no longer subscribe to do, while the group lives."""
    (member,) = scene.stable()
    scene.commit(5, member=member, generation=1)
    scene.commit(6, member=member, generation=1, topic="former")
    scene.config.offsets_retention_ms = 3_600_000
    keep_alive(scene, member, 3 * 3_600_000)

    assert scene.fetch_all() == {("orders", 0): 5}
    assert scene.describe().group_state == "Stable"


def test_offsets_of_a_group_that_does_not_speak_the_consumer_protocol_stay_while_it_has_members(scene):
    """Nobody knows what Connect's members read."""
    member = scene.join(protocol_type="connect", id_is_required=False).result().member_id
    scene.sync(member=member, assignments={member: b"A"})
    scene.commit(5, member=member, generation=1)
    scene.config.offsets_retention_ms = 1
    keep_alive(scene, member, 2 * 3_600_000)

    assert scene.fetch_all() == {("orders", 0): 5}


def test_an_offset_may_bring_its_own_retention(scene):
    """OffsetCommit 2-4 could ask for one."""
    scene.commit(5, retention_time_ms=1_000)
    scene.commit(6, partition=1, retention_time_ms=10 * DAY_MS)
    scene.advance(2 * DAY_MS)

    assert scene.fetch_all() == {("orders", 1): 6}
    assert scene.loaded_copy().offsets.get("g", "orders", 1).expire_timestamp_ms > scene.now_ms


def test_a_deleted_topic_takes_its_offsets_along(scene):
    """In all groups, pending ones too; other topics stay."""
    scene.commit(1)
    scene.commit(2, group="h")
    scene.commit(3, group="h", topic="other")
    commit_in_transaction(scene, 4, group="i")

    scene.engine.submit(GroupShard.topics_deleted, ["orders"]).result()
    scene.engine.complete_transaction(7, 0, 0, True)

    assert [scene.fetch_all(each) for each in "ghi"] == [{}, {("other", 0): 3}, {}]


def test_offsets_of_a_recreated_topic_are_not_those_of_the_deleted_one(scene):
    """Deleting a topic late spares its successor's offsets, and fetching asks for the right incarnation."""
    old, new = b"1" * 16, b"2" * 16
    partition = OffsetCommitRequestPartition(partition_index=0, committed_offset=9)
    topic = OffsetCommitRequestTopic(name="orders", topic_id=new, partitions=[partition])
    request = OffsetCommitRequest(group_id="g", topics=[topic])
    answer = scene.engine.submit(GroupShard.commit_offsets, request).result()

    assert answer.topics[0].topic_id == new

    scene.engine.submit(GroupShard.topics_deleted, ["orders"], [old])
    fetched = {}
    for topic_id in (old, new):
        topics = [OffsetFetchRequestTopics(name="orders", topic_id=topic_id, partition_indexes=[0])]
        group = OffsetFetchRequestGroup(group_id="g", topics=topics)
        reply = scene.engine.submit(GroupShard.fetch_offsets, group).result()
        fetched[topic_id] = reply.topics[0].partitions[0].committed_offset

    assert fetched == {old: -1, new: 9}


def test_a_transactions_offsets_are_unstable_until_its_marker(scene):
    """KIP-447: whoever asks for stable offsets is told to come again; others get the last committed one."""
    scene.commit(1)
    commit_in_transaction(scene, 5).result()

    assert scene.fetch().committed_offset == 1
    assert scene.fetch(stable=True).error_code == ErrorCode.UNSTABLE_OFFSET_COMMIT
    assert scene.loaded_copy().offsets.is_pending("g", "orders", 0)

    scene.engine.complete_transaction(7, 0, 0, True)

    assert scene.fetch(stable=True).committed_offset == 5
    assert scene.loaded_copy().offsets.get("g", "orders", 0).offset == 5


def test_an_open_transaction_keeps_offsets_and_group_from_expiring(scene):
    """They go after it has ended."""
    scene.commit(1)
    commit_in_transaction(scene, 5)
    commit_in_transaction(scene, 5, group="h", producer_id=8)
    scene.advance(2 * DAY_MS)

    assert scene.fetch_all() == {("orders", 0): 1}
    assert "h" in scene.shard.groups

    scene.engine.complete_transaction(7, 0, 0, False)
    scene.engine.complete_transaction(8, 0, 0, False)
    scene.advance(DAY_MS)

    assert scene.shard.groups == {}


def test_who_may_commit_in_a_transaction(scene):
    """Members by id and generation; producers of older clients, who name neither, always."""
    assert commit_in_transaction(scene, 1, group="").error.code == ErrorCode.INVALID_GROUP_ID
    assert commit_in_transaction(scene, 1, generation=3).error.code == ErrorCode.ILLEGAL_GENERATION

    member = scene.join(id_is_required=False).result().member_id

    # The group's state does not matter: it is completing its rebalance.
    assert commit_in_transaction(scene, 1, member=member, generation=1).error is None
    assert commit_in_transaction(scene, 1).error is None
    assert commit_in_transaction(scene, 1, member="other", generation=1).error.code == ErrorCode.UNKNOWN_MEMBER_ID
    assert commit_in_transaction(scene, 1, member=member, generation=9).error.code == ErrorCode.ILLEGAL_GENERATION

    too_long = commit_in_transaction(scene, 1, size=5_000).result()

    assert too_long.topics[0].partitions[0].error_code == ErrorCode.OFFSET_METADATA_TOO_LARGE


def test_deleting_a_group_deletes_its_pending_offsets(scene):
    """A transaction that ends later brings nothing back."""
    scene.commit(1)
    commit_in_transaction(scene, 5)

    scene.engine.submit(GroupShard.delete_groups, ["g"]).result()
    scene.engine.complete_transaction(7, 0, 0, True)

    assert scene.fetch_all() == {}
    assert scene.loaded_copy().groups == {}
