"""Committed offsets through a whole broker: every version, by name and by id, of what exists and what does not."""

from __future__ import annotations

import pytest
from asking import create, delete

from pykbroker.errors import ErrorCode
from pykbroker.wire.messages.groups import FindCoordinatorRequest
from pykbroker.wire.messages.offsets import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
    OffsetDeleteRequest,
    OffsetDeleteRequestPartition,
    OffsetDeleteRequestTopic,
    OffsetFetchRequest,
    OffsetFetchRequestGroup,
    OffsetFetchRequestTopic,
    OffsetFetchRequestTopics,
)

BY_NAME = 9
"""The newest version of OffsetCommit and OffsetFetch in which topics have names."""


@pytest.fixture
async def coordinator(client):
    """A client of a broker that coordinates groups."""
    await client.ask(FindCoordinatorRequest(key_type=0, coordinator_keys=["g"]), 4)
    return client


async def commit(client, offset: int = 5, partition: int = 0, topic: str = "t", version: int = BY_NAME, **more):
    """The partition's error."""
    entry = OffsetCommitRequestPartition(
        partition_index=partition, committed_offset=offset, committed_leader_epoch=0, committed_metadata="m"
    )
    topics = [OffsetCommitRequestTopic(name=topic, partitions=[entry])]
    answer = await client.ask(OffsetCommitRequest(group_id="g", topics=topics, **more), version)
    return ErrorCode(answer.topics[0].partitions[0].error_code)


async def committed(client, topic: str = "t", partition: int = 0, group: str = "g") -> int:
    asked = OffsetFetchRequestTopics(name=topic, partition_indexes=[partition])
    groups = [OffsetFetchRequestGroup(group_id=group, topics=[asked])]
    answer = await client.ask(OffsetFetchRequest(groups=groups), BY_NAME)
    return answer.groups[0].topics[0].partitions[0].committed_offset


@pytest.mark.parametrize("version", range(BY_NAME + 1))
async def test_every_version_by_name_commits(autojump_clock, coordinator, version):
    """A simple consumer (no members) commits in each version, v0 with neither generation nor member."""
    await create(coordinator)

    assert await commit(coordinator, 7, version=version) == 0
    assert await committed(coordinator) == 7


@pytest.mark.parametrize("version", range(8))
async def test_every_version_for_one_group_fetches(autojump_clock, coordinator, version):
    """Offset and metadata, the leader epoch since v5; -1 where nothing was committed."""
    await create(coordinator, "t", 2)
    await commit(coordinator, 7)
    asked = OffsetFetchRequestTopic(name="t", partition_indexes=[0, 1])

    answer = await coordinator.ask(OffsetFetchRequest(group_id="g", topics=[asked]), version)

    epoch = 0 if version >= 5 else -1
    assert [
        (each.committed_offset, each.metadata, each.committed_leader_epoch, each.error_code)
        for each in answer.topics[0].partitions
    ] == [(7, "m", epoch, 0), (-1, "", -1, 0)]


@pytest.mark.parametrize("version", [2, 7, 8, 9])
async def test_null_topics_ask_for_everything(autojump_clock, coordinator, version):
    """Since v2; a group that nobody knows has nothing."""
    await create(coordinator, "a")
    await create(coordinator, "b")
    for topic in ("a", "b"):
        await commit(coordinator, topic=topic)

    async def topics_of(group: str) -> list[str]:
        groups = [OffsetFetchRequestGroup(group_id=group, topics=None)]
        answer = await coordinator.ask(OffsetFetchRequest(group_id=group, topics=None, groups=groups), version)
        found = answer.groups[0] if version in OffsetFetchRequest.BATCHED else answer
        assert found.error_code == 0
        return sorted(topic.name for topic in found.topics)

    assert await topics_of("g") == ["a", "b"]
    assert await topics_of("nobody") == []


async def test_topics_by_id(autojump_clock, coordinator):
    """v10: commit and fetch by id; an id nobody has is UNKNOWN_TOPIC_ID in both, beside the one that is known."""
    known, unknown = await create(coordinator), bytes(range(16))
    entry = OffsetCommitRequestPartition(partition_index=0, committed_offset=3)
    topics = [OffsetCommitRequestTopic(topic_id=each, partitions=[entry]) for each in (known, unknown)]
    stored = await coordinator.ask(OffsetCommitRequest(group_id="g", topics=topics))
    asked = [OffsetFetchRequestTopics(topic_id=each, partition_indexes=[0]) for each in (known, unknown)]
    fetched = await coordinator.ask(OffsetFetchRequest(groups=[OffsetFetchRequestGroup(group_id="g", topics=asked)]))
    everything = await coordinator.ask(OffsetFetchRequest(groups=[OffsetFetchRequestGroup(group_id="g", topics=None)]))

    def told(topics, *fields: str) -> dict:
        return {
            topic.topic_id: tuple(getattr(part, field) for field in fields)
            for topic in topics
            for part in topic.partitions
        }

    gone = ErrorCode.UNKNOWN_TOPIC_ID
    assert told(stored.topics, "error_code") == {known: (0,), unknown: (gone,)}
    assert told(fetched.groups[0].topics, "committed_offset", "error_code") == {known: (3, 0), unknown: (-1, gone)}
    assert told(everything.groups[0].topics, "committed_offset") == {known: (3,)}


async def test_each_partition_of_a_commit_has_its_own_answer(autojump_clock, coordinator):
    """What exists is committed; a partition or topic that does not is UNKNOWN_TOPIC_OR_PARTITION."""
    await create(coordinator)
    entries = [OffsetCommitRequestPartition(partition_index=index, committed_offset=1) for index in (0, 8)]
    topics = [OffsetCommitRequestTopic(name=name, partitions=entries) for name in ("t", "missing")]

    answer = await coordinator.ask(OffsetCommitRequest(group_id="g", topics=topics), BY_NAME)

    unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    found = {
        (topic.name, part.partition_index): part.error_code for topic in answer.topics for part in topic.partitions
    }
    assert found == {("t", 0): 0, ("t", 8): unknown, ("missing", 0): unknown, ("missing", 8): unknown}
    assert len(answer.topics) == 2


@pytest.mark.parametrize(
    ("version", "expected"), [(8, ErrorCode.ILLEGAL_GENERATION), (9, ErrorCode.GROUP_ID_NOT_FOUND)]
)
async def test_a_member_of_no_group_cannot_commit(autojump_clock, coordinator, version, expected):
    """With a generation the group must exist; each version has its own word for it."""
    await create(coordinator)

    code = await commit(coordinator, version=version, generation_id_or_member_epoch=3, member_id="m")

    assert code == expected


@pytest.mark.parametrize("broker_configs", [{"offset.metadata.max.bytes": "0"}])
async def test_too_much_metadata(autojump_clock, coordinator):
    """offset.metadata.max.bytes: OFFSET_METADATA_TOO_LARGE, and nothing is committed."""
    await create(coordinator)

    assert await commit(coordinator) == ErrorCode.OFFSET_METADATA_TOO_LARGE
    assert await committed(coordinator) == -1


async def test_a_deleted_topics_offsets_go_with_it(autojump_clock, coordinator):
    """A topic of the same name begins without committed offsets; those of others stay."""
    await create(coordinator)
    await create(coordinator, "other")
    await commit(coordinator)
    await commit(coordinator, topic="other")

    await delete(coordinator, "t")
    await create(coordinator)

    assert await committed(coordinator) == -1
    assert await committed(coordinator, "other") == 5


async def test_offsets_can_be_deleted(autojump_clock, coordinator):
    """KIP-496: of partitions that exist; others are UNKNOWN_TOPIC_OR_PARTITION, a missing group GROUP_ID_NOT_FOUND."""
    await create(coordinator, "t", 2)
    await commit(coordinator)

    async def forget(group: str, *partitions: int):
        entries = [OffsetDeleteRequestPartition(partition_index=index) for index in partitions]
        topics = [OffsetDeleteRequestTopic(name="t", partitions=entries)]
        return await coordinator.ask(OffsetDeleteRequest(group_id=group, topics=topics))

    deleted, missing = await forget("g", 0, 9), await forget("nobody", 0)

    codes = {part.partition_index: part.error_code for topic in deleted.topics for part in topic.partitions}
    assert codes == {0: 0, 9: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}
    assert missing.error_code == ErrorCode.GROUP_ID_NOT_FOUND
    assert await committed(coordinator) == -1


@pytest.mark.parametrize("version", [1, 5, 9])
async def test_without_a_coordinator_the_error_stands_where_the_version_has_room(autojump_clock, client, version):
    """v0 and v1 per partition, later for the whole, since v8 per group."""
    await create(client)
    asked = OffsetFetchRequestTopic(name="t", partition_indexes=[0])
    groups = [OffsetFetchRequestGroup(group_id="g", topics=[OffsetFetchRequestTopics(name="t", partition_indexes=[0])])]

    answer = await client.ask(OffsetFetchRequest(group_id="g", topics=[asked], groups=groups), version)

    code = {1: lambda: answer.topics[0].partitions[0], 5: lambda: answer, 9: lambda: answer.groups[0]}[version]()
    assert code.error_code in (ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_NOT_AVAILABLE)
