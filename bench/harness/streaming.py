"""Throughput and end-to-end latency, through librdkafka."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from harness.clients import fresh_name
from harness.context import Context, stream
from harness.figures import Figure, Workload
from harness.process import touch_memory


class Scenario(NamedTuple):
    """What is produced, and then consumed."""

    name: str
    size: int
    count: int
    partitions: int = 1
    options: dict[str, object] = {}
    clients: int = 1
    produce_ratio: float | None = None
    consume_ratio: float | None = None
    aims_at_cpu: bool = False


KIB = 1024
ALWAYS = (
    Scenario("1 KiB, 1 partition", KIB, 400_000, 1, produce_ratio=1.5, consume_ratio=1.0, aims_at_cpu=True),
    Scenario("1 KiB, 6 partitions", KIB, 400_000, 6, produce_ratio=1.5, consume_ratio=1.0, aims_at_cpu=True),
    Scenario("100 B, 1 partition", 100, 1_500_000, 1, produce_ratio=1.0, consume_ratio=1.0),
    Scenario("100 KiB, 1 partition", 100 * KIB, 4_000, 1, produce_ratio=1.5, consume_ratio=1.0),
)
SELDOM = (
    Scenario("1 KiB, 100 partitions", KIB, 400_000, 100),
    Scenario("70-130 B, 1 partition", 70, 1_500_000, 1, {"spread": 60}),
    Scenario("1 KiB, acks all", KIB, 400_000, 6, {"acks": "all"}),
    Scenario("1 KiB, idempotent", KIB, 400_000, 6, {"acks": "all", "idempotence": "true"}),
    Scenario("1 KiB, transactional", KIB, 400_000, 6, {"transactional_id": "bench"}),
    Scenario("1 KiB, lz4", KIB, 400_000, 6, {"compression": "lz4"}),
    Scenario("1 KiB, zstd", KIB, 400_000, 6, {"compression": "zstd"}),
    Scenario("1 KiB, 8 clients", KIB, 400_000, 6, clients=8),
)


def measure_scenario(context: Context, scenario: Scenario) -> dict[str, float]:
    house = context.house
    options = dict(scenario.options)
    if "transactional_id" in options:
        options["transactional_id"] = fresh_name("bench")
    with context.topic("stream", scenario.partitions) as topic:
        touch_memory(scenario.size * scenario.count)
        start_cpu = house.cpu_seconds()
        sizes = {"size": scenario.size, "count": scenario.count, "clients": scenario.clients}
        produced = stream(house, "produce", topic=topic, **sizes, **options)
        middle_cpu = house.cpu_seconds()
        consumed = stream(house, "consume", topic=topic, count=scenario.count)
        end_cpu = house.cpu_seconds()
    return {
        f"produce {scenario.name}": produced["megabytes_per_s"],
        f"consume {scenario.name}": consumed["megabytes_per_s"],
        f"processor, produce {scenario.name}": (middle_cpu - start_cpu) / (produced["megabytes"] / 1e3),
        f"processor, consume {scenario.name}": (end_cpu - middle_cpu) / (consumed["megabytes"] / 1e3),
    }


def _stream_figures(scenario: Scenario) -> tuple[Figure, ...]:
    cpu = (0.5, 1.0) if scenario.aims_at_cpu else (None, None)
    return (
        Figure(f"produce {scenario.name}", "MB/s", ratio=scenario.produce_ratio),
        Figure(f"consume {scenario.name}", "MB/s", ratio=scenario.consume_ratio),
        Figure(f"processor, produce {scenario.name}", "s/GB", less_is_better=True, ratio=cpu[0]),
        Figure(f"processor, consume {scenario.name}", "s/GB", less_is_better=True, ratio=cpu[1]),
    )


def measure_fan_out(context: Context) -> dict[str, float]:
    """Fifty consumers, each with its own connection, read one topic at once; the sum is what counts."""
    count = 20_000
    with context.topic("fan-out", 6) as topic:
        stream(context.house, "produce", topic=topic, size=KIB, count=count)
        answer = stream(context.house, "consume", topic=topic, count=count, clients=50)
    return {"consume 1 KiB, 50 consumers together": answer["megabytes_per_s"]}


RATES = (100, 1_000, 10_000)
QUANTILES = {"p50": "p50_ms", "p99": "p99_ms", "p99.9": "p999_ms", "longest": "max_ms"}
LATENCY_AIMS: dict[tuple[int, str], tuple[float, float]] = {(1_000, "p50"): (1.0, 1.0), (1_000, "p99"): (0.2, 10.0)}


def measure_latency(context: Context) -> dict[str, float]:
    """One producer without linger, one waiting consumer, one partition, records of 100 bytes.

    Five requests in flight at most, as Java's producer has it: librdkafka's own default (a million) would turn every
    short stall into a queue that never shrinks.
    """
    figures = {}
    seconds, warm_up_s = (3, 1) if context.quick else (20, 2)
    for rate in RATES:
        with context.topic("latency") as topic:
            answer = stream(
                context.house,
                "latency",
                topic=topic,
                rate=rate,
                seconds=seconds,
                warm_up_s=warm_up_s,
                linger_ms=0,
                in_flight=5,
            )
        for quantile, key in QUANTILES.items():
            figures[f"end to end at {rate:,}/s: {quantile}"] = answer[key]
    return figures


def _latency_figures() -> tuple[Figure, ...]:
    figures = []
    for rate in RATES:
        for quantile in QUANTILES:
            ratio, limit = LATENCY_AIMS.get((rate, quantile), (None, None))
            name = f"end to end at {rate:,}/s: {quantile}"
            figures.append(Figure(name, "ms", less_is_better=True, ratio=ratio, limit=limit))
    return tuple(figures)


def _stream_workload(scenario: Scenario, *, only_full: bool) -> Workload:
    measure: Callable[[Context], dict[str, float]] = partial(measure_scenario, scenario=scenario)
    name = "stream " + scenario.name
    return Workload(name, "Throughput", _stream_figures(scenario), measure, rounds=(2, 5), only_full=only_full)


STREAMS = tuple(_stream_workload(scenario, only_full=False) for scenario in ALWAYS) + tuple(
    _stream_workload(scenario, only_full=True) for scenario in SELDOM
)
FAN_OUT = Workload(
    "fan-out",
    "Throughput",
    (Figure("consume 1 KiB, 50 consumers together", "MB/s"),),
    measure_fan_out,
    only_full=True,
)
LATENCY = Workload("latency", "End-to-end latency", _latency_figures(), measure_latency, rounds=(2, 3))
