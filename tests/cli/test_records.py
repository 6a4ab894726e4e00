"""``pykbroker produce`` and ``consume``."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as kafka_pythons_murmur2

from pykbroker.cli.producing import murmur2

real = pytest.mark.real


@real
def test_values_from_arguments(shell, kafka_topic):
    """Written to a topic that comes into being, and read back."""
    assert shell.ok("produce", kafka_topic, "one", "two", "-p", 0) == f"{kafka_topic}-0 offsets 0 to 1\n"
    assert shell.ok("consume", kafka_topic, "--values") == "one\ntwo\n"


@real
@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_lines_with_keys_headers_and_compression(shell, kafka_topic, codec):
    """Everything a record has, in JSON."""
    shell.ok("produce", kafka_topic, "-K", ":", "-H", "h=v", "-z", codec, "-q", text="k1:v1\nno key\nk1:\n")
    records = [json.loads(line) for line in shell.ok("consume", kafka_topic, "--json").splitlines()]

    assert [(record["key"], record["value"]) for record in records] == [("k1", "v1"), (None, "no key"), ("k1", "")]
    assert all(record["headers"] == [["h", "v"]] for record in records)
    assert [record["offset"] for record in records] == [0, 1, 2]


@real
def test_tombstones_and_bytes_that_are_no_text(shell, kafka_topic):
    """null is null, and what is not UTF-8 is shown all the same."""
    shell.ok("produce", kafka_topic, "-k", "gone", "--null", text="\n")
    shell.ok("produce", kafka_topic, "\udcff")
    text, record = shell.ok("consume", kafka_topic), shell.ok("consume", kafka_topic, "--json", "-o", 1)

    assert text.splitlines()[0].endswith("gone  null")
    assert text.splitlines()[1].endswith("null  \\xff")
    assert json.loads(record)["value"] == {"base64": "/w=="}


@real
def test_keys_decide_on_partitions(shell, kafka_topic):
    """The same key, the same partition."""
    shell.ok("topics", "create", f"{kafka_topic}:8")
    shell.ok("produce", kafka_topic, "-k", "customer-7", "a")
    shell.ok("produce", kafka_topic, "-k", "customer-7", "b")
    records = [json.loads(line) for line in shell.ok("consume", kafka_topic, "--json").splitlines()]

    assert {record["partition"] for record in records} == {(kafka_pythons_murmur2(b"customer-7") & 0x7FFFFFFF) % 8}


@real
@pytest.mark.parametrize(
    ("offset", "values"),
    [("earliest", "abcd"), ("latest", ""), ("2", "cd"), ("-1", "d"), ("-9", "abcd"), ("@0", "abcd"), ("@9" * 7, "")],
)
def test_where_to_begin(shell, kafka_topic, offset, values):
    """By name, number, number from the end, or time."""
    shell.ok("produce", kafka_topic, *"abcd")

    offset = offset if offset.count("@") < 2 else "@99999999999999"
    assert "".join(shell.ok("consume", kafka_topic, "--values", "-o", offset).split()) == values


@real
def test_so_many_records(shell, kafka_topic):
    """And --follow, which would wait for ever."""
    shell.ok("produce", kafka_topic, *"abcd")

    assert shell.ok("consume", kafka_topic, "--values", "-n", 2).split() == ["a", "b"]
    assert shell.ok("consume", kafka_topic, "--values", "-f", "-n", 3).split() == ["a", "b", "c"]


@real
def test_mistakes(shell, kafka_topic):
    """Partitions that are not there, offsets that are none."""
    shell.ok("produce", kafka_topic, "x")

    assert "numbered from 0" in shell.fails("produce", kafka_topic, "x", "-p", 5)
    assert "numbered from 0" in shell.fails("consume", kafka_topic, "-p", 5)
    assert "earliest, latest" in shell.fails("consume", kafka_topic, "-o", "soon")
    assert "KEY=VALUE" in shell.fails("produce", kafka_topic, "x", "-H", "novalue")
    assert "UNKNOWN_TOPIC_OR_PARTITION" in shell.fails("consume", "no-such-topic")


@given(st.binary(max_size=40))
def test_murmur2_is_everybody_s(data):
    """The same hash as kafka-python's, so that keys meet in the same partition."""
    assert murmur2(data) == kafka_pythons_murmur2(data) & 0xFFFFFFFF
