"""Produce through a whole broker: every format, every refusal, duplicates; answers as Apache Kafka 4.3 gives them."""

from __future__ import annotations

import pytest
from asking import BY_NAME, NOW_MS, batch, creatable, create, delete, fetch, offset_of, produce, producing, values

from pykbroker.errors import ErrorCode
from pykbroker.wire.compression import GZIP, LZ4, SNAPPY, ZSTD
from pykbroker.wire.message_sets import encode_message_set
from pykbroker.wire.messages.configs import (
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsRequestAlterableConfig,
    IncrementalAlterConfigsRequestAlterConfigsResource,
)
from pykbroker.wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from pykbroker.wire.messages.topics import CreateTopicsRequest
from pykbroker.wire.messages.transactions import InitProducerIdRequest
from pykbroker.wire.records import Record, read_header

NEWEST = ProduceRequest.versions.high


def message_set(magic: int, *values: bytes, compression: int = 0, timestamp: int = NOW_MS) -> bytes:
    return encode_message_set(
        [Record(offset, timestamp, None, value, ()) for offset, value in enumerate(values)], magic, compression
    )


async def producer_id(client) -> int:
    answer = await client.ask(InitProducerIdRequest(transactional_id=None, transaction_timeout_ms=1000), 4)
    assert answer.error_code == 0
    return answer.producer_id


@pytest.mark.parametrize("version", range(3, BY_NAME + 1))
async def test_every_version_by_name_appends(autojump_clock, client, version):
    """Offsets count up; versions without a field leave it at its default."""
    await create(client)
    await produce(client, batch(b"a", b"b"), version=version)

    answer = await produce(client, batch(b"c"), version=version)

    assert (answer.error_code, answer.base_offset, answer.log_append_time_ms) == (0, 2, -1)
    assert answer.log_start_offset == (0 if version >= 5 else -1)


async def test_topics_are_named_by_id_in_the_newest_version(autojump_clock, client):
    """v13: the answer carries the id; an id nobody has is UNKNOWN_TOPIC_ID, and the known topic is unaffected."""
    known, unknown = await create(client), bytes(range(16))
    data = [PartitionProduceData(index=0, records=batch(b"v"))]
    topics = [TopicProduceData(topic_id=topic_id, partition_data=data) for topic_id in (known, unknown)]

    answer = await client.ask(ProduceRequest(acks=1, timeout_ms=1000, topic_data=topics), NEWEST)

    assert [
        (topic.topic_id, topic.partition_responses[0].error_code, topic.partition_responses[0].base_offset)
        for topic in answer.responses
    ] == [(known, 0, 0), (unknown, ErrorCode.UNKNOWN_TOPIC_ID, -1)]


@pytest.mark.parametrize("compression", [0, GZIP, SNAPPY, LZ4])
@pytest.mark.parametrize("version", [0, 1, 2])
async def test_old_versions_bring_message_sets(autojump_clock, client, version, compression):
    """v0 and v1 in format 0, v2 in format 1; the log keeps format 2, which every newer consumer reads."""
    await create(client)
    magic = 0 if version < 2 else 1

    answer = await produce(client, message_set(magic, b"a", b"b", compression=compression), version=version)

    assert (answer.error_code, answer.base_offset) == (0, 0)
    fetched = await fetch(client)
    assert values(fetched.records) == [b"a", b"b"]
    assert read_header(fetched.records).magic == 2


async def test_a_message_set_with_a_wrong_crc_is_corrupt(autojump_clock, client):
    """CORRUPT_MESSAGE, and nothing of the set is kept."""
    await create(client)
    broken = bytearray(message_set(1, b"abc"))
    broken[-1] ^= 1

    assert (await produce(client, bytes(broken), version=2)).error_code == ErrorCode.CORRUPT_MESSAGE
    assert (await offset_of(client, -1)).offset == 0


@pytest.mark.parametrize("compression", [GZIP, SNAPPY, LZ4, ZSTD])
async def test_a_compressed_batch_is_kept_as_it_came(autojump_clock, client, compression):
    """The log holds the producer's bytes; only offset and leader epoch are written into them."""
    await create(client)
    sent = batch(b"x" * 100, b"y" * 100, compression=compression)

    assert (await produce(client, sent)).error_code == 0

    kept = (await fetch(client)).records
    assert bytes(kept[17:]) == sent[17:]
    assert values(kept) == [b"x" * 100, b"y" * 100]


async def test_zstd_is_refused_before_version_7(autojump_clock, client):
    """KIP-110: UNSUPPORTED_COMPRESSION_TYPE for versions whose clients could not read it back."""
    await create(client)

    assert (await produce(client, batch(b"v", compression=ZSTD), version=6)).error_code == 76
    assert (await produce(client, batch(b"v", compression=ZSTD), version=7)).error_code == 0


def with_format(magic: int) -> bytes:
    changed = bytearray(batch(b"v"))
    changed[16] = magic
    return bytes(changed)


def with_broken_crc() -> bytes:
    changed = bytearray(batch(b"v"))
    changed[-2] ^= 1
    return bytes(changed)


NOT_ONE_BATCH = {
    "null": (None, ErrorCode.INVALID_RECORD),
    "nothing": (b"", ErrorCode.INVALID_RECORD),
    "two batches": (batch(b"a") + batch(b"b"), ErrorCode.INVALID_RECORD),
    "a message set": (message_set(1, b"a"), ErrorCode.INVALID_RECORD),
    "a size too small": (bytes(8) + (5).to_bytes(4, "big") + bytes(60), ErrorCode.CORRUPT_MESSAGE),
    "an unknown format": (with_format(3), ErrorCode.CORRUPT_MESSAGE),
    "a wrong CRC": (with_broken_crc(), ErrorCode.CORRUPT_MESSAGE),
}


@pytest.mark.parametrize("name", NOT_ONE_BATCH)
async def test_a_partition_must_bring_exactly_one_sound_batch(autojump_clock, client, name):
    """What Apache Kafka 4.3 says to each (to null it never answers); nothing is appended, the connection lives on."""
    records, expected = NOT_ONE_BATCH[name]
    await create(client)

    answer = await produce(client, records)

    assert (ErrorCode(answer.error_code), answer.base_offset) == (expected, -1)
    assert (await offset_of(client, -1)).offset == 0


async def test_a_cut_off_rest_behind_the_batch_is_dropped(autojump_clock, client):
    """As Apache Kafka: less than a header behind the batch is not another batch."""
    await create(client)

    assert (await produce(client, batch(b"a") + batch(b"b")[:10])).error_code == 0
    assert values((await fetch(client)).records) == [b"a"]


async def test_each_partition_has_its_own_answer(autojump_clock, client):
    """One request to a good partition, to one that is not there, and to a topic that is not there."""
    await create(client, "t", 2)
    parts = [PartitionProduceData(index=index, records=batch(b"v")) for index in (1, 7)]
    topics = [TopicProduceData(name=name, partition_data=parts) for name in ("t", "missing")]

    answer = await client.ask(ProduceRequest(acks=-1, timeout_ms=1000, topic_data=topics), BY_NAME)

    found = {
        (topic.name, part.index): ErrorCode(part.error_code)
        for topic in answer.responses
        for part in topic.partition_responses
    }
    unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert found == {("t", 1): 0, ("t", 7): unknown, ("missing", 1): unknown, ("missing", 7): unknown}


@pytest.mark.parametrize("acks", [2, -2])
async def test_acks_must_be_0_1_or_all(autojump_clock, client, acks):
    """INVALID_REQUIRED_ACKS for every partition, and nothing is written."""
    await create(client)

    assert (await produce(client, batch(b"v"), acks=acks)).error_code == ErrorCode.INVALID_REQUIRED_ACKS
    assert (await offset_of(client, -1)).offset == 0


async def test_internal_topics_are_closed_to_producers(autojump_clock, client):
    """INVALID_TOPIC_EXCEPTION: a client cannot forge committed offsets."""
    await client.ask(CreateTopicsRequest(topics=[creatable("__consumer_offsets")], timeout_ms=1000))

    answer = await produce(client, batch(b"v"), "__consumer_offsets")

    assert answer.error_code == ErrorCode.INVALID_TOPIC_EXCEPTION


# -- what a topic's configuration asks for -----------------------------------------------------------------------------


async def test_max_message_bytes_takes_effect_at_once(autojump_clock, client):
    """A batch that was too large fits as soon as IncrementalAlterConfigs has been answered."""
    await create(client, max_message_bytes=1000)
    large = batch(b"x" * 2000)
    assert (await produce(client, large)).error_code == ErrorCode.MESSAGE_TOO_LARGE

    change = IncrementalAlterConfigsRequestAlterableConfig(name="max.message.bytes", config_operation=0, value="3000")
    resource = IncrementalAlterConfigsRequestAlterConfigsResource(resource_type=2, resource_name="t", configs=[change])
    answer = await client.ask(IncrementalAlterConfigsRequest(resources=[resource], validate_only=False))

    assert answer.responses[0].error_code == 0
    assert (await produce(client, large)).error_code == 0


async def test_a_compacted_topic_needs_keys(autojump_clock, client):
    """INVALID_RECORD, with each record without a key named (KIP-467); what has keys goes in."""
    await create(client, cleanup_policy="compact")

    refused = await produce(client, batch(b"a", b"b"))
    accepted = await produce(client, batch(b"a", key=b"k"))

    assert refused.error_code == ErrorCode.INVALID_RECORD
    assert [error.batch_index for error in refused.record_errors] == [0, 1]
    assert refused.error_message
    assert accepted.error_code == 0


async def test_log_append_time_replaces_the_producers(autojump_clock, client):
    """message.timestamp.type=LogAppendTime: the answer and the batch say when it came."""
    await create(client, message_timestamp_type="LogAppendTime")

    answer = await produce(client, batch(b"v", timestamp=1))

    header = read_header((await fetch(client)).records)
    assert answer.log_append_time_ms > 1_000_000
    assert header.is_log_append_time
    assert header.max_timestamp == answer.log_append_time_ms


async def test_a_timestamp_too_far_from_now_is_refused(autojump_clock, client):
    """message.timestamp.before.max.ms → INVALID_TIMESTAMP, with the record."""
    await create(client, message_timestamp_before_max_ms=1000)

    answer = await produce(client, batch(b"v", timestamp=1))

    assert answer.error_code == ErrorCode.INVALID_TIMESTAMP
    assert [error.batch_index for error in answer.record_errors] == [0]


async def test_a_topics_compression_is_applied(autojump_clock, client):
    """compression.type=gzip: what comes uncompressed lies compressed."""
    await create(client, compression_type="gzip")

    await produce(client, batch(b"x" * 500))

    kept = (await fetch(client)).records
    assert read_header(kept).compression == GZIP
    assert values(kept) == [b"x" * 500]


async def test_min_insync_replicas_asks_for_no_more_than_there_are(autojump_clock, client):
    """min.insync.replicas=2 of one replica is one: Apache Kafka 4.3 accepts acks=all too."""
    await create(client, min_insync_replicas=2)

    assert (await produce(client, batch(b"v"), acks=-1)).base_offset == 0
    assert (await produce(client, batch(b"v"), acks=1)).base_offset == 1


# -- idempotent producers ----------------------------------------------------------------------------------------------


async def test_a_batch_sent_twice_is_kept_once(autojump_clock, client):
    """The second answer has the first one's offset, while it is among the last five batches."""
    await create(client)
    mine = await producer_id(client)
    batches = [batch(b"v", producer_id=mine, producer_epoch=0, base_sequence=number) for number in range(6)]
    for each in batches:
        await produce(client, each)

    again = [await produce(client, each) for each in batches]

    assert [answer.base_offset for answer in again[1:]] == [1, 2, 3, 4, 5]
    assert again[0].error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER  # no longer among the last five
    assert (await offset_of(client, -1)).offset == 6


async def test_a_gap_in_sequences_is_refused(autojump_clock, client):
    """OUT_OF_ORDER_SEQUENCE_NUMBER, and the next in order still goes in."""
    await create(client)
    mine = {"producer_id": await producer_id(client), "producer_epoch": 0}
    await produce(client, batch(b"0", base_sequence=0, **mine))

    gap = await produce(client, batch(b"2", base_sequence=2, **mine))
    following = await produce(client, batch(b"1", base_sequence=1, **mine))

    assert (gap.error_code, gap.base_offset) == (ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, -1)
    assert (following.error_code, following.base_offset) == (0, 1)


async def test_an_old_producer_epoch_is_fenced(autojump_clock, client):
    """INVALID_PRODUCER_EPOCH once a newer epoch has written; a new epoch begins at sequence 0."""
    await create(client)
    mine = await producer_id(client)
    sent = [(0, 0), (1, 0), (0, 1), (2, 5)]

    answers = [
        await produce(client, batch(b"v", producer_id=mine, producer_epoch=epoch, base_sequence=sequence))
        for epoch, sequence in sent
    ]

    assert [ErrorCode(answer.error_code).name for answer in answers] == [
        "NONE",
        "NONE",
        "INVALID_PRODUCER_EPOCH",
        "OUT_OF_ORDER_SEQUENCE_NUMBER",
    ]


async def test_sequences_survive_a_restart(autojump_clock, broker, client):
    """A duplicate is known again after the broker was stopped and started."""
    await create(client)
    sent = batch(b"v", producer_id=await producer_id(client), producer_epoch=0, base_sequence=0)
    await produce(client, sent)

    await broker.stop()
    await broker.start()

    again = await produce(await broker.connect(), sent)
    assert (again.error_code, again.base_offset) == (0, 0)


# -- flushing ----------------------------------------------------------------------------------------------------------


async def test_flush_messages_flushes_before_the_answer(autojump_clock, broker, client):
    """flush.messages=1: when the answer is there, the log's recovery point has reached its end."""
    await create(client, flush_messages=1)

    await produce(client, batch(b"v"))

    assert broker.services.replicas.get("t", 0).log.recovery_point == 1


async def test_a_deleted_topic_takes_no_more(autojump_clock, client):
    """UNKNOWN_TOPIC_OR_PARTITION by name."""
    await create(client)
    await delete(client, "t")

    assert (await produce(client, batch(b"v"))).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


async def test_an_unanswered_produce_is_in_the_log(autojump_clock, client):
    """acks=0: no answer, but appended before the next request on the connection."""
    await create(client)
    await client.send_bytes(client.frame(producing(batch(b"v"), acks=0), BY_NAME))

    assert (await offset_of(client, -1)).offset == 1
