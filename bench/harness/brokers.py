"""How each broker is started, found and stopped.

A `Kind` is a way to start a broker (Apache Kafka with a heap, pykbroker); an `Instance` is one running process with
its own ports and data directory. Both kinds get the same settings where they have the same names: no delay before
the first rebalance, a deleted topic's files gone after a second (or the next row pays for writing them back).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from harness import process
from harness.connection import wait_until_answering
from harness.workspace import BENCH, WORK

START_LIMIT_S = 90
STOP_LIMIT_S = 60

COMMON_SETTINGS = {
    "group.initial.rebalance.delay.ms": "0",
    "log.segment.delete.delay.ms": "1000",
}

KAFKA_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "5",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "5",
    **COMMON_SETTINGS,
}

# What Kafka's own start script passes, the heap aside.
JVM_FLAGS = (
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-Djava.awt.headless=true",
)

LOG4J = """Configuration:
  Appenders: {Console: {name: STDOUT, PatternLayout: {pattern: "[%d] %p %m (%c)%n"}}}
  Loggers: {Root: {level: WARN, AppenderRef: {ref: STDOUT}}}
"""


class Instance:
    """One broker process. `start` may be called again after `stop`: same ports, same data."""

    def __init__(self, kind: Kind, directory: Path) -> None:
        self.kind = kind
        self.directory = directory
        self.port, self.other_port = process.free_ports(2)
        self.address = ("127.0.0.1", self.port)
        self.bootstrap = f"127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "start() comes first"
        return self._process.pid

    def start(self) -> float:
        """Start, and wait for the first ApiVersions answer; the seconds it took."""
        command, environment = self.kind.command(self)
        with open(self.directory / "log", "ab") as log:
            started = time.monotonic()
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, **environment}, cwd=self.directory
            )
        running = self._process
        wait_until_answering(self.address, started + START_LIMIT_S, lambda: running.poll() is None)
        return time.monotonic() - started

    def stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def last_words(self) -> str:
        """The end of what the broker printed, for whoever must explain a failure."""
        return (self.directory / "log").read_text(errors="replace")[-800:]

    def resident_bytes(self) -> int:
        return process.resident_bytes(self.pid)

    def cpu_seconds(self) -> float:
        return process.cpu_seconds(self.pid)


class Kind:
    """A way to start a broker."""

    name: str

    def new_instance(self) -> Instance:
        """A broker that has never run, its directory prepared as far as the broker's manual asks."""
        directory = WORK / "data" / f"{self.name.partition('@')[0]}-{time.monotonic_ns()}"
        directory.mkdir(parents=True)
        instance = Instance(self, directory)
        self.prepare(instance)
        return instance

    def prepare(self, instance: Instance) -> None:
        """Nothing, unless the broker wants its directory formatted."""

    def command(self, instance: Instance) -> tuple[list[str], dict[str, str]]:
        raise AssertionError("each kind has its own")

    def version(self) -> str:
        raise AssertionError("each kind has its own")


class ApacheKafka(Kind):
    def __init__(self, name: str, libs: Path, heap: str) -> None:
        self.name = name
        self._libs = libs
        self._heap = heap

    def version(self) -> str:
        jars = sorted(self._libs.glob("kafka-clients-*.jar"))
        return jars[0].stem.removeprefix("kafka-clients-")

    def prepare(self, instance: Instance) -> None:
        settings = {
            **KAFKA_SETTINGS,
            "controller.quorum.voters": f"1@127.0.0.1:{instance.other_port}",
            "listeners": f"PLAINTEXT://127.0.0.1:{instance.port},CONTROLLER://127.0.0.1:{instance.other_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{instance.port}",
            "log.dirs": str(instance.directory / "data"),
        }
        properties = "".join(f"{key}={value}\n" for key, value in settings.items())
        (instance.directory / "server.properties").write_text(properties)
        (instance.directory / "log4j2.yaml").write_text(LOG4J)
        shutil.copytree(self._formatted(instance), instance.directory / "data")

    def _formatted(self, instance: Instance) -> Path:
        """A data directory as `kafka-storage format` leaves it: made once a run, copied for each instance."""
        pristine = WORK / f"formatted-{self.version()}"
        if not pristine.exists():
            own = instance.directory / "data"
            tool = ["kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c"]
            subprocess.run(
                ["java", "-cp", f"{self._libs}/*", *tool, str(instance.directory / "server.properties")],
                check=True,
                capture_output=True,
            )
            own.rename(pristine)
        return pristine

    def command(self, instance: Instance) -> tuple[list[str], dict[str, str]]:
        logging = f"-Dlog4j2.configurationFile={instance.directory / 'log4j2.yaml'}"
        heap = [f"-Xms{self._heap}", f"-Xmx{self._heap}"]
        classes = ["-cp", f"{self._libs}/*", "kafka.Kafka", str(instance.directory / "server.properties")]
        return ["java", *heap, *JVM_FLAGS, logging, *classes], {}


class Pykbroker(Kind):
    """This checkout, or another one: to see what a change does, measure both in one run."""

    def __init__(self, name: str, checkout: Path, python: Path) -> None:
        self.name = name
        self._checkout = checkout
        self._python = python

    def version(self) -> str:
        describe = ["git", "-C", str(self._checkout), "describe", "--always", "--dirty"]
        answer = subprocess.run(describe, capture_output=True, text=True, check=False)
        return answer.stdout.strip() or "unknown"

    def command(self, instance: Instance) -> tuple[list[str], dict[str, str]]:
        command = [str(self._python), "-m", "pykbroker.cli.main", "serve", "--port", str(instance.port)]
        command += ["--data-dir", str(instance.directory / "data")]
        for key, value in COMMON_SETTINGS.items():
            command += ["-o", f"{key}={value}"]
        return command, {
            "PYTHONPATH": str(self._checkout / "src"),
            # An installed package comes with its bytecode; a checkout shall keep it, too, wherever this runs.
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(WORK / "bytecode"),
        }


class Kfake(Kind):
    """franz-go's broker for tests: Go, everything in memory, nothing kept."""

    name = "kfake"

    def __init__(self, program: Path) -> None:
        self._program = program

    def version(self) -> str:
        for line in (BENCH / "kfake" / "go.mod").read_text().splitlines():
            if "pkg/kfake v" in line:
                return line.split()[-1]
        return "unknown"

    def command(self, instance: Instance) -> tuple[list[str], dict[str, str]]:
        return [str(self._program), str(instance.port)], {}
