"""worker.py BOOTSTRAP INPUTS: exactly once from `source` to `target`, whatever happens to the broker.

A process of its own, as an application is; a stock client (kafka-python). It says on its standard output how far it
has come, and begins anew whenever something goes wrong.
"""

import contextlib
import logging
import signal
import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

PATIENCE_S = 2
SOURCE = TopicPartition("source", 0)


def main(bootstrap, inputs):
    """Work until every input is done."""
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGALRM, wake_up)
    while True:
        with contextlib.suppress(Exception):  # whatever the client makes of a broker that is not there
            work(bootstrap, inputs)
            return


def wake_up(*_):
    """kafka-python may wait for good for an answer from a connection that died while it was about to ask."""
    raise TimeoutError


def work(bootstrap, inputs):
    """From where the group stands, to the end."""
    quick = {"bootstrap_servers": bootstrap, "reconnect_backoff_ms": 20, "reconnect_backoff_max_ms": 100}
    producer = KafkaProducer(transactional_id="worker", acks="all", max_block_ms=5_000, linger_ms=0, **quick)
    consumer = KafkaConsumer(
        group_id="workers", enable_auto_commit=False, isolation_level="read_committed", max_poll_records=3, **quick
    )
    signal.alarm(PATIENCE_S)
    try:
        producer.init_transactions()  # what an earlier life has left open is decided after this
        consumer.assign([SOURCE])
        done = consumer.committed(SOURCE) or 0
        consumer.seek(SOURCE, done)
        while done < inputs:
            for records in consumer.poll(timeout_ms=500).values():
                done = transact(producer, consumer, records)
                print(done, flush=True)
    finally:
        producer.close(timeout=0)
        consumer.close()


def transact(producer, consumer, records):
    """The results of some records and the offset behind them, in one transaction."""
    signal.alarm(PATIENCE_S)
    producer.begin_transaction()
    for record in records:
        producer.send("target", record.value, partition=int(record.value) % 2)
    after = records[-1].offset + 1
    producer.send_offsets_to_transaction({SOURCE: OffsetAndMetadata(after, "", -1)}, consumer.group_metadata())
    producer.commit_transaction()
    return after


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
