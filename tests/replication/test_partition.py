"""One partition: leadership, epochs, in-sync replicas and the high watermark."""

from __future__ import annotations

import pytest
from asking import NOW_MS, batch, create

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.log import AppendOrigin


@pytest.fixture
async def partition(broker, client):
    await create(client)
    return broker.services.replicas.get("t", 0)


def append(partition, acks: int = -1):
    return partition.append_as_leader(batch(b"v"), required_acks=acks, origin=AppendOrigin.CLIENT, now_ms=NOW_MS)


def code(call) -> ErrorCode:
    with pytest.raises(KafkaError) as caught:
        call()
    return caught.value.code


async def test_alone_in_sync_everything_is_committed_at_once(autojump_clock, partition):
    """The high watermark is the log's end after each append."""
    append(partition)

    assert (partition.log.high_watermark, partition.is_committed(1), partition.is_committed(2)) == (1, True, False)


async def test_another_replica_in_sync_holds_the_high_watermark(autojump_clock, partition):
    """What only the leader has is not committed."""
    partition.apply(partition.state._replace(replicas=(1, 2), isr=(1, 2)))

    append(partition)

    assert (partition.log.log_end_offset, partition.is_committed(1)) == (1, False)


async def test_too_few_in_sync_refuse_acks_all_only(autojump_clock, partition):
    """NOT_ENOUGH_REPLICAS with two replicas of which one is in sync; acks=1 goes through."""
    partition.min_insync_replicas = 2
    partition.apply(partition.state._replace(replicas=(1, 2), isr=(1,)))

    assert code(lambda: append(partition)) == ErrorCode.NOT_ENOUGH_REPLICAS
    assert append(partition, acks=1).base_offset == 0


async def test_epochs_are_checked_before_leadership(autojump_clock, partition):
    """KIP-320: older than ours is fenced, newer is unknown, none at all is fine."""
    partition.apply(partition.state._replace(leader_epoch=3))

    partition.check_leader()
    partition.check_leader(3)
    assert code(lambda: partition.check_leader(2)) == ErrorCode.FENCED_LEADER_EPOCH
    assert code(lambda: partition.check_leader(4)) == ErrorCode.UNKNOWN_LEADER_EPOCH


async def test_who_does_not_lead_takes_nothing(autojump_clock, partition):
    """NOT_LEADER_OR_FOLLOWER for appends, reads and deletions."""
    partition.apply(partition.state._replace(leader=2, replicas=(1, 2), isr=(2,)))

    calls = [lambda: append(partition), partition.check_leader, lambda: partition.delete_records_before(0)]
    assert {code(call) for call in calls} == {ErrorCode.NOT_LEADER_OR_FOLLOWER}
