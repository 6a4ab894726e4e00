"""Brokers that stories run against: pykbroker, Apache Kafka, or one that is already there.

Every client gets a broker of its own, so that runs are independent of each other and a story may restart it.
A started broker keeps its port and its data directory over restarts. It is ready when it answers ApiVersions.
"""

import os
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Protocol

from runner.children import RUNNING, end
from runner.places import KAFKA_START, PROJECT

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30
API_VERSIONS_V0 = struct.pack(">ihhih", 10, 18, 0, 1, -1)  # size, key, version, correlation id, no client id


class BrokerFailed(Exception):
    """The broker did not start or stop as it should; the message says where its log is."""


class Broker(Protocol):
    """What a run needs from a broker."""

    bootstrap: str

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def restart(self) -> None: ...
    def crash(self) -> None: ...
    def revive(self) -> bool: ...


class ExternalBroker:
    """A broker that somebody else runs; stories that restart it are skipped."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    def start(self) -> None:
        host, _, port = self.bootstrap.rpartition(":")
        if not answers(host, int(port)):
            raise BrokerFailed(f"nothing answers at {self.bootstrap}")

    def stop(self) -> None:
        pass

    def restart(self) -> None:
        raise BrokerFailed("a broker given by --bootstrap is not ours to restart")

    def crash(self) -> None:
        raise BrokerFailed("a broker given by --bootstrap is not ours to kill")

    def revive(self) -> bool:
        return False


class StartedBroker:
    """A broker process that this run started, with its log and data in one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise AssertionError("a kind of broker says how it is started")

    def environment(self) -> dict[str, str]:
        return dict(os.environ)

    @property
    def log(self) -> Path:
        return self.directory / "broker.log"

    def start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                             env=self.environment(), cwd=self.directory, start_new_session=True)
        RUNNING.add(self._process)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not answers("127.0.0.1", self.port):
            if self._process.poll() is not None:
                raise BrokerFailed(f"the broker ended with {self._process.returncode}; see {self.log}")
            if time.monotonic() > deadline:
                self.stop()
                raise BrokerFailed(f"the broker was not ready within {START_TIMEOUT_S} s; see {self.log}")
            time.sleep(0.02)

    def stop(self) -> None:
        """A clean stop; a broker that does not go in time is killed and complained about."""
        process, self._process = self._process, None
        if process is None:
            return
        RUNNING.discard(process)
        if process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            end(process)
            process.wait()
            raise BrokerFailed(f"the broker did not stop within {STOP_TIMEOUT_S} s of SIGTERM; see {self.log}") from None

    def restart(self) -> None:
        self.stop()
        self.start()

    def crash(self) -> None:
        """Ends the broker as a power cut would, and starts it again on what it left behind."""
        assert self._process is not None, "only a running broker can crash"
        end(self._process)
        self._process.wait()
        self.start()

    def revive(self) -> bool:
        """Starts the broker again if it has died by itself; says whether it had."""
        if self._process is None or answers("127.0.0.1", self.port):
            return False
        self.restart()
        return True


class PykBroker(StartedBroker):
    """This project's broker. Its command may be replaced: COMPAT_PYKBROKER="pykbroker serve"."""

    def command(self) -> list[str]:
        serve = shlex.split(os.environ.get("COMPAT_PYKBROKER", "")) or default_serve_command()
        return [*serve, "--host", "127.0.0.1", "--port", str(self.port), "--data-dir", str(self.directory / "data")]

    def environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("KAFKA_")}
        source = str(PROJECT / "src")
        path = os.pathsep.join(filter(None, [source, inherited.get("PYTHONPATH", "")]))
        return inherited | {"PYTHONPATH": path}


class ApacheKafka(StartedBroker):
    """Apache Kafka 4.3.1 from Maven Central, the judge of every story."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.controller_port = free_port()

    def command(self) -> list[str]:
        if not (shutil.which("java") and shutil.which("mvn")):
            raise BrokerFailed("Apache Kafka needs java and mvn")
        return [sys.executable, str(KAFKA_START), "--port", str(self.port), "--controller-port",
                str(self.controller_port), "--data", str(self.directory / "data")]


KINDS: dict[str, type[StartedBroker]] = {"pykbroker": PykBroker, "kafka": ApacheKafka}


def default_serve_command() -> list[str]:
    """pykbroker from this checkout, run by the first Python at hand that has trio."""
    virtual = PROJECT / ".venv" / "bin" / "python"
    python = str(virtual) if virtual.exists() else sys.executable
    return [python, "-m", "pykbroker.cli.main", "serve"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(host: str, port: int) -> bool:
    """Whether a broker answers ApiVersions at this address."""
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            connection.sendall(API_VERSIONS_V0)
            return len(connection.recv(10)) >= 8
    except OSError:
        return False
