"""How costs grow: with partitions, idle connections and groups. Every measurement has a broker of its own."""

from __future__ import annotations

import time
from functools import partial

from harness import frames
from harness.brokers import Instance
from harness.clients import fresh_name
from harness.connection import Connection, join_alone
from harness.context import Context, requests
from harness.figures import Figure, Workload

PARTITIONS_PER_TOPIC = 1000
PARTITION_COUNTS = (4_000, 10_000)
IDLE_CONNECTIONS = 1000
GROUPS = 1000
LOAD_MS = 3_000


def _batch() -> bytes:
    return frames.one_record_batch(b"x" * 100)


def _create(connection: Connection, topics: int, partitions: int) -> list[str]:
    names = [fresh_name("grow") for _ in range(topics)]
    for name in names:
        connection.checked_call(frames.create_topics([name], partitions), name, patience_s=60)
        connection.checked_call(frames.produce(name, _batch(), partition=partitions - 1), name, patience_s=60)
    return names


def _small_produce(instance: Instance, topic: str) -> float:
    """Requests per second on 8 connections, warm."""
    frame = frames.produce(topic, _batch())
    requests(instance, frame, 8, 1, LOAD_MS)
    return requests(instance, frame, 8, 1, LOAD_MS)["requests_per_s"]


def measure_partitions(context: Context, count: int) -> dict[str, float]:
    with context.fresh_instance() as instance:
        instance.start()
        connection = Connection(instance.address)
        started = time.monotonic()
        names = _create(connection, count // PARTITIONS_PER_TOPIC, PARTITIONS_PER_TOPIC)
        created_s = time.monotonic() - started
        time.sleep(1)
        resident = instance.resident_bytes()
        produce = _small_produce(instance, names[0])
        instance.stop()
        started = time.monotonic()
        instance.start()
        again = Connection(instance.address)
        again.checked_call(frames.produce(names[-1], _batch()), names[-1], patience_s=120)
        restart_s = time.monotonic() - started
    return dict(
        zip(
            (figure.name for figure in _partition_figures(count)),
            (created_s, resident / 1e6, produce, restart_s),
            strict=True,
        )
    )


def _partition_figures(count: int) -> tuple[Figure, ...]:
    return (
        Figure(f"{count:,} partitions: created, 1,000 to a topic", "s", less_is_better=True),
        Figure(f"{count:,} partitions: memory", "MB", less_is_better=True),
        Figure(f"{count:,} partitions: Produce, 8 connections", "/s"),
        Figure(f"{count:,} partitions: restart, until a produce works", "s", less_is_better=True),
    )


def measure_connections(context: Context) -> dict[str, float]:
    """Small requests on 8 connections while a thousand others idle."""
    with context.fresh_instance() as instance:
        instance.start()
        (topic,) = _create(Connection(instance.address), 1, 1)
        alone = _small_produce(instance, topic)
        idle = [Connection(instance.address) for _ in range(IDLE_CONNECTIONS)]
        for connection in idle:
            connection.call(frames.api_versions())
        beside = _small_produce(instance, topic)
        for connection in idle:
            connection.close()
    return {
        "new broker: Produce, 8 connections": alone,
        "1,000 idle connections: Produce, 8 connections": beside,
    }


def measure_groups(context: Context) -> dict[str, float]:
    """A thousand groups of one member, each with a committed offset."""
    with context.fresh_instance() as instance:
        instance.start()
        connection = Connection(instance.address)
        (topic,) = _create(connection, 1, 1)
        join_alone(connection, "the-first")
        before = instance.resident_bytes()
        started = time.monotonic()
        for _ in range(GROUPS):
            group = fresh_name("crowd")
            generation, member = join_alone(connection, group)
            connection.checked_call(frames.offset_commit(group, generation, member, topic), topic)
        took = time.monotonic() - started
        grown = instance.resident_bytes() - before
        frame = frames.heartbeat(group, generation, member)
        requests(instance, frame, 8, 1, LOAD_MS)
        beats = requests(instance, frame, 8, 1, LOAD_MS)
    return {
        "1,000 groups: joined and committed": took,
        "1,000 groups: memory for each": grown / GROUPS / 1e3,
        "1,000 groups: Heartbeat, 8 connections": beats["requests_per_s"],
    }


PARTITIONS = tuple(
    Workload(
        f"growth {count} partitions",
        "Growth",
        _partition_figures(count),
        partial(measure_partitions, count=count),
        only_full=True,
        uses_house=False,
    )
    for count in PARTITION_COUNTS
)
CONNECTIONS = Workload(
    "growth connections",
    "Growth",
    (
        Figure("new broker: Produce, 8 connections", "/s"),
        Figure("1,000 idle connections: Produce, 8 connections", "/s"),
    ),
    measure_connections,
    only_full=True,
    uses_house=False,
)
GROWING_GROUPS = Workload(
    "growth groups",
    "Growth",
    (
        Figure("1,000 groups: joined and committed", "s", less_is_better=True),
        Figure("1,000 groups: memory for each", "kB", less_is_better=True),
        Figure("1,000 groups: Heartbeat, 8 connections", "/s"),
    ),
    measure_groups,
    only_full=True,
    uses_house=False,
)
GROWTH = (*PARTITIONS, CONNECTIONS, GROWING_GROUPS)
