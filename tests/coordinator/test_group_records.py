"""Groups and offsets are written as Apache Kafka writes them, byte for byte."""

import pytest
from group_world import GroupWorld

from pykbroker.coordinator.group_config import GroupConfig
from pykbroker.coordinator.group_records import group_record, group_tombstone, offset_tombstone, read_group
from pykbroker.coordinator.group_shard import GroupShard
from pykbroker.wire.stored import encode_key, encode_value

# Records of a group in an Apache Kafka 4.3.1 data directory: the group comes into being, librdkafka's
# consumer is assigned three partitions, commits twice and leaves.
FROM_KAFKA = [
    ("0002000b6772702d73746f72792d67", "0003000000000000ffffffff000001a1fcf2e4d400000000", 3),
    (
        "0002000b6772702d73746f72792d67",
        "00030008636f6e73756d657200000001000572616e67650029636c2d312d32333536356232392d383066302d343866392d393936352d"
        "653830323236656332383830000001a1fcf2e51d000000010029636c2d312d32333536356232392d383066302d343866392d39393635"
        "2d653830323236656332383830ffff0004636c2d31000a2f3132372e302e302e31000493e00000afc80000001f000300000001000967"
        "72702d73746f72790000000000000000ffffffff00000000002500000000000100096772702d73746f72790000000300000000000000"
        "010000000200000000",
        3,
    ),
    (
        "0001000b6772702d73746f72792d6700096772702d73746f727900000000",
        "000400000000000000010000000001000001a1fcf2e85f01001057f4a3b9e7c54082bae8c365fa7ab196",
        4,
    ),
    (
        "0001000b6772702d73746f72792d6700096772702d73746f727900000001",
        "00040000000000000005ffffffff066d65746100000001a1fcf2e8af01001057f4a3b9e7c54082bae8c365fa7ab196",
        4,
    ),
    (
        "0002000b6772702d73746f72792d67",
        "00030008636f6e73756d657200000002ffffffff000001a1fcf2e8b400000000",
        3,
    ),
]


@pytest.mark.parametrize(("key", "value", "version"), FROM_KAFKA)
def test_kafkas_records_are_read_and_written_again_as_they_were(key, value, version):
    """The fields survive, and so does the version."""
    shard = GroupShard(GroupConfig(), lambda: "")
    record = shard.decode(bytes.fromhex(key), bytes.fromhex(value))

    assert encode_key(record.key).hex() == key
    assert encode_value(record.value, version).hex() == value


def test_a_group_kafka_wrote_is_written_by_us_to_the_same_bytes():
    """Reading a stable group and storing it again changes nothing."""
    key, value, version = FROM_KAFKA[1]
    shard = GroupShard(GroupConfig(), lambda: "")
    stored = shard.decode(bytes.fromhex(key), bytes.fromhex(value))
    group = read_group("grp-story-g", stored.value)

    record = group_record(group, {each.member_id: each.assignment for each in group.members.values()})

    assert record.value_version == version
    assert encode_key(record.key).hex() == key
    assert encode_value(record.value, record.value_version).hex() == value
    assert group.subscribed_topics == {"grp-story"}


def test_our_own_story_has_the_same_records_in_the_same_order():
    """Birth, assignment, commits, empty generation; a group that only commits has no record of its own."""
    world = GroupWorld()
    (member,) = world.stable()
    world.commit(1, member=member, generation=1)
    world.leave(member)
    world.commit(1, group="simple")

    kinds = [(entry.key[1], entry.value[1]) for entry in world.journal.logged]

    assert kinds == [(2, 3), (2, 3), (1, 4), (2, 3), (1, 4)]


def test_an_offset_that_expires_by_itself_is_written_in_the_version_that_can_say_so():
    """OffsetCommit 2-4 may ask for a retention of its own; Kafka writes value version 1 for it."""
    world = GroupWorld()
    world.commit(5, retention_time_ms=100_000)

    assert world.journal.logged[-1].value[:2] == b"\0\1"


def test_tombstones_have_keys_only():
    """A group's, and an offset's."""
    assert group_tombstone("g").value is None
    assert offset_tombstone("g", "t", 0).value is None


def test_records_of_other_kinds_are_passed_over():
    """A later version's records do not stop a shard from loading."""
    assert GroupShard(GroupConfig(), lambda: "").decode(b"\0\x63", b"\0\0") is None
