"""``pykbroker serve`` and ``wait``, as processes: what scripts rely on."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

pytestmark = pytest.mark.real

READY_WITHIN_SECONDS = 20


@pytest.fixture
def serve():
    """Starts broker processes on free ports; none outlives its test."""
    started = []

    def start(*args, environment=None):
        command = [sys.executable, "-m", "pykbroker.cli.main", "serve", "--port", "0", *map(str, args)]
        surroundings = {**os.environ, **(environment or {})}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=surroundings)
        started.append(process)
        return process

    yield start
    for process in started:
        with process:
            process.kill()


def _summary(process):
    """The lines of the start-up summary, up to the last."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("  node"):
            return "".join(lines)
    raise AssertionError(process.stderr.read())


def _finish(process):
    """Ask it to end; its exit status and what it had to say."""
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=READY_WITHIN_SECONDS)
    return process.returncode, errors


def test_a_broker_s_life(serve, tmp_path, offline):
    """Summary, ready file, wait, topics from the start, environment, JSON logs, and an orderly end."""
    ready = tmp_path / "ready"
    process = serve(
        "--data-dir", tmp_path / "data", "--topic", "orders:3", "--ready-file", ready, "--log-format", "json",
        "-o", "num.partitions=2", "-o", "log.retntion.ms=1",
        environment={"KAFKA_LOG_RETENTION_HOURS": "1"},
    )  # fmt: skip
    summary = _summary(process)
    address = summary.partition("bootstrap.servers  ")[2].partition("\n")[0]

    assert "is ready: PLAINTEXT on localhost:" in summary
    assert str(tmp_path / "data") in summary
    offline.ok("wait", address, "--timeout", 5)
    assert ["orders", "3", "1"] in [line.split() for line in offline.ok("topics", "list", "-b", address).splitlines()]
    shown = offline.ok("configs", "show", "broker", "1", "-b", address)
    assert "num.partitions=2" in shown
    assert "log.retention.hours=1" in shown

    offline.ok("topics", "create", "late", "-b", address)
    assert ready.read_text() == f"{address}\n"  # written right after the summary, long before this
    status, errors = _finish(process)
    assert status == 0
    assert "did you mean log.retention.ms?" in errors
    assert not ready.exists()
    logged = [json.loads(line) for line in errors.splitlines() if line.startswith("{")]
    assert all({"time", "level", "logger", "message"} <= set(entry) for entry in logged)
    assert (tmp_path / "data" / ".kafka_cleanshutdown").exists()


def test_nothing_is_kept_by_an_ephemeral_broker(serve, tmp_path, monkeypatch):
    """Not even the default directory."""
    monkeypatch.chdir(tmp_path)
    process = serve("--ephemeral", environment={"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))})

    assert "in memory" in _summary(process)
    assert _finish(process)[0] == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (
            ("-o", "log.retention.ms=soon"),
            "log.retention.ms=soon: must be a whole number of 64 bits",
        ),
        (("-o", "listeners=SSL://:0"), "either this or --host and --port"),
        (("--config", "no-such-file"), "no-such-file"),
        (("--topic", "a b"), "only letters"),
        (("-o", "novalue"), "KEY=VALUE"),
    ],
)
def test_a_wrong_configuration_stops_the_start(offline, args, complaint):
    """Exit status 2, and a message that says what to change."""
    result = offline.run("serve", "--port", "0", "--ephemeral", *args)

    assert result.exit_code == 2
    assert complaint in result.output


def test_a_port_that_is_taken(serve):
    """Is said, and nothing is left running."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = serve("--ephemeral", "--host", "127.0.0.1", "--port", port)
        _, errors = process.communicate(timeout=READY_WITHIN_SECONDS)

    assert process.returncode == 2
    assert "cannot start" in errors


def test_waiting_for_nobody(offline):
    """Ends with status 1 and the reason."""
    result = offline.run("wait", "localhost:1", "--timeout", "0.1")

    assert result.exit_code == 1
    assert "no broker is ready at localhost:1" in result.output
    assert "HOST:PORT" in offline.fails("wait", "nonsense")


def test_waiting_for_something_else(offline):
    """Whatever listens there must speak Kafka's protocol."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert "no broker is ready" in offline.fails("wait", f"127.0.0.1:{port}", "--timeout", "0.2")
