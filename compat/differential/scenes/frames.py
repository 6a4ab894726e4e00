"""Frames: versions, headers, bytes that are not Kafka, the order of answers."""

import struct

from differential.connection import Closed, Connection
from differential.stage import Stage, scene

API_VERSIONS, METADATA = 18, 3


@scene
def api_versions(stage: Stage) -> None:
    """What is advertised, at every version; a version too new is answered at v0, with the versions that there are."""
    stage.every("ApiVersions", {"ClientSoftwareName": "differential", "ClientSoftwareVersion": "1.0"})
    for name, version in (("", "1.0"), ("-bad", "1.0"), ("good", "bad version!")):
        stage.ask("ApiVersions", {"ClientSoftwareName": name, "ClientSoftwareVersion": version}, 3,
                  note=f"from {name!r} {version!r}")
    connection = stage.another()
    connection.send_raw(struct.pack(">hhih", API_VERSIONS, 99, 7, -1) + b"\0")
    stage.keep("ApiVersions v99", connection.receive_raw()[:6].hex())
    connection.close()


def closes(stage: Stage, label: str, data: bytes, *, framed: bool) -> None:
    """Sends bytes on a new connection and keeps whether it is closed, or how many bytes come back."""
    connection: Connection = stage.another()
    try:
        (connection.send_raw if framed else connection.send_bytes)(data)
        answer: object = len(connection.receive_raw())
    except Closed:
        answer = "closed"
    except TimeoutError:
        answer = "silence"
    stage.keep(label, answer)
    connection.close()


@scene
def not_kafka(stage: Stage) -> None:
    """Bytes that are no request close the connection."""
    closes(stage, "a negative length", struct.pack(">i", -5) + b"12345", framed=False)
    closes(stage, "a length of 2 GiB", struct.pack(">i", 0x7FFFFFFF) + b"1", framed=False)
    closes(stage, "an HTTP request", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", framed=False)
    closes(stage, "a TLS hello", bytes.fromhex("1603010200010001fc0303") + bytes(500), framed=False)
    closes(stage, "an empty frame", b"", framed=True)
    closes(stage, "a header cut off", b"\0\x12", framed=True)
    closes(stage, "an unknown API key", struct.pack(">hhih", 999, 0, 1, -1), framed=True)
    closes(stage, "a negative API key", struct.pack(">hhih", -1, 0, 1, -1), framed=True)
    closes(stage, "a version too new", struct.pack(">hhih", METADATA, 99, 1, -1), framed=True)
    closes(stage, "a version too old", struct.pack(">hhih", 1, 0, 1, -1), framed=True)
    closes(stage, "an API between brokers (LeaderAndIsr)", struct.pack(">hhih", 4, 0, 1, -1), framed=True)
    closes(stage, "an API of controllers (Vote)", struct.pack(">hhih", 52, 0, 1, -1) + bytes(8), framed=True)
    closes(stage, "a body cut off", struct.pack(">hhih", METADATA, 1, 1, -1) + b"\0\0\0\5", framed=True)
    closes(stage, "a client id longer than the frame", struct.pack(">hhih", METADATA, 1, 1, 300), framed=True)
    closes(stage, "an array of 2 billion", struct.pack(">hhihi", METADATA, 1, 1, -1, 0x7FFFFFF0), framed=True)
    closes(stage, "bytes left over", struct.pack(">hhihi", METADATA, 1, 1, -1, 0) + b"more", framed=True)


@scene
def headers(stage: Stage) -> None:
    """A null client id, an empty one, and a correlation id of any value come back as they must."""
    for label, client in (("null", -1), ("empty", 0)):
        connection = stage.another()
        connection.send_raw(struct.pack(">hhihi", METADATA, 1, -42, client, 0))
        stage.keep(f"a client id that is {label}", connection.receive_raw()[:4].hex())
        connection.close()


@scene
def pipelining(stage: Stage) -> None:
    """Requests of one connection are answered in their order, also when a later one could be answered sooner."""
    topic_id = stage.topic("pipelining")
    connection = stage.another()
    fetch = {"MaxWaitMs": 500, "MinBytes": 1, "MaxBytes": 1000, "SessionEpoch": -1, "Topics": [
        {"TopicId": topic_id, "Partitions": [{"Partition": 0, "FetchOffset": 0, "PartitionMaxBytes": 1000}]}]}
    version = stage.versions("Fetch")[1]
    connection.send("Fetch", version, stage.schemas.request("Fetch").encode(fetch, version))
    connection.send("ApiVersions", 0, b"")
    order = [struct.unpack(">i", connection.receive_raw()[:4])[0] for _ in range(2)]
    stage.keep("correlation ids in the order of their answers", order)
    connection.close()


@scene
def produce_without_answer(stage: Stage) -> None:
    """acks=0 has no answer: the next one on the connection belongs to the next request."""
    from differential.batches import batch

    stage.topic("unanswered")
    stage.produce("unanswered", batch(), acks=0)
    stage.ask("ListOffsets", {"ReplicaId": -1, "Topics": [
        {"Name": "unanswered", "Partitions": [{"PartitionIndex": 0, "Timestamp": -1}]}]})


@scene
def failed_produce_without_answer(stage: Stage) -> None:
    """acks=0 that fails closes the connection, the only way left to say so."""
    stage.topic("unanswered-failure")
    body = {"Acks": 0, "TimeoutMs": 1000, "TopicData": [
        {"Name": "no-such-topic", "PartitionData": [{"Index": 0, "Records": b"x"}]}]}
    connection = stage.another()
    connection.send("Produce", 9, stage.schemas.request("Produce").encode(body, 9))
    stage.keep("closed", connection.is_closed(3))
    connection.close()
