"""What is done through confluent-kafka: topics, and the first record through a fresh group."""

from __future__ import annotations

import itertools
import time

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

_numbers = itertools.count(1)
PATIENCE_S = 60
QUIET = {"log_level": 0, "enable.metrics.push": False}  # brokers come and go here; librdkafka would tell


def fresh_name(stem: str) -> str:
    return f"{stem}-{next(_numbers)}"


class Topics:
    """An admin client of one broker."""

    def __init__(self, bootstrap: str) -> None:
        self._admin = AdminClient({"bootstrap.servers": bootstrap, **QUIET})

    def create(self, names: list[str], partitions: int = 1) -> float:
        """Create topics in one request; the seconds until it is answered and every partition has a leader."""
        started = time.monotonic()
        futures = self._admin.create_topics(
            [NewTopic(name, partitions, 1) for name in names], request_timeout=PATIENCE_S
        )
        for future in futures.values():
            future.result()
        while not self._all_have_leaders(names, partitions):
            if time.monotonic() - started > PATIENCE_S:
                raise RuntimeError("created partitions have no leaders")
        return time.monotonic() - started

    def _all_have_leaders(self, names: list[str], partitions: int) -> bool:
        everything = len(names) > 1
        metadata = self._admin.list_topics(None if everything else names[0], timeout=PATIENCE_S)
        for name in names:
            topic = metadata.topics.get(name)
            if topic is None or len(topic.partitions) < partitions:
                return False
            if any(partition.leader < 0 for partition in topic.partitions.values()):
                return False
        return True

    def delete(self, names: list[str]) -> None:
        for future in self._admin.delete_topics(names, request_timeout=PATIENCE_S).values():
            future.result()


def produce_one(bootstrap: str, topic: str) -> None:
    """One record from a new producer, acknowledged; the topic may have to be created by it."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0, **QUIET})
    producer.produce(topic, b"first")
    if producer.flush(PATIENCE_S):
        raise RuntimeError("the first record was not acknowledged")


def first_record_through_fresh_group(bootstrap: str, topic: str) -> float:
    """Seconds from making a consumer in a group nobody used to having a record."""
    started = time.monotonic()
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": fresh_name("group"),
            "auto.offset.reset": "earliest",
            **QUIET,
        }
    )
    consumer.subscribe([topic])
    while True:
        message = consumer.poll(1)
        if message is not None and message.error() is None:
            break
        if time.monotonic() - started > PATIENCE_S:
            raise RuntimeError("a fresh group got no record")
    took = time.monotonic() - started
    consumer.close()
    return took
