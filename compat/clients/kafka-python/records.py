"""What a record may be, how it is sent, and how it is found again."""

import time

from common import (
    VERSION,
    consumer,
    needs,
    new_topic,
    partition_zero,
    producer,
    read,
    send_all,
    take,
)
from tap import Skip, equal, require_control, restart_broker, story, unique


@story
def compression_each():
    """Every codec of this client comes back as it was sent, in one partition, mixed."""
    topic = new_topic("codecs")
    codecs = [None, "gzip", "snappy", "lz4"] + (["zstd"] if VERSION >= (2, 0, 0) else [])
    for codec in codecs:
        values = [("%s %d " % (codec, i)).encode() * 50 for i in range(20)]
        send_all(topic, values, compression_type=codec)

    found = [m.value for m in read(20 * len(codecs), topic)]
    for position, codec in enumerate(codecs):
        equal(found[position * 20 + 7], ("%s 7 " % codec).encode() * 50)


@story
def acks_each():
    """acks=0, acks=1 and acks=all: each arrives, in order; who waits for the answer learns the offset from it."""
    topic = new_topic("acks")
    plain = {"enable_idempotence": False} if VERSION >= (3, 0, 0) else {}
    send_all(topic, [b"zero"], acks=0, **plain)
    read(1, topic)  # acks=0 is only a hope until it has been seen
    equal(send_all(topic, [b"one"], acks=1, **plain), [1])
    equal(send_all(topic, [b"all"], acks="all", **plain), [2])
    equal([m.value for m in read(3, topic)], [b"zero", b"one", b"all"])


@story
def headers_keys_nulls():
    """Headers, empty and null keys and values survive exactly."""
    topic = new_topic("shapes")
    headers = [("trace", b"\x00\xff"), ("empty", b""), ("trace", b"again")]
    with producer() as client:
        client.send(topic, key=b"", value=b"", partition=0, headers=headers)
        client.send(topic, key=None, value=b"value", partition=0)
        client.send(topic, key=b"tombstone", value=None, partition=0, timestamp_ms=1234567890123)

    found = read(3, topic)
    equal([(m.key, m.value) for m in found], [(b"", b""), (None, b"value"), (b"tombstone", None)])
    equal(list(found[0].headers), headers)
    equal(list(found[1].headers), [])
    equal(found[2].timestamp, 1234567890123)


@story
def large_message():
    """A record of 900 kB fits the defaults; one of 2 MB is refused by the broker's limit and nothing is stored."""
    topic = new_topic("large")
    value = bytes(range(256)) * 3600
    send_all(topic, [value])
    equal(read(1, topic)[0].value == value, True, "900 kB came back whole")

    try:
        send_all(topic, [value * 2 + b"x" * 300000], max_request_size=4000000)
    except Exception as error:
        equal(type(error).__name__, "MessageSizeTooLargeError")
    else:
        raise AssertionError("2 MB were accepted")
    equal(send_all(topic, [b"after"]), [1])


@story
def idempotent_producer():
    """A producer with idempotence writes each record once and in order, many batches in flight."""
    needs((3, 0, 0), "idempotent producer")
    topic = new_topic("idempotent")
    offsets = send_all(topic, [b"%d" % i for i in range(500)], enable_idempotence=True, acks="all",
                       linger_ms=0, batch_size=200)
    equal(offsets, list(range(500)))
    equal([int(m.value) for m in read(500, topic)], list(range(500)))


@story
def seek_by_time():
    """offsets_for_times finds the first record at or after a moment; past the end there is none."""
    topic = new_topic("timed")
    partition = partition_zero(topic)
    start = int(time.time() * 1000) - 100000
    with producer() as client:
        for i in range(10):
            client.send(topic, b"%d" % i, partition=0, timestamp_ms=start + i * 1000)

    with consumer() as client:
        client.assign([partition])
        found = client.offsets_for_times({partition: start + 3500})[partition]
        equal((found.offset, found.timestamp), (4, start + 4000))
        client.seek(partition, found.offset)
        equal([m.value for m in take(client, 6)], [b"%d" % i for i in range(4, 10)])
        equal(client.offsets_for_times({partition: start + 60000})[partition], None)


@story
def seek_and_ends():
    """Beginning and end offsets, seeking to either, and a position that follows."""
    topic = new_topic("ends")
    partition = partition_zero(topic)
    send_all(topic, [b"%d" % i for i in range(10)])
    with consumer() as client:
        client.assign([partition])
        equal(client.beginning_offsets([partition]), {partition: 0})
        equal(client.end_offsets([partition]), {partition: 10})
        client.seek_to_end(partition)
        equal(client.position(partition), 10)
        client.seek(partition, 7)
        equal([m.offset for m in take(client, 3)], [7, 8, 9])
        client.seek_to_beginning(partition)
        equal(take(client, 10)[0].offset, 0)
        equal(client.position(partition), 10)


@story
def out_of_range_resets():
    """A position behind the end falls back to auto_offset_reset."""
    topic = new_topic("range")
    partition = partition_zero(topic)
    send_all(topic, [b"a", b"b"])
    with consumer(auto_offset_reset="earliest") as client:
        client.assign([partition])
        client.seek(partition, 1000)
        equal([m.value for m in take(client, 2)], [b"a", b"b"])


@story
def waiting_consumer_is_woken():
    """A consumer that waits at the end gets a record as soon as it is written, not at its fetch's deadline."""
    topic = new_topic("tail")
    partition = partition_zero(topic)
    with consumer(fetch_max_wait_ms=20000, request_timeout_ms=30000) as client, producer() as sender:
        client.assign([partition])
        client.poll(timeout_ms=300)
        sent = time.time()
        sender.send(topic, b"now", partition=0)
        sender.flush()
        equal([m.value for m in take(client, 1)], [b"now"])
        assert time.time() - sent < 5, "woken after %.1f s" % (time.time() - sent)


@story
def producer_survives_broker_restart():
    """A producer keeps its messages while the broker is away; none is lost, none twice out of order."""
    require_control()
    topic = new_topic("restart")
    with producer(retries=50, retry_backoff_ms=100, acks="all", max_in_flight_requests_per_connection=1) as client:
        client.send(topic, b"before", partition=0).get(timeout=20)
        restart_broker()
        client.send(topic, b"after", partition=0).get(timeout=30)
    equal([m.value for m in read(2, topic)], [b"before", b"after"])


@story
def transaction_commit_and_abort():
    """A committed transaction is read; an aborted one is not, by a consumer that reads committed records."""
    needs((3, 0, 0), "transactions")
    topic = new_topic("transactions")
    with producer(transactional_id=unique("tx"), acks="all") as client:
        try:
            client.init_transactions()
        except Exception as error:
            raise Skip("the broker has no transactions: %s" % type(error).__name__) from error
        for outcome in ("kept", "dropped", "kept too"):
            client.begin_transaction()
            client.send(topic, outcome.encode(), partition=0)
            if outcome == "dropped":
                client.flush()
                client.abort_transaction()
            else:
                client.commit_transaction()

    equal([m.value for m in read(2, topic, isolation_level="read_committed")], [b"kept", b"kept too"])
    equal(len(read(3, topic, isolation_level="read_uncommitted")), 3)
