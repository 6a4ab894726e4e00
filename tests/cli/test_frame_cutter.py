"""Frames out of streams that lack bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykbroker.cli.frame_cutter import MAX_SOUGHT_BYTES, Frame, FrameCutter, Notice


class Letters:
    """Frames that make sense are of letters 'a'."""

    def could_begin(self, head):
        return head.startswith(b"aa")

    def looks_right(self, frame):
        return set(frame) == {97}


def frame(size):
    return size.to_bytes(4, "big") + b"a" * size


def cutter(*, is_synchronised=True):
    return FrameCutter(Letters(), is_synchronised=is_synchronised)


def frames(events):
    return [(event.offset, event.size, len(event.data)) for event in events if isinstance(event, Frame)]


@given(sizes=st.lists(st.integers(4, 30), max_size=6), step=st.integers(1, 40))
def test_whole_streams(sizes, step):
    """The pieces in which a stream comes do not matter."""
    data = b"".join(map(frame, sizes))
    cut = cutter()
    events = [event for at in range(0, len(data), step) for event in cut.feed(data[at : at + step])]

    assert [event.size for event in events] == sizes
    assert cut.finish() == []


@pytest.mark.parametrize("step", [1, 1000])
def test_from_the_middle(step):
    """What is before the first frame that makes sense is skipped, and counted."""
    data = b"aaa\0\0\0\x06aabaaa" + frame(5) + frame(6)
    cut = cutter(is_synchronised=False)
    events = [event for at in range(0, len(data), step) for event in cut.feed(data[at : at + step])]

    assert events[0] == Notice(13, "13 bytes skipped to the next whole frame")
    assert frames(events) == [(13, 5, 5), (22, 6, 6)]


def test_a_gap_within_a_frame():
    """Costs that frame only: its size says where the next one begins."""
    cut = cutter()
    assert cut.feed(frame(20)[:10]) == []
    assert cut.skip(6) == []
    assert frames(cut.feed(frame(20)[16:] + frame(5))) == [(0, 20, 6), (24, 5, 5)]
    cut.feed(frame(8)[:6])
    assert frames(cut.skip(6)) == [(33, 8, 2)]
    assert frames(cut.feed(frame(5))) == [(45, 5, 5)]


def test_two_gaps_within_a_frame():
    """The same; what was captured between them has no place and is left out."""
    cut = cutter()
    cut.feed(frame(20)[:10])
    cut.skip(2)
    cut.feed(b"aa")
    assert frames(cut.skip(10)) == [(0, 20, 6)]


def test_a_gap_over_a_size():
    """A frame has to be looked for."""
    cut = cutter()
    cut.feed(frame(8)[:6])
    assert frames(cut.skip(7)) == [(0, 8, 2)]
    assert cut.feed(frame(9)[1:] + frame(5))[0] == Notice(25, "12 bytes skipped to the next whole frame")
    cut.skip(3)
    cut.feed(b"zz")
    assert cut.skip(1) == [Notice(39, "1 bytes were not captured")]
    assert cut.finish() == [Notice(40, "2 bytes could not be read")]


def test_what_is_no_size():
    """Is said, and the next frame looked for; TLS is not searched at all."""
    events = cutter().feed(frame(4) + b"\xff\xff\xff\xff" + frame(5))
    assert frames(events) == [(0, 4, 4), (12, 5, 5)]
    assert events[1].text.startswith("ffffffff cannot be the size")
    cut = cutter()
    assert "TLS" in cut.feed(b"\x16\x03\x01\x02").pop().text
    assert cut.feed(frame(5)) == cut.skip(5) == cut.finish() == []


def test_the_end():
    """A frame that has begun is shown as far as it goes, even behind a gap; the rest is counted."""
    cut = cutter()
    cut.feed(frame(9)[:8])
    assert frames(cut.finish()) == [(0, 9, 4)]
    cut.skip(2)
    assert frames(cut.finish()) == [(0, 9, 4)]
    cut = cutter()
    cut.feed(b"\0\0")
    assert cut.finish() == [Notice(0, "2 bytes could not be read")]


def test_searching_keeps_little():
    """Neither noise nor a beginning that never becomes whole is kept for ever."""
    cut = cutter(is_synchronised=False)
    cut.feed((MAX_SOUGHT_BYTES).to_bytes(4, "big") + b"aaaa")
    for _ in range(9):
        cut.feed(b"z" * (MAX_SOUGHT_BYTES // 4))
    assert len(cut._buffer) < 20
    assert frames(cut.feed(frame(5))) == [(9 * MAX_SOUGHT_BYTES // 4 + 8, 5, 5)]
