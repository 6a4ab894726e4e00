"""The broker is killed again and again under transactional load: every input has exactly one result.

A stock client (kafka-python) reads numbers, writes each to one of two partitions, and commits how far it has read in
the same transaction. kill -9 comes at random moments, between any two system calls of the broker; the client starts
over from what the broker still knows. The page cache survives a killed process, so nothing that was acknowledged may
be lost, and nothing may be there twice.
"""

import contextlib
import random
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

kafka = pytest.importorskip("kafka", minversion="3.0")

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition  # noqa: E402  after importorskip
from kafka.admin import NewTopic  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.real]

INPUTS = 1_800
KILLS = 6
PATIENCE_S = 40


class BrokerProcess:
    """pykbroker on a port and a directory that stay the same."""

    def __init__(self, directory):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.bootstrap = f"127.0.0.1:{self.port}"
        self._log = directory / "broker.log"
        where = ["--port", str(self.port), "--data-dir", str(directory / "data")]
        self._command = [sys.executable, "-m", "pykbroker", "serve", *where]
        self._process = None

    def start(self):
        with self._log.open("a") as log:
            self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=log, text=True)
        for line in self._process.stdout:
            if line.startswith("  node"):  # the last line of the summary: it is ready
                return
        self.kill()
        raise AssertionError(self._log.read_text()[-2000:])

    def kill(self):
        with self._process:
            self._process.kill()


class Worker:
    """The application, in a process of its own."""

    def __init__(self, bootstrap):
        command = [sys.executable, str(Path(__file__).with_name("worker.py")), bootstrap, str(INPUTS)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.done = 0
        self._news = threading.Condition()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self):
        for line in self.process.stdout:
            with self._news:
                self.done = int(line)
                self._news.notify()

    def wait_done(self, count):
        """Wait until so many inputs are done."""
        with self._news:
            assert self._news.wait_for(lambda: self.done >= count, PATIENCE_S), "nothing happens any more"

    @property
    def is_working(self):
        return self.process.poll() is None

    def end(self):
        self.process.kill()
        self.process.wait()
        self._listener.join()
        self.process.stdout.close()


@pytest.fixture
def broker(tmp_path):
    broker = BrokerProcess(tmp_path)
    broker.start()
    yield broker
    broker.kill()


def write_inputs(bootstrap):
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic("source", 1, 1), NewTopic("target", 2, 1)])
    admin.close()
    with contextlib.closing(KafkaProducer(bootstrap_servers=bootstrap)) as producer:
        for number in range(INPUTS):
            producer.send("source", str(number).encode(), partition=0)
        producer.flush(timeout=PATIENCE_S)


def read_results(bootstrap):
    """What a consumer of committed records reads to the end, by partition."""
    partitions = [TopicPartition("target", index) for index in range(2)]
    with contextlib.closing(KafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")) as consumer:
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        found = {partition: [] for partition in partitions}
        give_up = time.monotonic() + PATIENCE_S
        while any(consumer.position(each) < ends[each] for each in partitions) and time.monotonic() < give_up:
            for partition, records in consumer.poll(timeout_ms=200).items():
                found[partition] += [int(record.value) for record in records]
    return [found[partition] for partition in partitions]


@pytest.fixture
def worker(broker):
    write_inputs(broker.bootstrap)
    worker = Worker(broker.bootstrap)
    yield worker
    worker.end()


def test_killed_brokers_lose_and_repeat_nothing(broker, worker):
    """Six times kill -9 in the middle of transactions; then each input has one result, in order."""
    for _ in range(KILLS):
        worker.wait_done(worker.done + random.randint(1, INPUTS // KILLS // 3))
        assert worker.is_working, "killed too late to prove anything"
        broker.kill()
        broker.start()
    worker.wait_done(INPUTS)

    assert read_results(broker.bootstrap) == [list(range(0, INPUTS, 2)), list(range(1, INPUTS, 2))]
