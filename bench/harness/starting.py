"""Starting, fresh groups, memory, many partitions: what does not ask for throughput."""

from __future__ import annotations

import time

from harness import frames, process
from harness.brokers import Instance
from harness.clients import Topics, first_record_through_fresh_group, fresh_name, produce_one
from harness.connection import Connection, wait_until_answering
from harness.context import Context, stream
from harness.figures import Figure, Workload

IDLE_CONNECTIONS = 1000
PARTITIONS = 1000
TRAFFIC_RECORDS = 1_500_000  # of 1 KiB
SETTLE_S = 2.0


def measure_start(context: Context) -> dict[str, float]:
    """A directory that was never used, formatted where the broker asks for that, to a record in a consumer's hand."""
    with context.fresh_instance() as instance:
        if not context.has_started:  # whatever a broker keeps between starts (bytecode) and the page cache are there
            instance.start()
            instance.remove()
            context.has_started = True
            return measure_start(context)
        started = time.monotonic()
        first_answer_s = instance.start()
        topic = fresh_name("first")
        produce_one(instance.bootstrap, topic)
        first_record_through_fresh_group(instance.bootstrap, topic)
        return {
            "start: first ApiVersions answer": first_answer_s,
            "start: first record through a fresh group": time.monotonic() - started,
        }


def measure_warm_group(context: Context) -> dict[str, float]:
    house = context.house
    with context.topic("warm-group") as topic:
        produce_one(house.bootstrap, topic)
        took = sorted(first_record_through_fresh_group(house.bootstrap, topic) for _ in range(5))
    return {"fresh group on a warm broker": took[2]}


def measure_memory(context: Context) -> dict[str, float]:
    with context.fresh_instance() as instance:
        instance.start()
        time.sleep(SETTLE_S)
        idle = instance.resident_bytes()
        cpu_before = instance.cpu_seconds()
        time.sleep(SETTLE_S)
        idle_cpu = (instance.cpu_seconds() - cpu_before) / SETTLE_S
        per_connection = _growth_by_connections(instance)
        per_partition = _growth_by_partitions(instance)
    return {
        "memory: idle": idle / 1e6,
        "processor when idle": idle_cpu * 100,
        "memory: per idle connection": per_connection / 1e3,
        "memory: per empty partition": per_partition / 1e3,
        **_after_traffic(context),
    }


def _growth_by_connections(instance: Instance) -> float:
    """Each connection has asked ApiVersions once, as every client does. The first hundred fill the caches."""
    connections = [_introduced(instance) for _ in range(100)]
    before = instance.resident_bytes()
    connections += [_introduced(instance) for _ in range(IDLE_CONNECTIONS)]
    time.sleep(0.5)
    grown = instance.resident_bytes() - before
    for connection in connections:
        connection.close()
    time.sleep(0.5)
    return grown / IDLE_CONNECTIONS


def _introduced(instance: Instance) -> Connection:
    connection = Connection(instance.address)
    connection.call(frames.api_versions())
    return connection


def _growth_by_partitions(instance: Instance) -> float:
    topics = Topics(instance.bootstrap)
    topics.create(["few"], 10)
    before = instance.resident_bytes()
    topics.create(["many"], PARTITIONS)
    time.sleep(0.5)
    return (instance.resident_bytes() - before) / PARTITIONS


def _after_traffic(context: Context) -> dict[str, float]:
    with context.fresh_instance() as instance:
        instance.start()
        Topics(instance.bootstrap).create(["traffic"], 6)
        start_cpu = instance.cpu_seconds()
        produced = stream(instance, "produce", topic="traffic", size=1024, count=TRAFFIC_RECORDS)
        cpu_seconds = instance.cpu_seconds() - start_cpu
        stream(instance, "consume", topic="traffic", count=TRAFFIC_RECORDS)
        time.sleep(SETTLE_S)
        return {
            "a new broker's first 1.5 GB: produce": produced["megabytes_per_s"],
            "a new broker's first 1.5 GB: processor": cpu_seconds / (produced["megabytes"] / 1e3),
            "memory: after 1.5 GB in and out": instance.resident_bytes() / 1e6,
            "memory: peak meanwhile": process.peak_resident_bytes(instance.pid) / 1e6,
        }


def measure_partitions(context: Context) -> dict[str, float]:
    """Topics are made, every partition is given a record, and the broker is stopped in order and started again."""
    with context.fresh_instance() as instance:
        instance.start()
        batch = frames.one_record_batch(b"x" * 100)
        connection = Connection(instance.address)
        names = [f"narrow-{number}" for number in range(PARTITIONS)]
        one_topic_s = _seconds_to_create(connection, ["wide"], PARTITIONS, batch)
        many_topics_s = _seconds_to_create(connection, names, 1, batch)
        for number in range(PARTITIONS):
            connection.checked_call(frames.produce("wide", batch, partition=number), "wide")
            connection.checked_call(frames.produce(names[number], batch), names[number])
        stopping = time.monotonic()
        instance.stop()
        stop_s = time.monotonic() - stopping
        started = time.monotonic()
        instance.start()
        _wait_until_produced(instance, names[-1], batch)
        return {
            "one topic of 1,000 partitions created": one_topic_s,
            "1,000 topics created": many_topics_s,
            "orderly stop with 2,000 partitions": stop_s,
            "restart with 2,000 partitions, until a produce works": time.monotonic() - started,
        }


def _seconds_to_create(connection: Connection, names: list[str], partitions: int, batch: bytes) -> float:
    """One CreateTopics request, answered, and its last partition has taken a record."""
    started = time.monotonic()
    connection.checked_call(frames.create_topics(names, partitions), names[-1], patience_s=60)
    connection.checked_call(frames.produce(names[-1], batch, partition=partitions - 1), names[-1], patience_s=60)
    return time.monotonic() - started


def _wait_until_produced(instance: Instance, topic: str, batch: bytes) -> None:
    wait_until_answering(instance.address, time.monotonic() + 60, lambda: True)
    Connection(instance.address).checked_call(frames.produce(topic, batch), topic, patience_s=60)


START = Workload(
    "start",
    "Starting",
    (
        Figure("start: first ApiVersions answer", "s", less_is_better=True, ratio=0.1, limit=0.25),
        Figure("start: first record through a fresh group", "s", less_is_better=True, ratio=0.2, limit=0.6),
    ),
    measure_start,
    uses_house=False,
    rounds=(3, 7),
)
WARM_GROUP = Workload(
    "group",
    "A fresh group",
    (Figure("fresh group on a warm broker", "s", less_is_better=True, ratio=1.0),),
    measure_warm_group,
    rounds=(1, 3),
)
MEMORY = Workload(
    "memory",
    "Memory",
    (
        Figure("memory: idle", "MB", less_is_better=True, ratio=0.15, limit=60),
        Figure("processor when idle", "%", less_is_better=True),
        Figure("memory: per idle connection", "kB", less_is_better=True, limit=15),
        Figure("memory: per empty partition", "kB", less_is_better=True, limit=5),
        Figure("memory: after 1.5 GB in and out", "MB", less_is_better=True, ratio=0.15, limit=150),
        Figure("memory: peak meanwhile", "MB", less_is_better=True),
        Figure("a new broker's first 1.5 GB: produce", "MB/s"),
        Figure("a new broker's first 1.5 GB: processor", "s/GB", less_is_better=True),
    ),
    measure_memory,
    uses_house=False,
)
MANY_PARTITIONS = Workload(
    "partitions",
    "Many partitions",
    (
        Figure("one topic of 1,000 partitions created", "s", less_is_better=True, limit=0.5),
        Figure("1,000 topics created", "s", less_is_better=True),
        Figure("orderly stop with 2,000 partitions", "s", less_is_better=True, limit=2.0),
        Figure("restart with 2,000 partitions, until a produce works", "s", less_is_better=True, ratio=0.2, limit=1.5),
    ),
    measure_partitions,
    uses_house=False,
)
