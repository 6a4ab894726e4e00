"""The command line of the comparison: starts both brokers, plays the scenes, says what differs.

Exit code 0: no difference that differences.toml does not explain; 1: some.
"""

import argparse
import json
import sys
import time
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from runner.broker import ApacheKafka, Broker, ExternalBroker, PykBroker
from runner.children import end_all_when_told_to_stop
from runner.places import DIFFERENCES, KAFKA_LIBS, RESULTS, RUNS
from runner.report import write_whole
from runner.session import fresh_directory

import differential.scenes  # noqa: F401  importing registers the scenes
from differential.compare import Difference, compare
from differential.connection import Closed, Connection
from differential.schemas import Schemas
from differential.stage import SCENES, Stage, Step

EXPLAINED = Path(__file__).resolve().parent / "differences.toml"
SAME = {
    # What would otherwise differ only because the two are configured differently.
    "node.id": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "default.replication.factor": "1",
}


class ComparedPykBroker(PykBroker):
    """pykbroker with Apache Kafka's defaults and manners, configured like its neighbour."""

    def command(self) -> list[str]:
        options = [word for key, value in SAME.items() for word in ("-o", f"{key}={value}")]
        return [*super().command(), "--preset", "kafka", *options]


class ComparedKafka(ApacheKafka):
    def command(self) -> list[str]:
        return [*super().command(), *(f"{key}={value}" for key, value in SAME.items())]


def main() -> int:
    end_all_when_told_to_stop()
    arguments = parse_arguments()
    names = [name for name in SCENES if not arguments.scenes or any(name.startswith(word) for word in arguments.scenes)]
    with ExitStack() as stack:
        kafka, ours = start_brokers(arguments, stack)
        schemas = Schemas(KAFKA_LIBS)
        advertised = [api_versions(schemas, broker.bootstrap) for broker in (kafka, ours)]
        common = {key: common_range(kafka_range, advertised[1].get(key)) for key, kafka_range in advertised[0].items()}
        plays = play_all(names, schemas, [kafka, ours], common)
    found = [difference for name in names for difference in compare(name, plays[0][name], plays[1][name])]
    return report(found, plays[0], arguments)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="compat/differential/run", description=__doc__.split("\n")[0])
    parser.add_argument("--kafka", metavar="HOST:PORT", help="an Apache Kafka that is running already, with nothing in it")
    parser.add_argument("--pykbroker", metavar="HOST:PORT", help="a pykbroker that is running already, with nothing in it")
    parser.add_argument("--all", action="store_true", help="show explained differences too")
    parser.add_argument("scenes", nargs="*", metavar="scene")
    return parser.parse_args()


def start_brokers(arguments: argparse.Namespace, stack: ExitStack) -> tuple[Broker, Broker]:
    kafka = ExternalBroker(arguments.kafka) if arguments.kafka else ComparedKafka(
        fresh_directory(RUNS / "differential" / "kafka"))
    ours = ExternalBroker(arguments.pykbroker) if arguments.pykbroker else ComparedPykBroker(
        fresh_directory(RUNS / "differential" / "pykbroker"))
    for broker in (kafka, ours):
        stack.callback(broker.stop)
        broker.start()
    return kafka, ours


def api_versions(schemas: Schemas, bootstrap: str) -> dict[int, tuple[int, int]]:
    answer = Connection(schemas, bootstrap).call("ApiVersions", 0, {})
    return {entry["ApiKey"]: (entry["MinVersion"], entry["MaxVersion"]) for entry in answer["ApiKeys"]}


def common_range(kafka: tuple[int, int], ours: tuple[int, int] | None) -> tuple[int, int]:
    """The versions to ask for; Kafka's own when the API is not offered by the other, which then shows as a difference."""
    return (max(kafka[0], ours[0]), min(kafka[1], ours[1])) if ours else kafka


def play_all(names: list[str], schemas: Schemas, brokers: list[Broker],
             common: dict[int, tuple[int, int]]) -> list[dict[str, list[Step]]]:
    """Every scene on each broker, the two brokers at the same time, scenes in order."""

    def play_on(broker: Broker) -> dict[str, list[Step]]:
        plays = {}
        for name in names:
            started = time.monotonic()
            plays[name] = play(name, schemas, broker.bootstrap, common)
            if broker.revive():
                plays[name].append(Step("(the broker died)", f"and was started again; {type(broker).__name__}"))
            took = time.monotonic() - started
            print(f"{broker.bootstrap} {name}: {len(plays[name])} steps in {took:.1f} s", file=sys.stderr, flush=True)
        return plays

    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(play_on, brokers))


def play(name: str, schemas: Schemas, bootstrap: str, common: dict[int, tuple[int, int]]) -> list[Step]:
    """One scene on one broker; what makes a scene stumble is a step of its own."""
    steps: list[Step] = []
    try:
        stage = Stage(schemas, bootstrap, common, steps)
        SCENES[name](stage)
        stage.connection.close()
    except (KeyError, IndexError, TypeError, ValueError, OSError, Closed) as error:
        steps.append(Step("(the scene stumbled)", f"{type(error).__name__}: {error}"))
    return steps


def explained(difference: Difference, rules: Iterable[dict[str, Any]]) -> str | None:
    """The reason why this difference is meant to be, if differences.toml gives one."""
    for rule in rules:
        if fnmatchcase(difference.scene, rule.get("scene", "*")) and fnmatchcase(
                f"{difference.label}: {difference.path}", rule.get("where", "*")):
            return rule["reason"]
    return None


def differences_page(rules: list[dict[str, Any]], steps: int, scenes: int, open_ones: list[Difference]) -> str:
    """docs/differences.md: what is meant to differ, and what still does."""
    told = [f"- {rule['reason']}" for rule in rules if rule.get("users")]
    lines = [
        "# Where pykbroker answers differently",
        "",
        f"Made by `compat/differential/run`; do not edit. {steps} scripted requests in {scenes} scenes, right ones and wrong ones, went to",
        "Apache Kafka 4.3.1 and to pykbroker (`--preset kafka`), and the decoded answers were compared field by field. Ids, times,",
        "sizes on disk, addresses and the words of error messages are each broker's own; all else that differs is here.",
        "",
        "## Meant to be so",
        "",
        *told,
        "",
        "## To be mended",
        "",
        *([f"- `{difference}`".replace("\n", " ") for difference in open_ones] or ["Nothing."]),
    ]
    return "\n".join(lines) + "\n"


def report(found: list[Difference], kafka: dict[str, list[Step]], arguments: argparse.Namespace) -> int:
    rules = tomllib.loads(EXPLAINED.read_text()).get("difference", []) if EXPLAINED.exists() else []
    open_ones = [difference for difference in found if not explained(difference, rules)]
    for difference in found if arguments.all else open_ones:
        print(difference)
    for name, steps in kafka.items():
        if steps and steps[-1].label == "(the scene stumbled)":
            print(f"{name}: stumbles on Apache Kafka: {steps[-1].answer}")
    steps = sum(len(steps) for steps in kafka.values())
    print(f"{steps} steps in {len(kafka)} scenes: {len(open_ones)} differences, {len(found) - len(open_ones)} explained")
    if not (arguments.scenes or arguments.kafka or arguments.pykbroker):
        summary = {"scenes": len(kafka), "steps": steps, "explained": len(found) - len(open_ones),
                   "differences": [str(difference) for difference in open_ones]}
        write_whole(RESULTS / "differential.json", json.dumps(summary, indent=1) + "\n")
        write_whole(DIFFERENCES, differences_page(rules, steps, len(kafka), open_ones))
    return 1 if open_ones else 0
