"""Produce: batches that are right, and every way of being wrong."""

import struct

from differential.batches import TIMESTAMP, batch
from differential.stage import Stage, scene


@scene
def produce(stage: Stage) -> None:
    """At every version, by name and by id, several batches, no batch, nothing."""
    topic_id = stage.topic("produced", 2)
    low, high = stage.versions("Produce")
    for version in range(max(low, 3), high + 1):
        name = {"TopicId": topic_id} if version >= 13 else {"Name": "produced"}
        stage.ask("Produce", {"Acks": -1, "TimeoutMs": 5000, "TopicData": [
            name | {"PartitionData": [{"Index": 0, "Records": batch([b"1", b"2"])}]}]}, version)
    for acks in (1, -1, 2, -2, 5):
        stage.produce("produced", batch(), acks=acks, note=f"acks {acks}")
    stage.produce("produced", batch(), 5, note="a partition that is not there")
    stage.produce("produced", batch(), -1, note="a negative partition")
    stage.produce("unknown", batch())
    stage.produce("bad/name", batch())
    stage.produce("", batch(), note="an empty name")
    stage.produce("__consumer_offsets", batch(), note="an internal topic")
    stage.ask("Produce", {"Acks": 1, "TimeoutMs": 5000, "TopicData": [
        {"TopicId": "00000000000000000000000000abcdef", "PartitionData": [{"Index": 0, "Records": batch()}]}]}, 13,
        note="an unknown id")
    stage.ask("Produce", {"Acks": 1, "TimeoutMs": 5000, "TopicData": []}, note="nothing")
    two = [{"Index": 1, "Records": batch([b"one"])}, {"Index": 0, "Records": b"garbage"}, {"Index": 9, "Records": batch()}]
    stage.ask("Produce", {"Acks": 1, "TimeoutMs": 5000, "TopicData": [
        {"Name": "produced", "PartitionData": two}]}, 9, note="one good partition among bad ones")


@scene
def produce_damaged(stage: Stage) -> None:
    """Bytes that are no batch, or a batch that lies about itself."""
    stage.topic("damaged")
    good = batch([b"a", b"b", b"c"])
    for label, data in {
        "null": None,
        "empty": b"",
        "garbage": b"garbage" * 20,
        "a header alone": good[:61],
        "a header cut off": good[:30],
        "cut off by one byte": good[:-1],
        "a byte too many": good + b"\0",
        "a wrong CRC": batch(bad_crc=True),
        "magic 0": batch(magic=0),
        "magic 1": batch(magic=1),
        "magic 3": batch(magic=3),
        "magic -1": batch(magic=-1),
        "two batches": good + good,
        "no record": batch([]),
        "a count too high": batch([b"a"], count=5),
        "a count too low": batch([b"a", b"b"], count=1),
        "a count of 0": batch([b"a"], count=0),
        "a negative count": batch([b"a"], count=-1),
        "a last delta too high": batch([b"a"], last_delta=7),
        "a last delta too low": batch([b"a", b"b"], last_delta=0),
        "a length of 0": good[:8] + struct.pack(">i", 0) + good[12:],
        "a negative length": good[:8] + struct.pack(">i", -1) + good[12:],
        "a length too long": good[:8] + struct.pack(">i", 5000) + good[12:],
        "a length of 1": good[:8] + struct.pack(">i", 1) + good[12:],
        "a base offset": batch(base_offset=77),
        "a leader epoch": batch(leader_epoch=77),
        "a control batch": batch(attributes=32),
        "a transactional batch without a producer": batch(attributes=16),
        "an unknown codec": batch(attributes=5),
        "codec 7": batch(attributes=7),
        "a codec that does not fit": batch(attributes=1),
        "unused attributes": batch(attributes=0x100),
        "log append time set": batch(attributes=8),
        "a delete horizon set": batch(attributes=64),
        "compressed": batch([b"a", b"b"], compress=True),
        "compressed, a count too high": batch([b"a"], compress=True, count=9),
    }.items():
        stage.produce("damaged", data, note=label)
    stage.ask("ListOffsets", {"ReplicaId": -1, "Topics": [
        {"Name": "damaged", "Partitions": [{"PartitionIndex": 0, "Timestamp": -1}]}]}, note="the end after all that")


@scene
def produce_too_large(stage: Stage) -> None:
    """max.message.bytes, of the topic and the default."""
    stage.topic("small", max_message_bytes="300")
    stage.produce("small", batch([b"x" * 100]), note="small enough")
    stage.produce("small", batch([b"x" * 500]), note="too large")
    stage.produce("small", batch([b"x" * 500], compress=True), note="small enough when compressed")
    stage.produce("small", batch([b"x" * 100]) + batch([b"x" * 100]), note="two that are small enough alone")
    stage.topic("standard")
    stage.produce("standard", batch([b"x" * 1048588]), note="above the default")


@scene
def produce_times(stage: Stage) -> None:
    """Timestamps: too old, too new, none, LogAppendTime; at the versions that tell of it differently."""
    year = 365 * 24 * 3600 * 1000
    stage.topic("timely", message_timestamp_before_max_ms="1000", message_timestamp_after_max_ms="3600000")
    for label, times in {"too old": [TIMESTAMP], "too new": [TIMESTAMP + 10 * year], "none": [-1], "negative": [-5]}.items():
        for version in (3, 7, 9):
            stage.produce("timely", batch(timestamps=times), version=version, note=f"{label} at v{version}")
    stage.topic("appended", message_timestamp_type="LogAppendTime")
    stage.produce("appended", batch([b"a", b"b"]))
    stage.produce("appended", batch([b"a", b"b"], compress=True), note="compressed")
    stage.topic("given")
    stage.produce("given", batch(timestamps=[-1]), note="no timestamp")
    stage.produce("given", batch([b"a", b"b"], timestamps=[5000, 1000]), note="backwards")
    stage.produce("given", batch([b"a"], timestamps=[5000], max_timestamp=9), note="a largest timestamp that is wrong")
    stage.produce("given", batch([b"a"], timestamps=[TIMESTAMP + 30 * year]), note="thirty years ahead")


@scene
def produce_compacted(stage: Stage) -> None:
    """A compacted topic refuses records without a key, and says which."""
    stage.topic("keyed-only", cleanup_policy="compact")
    stage.produce("keyed-only", batch([b"a"], keys=[b"k"]))
    for version in (3, 7, 8, 9):
        stage.produce("keyed-only", batch([b"a", b"b", b"c"], keys=[b"k", None, None]), version=version,
                      note=f"keys missing at v{version}")
    stage.produce("keyed-only", batch([b"a"], keys=[None], compress=True), note="compressed, no key")
    stage.produce("keyed-only", batch([None], keys=[b"k"]), note="a tombstone")


@scene
def produce_recompressed(stage: Stage) -> None:
    """A topic with a codec of its own stores by that codec, whatever comes."""
    for codec in ("gzip", "uncompressed", "zstd", "lz4", "snappy"):
        stage.topic(f"stored-{codec}", compression_type=codec)
        stage.produce(f"stored-{codec}", batch([b"abc"] * 50))
        stage.produce(f"stored-{codec}", batch([b"abc"] * 50, compress=True), note=f"gzip into {codec}")
        answer = stage.connection.call("Fetch", 11, {"ReplicaId": -1, "MaxWaitMs": 0, "SessionEpoch": -1, "Topics": [
            {"Topic": f"stored-{codec}", "Partitions": [{"Partition": 0, "FetchOffset": 0, "PartitionMaxBytes": 9999}]}]})
        data = answer["Responses"][0]["Partitions"][0]["Records"]
        stage.keep(f"codecs stored in stored-{codec}", attributes(data))


def attributes(data: bytes) -> list[int]:
    """The attributes of each batch; sizes depend on the compressor's version."""
    found, position = [], 0
    while position + 61 <= len(data):
        found.append(struct.unpack_from(">h", data, position + 21)[0])
        position += 12 + struct.unpack_from(">i", data, position + 8)[0]
    return found
