"""Checkpoint files: Kafka's lines, and what is not them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykbroker.log.checkpoints import CorruptCheckpoint, decode_lines, decode_offsets, encode_offsets
from pykbroker.names import TopicPartition

names = st.text("abcXYZ019._-", min_size=1, max_size=20)
partitions = st.builds(TopicPartition, names, st.integers(0, 2**31 - 1))


def test_kafkas_bytes():
    """What Apache Kafka wrote at a clean shutdown."""
    data = b"0\n2\nrec-plain 0 19\nrec-small 0 1\n"
    offsets = decode_offsets(data)
    assert offsets == {TopicPartition("rec-plain", 0): 19, TopicPartition("rec-small", 0): 1}
    assert encode_offsets(offsets) == data


@given(st.dictionaries(partitions, st.integers(0, 2**63 - 1)))
def test_what_is_written_is_read(offsets):
    """Any partitions and offsets."""
    assert decode_offsets(encode_offsets(offsets)) == offsets


def test_files_that_were_only_created():
    """Kafka makes them empty."""
    assert decode_lines(b"") == []
    assert decode_lines(b"0\n") == []


@pytest.mark.parametrize(
    "data",
    [
        b"1\n0\n",
        b"x\n0\n",
        b"0\nx\n",
        b"0\n1\n",
        b"0\n0\nt 0 1\n",
        b"\xff\n",
        b"0\n1\nt 0\n",
        b"0\n1\nt 0 x\n",
        b"0\n1\na b c d\n",
    ],
)
def test_what_is_no_checkpoint(data):
    """Wrong versions, counts, numbers and lines are corrupt."""
    with pytest.raises(CorruptCheckpoint):
        decode_offsets(data)


@given(st.binary(max_size=40))
def test_garbage(data):
    """Any bytes are offsets or corrupt."""
    with contextlib.suppress(CorruptCheckpoint):
        decode_offsets(data)
