"""ElectLeaders and partition reassignments on a cluster of one; answers as Apache Kafka gives them."""

from __future__ import annotations

import pytest
from asking import create

from pykbroker.errors import ErrorCode
from pykbroker.wire.messages.topics import (
    AlterPartitionReassignmentsRequest,
    ElectLeadersRequest,
    ListPartitionReassignmentsRequest,
    ReassignablePartition,
    ReassignableTopic,
    TopicPartitions,
)


@pytest.mark.parametrize("version", range(3))
async def test_the_preferred_leader_leads_already(autojump_clock, client, version):
    """ELECTION_NOT_NEEDED for what exists, UNKNOWN_TOPIC_OR_PARTITION for what does not."""
    await create(client)
    asked = [TopicPartitions(topic="t", partitions=[0, 7])]

    answer = await client.ask(ElectLeadersRequest(topic_partitions=asked), version)

    codes = {each.partition_id: each.error_code for each in answer.replica_election_results[0].partition_result}
    assert answer.error_code == 0
    assert codes == {0: ErrorCode.ELECTION_NOT_NEEDED, 7: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}


async def reassign(client, replicas, partition: int = 0) -> ErrorCode:
    entry = ReassignablePartition(partition_index=partition, replicas=replicas)
    topics = [ReassignableTopic(name="t", partitions=[entry])]
    answer = await client.ask(AlterPartitionReassignmentsRequest(topics=topics))
    assert answer.error_code == 0
    return ErrorCode(answer.responses[0].partitions[0].error_code)


@pytest.mark.parametrize(
    ("replicas", "partition", "expected"),
    [
        ([1], 0, ErrorCode.NONE),
        ([1, 77], 0, ErrorCode.INVALID_REPLICA_ASSIGNMENT),
        ([], 0, ErrorCode.INVALID_REPLICA_ASSIGNMENT),
        ([1], 9, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
        (None, 0, ErrorCode.NO_REASSIGNMENT_IN_PROGRESS),
    ],
)
async def test_replicas_can_only_be_where_brokers_are(autojump_clock, client, replicas, partition, expected):
    """A reassignment to the one broker there is completes at once; nothing is under way afterwards."""
    await create(client)

    assert await reassign(client, replicas, partition) == expected
    assert list((await client.ask(ListPartitionReassignmentsRequest(topics=None))).topics) == []
