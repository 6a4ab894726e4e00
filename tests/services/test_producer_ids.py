"""Producer ids through a whole broker: never given twice, whatever happens to the broker."""

from __future__ import annotations


async def test_ids_count_up_and_blocks_follow_each_other(autojump_clock, broker):
    """A thousand per block; the next block begins where the last one ended."""
    ids = [broker.services.producer_ids.next() for _ in range(2001)]

    assert ids == list(range(ids[0], ids[0] + 2001))


async def test_a_restart_begins_a_new_block(autojump_clock, broker):
    """What is left of the old block is given up, and no id comes twice."""
    before = {broker.services.producer_ids.next() for _ in range(3)}
    await broker.stop()
    await broker.start()

    after = {broker.services.producer_ids.next() for _ in range(3)}

    assert min(after) >= 1000 + min(before)
