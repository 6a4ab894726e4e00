"""Frames are cut from the stream the same way however it arrives, and hostile sizes cost nothing."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pykbroker.wire.frame import LARGE_FROM_BYTES, SCRATCH_BYTES, TRUST_BYTES, FrameError, FrameReader


def prefixed(*payloads):
    return b"".join(len(payload).to_bytes(4, "big") + payload for payload in payloads)


def feed(reader, stream, sizes=()):
    """Receive a stream in pieces: of the given sizes first, then as much as the reader has room for."""
    frames, sizes = [], list(sizes)
    while stream:
        buffer = reader.get_buffer()
        count = min(len(buffer), len(stream), sizes.pop(0) if sizes else len(stream))
        buffer[:count] = stream[:count]
        frames += reader.received(count)
        stream = stream[count:]
    return frames


@given(
    st.lists(
        st.sampled_from([0, 1, 3, 100, LARGE_FROM_BYTES - 1, LARGE_FROM_BYTES, SCRATCH_BYTES, 200_000]), max_size=8
    ),
    st.lists(st.sampled_from([1, 2, 3, 4, 5, 99, 4096, 65536]), max_size=60),
)
@settings(max_examples=60, derandomize=True, deadline=None)
def test_frames_are_the_same_however_they_arrive(lengths, pieces):
    """Any split of the stream gives the frames that were put into it, in order."""
    payloads = [bytes([number % 251]) * length for number, length in enumerate(lengths)]
    reader = FrameReader(1_000_000, bytearray(SCRATCH_BYTES))

    frames = feed(reader, prefixed(*payloads), pieces)

    assert [bytes(frame) for frame in frames] == payloads
    assert reader.pending_bytes == 0


def test_a_frame_outlives_the_scratch_it_came_through():
    """Small frames are copies: the next receive does not change them."""
    reader = FrameReader(100)
    (frame,) = feed(reader, prefixed(b"first"))
    feed(reader, prefixed(b"other"))
    assert frame == b"first"


def test_a_large_frame_is_received_straight_into_place():
    """Once the size of a large frame is known, the reader asks for exactly the rest of it."""
    reader = FrameReader(10_000_000)
    feed(reader, (500_000).to_bytes(4, "big") + b"abc")
    assert len(reader.get_buffer()) == 500_000 - 3
    assert reader.pending_bytes == 500_000


def test_a_claimed_size_is_not_believed():
    """A prefix that announces 100 MB gets no more than a first buffer until bytes arrive."""
    reader = FrameReader(104_857_600)
    feed(reader, (104_857_600).to_bytes(4, "big"))
    assert len(reader.get_buffer()) <= TRUST_BYTES


def test_a_frame_beyond_the_first_buffer_grows_to_its_size():
    """A frame of several times the trusted size arrives whole, in a buffer of exactly its size."""
    payload = bytes(range(256)) * (5 * TRUST_BYTES // 256)
    (frame,) = feed(FrameReader(10 * TRUST_BYTES), prefixed(payload))
    assert frame == payload
    assert isinstance(frame, memoryview)
    assert not frame.readonly


@pytest.mark.parametrize(
    ("prefix", "text"),
    [
        (b"\xff\xff\xff\xff", "a frame of -1 bytes"),
        ((1001).to_bytes(4, "big"), "more than socket.request.max.bytes=1000"),
        (b"GET ", "HTTP"),
        (b"\x16\x03\x01\x00", "TLS"),
    ],
)
def test_an_impossible_size_says_what_it_looks_like(prefix, text):
    """Negative and oversized prefixes are refused, with the usual reason for them."""
    with pytest.raises(FrameError, match=text):
        feed(FrameReader(1000), prefix + b"....")


def test_an_idle_reader_is_small():
    """Beside the shared scratch an idle reader holds less than 200 bytes."""
    reader = FrameReader(1000, bytearray(SCRATCH_BYTES))
    feed(reader, prefixed(b"x" * 900))
    assert sys.getsizeof(reader) + sys.getsizeof(reader._rest) < 200


def test_pending_bytes_tell_a_clean_close_from_a_torn_one():
    """Between frames nothing is pending; within one its whole size is."""
    reader = FrameReader(1000)
    assert reader.pending_bytes == 0
    feed(reader, b"\0\0")
    assert reader.pending_bytes == 2
    feed(reader, b"\0\x64abc")
    assert reader.pending_bytes == 104


async def test_receive_puts_bytes_where_the_frame_is_cut():
    """``receive`` hands the reader's own buffer to the transport."""

    class Transport:
        async def receive_into(self, buffer):
            buffer[:7] = prefixed(b"abc")
            return 7

    reader = FrameReader(1000)
    assert reader.received(await reader.receive(Transport())) == [b"abc"]
