"""Apache Kafka's own generated classes read what we encode, to the same values, and write the same bytes.

``golden/apache-kafka-4.3.1.stored`` holds what they answered for the messages that kio and kafka-python lack:
all that is stored. Each line: message, version, bytes, the values as Kafka's JSON converter shows them. With
a JVM the whole comparison runs, for every message and version (and rewrites the file if PYKBROKER_REWRITE is
set):

    PYKBROKER_KAFKA_LIBS=kafka/libs pytest -m real tests/wire/test_against_apache_kafka.py
"""

import base64
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from message_values import Maker, all_messages, short_value

FOLDER = Path(__file__).parent
GOLDEN = FOLDER / "golden" / "apache-kafka-4.3.1.stored"
LIBS = os.environ.get("PYKBROKER_KAFKA_LIBS")
MESSAGES = all_messages()
STORED = [
    cls
    for cls in MESSAGES.values()
    if cls.__module__.rsplit(".", 1)[1].startswith(("stored", "consumer_protocol", "principal"))
]
DROPPED_BELOW = {
    "AlterReplicaLogDirs": 1, "CreateAcls": 1, "CreateDelegationToken": 1, "CreateTopics": 2, "DeleteAcls": 1,
    "DeleteTopics": 1, "DescribeAcls": 1, "DescribeConfigs": 1, "DescribeDelegationToken": 1, "DescribeLogDirs": 1,
    "ExpireDelegationToken": 1, "Fetch": 4, "ListOffsets": 1, "OffsetCommit": 2, "OffsetFetch": 1,
    "OffsetForLeaderEpoch": 2, "Produce": 3, "RenewDelegationToken": 1, "WriteTxnMarkers": 1,
}  # fmt: skip
"""The first version that Apache Kafka 4.3's classes have, where it is not ours."""


def snake_case(name):
    name = name.replace("KRaft", "Kraft").replace("kRaft", "kraft")
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def differences(field, ours, theirs, version, path):
    """Where a value and what Kafka's JSON converter made of it are not the same."""
    if ours is None or theirs is None:
        if ours is not theirs:
            yield path, ours, theirs
    elif field.kind == "array":
        if len(ours) != len(theirs):
            yield path, ours, theirs
        for index, (left, right) in enumerate(zip(ours, theirs, strict=False)):
            yield from differences(field.of, left, right, version, f"{path}[{index}]")
    elif field.kind == "struct":
        yield from struct_differences(ours, theirs, version, path)
    elif not same(field.kind, ours, theirs):
        yield path, ours, theirs


def same(kind, ours, theirs):
    if kind == "uuid":
        return base64.urlsafe_b64decode(theirs + "==") == ours
    return base64.b64decode(theirs) == ours if kind == "bytes" else ours == theirs


def struct_differences(ours, theirs, version, path):
    theirs = {snake_case(name): value for name, value in theirs.items() if not name.endswith("SizeInBytes")}
    for field in ours.__fields__:
        if field.kind == "records":
            theirs.pop(field.name, None)  # shown by their size at most
        elif version in field.versions:
            value = getattr(ours, field.name)
            if field.name in theirs:
                yield from differences(field, value, theirs.pop(field.name), version, f"{path}.{field.name}")
            elif version not in field.tagged or not (value == field.zero() or list(value) == []):
                yield f"{path}.{field.name}", value, "missing"
    yield from ((f"{path}.{name}", "missing", theirs[name]) for name in theirs)


def check(name, version, encoded, values):
    cls = MESSAGES[name]
    message, end = cls.decode_from(encoded, version, 0)
    assert end == len(encoded)
    assert list(struct_differences(message, json.loads(values), version, name)) == []
    assert message.encode(version) == encoded


def golden_lines():
    return [line.split(" ", 3) for line in GOLDEN.read_text().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("cls", [pytest.param(cls, id=cls.__name__) for cls in STORED])
def test_stored_messages_are_read_as_apache_kafka_reads_them(cls):
    """The recorded values and bytes, in every version of every stored message."""
    lines = [line for line in golden_lines() if line[0] == cls.__name__]
    assert {int(version) for _, version, _, _ in lines} == set(cls.versions)
    for name, version, encoded, values in lines:
        check(name, int(version), bytes.fromhex(encoded), values)


def ask_apache_kafka(samples):
    """What its generated classes make of (name, version, bytes)."""
    lines = "".join(f"{name} {version} {encoded.hex()}\n" for name, version, encoded in samples)
    command = ["java", "-Xmx512m", "-cp", f"{LIBS}/*", str(FOLDER / "apache_kafka" / "Reread.java")]
    answers = subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(answers) == len(samples)
    return answers


def samples(classes, seeds, limits):
    for cls in classes:
        lowest = DROPPED_BELOW.get(re.sub("(Request|Response)$", "", cls.__name__), 0)
        for version in cls.versions:
            if version >= lowest:
                for seed in seeds:
                    yield cls.__name__, version, Maker(seed, limits).make(cls, version).encode(version)


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.skipif(not LIBS, reason="PYKBROKER_KAFKA_LIBS does not say where Apache Kafka's jars are")
def test_every_message_is_read_as_apache_kafka_reads_it():
    """Values and bytes of every message in every version, whole and with its edge values, agree with Apache
    Kafka's.
    """
    asked = list(samples(MESSAGES.values(), range(8), lambda field: None))
    for (name, version, encoded), answer in zip(asked, ask_apache_kafka(asked), strict=True):
        assert not answer.startswith("!"), (name, version, answer)
        remaining, written, values = answer.split(" ", 2)
        assert (remaining, written) == ("0", encoded.hex()), (name, version)
        check(name, version, encoded, values)


@pytest.mark.real
@pytest.mark.skipif(not (LIBS and os.environ.get("PYKBROKER_REWRITE")), reason="PYKBROKER_REWRITE is not set")
def test_rewrite_the_golden_file():
    """Not a test: records what Apache Kafka answers now."""
    asked = list(samples(STORED, range(2), short_value))
    lines = [
        f"# {__doc__.splitlines()[0]}",
        "# Answers of Apache Kafka 4.3.1 to apache_kafka/Reread.java, November 2026.",
    ]
    for (name, version, encoded), answer in zip(asked, ask_apache_kafka(asked), strict=True):
        remaining, written, values = answer.split(" ", 2)
        assert (remaining, written) == ("0", encoded.hex())
        lines.append(f"{name} {version} {written} {values}")
    GOLDEN.write_text("\n".join(lines) + "\n")
