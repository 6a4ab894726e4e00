"""ListOffsets and OffsetForLeaderEpoch through a whole broker: special and real timestamps, every version, epochs."""

from __future__ import annotations

import pytest
from asking import EARLIEST, LATEST, NOW_MS, batch, create, offset_of, produce

from pykbroker.errors import ErrorCode
from pykbroker.wire.messages.list_offsets import (
    ListOffsetsPartition,
    ListOffsetsRequest,
    ListOffsetsTopic,
    OffsetForLeaderEpochRequest,
    OffsetForLeaderPartition,
    OffsetForLeaderTopic,
)

MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED, EARLIEST_PENDING_UPLOAD = -3, -4, -5, -6


async def timed(client) -> None:
    """Topic t with records at +0, +10, +30, +20 milliseconds, one batch each."""
    await create(client)
    for later in (0, 10, 30, 20):
        await produce(client, batch(b"v", timestamp=NOW_MS + later))


@pytest.mark.parametrize("version", range(1, 12))
async def test_the_ends_of_the_log_in_every_version(autojump_clock, client, version):
    """Earliest and latest carry no timestamp, and from v4 on the leader epoch."""
    await timed(client)

    first, last = await offset_of(client, EARLIEST, version=version), await offset_of(client, LATEST, version=version)

    epoch = 0 if version >= 4 else -1
    assert (first.offset, first.timestamp, first.leader_epoch) == (0, -1, epoch)
    assert (last.offset, last.timestamp, last.leader_epoch) == (4, -1, epoch)


@pytest.mark.parametrize(
    ("later", "offset", "found"), [(-1000, 0, 0), (0, 0, 0), (5, 1, 10), (11, 2, 30), (20, 2, 30), (31, -1, None)]
)
async def test_a_timestamp_finds_the_first_record_not_before_it(autojump_clock, client, later, offset, found):
    """The answer has that record's own timestamp; -1 for both where there is none."""
    await timed(client)

    answer = await offset_of(client, NOW_MS + later)

    assert (answer.error_code, answer.offset) == (0, offset)
    assert answer.timestamp == (-1 if found is None else NOW_MS + found)


async def test_the_record_with_the_highest_timestamp(autojump_clock, client):
    """KIP-734: -3 finds it wherever it lies; an empty log has none."""
    await timed(client)
    await create(client, "empty")

    answer, empty = await offset_of(client, MAX_TIMESTAMP), await offset_of(client, MAX_TIMESTAMP, "empty")

    assert (answer.offset, answer.timestamp) == (2, NOW_MS + 30)
    assert (empty.error_code, empty.offset, empty.timestamp) == (0, -1, -1)


@pytest.mark.parametrize(
    ("timestamp", "since", "offset"),
    [(MAX_TIMESTAMP, 7, 2), (EARLIEST_LOCAL, 8, 0), (LATEST_TIERED, 9, -1), (EARLIEST_PENDING_UPLOAD, 11, -1)],
)
async def test_a_special_timestamp_needs_the_version_that_brought_it(autojump_clock, client, timestamp, since, offset):
    """UNSUPPORTED_VERSION before; without tiered storage nothing is tiered or pending."""
    await timed(client)

    before, then = (
        await offset_of(client, timestamp, version=since - 1),
        await offset_of(client, timestamp, version=since),
    )

    assert before.error_code == ErrorCode.UNSUPPORTED_VERSION
    assert (then.error_code, then.offset) == (0, offset)


async def test_a_timestamp_that_means_nothing_is_refused(autojump_clock, client):
    """-7 has no meaning yet: UNSUPPORTED_VERSION."""
    await timed(client)

    assert (await offset_of(client, -7, version=11)).error_code == ErrorCode.UNSUPPORTED_VERSION


async def test_version_0_lists_the_starts_of_segments(autojump_clock, client):
    """Newest first, as many as asked for; latest begins with the high watermark."""
    await create(client, segment_bytes=1024 * 1024)
    for _ in range(3):
        await produce(client, batch(b"x" * 600_000))

    latest = await offset_of(client, LATEST, version=0, max_num_offsets=10)
    one = await offset_of(client, LATEST, version=0, max_num_offsets=1)
    earliest = await offset_of(client, EARLIEST, version=0, max_num_offsets=10)
    by_time = await offset_of(client, 1, version=0, max_num_offsets=10)

    assert list(latest.old_style_offsets) == [3, 2, 1, 0]
    assert list(one.old_style_offsets) == [3]
    assert list(earliest.old_style_offsets) == [0]
    assert list(by_time.old_style_offsets) == [2, 1, 0]  # files in memory are of 1970


async def test_each_partition_has_its_own_error(autojump_clock, client):
    """Unknown topic and partition, an epoch not heard of, a partition named twice: each says so."""
    await timed(client)

    def topic(name: str, *partitions: tuple[int, int]) -> ListOffsetsTopic:
        return ListOffsetsTopic(
            name=name,
            partitions=[
                ListOffsetsPartition(partition_index=index, current_leader_epoch=epoch, timestamp=LATEST)
                for index, epoch in partitions
            ],
        )

    asked = [topic("missing", (0, -1)), topic("t", (0, 5), (3, -1))]
    answer = await client.ask(ListOffsetsRequest(replica_id=-1, topics=asked), 7)
    twice = await client.ask(ListOffsetsRequest(replica_id=-1, topics=[topic("t", (0, -1), (0, -1))]), 7)

    found = {(each.name, part.partition_index): part.error_code for each in answer.topics for part in each.partitions}
    assert found == {
        ("missing", 0): ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ("t", 0): ErrorCode.UNKNOWN_LEADER_EPOCH,
        ("t", 3): ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    }
    assert {part.error_code for part in twice.topics[0].partitions} == {ErrorCode.INVALID_REQUEST}


async def test_an_unknown_isolation_level_fails_every_partition(autojump_clock, client):
    """UNKNOWN_SERVER_ERROR, as Apache Kafka answers."""
    await timed(client)
    entry = ListOffsetsPartition(partition_index=0, timestamp=LATEST)
    request = ListOffsetsRequest(
        replica_id=-1, isolation_level=7, topics=[ListOffsetsTopic(name="t", partitions=[entry])]
    )

    answer = await client.ask(request, 7)

    assert answer.topics[0].partitions[0].error_code == ErrorCode.UNKNOWN_SERVER_ERROR


@pytest.mark.parametrize("version", range(5))
async def test_where_a_leader_epoch_ended(autojump_clock, client, version):
    """The current epoch ends at the log's end; one to come is not known: -1, -1; v0 has no epoch in the answer."""
    await timed(client)
    asked = [OffsetForLeaderPartition(partition=0, leader_epoch=epoch) for epoch in (0, 9)]
    if version == 0:
        asked = asked[:1]

    answers = []
    for entry in asked:
        topics = [OffsetForLeaderTopic(topic="t", partitions=[entry])]
        answer = await client.ask(OffsetForLeaderEpochRequest(replica_id=-1, topics=topics), version)
        answers.append(answer.topics[0].partitions[0])

    assert (answers[0].error_code, answers[0].end_offset) == (0, 4)
    assert answers[0].leader_epoch == (0 if version else -1)
    assert [(each.leader_epoch, each.end_offset) for each in answers[1:]] == [(-1, -1)] * (len(asked) - 1)


async def test_epochs_of_what_is_not_there(autojump_clock, client):
    """UNKNOWN_TOPIC_OR_PARTITION and UNKNOWN_LEADER_EPOCH, per partition."""
    await timed(client)
    missing = OffsetForLeaderPartition(partition=5, leader_epoch=0)
    ahead = OffsetForLeaderPartition(partition=0, leader_epoch=0, current_leader_epoch=3)
    topics = [OffsetForLeaderTopic(topic="t", partitions=[missing, ahead])]

    answer = await client.ask(OffsetForLeaderEpochRequest(replica_id=-1, topics=topics))

    assert [(part.error_code, part.end_offset) for part in answer.topics[0].partitions] == [
        (ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1),
        (ErrorCode.UNKNOWN_LEADER_EPOCH, -1),
    ]
