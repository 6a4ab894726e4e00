"""compat/run: runs stock clients against pykbroker and against Apache Kafka and says who passes what.

Exit code 0: every story that passes on Apache Kafka passes on pykbroker; 1: some does not; 2: nothing could be run.
"""

import argparse
import os
import shutil
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from runner import report
from runner.children import end_all_when_told_to_stop
from runner.clients import Client, load_clients, select
from runner.install import Missing, install
from runner.session import Run, run_client

DESCRIPTION = "Runs stock Kafka clients against pykbroker and Apache Kafka 4.3.1; the stories are in compat/scenarios.md."


def main() -> int:
    end_all_when_told_to_stop()
    arguments = parse_arguments()
    clients = load_clients()
    if arguments.list:
        for client in clients.values():
            print(f"{client.name:28} {client.title} {client.version} ({client.language})")
        return 0
    chosen = select(clients, arguments.clients)
    brokers = choose_brokers(arguments)
    terminal = Terminal()
    writes = not (arguments.no_write or arguments.only or arguments.bootstrap)

    def work(client: Client) -> list[Run]:
        return list(run_everywhere(client, brokers, terminal, arguments.only, writes))

    with ThreadPoolExecutor(max_workers=arguments.jobs or default_jobs(brokers)) as pool:
        runs = [run for runs_of_client in pool.map(work, chosen) for run in runs_of_client]
    if writes and runs:
        report.write_report(clients)
    return summarize(runs, terminal)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="compat/run", description=DESCRIPTION)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--bootstrap", metavar="HOST:PORT", help="a broker that is already running; nothing is written")
    where.add_argument("--broker", choices=["pykbroker", "kafka", "both"], default="both",
                       help="which brokers to start (default: both, Kafka when this machine has java and mvn)")
    parser.add_argument("--only", action="append", default=[], metavar="STORY", help="tell only this story (repeatable)")
    parser.add_argument("--jobs", type=int, help="clients at a time (default: by processors and brokers)")
    parser.add_argument("--no-write", action="store_true", help="leave compat/results and docs/compatibility.md alone")
    parser.add_argument("--list", action="store_true", help="name the clients and leave")
    parser.add_argument("clients", nargs="*", metavar="client", help="names, groups (ci, python, …) or beginnings of names")
    return parser.parse_args()


def default_jobs(brokers: list[str]) -> int:
    """Stories mostly wait, so several clients share a processor well, as long as their brokers are not JVMs."""
    processors = max(2, os.cpu_count() or 2)
    return processors if "kafka" in brokers else 2 * processors


def choose_brokers(arguments: argparse.Namespace) -> list[str]:
    if arguments.bootstrap:
        return [arguments.bootstrap]
    if arguments.broker != "both":
        return [arguments.broker]
    if shutil.which("java") and shutil.which("mvn"):
        return ["kafka", "pykbroker"]
    print("compat: Apache Kafka is left out: this machine lacks java or mvn", flush=True)
    return ["pykbroker"]


class Terminal:
    """Whole lines on standard output, whoever writes them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started = time.monotonic()

    def say(self, text: str) -> None:
        with self._lock:
            print(f"[{time.monotonic() - self._started:6.1f}] {text}", flush=True)


def run_everywhere(client: Client, brokers: list[str], terminal: Terminal, only: list[str], writes: bool) -> list[Run]:
    """Installs one client and runs it against every broker; a client that cannot be installed is skipped aloud."""
    try:
        terminal.say(f"{client.name}: installing {client.title} {client.version}")
        command = install(client)
    except Missing as missing:
        terminal.say(f"{client.name}: skipped: {missing}")
        return []
    runs = []
    for broker in brokers:
        run = run_client(client, command, broker, terminal.say, only)
        if writes:
            report.record(run)
        runs.append(run)
    return runs


def summarize(runs: list[Run], terminal: Terminal) -> int:
    """Prints one line for each run and the failures below it; returns the exit code."""
    if not runs:
        print("compat: nothing was run", file=sys.stderr)
        return 2
    bad = 0
    print()
    for run in runs:
        score = f"{run.count('passed')} passed, {run.count('failed')} failed, {run.count('skipped')} skipped"
        print(f"{run.client.title} {run.client.version} on {run.broker}: {score} in {run.seconds} s")
        for story in run.stories:
            if story.outcome == "failed":
                print(f"  not ok {story.name}\n    " + story.reason.replace("\n", "\n    "))
        if run.trouble:
            print(f"  trouble: {run.trouble}")
        if run.broker != "kafka":
            bad += bool(report.regressions(run) or run.trouble)
    return 1 if bad else 0
