"""Encoding and decoding beside kio and kafka-python, in one process: medians in microseconds, and ratios.

    PYTHONPATH=src python bench/wire.py [--rounds 15]

Each library encodes an object of its own that it read from the same bytes, and decodes those bytes. Rounds of
the three are interleaved and measured in CPU time, so that a busy machine slows all alike. At the end: what a
first use costs, and what importing costs.
"""

import argparse
import importlib
import io
import statistics
import subprocess
import sys
import time
import timeit
import warnings
from pkgutil import resolve_name

from kio.schema.index import schema_name_map
from kio.serial import entity_reader, entity_writer

from pykbroker.wire.api import Codec, Message
from pykbroker.wire.messages import REQUESTS
from pykbroker.wire.messages.fetch import (
    FetchableTopicResponse,
    FetchPartition,
    FetchRequest,
    FetchResponse,
    FetchTopic,
    PartitionData,
)
from pykbroker.wire.messages.groups import (
    JoinGroupRequest,
    JoinGroupRequestProtocol,
    JoinGroupResponse,
    JoinGroupResponseMember,
)
from pykbroker.wire.messages.list_offsets import (
    ListOffsetsPartition,
    ListOffsetsPartitionResponse,
    ListOffsetsRequest,
    ListOffsetsResponse,
    ListOffsetsTopic,
    ListOffsetsTopicResponse,
)
from pykbroker.wire.messages.metadata import (
    MetadataRequest,
    MetadataRequestTopic,
    MetadataResponse,
    MetadataResponseBroker,
    MetadataResponsePartition,
    MetadataResponseTopic,
)
from pykbroker.wire.messages.offsets import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
    OffsetCommitResponse,
    OffsetCommitResponsePartition,
    OffsetCommitResponseTopic,
)
from pykbroker.wire.messages.produce import (
    PartitionProduceData,
    PartitionProduceResponse,
    ProduceRequest,
    ProduceResponse,
    TopicProduceData,
    TopicProduceResponse,
)

TARGET_SECONDS = 0.01
"""How long one measurement of one library should take: long enough for the clock, short enough to interleave."""


def produce(count, size):
    partitions = [PartitionProduceData(index=index, records=b"x" * size) for index in range(count)]
    topic = TopicProduceData(name="orders", partition_data=partitions)
    return ProduceRequest(acks=-1, timeout_ms=30_000, topic_data=[topic])


def produced(count):
    partitions = [PartitionProduceResponse(index=index, error_code=0, base_offset=index) for index in range(count)]
    return ProduceResponse(responses=[TopicProduceResponse(name="orders", partition_responses=partitions)])


def fetch(count):
    partitions = [FetchPartition(partition=index, fetch_offset=9, partition_max_bytes=99) for index in range(count)]
    return FetchRequest(max_wait_ms=500, min_bytes=1, topics=[FetchTopic(topic="orders", partitions=partitions)])


def fetched(count, size):
    partitions = [
        PartitionData(
            partition_index=index, error_code=0, high_watermark=9, records=b"x" * size, aborted_transactions=None
        )
        for index in range(count)
    ]
    return FetchResponse(responses=[FetchableTopicResponse(topic="orders", partitions=partitions)])


def metadata(count):
    return MetadataRequest(topics=[MetadataRequestTopic(name=f"orders-{index}") for index in range(count)])


def described(count):
    brokers = [MetadataResponseBroker(node_id=node, host="localhost", port=9092) for node in range(3)]
    partitions = [
        MetadataResponsePartition(
            error_code=0, partition_index=index, leader_id=1, replica_nodes=[1, 2, 3], isr_nodes=[1, 2, 3]
        )
        for index in range(count)
    ]
    topic = MetadataResponseTopic(error_code=0, name="orders", topic_id=b"\1" * 16, partitions=partitions)
    return MetadataResponse(brokers=brokers, cluster_id="MkU3OEVBNTcwNTJENDM2Qg", topics=[topic])


def commit(count):
    partitions = [
        OffsetCommitRequestPartition(partition_index=index, committed_offset=9, committed_metadata="")
        for index in range(count)
    ]
    topic = OffsetCommitRequestTopic(name="orders", partitions=partitions)
    return OffsetCommitRequest(group_id="billing", generation_id_or_member_epoch=3, member_id="m-1", topics=[topic])


def committed(count):
    partitions = [OffsetCommitResponsePartition(partition_index=index, error_code=0) for index in range(count)]
    return OffsetCommitResponse(topics=[OffsetCommitResponseTopic(name="orders", partitions=partitions)])


def join(count):
    protocols = [JoinGroupRequestProtocol(name=f"range-{index}", metadata=b"x" * 60) for index in range(count)]
    return JoinGroupRequest(
        group_id="billing", session_timeout_ms=45_000, member_id="m-1", protocol_type="consumer", protocols=protocols
    )


def joined(count):
    members = [JoinGroupResponseMember(member_id=f"member-{index}", metadata=b"x" * 60) for index in range(count)]
    return JoinGroupResponse(
        error_code=0, generation_id=3, protocol_name="range", leader="member-0", member_id="member-0", members=members
    )


def list_offsets(count):
    partitions = [ListOffsetsPartition(partition_index=index, timestamp=-1) for index in range(count)]
    return ListOffsetsRequest(replica_id=-1, topics=[ListOffsetsTopic(name="orders", partitions=partitions)])


def listed(count):
    partitions = [ListOffsetsPartitionResponse(partition_index=i, error_code=0, offset=9) for i in range(count)]
    return ListOffsetsResponse(topics=[ListOffsetsTopicResponse(name="orders", partitions=partitions)])


CASES = [
    ("Produce 1 x 1 kB", produce(1, 1000), 9),
    ("Produce 12 x 16 kB", produce(12, 16_000), 9),
    ("Produce 1 x 1 kB", produce(1, 1000), 7),
    ("Produce answer, 1", produced(1), 9),
    ("Produce answer, 12", produced(12), 9),
    ("Fetch 1", fetch(1), 12),
    ("Fetch 12", fetch(12), 12),
    ("Fetch answer 1 x 1 kB", fetched(1, 1000), 12),
    ("Fetch answer 12 x 64 kB", fetched(12, 64_000), 12),
    ("Metadata 1", metadata(1), 12),
    ("Metadata answer, 1", described(1), 12),
    ("Metadata answer, 200", described(200), 12),
    ("OffsetCommit 1", commit(1), 8),
    ("OffsetCommit 100", commit(100), 8),
    ("OffsetCommit answer, 100", committed(100), 8),
    ("JoinGroup 2", join(2), 7),
    ("JoinGroup answer, 1", joined(1), 7),
    ("JoinGroup answer, 50", joined(50), 7),
    ("ListOffsets 1", list_offsets(1), 7),
    ("ListOffsets 100", list_offsets(100), 7),
    ("ListOffsets answer, 100", listed(100), 7),
]


def kio_functions(message, version, encoded):
    """kio's encoder and decoder, as functions without arguments."""
    paths = [path for versions in schema_name_map.values() for path in versions.get(version, {}).values()]
    cls = resolve_name(next(path for path in paths if path.endswith(f":{type(message).__name__}")))
    read, write = entity_reader(cls), entity_writer(cls)
    theirs, _ = read(encoded, 0)

    def encode():
        out = io.BytesIO()
        write(out, theirs)
        return out.getvalue()

    return encode, lambda: read(encoded, 0)


def kafka_python_functions(message, version, encoded):
    """kafka-python's encoder and decoder, as functions without arguments."""
    package = {"Produce": "producer", "Metadata": "metadata"}.get(type(message).__name__.partition("Re")[0], "consumer")
    cls = getattr(importlib.import_module(f"kafka.protocol.{package}"), type(message).__name__)
    theirs = cls.decode(encoded, version=version)
    theirs._header = None
    return lambda: theirs.encode(version=version), lambda: cls.decode(encoded, version=version)


def repetitions(function):
    """How many calls take about the target time."""
    started = time.perf_counter()
    function()
    return max(5, int(TARGET_SECONDS / (time.perf_counter() - started)))


def medians(functions, rounds):
    """The median time of a call of each, in microseconds; their rounds take turns."""
    for function in functions:
        function()  # compiles
    counts = [repetitions(function) for function in functions]
    times = [[] for _ in functions]
    for _ in range(rounds):
        for function, count, measured in zip(functions, counts, times, strict=True):
            measured.append(timeit.timeit(function, timer=time.process_time, number=count) / count * 1e6)
    return [statistics.median(measured) for measured in times]


def compare(rounds):
    print(f"{'':26} {'':>7} {'':4} {'ours':>8} {'kio':>8} {'kafka-py':>8}   {'x kio':>6} {'x kafka-py':>6}")
    for label, message, version in CASES:
        encoded = message.encode(version)
        with warnings.catch_warnings(action="ignore"):
            theirs = [kio_functions(message, version, encoded), kafka_python_functions(message, version, encoded)]
        assert all(bytes(encode()) == encoded for encode, _ in theirs)
        cls = type(message)
        ours = (lambda: message.encode(version), lambda: cls.decode(encoded, version))  # noqa: B023  # used at once
        for index, direction in enumerate(("out", "in")):
            mine, kio, kafka_python = medians([ours[index], theirs[0][index], theirs[1][index]], rounds)
            print(
                f"{f'{label} v{version}':26} {len(encoded):7} {direction:4} {mine:8.2f} {kio:8.2f} {kafka_python:8.2f}"
                f"   {kio / mine:6.1f} {kafka_python / mine:6.1f}"
            )


def first_use():
    """The time of compiling each codec of each request and response in its newest version."""
    times = []
    for request in REQUESTS.values():
        for cls in (request, request.response_type):
            message: Message = cls()
            codec, parts = Codec(cls, cls.versions.high), []
            started = time.process_time()
            codec.encode(message, parts)
            encoding = time.process_time()
            codec.decode(b"".join(parts), 0)
            times += [(encoding - started, cls.__name__), (time.process_time() - encoding, cls.__name__)]
    times.sort()
    worst, name = times[-1]
    median = statistics.median(seconds for seconds, _ in times)
    print(
        f"first use of a codec: median {median * 1e3:.2f} ms, worst {worst * 1e3:.2f} ms ({name}), {len(times)} codecs"
    )


def import_times():
    statements = {
        "typing, struct, linecache (in any program)": "import typing, struct, linecache",
        "pykbroker.wire": "import pykbroker.wire.api, pykbroker.wire.header, pykbroker.wire.frame",
        "and all requests": "from pykbroker.wire.messages import REQUESTS; list(REQUESTS.values())",
    }
    for label, statement in statements.items():
        program = f"import time; started = time.process_time(); {statement}; print(time.process_time() - started)"
        command = [sys.executable, "-c", program]
        runs = [float(subprocess.run(command, capture_output=True, check=True, text=True).stdout) for _ in range(9)]
        print(f"import {label}: {statistics.median(runs) * 1e3:.1f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="interleaved measurements of each (default: 15)")
    compare(parser.parse_args().rounds)
    first_use()
    import_times()
