"""What a record may be, how it is sent, and how it is found again."""

import time

from common import (
    TIMEOUT_S,
    consumer,
    new_topic,
    producer,
    read,
    send_all,
    take,
)
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, KafkaException, TopicPartition
from tap import Skip, equal, require_control, restart_broker, story, unique

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


@story
def compression_each():
    """Every codec comes back as it was sent, in one partition, mixed."""
    topic = new_topic("codecs")
    for codec in CODECS:
        send_all(topic, [("%s %d " % (codec, i)).encode() * 50 for i in range(20)], compression_type=codec)
    found = [m.value() for m in read(topic, 20 * len(CODECS), check_crcs=True)]
    for position, codec in enumerate(CODECS):
        equal(found[position * 20 + 7], ("%s 7 " % codec).encode() * 50)


@story
def acks_each():
    """acks=0, acks=1 and acks=all: each arrives, in order; who waits for the answer learns the offset from it."""
    topic = new_topic("acks")
    send_all(topic, [b"zero"], acks=0)
    read(topic, 1)  # acks=0 is only a hope until it has been seen
    equal(send_all(topic, [b"one"], acks=1), [1])
    equal(send_all(topic, [b"all"], acks="all"), [2])
    equal([m.value() for m in read(topic, 3)], [b"zero", b"one", b"all"])


@story
def headers_keys_nulls():
    """Headers, empty and null keys and values survive exactly."""
    topic = new_topic("shapes")
    headers = [("trace", b"\x00\xff"), ("empty", b""), ("null", None), ("trace", b"again")]
    p = producer()
    p.produce(topic, key=b"", value=b"", partition=0, headers=headers)
    p.produce(topic, value=b"value", partition=0)
    p.produce(topic, key=b"tombstone", value=None, partition=0, timestamp=1234567890123)
    p.flush(TIMEOUT_S)

    found = read(topic, 3)
    equal([(m.key(), m.value()) for m in found], [(b"", b""), (None, b"value"), (b"tombstone", None)])
    equal(found[0].headers(), headers)
    equal(found[1].headers(), None)
    equal(found[2].timestamp()[1], 1234567890123)


@story
def large_message():
    """A record of 900 kB fits the defaults; one of 2 MB is refused by the broker's limit and nothing is stored."""
    topic = new_topic("large")
    value = bytes(range(256)) * 3600
    send_all(topic, [value])
    equal(read(topic, 1)[0].value() == value, True, "900 kB came back whole")
    try:
        send_all(topic, [value * 2 + b"x" * 300000], message_max_bytes=4000000)
    except KafkaException as refusal:
        equal(refusal.args[0].name(), "MSG_SIZE_TOO_LARGE")
    else:
        raise AssertionError("2 MB were accepted")
    equal(send_all(topic, [b"after"]), [1])


@story
def idempotent_producer():
    """A producer with idempotence writes each record once and in order, many batches in flight."""
    topic = new_topic("idempotent")
    options = {"enable_idempotence": True, "linger_ms": 0, "batch_num_messages": 5}
    equal(send_all(topic, [b"%d" % i for i in range(500)], **options), list(range(500)))
    equal([int(m.value()) for m in read(topic, 500)], list(range(500)))


@story
def seek_by_time():
    """offsets_for_times finds the first record at or after a moment; past the end there is none."""
    topic = new_topic("timed")
    start = int(time.time() * 1000) - 100000
    p = producer()
    for i in range(10):
        p.produce(topic, b"%d" % i, partition=0, timestamp=start + i * 1000)
    p.flush(TIMEOUT_S)
    with consumer() as client:
        found = client.offsets_for_times([TopicPartition(topic, 0, start + 3500)], timeout=TIMEOUT_S)
        equal(found[0].offset, 4)
        client.assign(found)
        equal([m.value() for m in take(client, 6)], [b"%d" % i for i in range(4, 10)])
        past = client.offsets_for_times([TopicPartition(topic, 0, start + 60000)], timeout=TIMEOUT_S)
        equal(past[0].offset, OFFSET_END)


@story
def seek_and_ends():
    """Watermarks, starting at either end, and a position that follows."""
    topic = new_topic("ends")
    send_all(topic, [b"%d" % i for i in range(10)])
    with consumer() as client:
        equal(client.get_watermark_offsets(TopicPartition(topic, 0), timeout=TIMEOUT_S), (0, 10))
        client.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        equal(take(client, 10)[0].offset(), 0)
        equal(client.position([TopicPartition(topic, 0)])[0].offset, 10)
        client.seek(TopicPartition(topic, 0, 7))
        equal([m.offset() for m in take(client, 3)], [7, 8, 9])


@story
def out_of_range_resets():
    """A position behind the end falls back to auto.offset.reset."""
    topic = new_topic("range")
    send_all(topic, [b"a", b"b"])
    with consumer(auto_offset_reset="earliest") as client:
        client.assign([TopicPartition(topic, 0, 1000)])
        equal([m.value() for m in take(client, 2)], [b"a", b"b"])


@story
def end_of_partition():
    """A consumer that asks for it is told when it has reached the end."""
    from confluent_kafka import KafkaError

    topic = new_topic("eof")
    send_all(topic, [b"last"])
    with consumer(enable_partition_eof=True) as client:
        client.assign([TopicPartition(topic, 0, 0)])
        seen = [client.poll(TIMEOUT_S), client.poll(TIMEOUT_S)]
        equal(seen[0].value(), b"last")
        equal((seen[1].error().code(), seen[1].offset()), (KafkaError._PARTITION_EOF, 1))


@story
def waiting_consumer_is_woken():
    """A consumer that waits at the end gets a record as soon as it is written, not at its fetch's deadline."""
    topic = new_topic("tail")
    with consumer(fetch_wait_max_ms=20000) as client:
        client.assign([TopicPartition(topic, 0, 0)])
        equal(client.poll(0.5), None)
        sent = time.time()
        send_all(topic, [b"now"])
        equal([m.value() for m in take(client, 1)], [b"now"])
        assert time.time() - sent < 5, "woken after %.1f s" % (time.time() - sent)


@story
def producer_survives_broker_restart():
    """A producer keeps its messages while the broker is away; none is lost, none twice."""
    require_control()
    topic = new_topic("restart")
    delivered = []
    p = producer(enable_idempotence=True, reconnect_backoff_max_ms=500)
    p.produce(topic, b"before", partition=0, on_delivery=lambda error, m: delivered.append(error))
    equal(p.flush(TIMEOUT_S), 0)
    restart_broker()
    p.produce(topic, b"after", partition=0, on_delivery=lambda error, m: delivered.append(error))
    equal(p.flush(TIMEOUT_S), 0)
    equal(delivered, [None, None])
    equal([m.value() for m in read(topic, 2)], [b"before", b"after"])


@story
def transaction_commit_and_abort():
    """A committed transaction is read; an aborted one is not, by a consumer that reads committed records."""
    topic = new_topic("transactions")
    p = producer(transactional_id=unique("tx"))
    try:
        p.init_transactions(TIMEOUT_S)
    except KafkaException as error:
        raise Skip("the broker has no transactions: %s" % error.args[0].name()) from error
    for outcome in ("kept", "dropped", "kept too"):
        p.begin_transaction()
        p.produce(topic, outcome, partition=0)
        p.flush(TIMEOUT_S)
        if outcome == "dropped":
            p.abort_transaction(TIMEOUT_S)
        else:
            p.commit_transaction(TIMEOUT_S)
    equal([m.value() for m in read(topic, 2, isolation_level="read_committed")], [b"kept", b"kept too"])
    equal(len(read(topic, 3, isolation_level="read_uncommitted")), 3)
