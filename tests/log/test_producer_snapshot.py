"""The .snapshot file, as Kafka writes it and as damage leaves it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykbroker.log.producer_snapshot import CorruptSnapshot, decode_snapshot, encode_snapshot, stray_snapshots
from pykbroker.log.producer_state import Batch, Producer

GOLDEN = Path(__file__).parent / "golden" / "transactions.snapshot"


def test_kafkas_snapshot_is_read():
    """What DumpLogSegments prints of the same file."""
    first, second, third = decode_snapshot(GOLDEN.read_bytes())
    assert (first.producer_id, first.epoch, first.coordinator_epoch, first.transaction_first_offset) == (0, 0, 0, 33)
    assert (second.last_sequence, second.last_offset, second.transaction_first_offset) == (11, 27, -1)
    assert (third.producer_id, third.coordinator_epoch, third.last_timestamp) == (2, -1, 1795246044356)


@given(
    st.lists(
        st.builds(
            Producer,
            st.integers(0, 2**62),
            st.integers(-1, 2**15 - 1),
            st.integers(-1, 2**31 - 1),
            st.integers(-1, 2**62),
            st.integers(-1, 2**62),
            st.lists(
                st.builds(Batch, st.integers(0, 99), st.integers(0, 99), st.integers(0, 9), st.just(-1)), max_size=2
            ),
        ),
        max_size=5,
    )
)
def test_what_is_written_is_read(producers):
    """Everything but the older batches comes back."""
    for before, after in zip(producers, decode_snapshot(encode_snapshot(producers)), strict=True):
        for name in ("producer_id", "epoch", "coordinator_epoch", "last_timestamp", "transaction_first_offset"):
            assert getattr(before, name) == getattr(after, name)
        assert [b[:3] for b in before.batches[-1:]] == [b[:3] for b in after.batches]


@given(data=st.data())
def test_damage_is_noticed(data):
    """Any changed or missing byte is a corrupt snapshot."""
    good = GOLDEN.read_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    bad = bytearray(good)
    bad[at] ^= data.draw(st.integers(1, 255))
    for each in (bytes(bad), good[:at], good + b"\0"):
        with pytest.raises(CorruptSnapshot):
            decode_snapshot(each)


@pytest.mark.parametrize(
    ("snapshots", "segments", "strays"),
    [
        ([], [0], []),
        ([5, 10], [0, 5], []),
        ([5, 10, 12], [0, 5], [10]),
        ([3, 5], [0, 5], [3]),
        ([3, 7], [0, 5], [3]),
        ([3, 7], [], [3]),
    ],
)
def test_strays(snapshots, segments, strays):
    """Files without a segment go; the newest one stays, it is of the clean shutdown."""
    assert stray_snapshots(snapshots, segments) == strays
