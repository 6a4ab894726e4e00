"""One client's program against one broker: starts both, reads the program's TAP, returns what happened."""

import fcntl
import itertools
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from runner.broker import KINDS, Broker, BrokerFailed, ExternalBroker
from runner.children import RUNNING, end
from runner.clients import Client
from runner.control import control_door
from runner.places import KAFKA_LIBS, RUNS
from runner.tap import Story, TapReader

Progress = Callable[[str], None]
HELD: list[TextIO] = []  # locks of the directories in use


@dataclass
class Run:
    """What one client did with one broker; `trouble` is what kept it from finishing."""

    client: Client
    broker: str
    stories: list[Story] = field(default_factory=list)
    trouble: str = ""
    seconds: float = 0.0

    def count(self, outcome: str) -> int:
        return sum(story.outcome == outcome for story in self.stories)


def run_client(client: Client, command: list[str], broker_name: str, progress: Progress, only: list[str]) -> Run:
    """Runs the program of `client`; `broker_name` is pykbroker, kafka or a HOST:PORT."""
    directory = fresh_directory(RUNS / broker_name.replace(":", "-") / client.name)
    broker = make_broker(broker_name, directory)
    run = Run(client, broker_name)
    started = time.monotonic()
    try:
        broker.start()
        own = not isinstance(broker, ExternalBroker)
        with control_door(broker) if own else nullcontext("") as control:
            environment = os.environ | {
                "COMPAT_BOOTSTRAP": broker.bootstrap,
                "COMPAT_CONTROL": control,
                "COMPAT_ONLY": ",".join(only),
                "COMPAT_VERSION": client.version,
                "COMPAT_WORK": str(directory),
                "COMPAT_KAFKA_LIBS": str(KAFKA_LIBS),
                "PYTHONUNBUFFERED": "1",
                "PYTHONPATH": "",
            }
            _read_program(run, [*command, *client.arguments], environment, directory, progress)
    except BrokerFailed as failure:
        run.trouble = str(failure)
    finally:
        run.seconds = round(time.monotonic() - started, 1)
        try:
            broker.stop()
        except BrokerFailed as failure:
            run.trouble = run.trouble or str(failure)
    return run


def make_broker(name: str, directory: Path) -> Broker:
    return KINDS[name](directory) if name in KINDS else ExternalBroker(name)


def fresh_directory(directory: Path) -> Path:
    """An empty directory; the last run's logs stay until the next run of the same client.

    It belongs to this process for as long as that lives: another run of the same client, at the same time, gets the
    next free name.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1):
        chosen = directory if number == 1 else directory.with_name(f"{directory.name}-{number}")
        lock = open(chosen.with_name(f"{chosen.name}.lock"), "w")  # noqa: SIM115  held until the process ends
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        HELD.append(lock)
        shutil.rmtree(chosen, ignore_errors=True)
        chosen.mkdir()
        return chosen
    raise AssertionError("counting has no end")


def _read_program(run: Run, command: list[str], environment: dict[str, str], directory: Path,
                  progress: Progress) -> None:
    reader = TapReader(stories=run.stories)
    with open(directory / "client.err", "wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL, text=True,
                                   env=environment, cwd=directory, start_new_session=True)
    RUNNING.add(process)
    guard = threading.Timer(run.client.timeout_s, end, [process])
    guard.start()
    last = time.monotonic()
    with open(directory / "client.tap", "w") as transcript:
        for line in process.stdout or ():
            transcript.write(line)
            now = time.monotonic()
            if story := reader.line(line.rstrip("\n"), now - last):
                progress(f"{run.broker}: {run.client.name}: {describe(story)}")
                last = now
    code = process.wait()
    timed_out = not guard.is_alive()
    guard.cancel()
    end(process)  # children that a story left behind
    run.trouble = _judge(run, reader, code, timed_out, directory)


def describe(story: Story) -> str:
    extra = f" ({story.reason})" if story.outcome == "skipped" else ""
    return f"{story.outcome:7} {story.name} {story.seconds:.2f} s{extra}"


def _judge(run: Run, reader: TapReader, code: int, timed_out: bool, directory: Path) -> str:
    """Why the program did not run to its end, or nothing."""
    if timed_out:
        return f"the program was still running after {run.client.timeout_s} s"
    if reader.planned is None or reader.planned != len(run.stories):
        return f"{len(run.stories)} of {reader.planned} stories told, exit code {code}; see {directory}/client.err"
    return ""
