"""Keys go to the partitions Apache Kafka would put them in, and to the engine that runs there."""

import pytest

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.engine import Engine
from pykbroker.machine.memory_journal import MemoryJournal
from pykbroker.machine.result import Result
from pykbroker.machine.shards import Shards, java_hash, partition_for
from pykbroker.machine.timers import Timers


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 0),
        ("a", 97),
        ("my-group", -1906497762),
        ("polygenelubricants", -(2**31)),
        ("grüße", 98768023),
        ("日本", 835047),
        ("😀", 1772899),
    ],
)
def test_hashes_are_javas(text, code):
    """``String.hashCode()`` as the JVM gives it, in ASCII, in the BMP and in surrogate pairs."""
    assert java_hash(text) == code


def test_the_one_hash_without_an_opposite_goes_to_partition_0():
    """Kafka's ``Utils.abs`` makes 0 of the smallest int."""
    assert partition_for("polygenelubricants", 50) == 0


@pytest.mark.parametrize(("group", "partition"), [("my-group", 12), ("console-consumer-1", 24), ("", 0)])
def test_groups_are_found_where_kafka_looks(group, partition):
    """With the usual fifty partitions."""
    assert partition_for(group, 50) == partition


class Counter:
    """A machine without records."""

    def __init__(self):
        self.count = 0

    def loaded(self, turn):
        return Result()

    def add(self, turn, step):
        self.count += step
        return Result(replies={turn.token: self.count})


def test_a_key_is_answered_by_the_engine_of_its_partition():
    """And refused where the partition is not led, or where the topic does not exist yet."""
    shards = Shards()

    assert shards.submit("a", Counter.add, 1).error.code == ErrorCode.COORDINATOR_NOT_AVAILABLE

    shards.partition_count = 2
    engine = Engine(Counter(), MemoryJournal(), Timers(), lambda: 0)
    shards.add(partition_for("a", 2), engine)

    assert shards.submit("a", Counter.add, 1).error.code == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS

    engine.activate()

    assert shards.submit("a", Counter.add, 2).result() == 2
    assert shards.submit("b", Counter.add, 2).error.code == ErrorCode.NOT_COORDINATOR
    assert [each.machine.count for each in shards] == [2]

    shards.close(KafkaError(ErrorCode.NOT_COORDINATOR))

    assert shards.submit("a", Counter.add, 1).error.code == ErrorCode.NOT_COORDINATOR
    assert engine.submit(Counter.add, 1).error.code == ErrorCode.NOT_COORDINATOR
