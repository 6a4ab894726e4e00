"""One run: which workloads, which brokers, in which order; and where the results go."""

from __future__ import annotations

import sys
from pathlib import Path

from harness import growing, plots, report, requesting, starting, streaming, workspace
from harness.brokers import ApacheKafka, Kfake, Kind, Pykbroker
from harness.context import Context
from harness.figures import Workload
from harness.quiet import QUIET_SHARE, Neighbours
from harness.results import Results

# What starts brokers of its own comes first: while it runs, no long-running broker shares the machine.
WORKLOADS: list[Workload] = [
    starting.START,
    starting.MEMORY,
    starting.MANY_PARTITIONS,
    *growing.GROWTH,
    starting.WARM_GROUP,
    *streaming.STREAMS,
    streaming.FAN_OUT,
    *requesting.REQUESTS,
    streaming.LATENCY,
    requesting.TRANSACTIONS,
]


ATTEMPTS = 3
"""At one value, when others disturb it."""


def chosen_workloads(beginnings: list[str], *, quick: bool) -> list[Workload]:
    if beginnings:
        return [workload for workload in WORKLOADS if workload.name.startswith(tuple(beginnings))]
    return [workload for workload in WORKLOADS if not (quick and workload.only_full)]


def chosen_kinds(names: list[str], kafka_libs: Path | None, python: Path | None) -> list[Kind]:
    kinds: list[Kind] = []
    for name in names:
        if name.partition("@")[0] == "pykbroker":
            checkout = Path(name.partition("@")[2] or workspace.ROOT).resolve()
            kinds.append(Pykbroker(name, checkout, (python or workspace.broker_python()).absolute()))
        elif name in ("kafka", "kafka-256m"):
            heap = "1G" if name == "kafka" else "256M"
            kinds.append(ApacheKafka(name, workspace.kafka_libs(kafka_libs), heap))
        elif name == "kfake":
            kinds.append(Kfake(workspace.build_kfake()))
        else:
            raise SystemExit(f"--brokers: {name} is none of pykbroker, pykbroker@CHECKOUT, kafka, kafka-256m, kfake")
    return kinds


def run(workloads: list[Workload], kinds: list[Kind], *, quick: bool, patience_s: float) -> Results:
    """Every workload in all its rounds before the next; within a round every broker, in alternating order."""
    contexts = [Context(kind, quick=quick) for kind in kinds]
    results = Results({kind.name: kind.version() for kind in kinds})
    neighbours = Neighbours(lambda: sum(context.house_cpu_seconds() for context in contexts), patience_s)
    try:
        for workload in workloads:
            for turn in range(workload.rounds[0 if quick else 1]):
                for context in contexts if turn % 2 == 0 else reversed(contexts):
                    _measure(workload, context, neighbours, results)
            results.save(workspace.WORK / "last.json")
    finally:
        for context in contexts:
            context.close()
    return results


def _measure(workload: Workload, context: Context, neighbours: Neighbours, results: Results) -> None:
    """One workload on one broker. A failure is a finding about the broker, and the run goes on."""
    broker = context.kind.name
    try:
        values, share = _undisturbed(workload, context, neighbours)
    except Exception as error:
        results.add_error(workload.name, broker, error)
        print(f"{workload.name}, {broker}: FAILED: {error}", file=sys.stderr)
        return
    results.add(broker, values, share)
    shown = "; ".join(f"{name} {report.number(value)}" for name, value in values.items())
    print(f"{workload.name}, {broker} (others {share:.0%}): {shown}", file=sys.stderr, flush=True)


def _undisturbed(workload: Workload, context: Context, neighbours: Neighbours) -> tuple[dict[str, float], float]:
    """The values of the least disturbed of a few attempts, and the part of the machine that others used."""
    context.prepare(workload)
    attempts = []
    for _ in range(ATTEMPTS):
        neighbours.wait_until_quiet()
        neighbours.begin()
        values = workload.measure(context)
        attempts.append((neighbours.share(), values))
        if attempts[-1][0] < QUIET_SHARE or neighbours.patience_s <= neighbours.elapsed_s:
            break
        neighbours.patience_s -= neighbours.elapsed_s
    share, values = min(attempts, key=lambda attempt: attempt[0])
    return values, share


def publish(newer: Results, document: Path, *, quick: bool) -> None:
    """Merge into what was published before, and write the document's tables anew."""
    path = workspace.RESULTS / ("quick.json" if quick else "full.json")
    results = newer
    if path.exists():
        results = Results.load(path)
        results.take_over(newer)
    results.save(path)
    brokers = list(results.versions)
    pictures = plots.draw_all(document.parent / "benchmarks", WORKLOADS, results, brokers)
    report.write_document(document, WORKLOADS, results, pictures)
