"""One direction of a TCP connection, put together."""

from hypothesis import given
from hypothesis import strategies as st

from pykbroker.cli.tcp_stream import MAX_WAITING_BYTES, Gap, TcpStream


def opened(sequence=99):
    stream = TcpStream()
    stream.opened(sequence)
    return stream


@given(data=st.binary(min_size=1, max_size=60), start=st.integers(0, 2**32 - 1), plan=st.data())
def test_any_order_with_repetition(data, start, plan):
    """However segments overlap, repeat and come, each byte comes out once and in its place; numbers wrap around."""
    stream = opened((start - 1) % 2**32)
    cuts = plan.draw(st.lists(st.tuples(st.integers(0, len(data)), st.integers(0, len(data))), max_size=10))
    spans = plan.draw(st.permutations([*cuts, (0, len(data) // 2), (len(data) // 2, len(data))]))
    pieces = []
    for low, high in spans:
        pieces += stream.received((start + low) % 2**32, data[low:high])

    assert b"".join(pieces) == data
    assert stream.finish() == []


def test_a_longer_retransmission():
    """What was sent again with more bytes replaces the shorter one that waits."""
    stream = opened()
    assert stream.received(102, b"c") == stream.received(102, b"cd") == stream.received(102, b"c") == []
    assert stream.received(100, b"ab") == [b"ab", b"cd"]


def test_missing_bytes():
    """They are waited for until the receiver says that it has them, or nothing more comes."""
    stream = opened()
    assert stream.received(105, b"later") == []
    assert stream.acknowledged(100) == []
    assert stream.acknowledged(110) == [Gap(5), b"later"]
    assert stream.received(112, b"end") == []
    assert stream.finish() == [Gap(2), b"end"]


def test_too_much_waits():
    """Memory is bounded."""
    stream = opened()
    assert stream.received(101, bytes(MAX_WAITING_BYTES)) == []
    assert stream.received(101 + MAX_WAITING_BYTES, b"x")[0] == Gap(1)


def test_from_the_middle():
    """Without its SYN a stream begins with what is seen first."""
    stream = TcpStream()
    assert not stream.is_open
    assert stream.received(7, b"") == stream.acknowledged(7) == stream.finish() == []
    assert stream.received(7, b"ab") == [b"ab"]
    assert not stream.begins_whole
