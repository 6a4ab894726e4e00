"""What a record may be, how it is sent, and how it is found again."""

import asyncio
import time

from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from common import consumer, new_topic, partition_zero, producer, read, send_all, story, take
from tap import Skip, equal, require_control, restart_broker, unique

CODECS = (None, "gzip", "snappy", "lz4", "zstd")


@story
async def compression_each():
    """Every codec comes back as it was sent, in one partition, mixed."""
    topic = await new_topic("codecs")
    for codec in CODECS:
        await send_all(topic, [f"{codec} {i} ".encode() * 50 for i in range(20)], compression_type=codec)
    found = [m.value for m in await read(20 * len(CODECS), topic)]
    for position, codec in enumerate(CODECS):
        equal(found[position * 20 + 7], f"{codec} 7 ".encode() * 50)


@story
async def acks_each():
    """acks=0, acks=1 and acks=all: each arrives, in order; who waits for the answer learns the offset from it."""
    topic = await new_topic("acks")
    await send_all(topic, [b"zero"], acks=0)
    await read(1, topic)  # acks=0 is only a hope until it has been seen
    equal(await send_all(topic, [b"one"], acks=1), [1])
    equal(await send_all(topic, [b"all"], acks="all"), [2])
    equal([m.value for m in await read(3, topic)], [b"zero", b"one", b"all"])


@story
async def headers_keys_nulls():
    """Headers, empty and null keys and values survive exactly."""
    topic = await new_topic("shapes")
    headers = (("trace", b"\x00\xff"), ("empty", b""), ("trace", b"again"))
    async with producer() as client:
        await client.send_and_wait(topic, key=b"", value=b"", partition=0, headers=list(headers))
        await client.send_and_wait(topic, key=None, value=b"value", partition=0)
        await client.send_and_wait(topic, key=b"tombstone", value=None, partition=0, timestamp_ms=1234567890123)
    found = await read(3, topic)
    equal([(m.key, m.value) for m in found], [(b"", b""), (None, b"value"), (b"tombstone", None)])
    equal((found[0].headers, found[1].headers, found[2].timestamp), (headers, (), 1234567890123))


@story
async def large_message():
    """A record of 900 kB fits the defaults; one of 2 MB is refused by the broker's limit and nothing is stored."""
    topic = await new_topic("large")
    value = bytes(range(256)) * 3600
    await send_all(topic, [value])
    equal((await read(1, topic))[0].value == value, True, "900 kB came back whole")
    try:
        await send_all(topic, [value * 2 + b"x" * 300000], max_request_size=4000000)
    except MessageSizeTooLargeError:
        pass
    else:
        raise AssertionError("2 MB were accepted")
    equal(await send_all(topic, [b"after"]), [1])


@story
async def idempotent_producer():
    """A producer with idempotence writes each record once and in order."""
    topic = await new_topic("idempotent")
    offsets = await send_all(topic, [b"%d" % i for i in range(500)], enable_idempotence=True, max_batch_size=300)
    equal(offsets, list(range(500)))
    equal([int(m.value) for m in await read(500, topic)], list(range(500)))


@story
async def seek_by_time():
    """offsets_for_times finds the first record at or after a moment; past the end there is none."""
    topic = await new_topic("timed")
    partition = partition_zero(topic)
    start = int(time.time() * 1000) - 100000
    async with producer() as client:
        for i in range(10):
            await client.send_and_wait(topic, b"%d" % i, partition=0, timestamp_ms=start + i * 1000)
    async with consumer() as client:
        client.assign([partition])
        found = (await client.offsets_for_times({partition: start + 3500}))[partition]
        equal((found.offset, found.timestamp), (4, start + 4000))
        client.seek(partition, found.offset)
        equal([m.value for m in await take(client, 6)], [b"%d" % i for i in range(4, 10)])
        equal((await client.offsets_for_times({partition: start + 60000}))[partition], None)


@story
async def seek_and_ends():
    """Beginning and end offsets, seeking to either, and a position that follows."""
    topic = await new_topic("ends")
    partition = partition_zero(topic)
    await send_all(topic, [b"%d" % i for i in range(10)])
    async with consumer() as client:
        client.assign([partition])
        equal(await client.beginning_offsets([partition]), {partition: 0})
        equal(await client.end_offsets([partition]), {partition: 10})
        await client.seek_to_end(partition)
        equal(await client.position(partition), 10)
        client.seek(partition, 7)
        equal([m.offset for m in await take(client, 3)], [7, 8, 9])
        await client.seek_to_beginning(partition)
        equal((await take(client, 10))[0].offset, 0)
        equal(client.highwater(partition), 10)


@story
async def out_of_range_resets():
    """A position behind the end falls back to auto_offset_reset."""
    topic = await new_topic("range")
    await send_all(topic, [b"a", b"b"])
    async with consumer() as client:
        client.assign([partition_zero(topic)])
        client.seek(partition_zero(topic), 1000)
        equal([m.value for m in await take(client, 2)], [b"a", b"b"])


@story
async def waiting_consumer_is_woken():
    """A consumer that waits at the end gets a record as soon as it is written, not at its fetch's deadline."""
    topic = await new_topic("tail")
    async with consumer(topic, fetch_max_wait_ms=20000) as client, producer() as sender:
        equal(await client.getmany(timeout_ms=500), {})
        sent = time.time()
        await sender.send_and_wait(topic, b"now", partition=0)
        equal([m.value for m in await take(client, 1)], [b"now"])
        assert time.time() - sent < 5, f"woken after {time.time() - sent:.1f} s"


@story
async def producer_survives_broker_restart():
    """A producer keeps its messages while the broker is away; none is lost, none twice."""
    require_control()
    topic = await new_topic("restart")
    async with producer(enable_idempotence=True) as client:
        await client.send_and_wait(topic, b"before", partition=0)
        await asyncio.to_thread(restart_broker)
        await client.send_and_wait(topic, b"after", partition=0)
    equal([m.value for m in await read(2, topic)], [b"before", b"after"])


@story
async def transaction_commit_and_abort():
    """A committed transaction is read; an aborted one is not, by a consumer that reads committed records."""
    topic = await new_topic("transactions")
    try:
        async with asyncio.timeout(10), producer(transactional_id=unique("tx")) as client:
            for outcome in (b"kept", b"dropped", b"kept too"):
                await client.begin_transaction()
                await client.send_and_wait(topic, outcome, partition=0)
                await (client.abort_transaction if outcome == b"dropped" else client.commit_transaction)()
    except (KafkaError, TimeoutError) as error:
        raise Skip(f"the broker has no transactions: {type(error).__name__}") from error
    equal([m.value for m in await read(2, topic, isolation_level="read_committed")], [b"kept", b"kept too"])
    equal(len(await read(3, topic)), 3)
