"""Record what a real broker answers to the stories, or show how it differs from what is recorded.

    python tests/coordinator/record_stories.py 127.0.0.1:9092 [--write] [stories/NAME.txt ...]

The broker needs these configurations, which are those of ``story_language.ShardTeller``:

    group.initial.rebalance.delay.ms=0                 group.min.session.timeout.ms=100
    group.consumer.min.session.timeout.ms=500          group.consumer.session.timeout.ms=1500
    group.consumer.min.heartbeat.interval.ms=100       group.consumer.heartbeat.interval.ms=500
    group.consumer.assignment.interval.ms=0
"""

import difflib
import pathlib
import socket
import struct
import sys
import threading
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from story_language import Story

from pykbroker.wire.messages.metadata import MetadataRequest
from pykbroker.wire.messages.topics import (
    CreatableTopic,
    CreatePartitionsRequest,
    CreatePartitionsTopic,
    CreateTopicsRequest,
    DeleteTopicsRequest,
    DeleteTopicState,
)

STORIES = pathlib.Path(__file__).parent / "stories"


class Call:
    """One request on a connection of its own."""

    def __init__(self, address, request, version):
        self._answered = threading.Event()
        self._address, self._request, self._version = address, request, version
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def done(self):
        return self._answered.is_set()

    def result(self):
        if not self._answered.wait(20):
            raise TimeoutError(repr(self._request))
        return self._value

    def _run(self):
        kind, version = type(self._request), self._version
        is_flexible = version in kind.flexible
        header = struct.pack(">hhih", kind.api_key, version, 1, 6) + b"client" + (b"\0" if is_flexible else b"")
        frame = header + self._request.encode(version)
        with socket.create_connection(self._address) as connection:
            connection.sendall(struct.pack(">i", len(frame)) + frame)
            reader = connection.makefile("rb")
            (size,) = struct.unpack(">i", reader.read(4))
            answer = reader.read(size)
        self._value = kind.response_type.decode(answer, version, 5 if is_flexible else 4)
        self._answered.set()


class BrokerTeller:
    """Sends to a real broker, in real time. Topics of a story have its suffix, and the story does not know."""

    def __init__(self, address, suffix):
        self._address = address
        self._suffix = suffix
        self._counts = {}
        self.set_topics({"orders": 3, "payments": 2})

    def settle(self):
        time.sleep(0.08)

    def sleep(self, ms):
        time.sleep(ms / 1000)

    def send(self, request, version):
        return Call(self._address, request, version)

    def topics(self):
        answer = self.send(MetadataRequest(topics=None), 12).result()
        return {topic.name: topic.topic_id for topic in answer.topics if topic.name.endswith(self._suffix)}

    def set_topics(self, counts):
        for name in self._counts.keys() - counts.keys():
            state = DeleteTopicState(name=name + self._suffix)
            self.send(DeleteTopicsRequest(topics=[state], timeout_ms=5_000), 6).result()
        for name in counts.keys() - self._counts.keys():
            topic = CreatableTopic(name=name + self._suffix, num_partitions=counts[name], replication_factor=1)
            self.send(CreateTopicsRequest(topics=[topic], timeout_ms=5_000), 7).result()
        for name in counts.keys() & self._counts.keys():
            if counts[name] > self._counts[name]:
                more = CreatePartitionsTopic(name=name + self._suffix, count=counts[name], assignments=None)
                self.send(CreatePartitionsRequest(topics=[more], timeout_ms=5_000), 3).result()
        self._counts = dict(counts)
        time.sleep(0.3)


def main():
    host, port = sys.argv[1].split(":")
    names = [each for each in sys.argv[2:] if each != "--write"]
    for path in sorted(pathlib.Path(each) for each in names) or sorted(STORIES.glob("*.txt")):
        suffix = f"-{uuid.uuid4().hex[:8]}"
        before = path.read_text()
        after = Story(BrokerTeller((host, int(port)), suffix), suffix=suffix).run(before)
        print("".join(difflib.unified_diff(before.splitlines(True), after.splitlines(True), path.name, "broker")))
        if "--write" in sys.argv:
            path.write_text(after)


if __name__ == "__main__":
    main()
