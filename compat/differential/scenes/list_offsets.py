"""ListOffsets: special timestamps, by time, wrong epochs."""

from differential.batches import batch
from differential.stage import Stage, scene

EARLIEST, LATEST, LARGEST, LOCAL, TIERED, PENDING = -2, -1, -3, -4, -5, -6


def ask(stage: Stage, timestamp: int, topic: str, partition: int = 0, version: int | None = None, current: int = -1,
        isolation: int = 0, replica: int = -1) -> None:
    body = {"ReplicaId": replica, "IsolationLevel": isolation, "TimeoutMs": 5000, "Topics": [{"Name": topic, "Partitions": [
        {"PartitionIndex": partition, "CurrentLeaderEpoch": current, "Timestamp": timestamp}]}]}
    stage.ask("ListOffsets", body, version,
              note=f"{topic} {partition} at {timestamp}, current {current}, isolation {isolation}, as {replica}")


@scene
def list_offsets_special(stage: Stage) -> None:
    """Every special timestamp at every version, on an empty and on a full partition."""
    stage.topic("listed", 2)
    for times in ([1000, 9000, 5000], [2000, 3000]):
        stage.produce("listed", batch([b"x"] * len(times), timestamps=times), note=str(times))
    low, high = stage.versions("ListOffsets")
    for version in range(low, high + 1):
        for timestamp in (LATEST, EARLIEST):
            ask(stage, timestamp, "listed", version=version)
    for timestamp in (LATEST, EARLIEST, LARGEST, LOCAL, TIERED, PENDING, -7, -100):
        for partition in (0, 1):
            ask(stage, timestamp, "listed", partition)
    for version, timestamp in ((6, LARGEST), (7, LARGEST), (7, LOCAL), (8, TIERED), (9, TIERED), (10, PENDING), (1, LARGEST)):
        ask(stage, timestamp, "listed", version=version)


@scene
def list_offsets_by_time(stage: Stage) -> None:
    """The first record at or after a time, within and across batches, out of order, compressed, none."""
    stage.topic("by-time", 2)
    stage.produce("by-time", batch([b"a", b"b", b"c"], timestamps=[1000, 2000, 3000]), note="rising")
    stage.produce("by-time", batch([b"d", b"e"], timestamps=[9000, 500]), note="falling")
    stage.produce("by-time", batch([b"f", b"g"], timestamps=[4000, 12000], compress=True), note="compressed")
    for timestamp in (0, 1, 999, 1000, 1001, 3000, 3001, 8999, 9000, 9001, 12000, 12001, 2**62):
        ask(stage, timestamp, "by-time")
    ask(stage, 1000, "by-time", 1)
    ask(stage, 1000, "by-time", version=1)
    stage.topic("appended-by-time", message_timestamp_type="LogAppendTime")
    stage.produce("appended-by-time", batch([b"a"]))
    ask(stage, 0, "appended-by-time")
    ask(stage, 2**62, "appended-by-time")
    stage.topic("timeless")
    stage.produce("timeless", batch([b"a"], timestamps=[-1]))
    ask(stage, 0, "timeless")
    ask(stage, LARGEST, "timeless")


@scene
def list_offsets_errors(stage: Stage) -> None:
    """Unknown partitions, epochs, isolation levels, replicas; after records were deleted."""
    stage.topic("listed-wrongly")
    stage.produce("listed-wrongly", batch([b"a", b"b", b"c"], timestamps=[1000, 2000, 3000]))
    ask(stage, LATEST, "unknown")
    ask(stage, LATEST, "bad/name")
    ask(stage, LATEST, "listed-wrongly", 9)
    for current in (0, 1, 50):
        ask(stage, LATEST, "listed-wrongly", current=current)
    for isolation in (1, 2):
        ask(stage, LATEST, "listed-wrongly", isolation=isolation)
    for replica in (-2, 1, 9):
        ask(stage, LATEST, "listed-wrongly", replica=replica)
    twice = [{"PartitionIndex": 0, "Timestamp": LATEST}, {"PartitionIndex": 0, "Timestamp": EARLIEST}]
    stage.ask("ListOffsets", {"ReplicaId": -1, "Topics": [{"Name": "listed-wrongly", "Partitions": twice}]}, note="twice")
    stage.ask("ListOffsets", {"ReplicaId": -1, "Topics": []}, note="nothing")
    stage.ask("DeleteRecords", {"TimeoutMs": 1000, "Topics": [
        {"Name": "listed-wrongly", "Partitions": [{"PartitionIndex": 0, "Offset": 2}]}]})
    for timestamp in (EARLIEST, LOCAL, 0, 1000, 2500, LARGEST):
        ask(stage, timestamp, "listed-wrongly")
