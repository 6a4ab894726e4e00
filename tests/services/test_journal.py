"""A partition as a machine's journal: what was written is read back, in order, markers among it."""

from __future__ import annotations

from asking import create

from pykbroker.machine.engine import LoggedMarker
from pykbroker.services.journal import PartitionJournal, read_back


async def test_markers_are_read_back_in_order(autojump_clock, broker, client):
    """Commit and abort with producer and epoch; the offset after each is what append said."""
    await create(client)
    partition = broker.services.replicas.get("t", 0)
    journal = PartitionJournal(partition, broker.services.world.clock.now_ms)

    ends = [journal.append_marker(7, 1, 0, commit) for commit in (True, False)]

    assert ends == [1, 2]
    assert journal.committed_offset == 2
    assert list(read_back(partition.log)) == [LoggedMarker(7, 1, True), LoggedMarker(7, 1, False)]


async def test_an_empty_log_gives_nothing(autojump_clock, broker, client):
    """No records, no loop."""
    await create(client)

    assert list(read_back(broker.services.replicas.get("t", 0).log)) == []
