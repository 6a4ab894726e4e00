"""Fetch through a whole broker: limits, waiting, epochs, sessions, old formats; answers as Apache Kafka gives them."""

from __future__ import annotations

import pytest
import trio
from asking import BY_NAME, batch, create, delete, fetch, fetching, produce, values, wanted

from pykbroker.errors import ErrorCode
from pykbroker.wire.compression import GZIP, ZSTD
from pykbroker.wire.message_sets import iterate_message_set
from pykbroker.wire.messages.fetch import FetchRequest, FetchTopic, ForgottenTopic, ReplicaState
from pykbroker.wire.messages.topics import DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic

NEWEST = FetchRequest.versions.high
ONE_BATCH = len(batch(b"x" * 100))


async def filled(client, count: int = 3, topic: str = "t", partitions: int = 1) -> bytes:
    """A topic with ``count`` batches of one record in each partition."""
    topic_id = await create(client, topic, partitions)
    for partition in range(partitions):
        for _ in range(count):
            await produce(client, batch(b"x" * 100), topic, partition)
    return topic_id


@pytest.mark.parametrize("version", range(4, BY_NAME + 1))
async def test_every_version_by_name_reads_the_log(autojump_clock, client, version):
    """From an offset to the end; the fields a version has say where log, stable offset and watermark are."""
    await filled(client)

    answer = await fetch(client, 1, version=version)

    assert (answer.error_code, answer.high_watermark, answer.last_stable_offset) == (0, 3, 3)
    assert answer.log_start_offset == (0 if version >= 5 else -1)
    assert len(values(answer.records)) == 2


@pytest.mark.parametrize("compression", [0, GZIP])
@pytest.mark.parametrize("version", range(4))
async def test_the_oldest_versions_get_message_sets(autojump_clock, client, version, compression):
    """v0 and v1 read format 0, v2 and v3 format 1, however the producer wrote."""
    await create(client)
    await produce(client, batch(b"a", b"b", compression=compression))

    answer = await fetch(client, 1, version=version)

    messages = list(iterate_message_set(answer.records))
    assert {message.magic for message in messages} == {0 if version < 2 else 1}
    assert [(message.offset, message.value) for message in messages][-1] == (1, b"b")


async def test_zstd_cannot_be_read_by_versions_that_do_not_know_it(autojump_clock, client):
    """Formats 0 and 1 have no zstd (KIP-110); from v4 on the batch is sent as it is, unless the topic says zstd."""
    await create(client)
    await create(client, "z", compression_type="zstd")
    for topic in ("t", "z"):
        await produce(client, batch(b"v", compression=ZSTD), topic)

    refused = ErrorCode.UNSUPPORTED_COMPRESSION_TYPE
    assert (await fetch(client, version=3)).error_code == refused
    assert (await fetch(client, version=9)).error_code == 0
    assert (await fetch(client, topic="z", version=9)).error_code == refused
    assert values((await fetch(client, topic="z", version=10)).records) == [b"v"]


# -- limits ------------------------------------------------------------------------------------------------------------


async def test_a_limit_of_bytes_gives_whole_batches_and_at_least_one(autojump_clock, client):
    """KIP-74: partition_max_bytes ends the answer between batches, but never before the first one."""
    await filled(client, 5)

    two = await fetch(client, max_bytes=2 * ONE_BATCH + 10)
    one = await fetch(client, max_bytes=1)

    assert len(values(two.records)) == 2
    assert len(values(one.records)) == 1


async def test_before_version_3_a_batch_may_be_cut_off(autojump_clock, client):
    """The oldest clients get no more bytes than they asked for."""
    await filled(client, 1)

    assert len((await fetch(client, max_bytes=50, version=2)).records) <= 50


async def test_max_bytes_counts_over_all_partitions_in_order(autojump_clock, client):
    """The first partition gets its batch although it is too large; the following get nothing, without an error."""
    await filled(client, 2, partitions=2)
    request = fetching(wanted(), wanted(partition=1), max_bytes=1)

    answer = await client.ask(request, BY_NAME)

    first, second = answer.responses[0].partitions
    assert (len(values(first.records)), len(values(second.records))) == (1, 0)
    assert second.error_code == 0


@pytest.mark.parametrize("broker_configs", [{"fetch.max.bytes": "1024"}])
async def test_the_broker_has_a_limit_of_its_own(autojump_clock, client):
    """fetch.max.bytes bounds what any fetch gets."""
    await filled(client, 20)

    assert len((await fetch(client)).records) <= 1024


async def test_a_negative_limit_is_an_error_of_the_partition(autojump_clock, client):
    """UNKNOWN_SERVER_ERROR, as Apache Kafka answers."""
    await filled(client, 1)

    assert (await fetch(client, max_bytes=-1)).error_code == ErrorCode.UNKNOWN_SERVER_ERROR


# -- waiting -----------------------------------------------------------------------------------------------------------


async def test_min_bytes_are_waited_for_over_all_partitions(autojump_clock, broker, client):
    """Two appends to two partitions together satisfy one fetch."""
    await create(client, partitions=2)
    producer = await broker.connect()
    started = trio.current_time()

    async def produce_later() -> None:
        for partition in range(2):
            await trio.sleep(1)
            await produce(producer, batch(b"x" * 100), "t", partition)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(produce_later)
        request = fetching(wanted(), wanted(partition=1), max_wait_ms=30_000, min_bytes=2 * ONE_BATCH)
        answer = await client.ask(request, BY_NAME)

    assert [len(values(part.records)) for part in answer.responses[0].partitions] == [1, 1]
    assert trio.current_time() - started == pytest.approx(2, abs=0.2)


async def test_too_few_bytes_are_answered_at_the_deadline(autojump_clock, client):
    """max_wait_ms passes, then the answer is what there is."""
    await filled(client, 1)
    started = trio.current_time()

    answer = await fetch(client, max_wait_ms=500, min_bytes=1_000_000)

    assert len(values(answer.records)) == 1
    assert trio.current_time() - started == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(("offset", "partition"), [(99, 0), (-1, 0)])
async def test_an_error_is_not_waited_on(autojump_clock, client, offset, partition):
    """OFFSET_OUT_OF_RANGE comes at once, whatever max_wait_ms says."""
    await filled(client, 1)
    started = trio.current_time()

    answer = await fetch(client, offset, partition=partition, max_wait_ms=60_000, min_bytes=1)

    assert (answer.error_code, answer.high_watermark) == (ErrorCode.OFFSET_OUT_OF_RANGE, -1)
    assert trio.current_time() - started < 1


async def test_a_topic_deleted_while_a_fetch_waits_ends_the_wait(autojump_clock, broker, client):
    """The parked fetch is answered with UNKNOWN_TOPIC_OR_PARTITION at once."""
    await create(client)
    other = await broker.connect()
    started = trio.current_time()

    async def delete_later() -> None:
        await trio.sleep(1)
        await delete(other, "t")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(delete_later)
        answer = await fetch(client, max_wait_ms=60_000)

    assert answer.error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert trio.current_time() - started == pytest.approx(1, abs=0.2)


# -- errors ------------------------------------------------------------------------------------------------------------


async def test_what_is_not_there_by_name_and_by_id(autojump_clock, client):
    """UNKNOWN_TOPIC_OR_PARTITION by name, UNKNOWN_TOPIC_ID by id; nothing of the partition is told."""
    await create(client)
    unknown = FetchTopic(topic_id=bytes(range(16)), partitions=[wanted()])

    by_name = await fetch(client, topic="missing")
    no_partition = await fetch(client, partition=9)
    by_id = await client.ask(FetchRequest(max_wait_ms=0, min_bytes=0, topics=[unknown]), NEWEST)

    assert by_name.error_code == no_partition.error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert by_id.responses[0].partitions[0].error_code == ErrorCode.UNKNOWN_TOPIC_ID


async def test_deleted_records_are_out_of_range(autojump_clock, client):
    """DeleteRecords moves the log's start: before it OFFSET_OUT_OF_RANGE, from it on records."""
    await filled(client, 3)
    entry = DeleteRecordsPartition(partition_index=0, offset=2)
    await client.ask(DeleteRecordsRequest(topics=[DeleteRecordsTopic(name="t", partitions=[entry])], timeout_ms=1000))

    assert (await fetch(client, 1)).error_code == ErrorCode.OFFSET_OUT_OF_RANGE
    after = await fetch(client, 2)
    assert (after.log_start_offset, len(values(after.records))) == (2, 1)


@pytest.mark.parametrize(
    ("epoch", "expected"), [(-1, ErrorCode.NONE), (0, ErrorCode.NONE), (7, ErrorCode.UNKNOWN_LEADER_EPOCH)]
)
async def test_the_clients_leader_epoch_is_checked(autojump_clock, client, epoch, expected):
    """KIP-320: an epoch this broker has not heard of is UNKNOWN_LEADER_EPOCH."""
    await filled(client, 1)

    assert (await fetch(client, current_leader_epoch=epoch)).error_code == expected


async def test_a_client_ahead_of_the_log_learns_where_they_diverge(autojump_clock, client):
    """KIP-595: a last fetched epoch whose end lies before the fetch offset is answered with that end, not an error."""
    await filled(client, 3)

    diverged = await fetch(client, 10, last_fetched_epoch=0)
    agreed = await fetch(client, 1, last_fetched_epoch=0)

    assert (diverged.diverging_epoch.epoch, diverged.diverging_epoch.end_offset) == (0, 3)
    assert (diverged.error_code, len(diverged.records)) == (0, 0)
    assert agreed.diverging_epoch.epoch == -1
    assert len(values(agreed.records)) == 2


async def test_nobody_replicates_from_here(autojump_clock, client):
    """A fetch in the name of a replica is NOT_LEADER_OR_FOLLOWER, in both places where versions say who asks."""
    topic_id = await filled(client, 1)
    by_id = FetchTopic(topic_id=topic_id, partitions=[wanted()])

    old = await fetch(client, replica_id=5)
    new = await client.ask(
        FetchRequest(max_wait_ms=0, min_bytes=0, topics=[by_id], replica_state=ReplicaState(replica_id=5)), NEWEST
    )

    assert old.error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert new.responses[0].partitions[0].error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER


async def test_an_unknown_isolation_level_fails_the_request(autojump_clock, client):
    """Every partition named says UNKNOWN_SERVER_ERROR, and so does the whole."""
    await filled(client, 1)

    answer = await client.ask(fetching(wanted(), isolation_level=9), BY_NAME)

    assert answer.error_code == ErrorCode.UNKNOWN_SERVER_ERROR
    assert answer.responses[0].partitions[0].error_code == ErrorCode.UNKNOWN_SERVER_ERROR


async def test_read_committed_without_transactions_lists_none(autojump_clock, client):
    """aborted_transactions is empty, not null, when read_committed asks; null otherwise."""
    await filled(client, 1)

    assert list((await fetch(client, isolation_level=1)).aborted_transactions) == []
    assert (await fetch(client, isolation_level=0)).aborted_transactions is None


# -- sessions ----------------------------------------------------------------------------------------------------------


async def test_a_session_tells_only_what_changed(autojump_clock, client):
    """KIP-227 over the wire: opened in full, empty while nothing happens, then the one partition with news."""
    await filled(client, 1, partitions=2)
    opened = await client.ask(fetching(wanted(1), wanted(1, partition=1), session_epoch=0), BY_NAME)
    session = {"session_id": opened.session_id}

    quiet = await client.ask(fetching(session_epoch=1, **session), BY_NAME)
    await produce(client, batch(b"news"), "t", 1)
    news = await client.ask(fetching(session_epoch=2, **session), BY_NAME)

    assert opened.session_id > 0
    assert len(opened.responses[0].partitions) == 2
    assert list(quiet.responses) == []
    assert [(part.partition_index, values(part.records)) for part in news.responses[0].partitions] == [(1, [b"news"])]


async def test_a_session_by_id_adds_and_forgets_partitions(autojump_clock, client):
    """v13+: topics enter and leave a session by id; a session that is emptied is closed."""
    topic_id = await filled(client, 1, partitions=2)

    def ask(epoch: int, session: int, *partitions, forget=()) -> FetchRequest:
        return FetchRequest(
            max_wait_ms=0,
            min_bytes=0,
            session_id=session,
            session_epoch=epoch,
            topics=[FetchTopic(topic_id=topic_id, partitions=partitions)] if partitions else [],
            forgotten_topics_data=[ForgottenTopic(topic_id=topic_id, partitions=forget)] if forget else [],
        )

    opened = await client.ask(ask(0, 0, wanted()))
    added = await client.ask(ask(1, opened.session_id, wanted(partition=1)))
    emptied = await client.ask(ask(2, opened.session_id, forget=[0, 1]))
    after = await client.ask(ask(3, opened.session_id))

    assert [part.partition_index for part in added.responses[0].partitions] == [0, 1]
    assert (emptied.session_id, list(emptied.responses)) == (0, [])
    assert after.error_code == ErrorCode.FETCH_SESSION_ID_NOT_FOUND


async def test_wrong_sessions_and_epochs(autojump_clock, client):
    """FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH, and a session of ids does not speak names."""
    topic_id = await filled(client, 1)
    opened = await client.ask(fetching(wanted(), session_epoch=0), BY_NAME)
    by_id = FetchRequest(
        max_wait_ms=0,
        min_bytes=0,
        session_id=opened.session_id,
        session_epoch=1,
        topics=[FetchTopic(topic_id=topic_id, partitions=[wanted()])],
    )

    nobody = await client.ask(fetching(session_id=12345, session_epoch=1), BY_NAME)
    early = await client.ask(fetching(session_id=opened.session_id, session_epoch=5), BY_NAME)
    mixed = await client.ask(by_id)

    assert [answer.error_code for answer in (nobody, early, mixed)] == [
        ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
        ErrorCode.INVALID_FETCH_SESSION_EPOCH,
        ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR,
    ]


async def test_the_final_epoch_closes_a_session(autojump_clock, client):
    """Epoch -1: a full answer without a session, and the old one is gone."""
    await filled(client, 1)
    opened = await client.ask(fetching(wanted(), session_epoch=0), BY_NAME)

    last = await client.ask(fetching(wanted(), session_id=opened.session_id, session_epoch=-1), BY_NAME)
    after = await client.ask(fetching(session_id=opened.session_id, session_epoch=1), BY_NAME)

    assert (last.session_id, len(last.responses)) == (0, 1)
    assert after.error_code == ErrorCode.FETCH_SESSION_ID_NOT_FOUND


async def test_a_session_outlives_its_topic(autojump_clock, client):
    """A deleted topic stays in the session as UNKNOWN_TOPIC_OR_PARTITION, told at every fetch."""
    await filled(client, 1)
    opened = await client.ask(fetching(wanted(), session_epoch=0), BY_NAME)
    await delete(client, "t")

    answers = [
        await client.ask(fetching(session_id=opened.session_id, session_epoch=epoch), BY_NAME) for epoch in (1, 2)
    ]

    codes = [part.error_code for answer in answers for topic in answer.responses for part in topic.partitions]
    assert codes == [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION] * 2
