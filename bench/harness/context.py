"""What a workload is given: one kind of broker, its long-running instance, and the load programs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from harness import frames
from harness.brokers import Instance, Kind
from harness.clients import Topics, fresh_name
from harness.connection import Connection
from harness.figures import Workload
from harness.process import touch_memory
from harness.workspace import BIN

LOAD_LIMIT_S = 400


def stream(instance: Instance, mode: str, **options: object) -> dict[str, float]:
    """Run the librdkafka load program; its options are written with underscores here."""
    command = [str(BIN / "stream"), mode, "--bootstrap", instance.bootstrap]
    for name, value in options.items():
        command += ["--" + name.replace("_", "-"), str(value)]
    return _answer_of(command, b"")


def requests(instance: Instance, frame: bytes, connections: int, depth: int, duration_ms: int) -> dict[str, float]:
    """Run the raw load program with one frame."""
    host, port = instance.address
    command = [str(BIN / "requests"), host, str(port), str(connections), str(depth), str(duration_ms)]
    return _answer_of(command, frame)


def transactions(instance: Instance, topic: str, producers: int, duration_ms: int) -> dict[str, float]:
    """Run the program of short transactions."""
    host, port = instance.address
    command = [str(BIN / "transactions"), host, str(port), str(producers), str(duration_ms), topic]
    return _answer_of([*command, fresh_name("short")], b"")


def _answer_of(command: list[str], given: bytes) -> dict[str, float]:
    done = subprocess.run(command, input=given, capture_output=True, timeout=LOAD_LIMIT_S, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode(errors="replace").strip() or f"{command[0]} ended {done.returncode}")
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


class Context:
    """Everything about one kind of broker during a run. `house` is started and warmed at its first use."""

    def __init__(self, kind: Kind, *, quick: bool) -> None:
        self.kind = kind
        self.quick = quick
        self.has_started = False
        self._house: Instance | None = None
        self._topics: Topics | None = None

    def prepare(self, workload: Workload) -> None:
        """Start and warm the long-running broker before the clock runs, for a workload that uses it."""
        if workload.uses_house:
            assert self.house is not None

    def house_cpu_seconds(self) -> float:
        """What the long-running broker has used, once there is one."""
        return self._house.cpu_seconds() if self._house is not None else 0.0

    @property
    def house(self) -> Instance:
        if self._house is None:
            self._house = self.kind.new_instance()
            self._house.start()
            self._topics = Topics(self._house.bootstrap)
            self._warm_up(self._house)
        return self._house

    @property
    def topics(self) -> Topics:
        assert self.house is not None
        assert self._topics is not None
        return self._topics

    @contextmanager
    def fresh_instance(self) -> Iterator[Instance]:
        """A broker of its own that is not started yet; stopped and removed at the end."""
        instance = self.kind.new_instance()
        try:
            yield instance
        except Exception:
            print(instance.last_words(), file=sys.stderr)
            raise
        finally:
            instance.remove()

    @contextmanager
    def topic(self, stem: str, partitions: int = 1) -> Iterator[str]:
        """A new topic on the long-running broker, gone at the end."""
        assert self.house is not None
        name = fresh_name(stem)
        self.topics.create([name], partitions)
        try:
            yield name
        finally:
            self.topics.delete([name])

    def close(self) -> None:
        if self._house is not None:
            self._house.remove()
            self._house = None

    def _warm_up(self, house: Instance) -> None:
        """Give a JVM the time to compile what the rows use: its first 400 MB cost it five times its fifth's.

        The same is done to every broker.
        """
        with self.topic("warm-up", 6) as topic:
            for size, count in ((1024, 300_000), (100, 700_000)) * 3:
                touch_memory(size * count)
                stream(house, "produce", topic=topic, size=size, count=count)
            stream(house, "consume", topic=topic, count=1_500_000)
            batch = frames.one_record_batch(b"x" * 100)
            for frame in (frames.produce(topic, batch), frames.metadata(topic), frames.fetch(topic)):
                Connection(house.address).checked_call(frame, topic)
                requests(house, frame, 8, 1, 2000)
