"""How dirty a log is, and how its segments are grouped."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykbroker.log.cleanable import group_segments, measure_dirt
from pykbroker.log.config import LogConfig

NOW = 1_000_000


@dataclass
class View:
    base_offset: int
    size: int = 100
    largest_timestamp: int = 500
    first_timestamp: int = 400


def measure(segments, *, checkpoint=None, start=0, end=50, stable=50, **config):
    return measure_dirt(
        segments,
        LogConfig(is_compacted=True, **config),
        checkpoint=checkpoint,
        log_start_offset=start,
        log_end_offset=end,
        last_stable_offset=stable,
        now_ms=NOW,
    )


def five():
    return [View(base) for base in (0, 10, 20, 30, 40)]


def test_all_but_the_active_segment_is_dirty_at_first():
    """Without a checkpoint everything from the log's start on."""
    dirt = measure(five())
    assert (dirt.first_dirty_offset, dirt.first_uncleanable_offset) == (0, 40)
    assert (dirt.clean_bytes, dirt.cleanable_bytes, dirt.ratio) == (0, 400, 1.0)
    assert not dirt.checkpoint_is_wrong


def test_the_checkpoint_parts_clean_from_dirty():
    """The dirty ratio is the dirty share of all that could be cleaned."""
    dirt = measure(five(), checkpoint=30)
    assert (dirt.first_dirty_offset, dirt.clean_bytes, dirt.cleanable_bytes, dirt.ratio) == (30, 300, 100, 0.25)
    assert not dirt.is_worth_cleaning(LogConfig(min_cleanable_dirty_ratio=0.25))
    assert dirt.is_worth_cleaning(LogConfig(min_cleanable_dirty_ratio=0.24))


@pytest.mark.parametrize("checkpoint", [5, 51])
def test_a_checkpoint_that_does_not_fit(checkpoint):
    """Before the log's start or behind its end: all is dirty, and the checkpoint is to be corrected."""
    dirt = measure(five(), checkpoint=checkpoint, start=10)
    assert (dirt.first_dirty_offset, dirt.checkpoint_is_wrong) == (10, True)


@pytest.mark.parametrize(("stable", "limit"), [(50, 40), (40, 40), (39, 30), (30, 30), (29, 20), (5, 0)])
def test_undecided_transactions(stable, limit):
    """The segment that the last stable offset lies in is not touched."""
    assert measure(five(), stable=stable).first_uncleanable_offset == limit


def test_young_records_wait():
    """`min.compaction.lag.ms`: from the first segment on that has a record so young."""
    segments = five()
    segments[2].largest_timestamp = NOW - 99
    assert measure(segments, min_compaction_lag_ms=100).first_uncleanable_offset == 20
    segments[2].largest_timestamp = NOW - 100
    assert measure(segments, min_compaction_lag_ms=100).first_uncleanable_offset == 40


def test_old_records_do_not_wait():
    """`max.compaction.lag.ms` makes a log cleanable that is not dirty enough."""
    config = LogConfig(min_cleanable_dirty_ratio=0.9)
    dirt = measure(five(), checkpoint=30, max_compaction_lag_ms=NOW - 450)
    assert dirt.overdue_ms == 50
    assert dirt.is_worth_cleaning(config)
    assert not measure(five(), checkpoint=30, max_compaction_lag_ms=NOW - 400).is_worth_cleaning(config)
    assert not measure(five(), checkpoint=40, max_compaction_lag_ms=0).is_worth_cleaning(config)


def test_a_log_with_one_segment():
    """There is nothing but the active one."""
    dirt = measure([View(0)], end=10, stable=10)
    assert (dirt.ratio, dirt.cleanable_bytes) == (0.0, 0)
    assert not dirt.is_worth_cleaning(LogConfig(min_cleanable_dirty_ratio=0.0))


def test_grouping():
    """Neighbours together as long as a segment may hold them."""
    config = LogConfig(segment_bytes=250)
    segments = [View(0), View(10), View(20), View(30, 200), View(40, 50), View(50, 300), View(60, 0)]
    groups = group_segments(segments, config, 70)
    assert [[each.base_offset for each in group] for group in groups] == [[0, 10], [20], [30, 40], [50], [60]]
    assert group_segments([], config, 0) == []


def test_offsets_of_a_group_fit_its_index():
    """Relative offsets are 32 bits; an empty segment has none to fit."""
    config = LogConfig()
    assert len(group_segments([View(0), View(2**31 - 1)], config, 2**31)) == 1
    assert len(group_segments([View(0), View(2**31 - 1)], config, 2**31 + 1)) == 2
    assert len(group_segments([View(0), View(2**33, 0)], config, 2**34)) == 1


def test_indexes_of_a_group_fit():
    """`segment.index.bytes` bounds a group too."""
    config = LogConfig(segment_index_bytes=120, index_interval_bytes=10)
    assert len(group_segments(five(), config, 50)) == 5


@given(sizes=st.lists(st.integers(0, 300), max_size=20))
def test_groups_keep_every_segment_in_order(sizes):
    """Nothing is lost, and no group but a single large segment is too large."""
    segments = [View(10 * number, size) for number, size in enumerate(sizes)]
    groups = group_segments(segments, LogConfig(segment_bytes=250), 10_000)
    assert [each for group in groups for each in group] == segments
    assert all(len(group) == 1 or sum(each.size for each in group) <= 250 for group in groups)
