"""CreatePartitions, DeleteRecords, DescribeProducers, OffsetForLeaderEpoch."""

from typing import Any

from differential.batches import batch
from differential.scenes.idempotence import producer_id
from differential.stage import Stage, scene


@scene
def create_partitions(stage: Stage) -> None:
    """More, fewer, as many, assigned rightly and wrongly, for topics that are not there."""
    stage.topic("growing", 2)

    def grow(name: str, count: int, assignments: list[list[int]] | None = None, validate: bool = False) -> None:
        wanted = None if assignments is None else [{"BrokerIds": brokers} for brokers in assignments]
        body = {"Topics": [{"Name": name, "Count": count, "Assignments": wanted}], "TimeoutMs": 5000,
                "ValidateOnly": validate}
        stage.ask("CreatePartitions", body, note=f"{name} to {count} by {assignments}, only validated: {validate}")

    low, high = stage.versions("CreatePartitions")
    for version in range(low, high + 1):
        body = {"Topics": [{"Name": "growing", "Count": 3 + version, "Assignments": None}], "TimeoutMs": 5000}
        stage.ask("CreatePartitions", body, version, note=f"to {3 + version}")
    for count in (6, 5, 0, -1):
        grow("growing", count)
    for assignments in ([], [[1]], [[1], [1]], [[9], [1]], [[1, 1], [1]], [[], [1]], [[1], [1], [1]]):
        grow("growing", 8, assignments, validate=True)
    grow("growing", 8, [[1], [1]])
    grow("unknown", 3)
    grow("", 3)
    body = {"Topics": [{"Name": "growing", "Count": 9, "Assignments": None}] * 2, "TimeoutMs": 5000}
    stage.ask("CreatePartitions", body, note="the same topic twice")
    stage.ask("CreatePartitions", {"Topics": []}, note="nothing")


@scene
def delete_records(stage: Stage) -> None:
    """Below an offset, to the end, beyond it, negative; unknown topics and partitions."""
    stage.topic("trimmed")
    for number in range(5):
        stage.produce("trimmed", batch([b"a", b"b"]), note=f"batch {number}")

    def trim(offset: int, topic: str = "trimmed", partition: int = 0) -> None:
        stage.both("DeleteRecords", {"TimeoutMs": 5000, "Topics": [
            {"Name": topic, "Partitions": [{"PartitionIndex": partition, "Offset": offset}]}]},
            note=f"{topic} {partition} below {offset}")

    for offset in (3, 2, 10, 11, -1, -2):
        trim(offset)
    trim(0, "unknown")
    trim(0, "trimmed", 5)
    trim(0, "bad/name")
    offsets = [{"PartitionIndex": 0, "Timestamp": timestamp} for timestamp in (-2,)]
    stage.ask("ListOffsets", {"ReplicaId": -1, "Topics": [{"Name": "trimmed", "Partitions": offsets}]}, note="the start")
    stage.topic("compacted-untrimmable", cleanup_policy="compact")
    stage.produce("compacted-untrimmable", batch([b"v"], keys=[b"k"]))
    trim(1, "compacted-untrimmable")


@scene
def describe_producers(stage: Stage) -> None:
    """The producers that a partition knows."""
    stage.topic("has-producers", 2)

    def about(topic: str, *partitions: int) -> None:
        stage.ask("DescribeProducers", {"Topics": [{"Name": topic, "PartitionIndexes": list(partitions)}]},
                  note=f"{topic} {partitions}")

    about("has-producers", 0)
    mine = producer_id(stage)
    stage.produce("has-producers", batch([b"a", b"b"], producer_id=mine["ProducerId"], producer_epoch=0, base_sequence=0))
    about("has-producers", 0, 1, 7)
    about("unknown", 0)
    about("bad/name", 0)


@scene
def offset_for_leader_epoch(stage: Stage) -> None:
    """Where an epoch ends: the current one, a later, none; fenced and unknown current epochs; unknown partitions."""
    stage.topic("epochs")
    stage.produce("epochs", batch([b"a", b"b", b"c"]))

    def ask(epoch: int, current: int = -1, topic: str = "epochs", partition: int = 0, replica: int = -1) -> None:
        body: dict[str, Any] = {"ReplicaId": replica, "Topics": [{"Topic": topic, "Partitions": [
            {"Partition": partition, "CurrentLeaderEpoch": current, "LeaderEpoch": epoch}]}]}
        stage.both("OffsetForLeaderEpoch", body, note=f"{topic} {partition} epoch {epoch} current {current} as {replica}")

    for epoch in (0, 1, -1, 100):
        ask(epoch)
    for current in (0, 1, 100):
        ask(0, current)
    ask(0, partition=9)
    ask(0, topic="unknown")
    ask(0, replica=1)
    ask(0, replica=5)
