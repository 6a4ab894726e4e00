"""Which segments are deleted, and which never."""

from dataclasses import dataclass

import pytest

from pykbroker.log.config import LogConfig
from pykbroker.log.retention import Due, Reason, due_segments

NOW = 1_000_000


@dataclass
class View:
    base_offset: int
    size: int = 100
    largest_timestamp: int = NOW


def ask(segments, *, start=0, end=40, high_watermark=40, **config):
    options = {"retention_ms": -1} | config
    return due_segments(
        segments,
        LogConfig(**options),
        log_start_offset=start,
        log_end_offset=end,
        high_watermark=high_watermark,
        now_ms=NOW,
    )


def four(**fields):
    return [View(base, **fields) for base in (0, 10, 20, 30)]


def test_nothing_is_due_without_limits():
    """Unlimited retention keeps everything."""
    assert ask(four()) is None
    assert ask([View(0, 0)], end=0, high_watermark=0) is None


@pytest.mark.parametrize(("start", "count"), [(0, 0), (9, 0), (10, 1), (29, 2), (40, 3)])
def test_before_the_start_of_the_log(start, count):
    """Segments that end before the log's start go, whatever the policy; the active one does not."""
    for is_deleted in (True, False):
        due = ask(four(), start=start, is_deleted=is_deleted)
        assert due == (Due(count, Reason.LOG_START_OFFSET) if count else None)


@pytest.mark.parametrize(
    ("retention_bytes", "count"), [(-1, 0), (0, 4), (50, 3), (100, 3), (301, 0), (300, 1), (400, 0), (500, 0)]
)
def test_by_size(retention_bytes, count):
    """As long as what remains is still at least as large as it may be."""
    assert ask(four(), retention_bytes=retention_bytes) == (Due(count, Reason.SIZE) if count else None)


@pytest.mark.parametrize(("retention_ms", "count"), [(-1, 0), (0, 3), (50, 2), (100, 1), (101, 0)])
def test_by_time(retention_ms, count):
    """The newest record counts, and older ones behind a newer wait for it."""
    segments = [View(0, 100, NOW - 101), View(10, 100, NOW - 51), View(20, 100, NOW - 1), View(30, 100, NOW)]
    due = ask(segments, retention_ms=retention_ms)
    assert due == (Due(count, Reason.TIME) if count else None)
    segments[0], segments[1] = View(0, 100, NOW), View(10, 100, NOW - 500)
    assert ask(segments, retention_ms=100) is None


def test_compacted_logs_keep_their_segments():
    """Without the delete policy neither size nor time counts."""
    assert ask(four(largest_timestamp=0), retention_ms=1, retention_bytes=1, is_deleted=False) is None


@pytest.mark.parametrize(("high_watermark", "count"), [(9, 0), (10, 1), (39, 3), (40, 4)])
def test_nothing_above_the_high_watermark_goes(high_watermark, count):
    """Not every replica has it yet."""
    due = ask(four(), high_watermark=high_watermark, retention_bytes=0)
    assert due == (Due(count, Reason.SIZE) if count else None)
    assert ask(four(largest_timestamp=0), high_watermark=9, retention_ms=0) is None


def test_an_empty_active_segment_stays():
    """There is nothing to gain."""
    segments = [View(0, 100, 0), View(10, 0, 0)]
    assert ask(segments, end=10, retention_ms=10) == Due(1, Reason.TIME)


def test_one_reason_after_the_other():
    """By the start of the log, then by size, then by time: asked again after each."""
    segments = [View(0), View(10, 300), View(20, 100, 0), View(30)]
    limits = {"retention_bytes": 200, "retention_ms": 1000}
    for start, reason in ((10, Reason.LOG_START_OFFSET), (10, Reason.SIZE), (20, Reason.TIME)):
        assert ask(segments, start=start, **limits) == Due(1, reason)
        del segments[0]
    assert ask(segments, start=30, **limits) is None
