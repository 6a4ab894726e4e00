"""Small requests, one fixed frame kept in flight on some connections, and short transactions; how many a second."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from harness import frames
from harness.clients import fresh_name
from harness.connection import Connection, join_alone
from harness.context import Context, requests, transactions
from harness.figures import Figure, Workload

SHAPES = ((1, 1), (8, 1), (8, 8), (64, 1), (1, 8), (64, 8))
"""Connections, and requests in flight on each."""
QUICK_SHAPES = SHAPES[:4]

AIMS = {("Produce", 1, 1): 1.2, ("Produce", 8, 1): 0.8, ("Produce", 8, 8): 1.0}
AIMS |= {("Metadata", connections, depth): ratio for (_, connections, depth), ratio in AIMS.items()}

FrameMaker = Callable[[Connection, str], bytes]


def _produce(_connection: Connection, topic: str) -> bytes:
    return frames.produce(topic, frames.one_record_batch(b"x" * 100))


def _metadata(_connection: Connection, topic: str) -> bytes:
    return frames.metadata(topic)


def _fetch(connection: Connection, topic: str) -> bytes:
    """Of one batch with one record of 100 bytes, which is there."""
    connection.checked_call(_produce(connection, topic), topic)
    return frames.fetch(topic)


def _heartbeat(connection: Connection, _topic: str) -> bytes:
    group = fresh_name("heartbeats")
    return frames.heartbeat(group, *join_alone(connection, group))


def _offset_commit(connection: Connection, topic: str) -> bytes:
    group = fresh_name("commits")
    return frames.offset_commit(group, *join_alone(connection, group), topic)


MAKERS: dict[str, FrameMaker] = {
    "Produce": _produce,
    "Metadata": _metadata,
    "Fetch": _fetch,
    "Heartbeat": _heartbeat,
    "OffsetCommit": _offset_commit,
}


def figure_name(api: str, connections: int, depth: int) -> str:
    many = f"{connections} connection{'s' if connections > 1 else ''}"
    return f"{api}, {many}" + (f", {depth} in flight" if depth > 1 else "")


def measure_requests(context: Context, api: str) -> dict[str, float]:
    figures = {}
    house = context.house
    shapes, duration_ms = (QUICK_SHAPES, 1_000) if context.quick else (SHAPES, 3_000)
    with context.topic("requests") as topic:
        connection = Connection(house.address)
        frame = MAKERS[api](connection, topic)
        connection.checked_call(frame, topic)
        for connections, depth in shapes:
            answer = requests(house, frame, connections, depth, duration_ms)
            figures[figure_name(api, connections, depth)] = answer["requests_per_s"]
        connection.checked_call(frame, topic)  # an error half-way would have been fast, too
        connection.close()
    return figures


def _workload(api: str) -> Workload:
    figures = tuple(
        Figure(figure_name(api, connections, depth), "/s", ratio=AIMS.get((api, connections, depth)))
        for connections, depth in SHAPES
    )
    measure = partial(measure_requests, api=api)
    return Workload(f"requests {api}", "Small requests", figures, measure, rounds=(2, 5))


REQUESTS = tuple(_workload(api) for api in MAKERS)


TRANSACTION_PRODUCERS = (1, 8)


def _transactions_figure(producers: int) -> str:
    return f"short transactions, {producers} producer{'s' if producers > 1 else ''}"


def measure_transactions(context: Context) -> dict[str, float]:
    """Transactions of one 100-byte record, one after another in each producer."""
    figures = {}
    house, duration_ms = context.house, 2_000 if context.quick else 5_000
    with context.topic("transactions") as topic:
        transactions(house, topic, 8, 1_000)  # the internal topic is made, the JVM warm
        for producers in TRANSACTION_PRODUCERS:
            answer = transactions(house, topic, producers, duration_ms)
            figures[_transactions_figure(producers)] = answer["transactions_per_s"]
    return figures


TRANSACTIONS = Workload(
    "transactions",
    "Transactions",
    tuple(
        Figure(_transactions_figure(producers), "/s", ratio=1.0 if producers == 8 else None)
        for producers in TRANSACTION_PRODUCERS
    ),
    measure_transactions,
)
