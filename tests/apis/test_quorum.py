"""DescribeQuorum and UpdateFeatures through a whole broker."""

from __future__ import annotations

import pytest
from asking import create

from pykbroker.errors import ErrorCode
from pykbroker.wire.messages.brokers import FeatureUpdateKey, UpdateFeaturesRequest
from pykbroker.wire.messages.quorum import (
    DescribeQuorumRequest,
    DescribeQuorumRequestPartitionData,
    DescribeQuorumRequestTopicData,
)


def about(topic: str, *partitions: int) -> DescribeQuorumRequest:
    entries = [DescribeQuorumRequestPartitionData(partition_index=index) for index in partitions]
    return DescribeQuorumRequest(topics=[DescribeQuorumRequestTopicData(topic_name=topic, partitions=entries)])


@pytest.mark.parametrize("version", range(3))
async def test_a_quorum_of_one(autojump_clock, client, version):
    """The one voter leads and has everything; since v2 it has an address."""
    before = (await client.ask(about("__cluster_metadata", 0), version)).topics[0].partitions[0]
    await create(client)

    answer = await client.ask(about("__cluster_metadata", 0), version)

    partition = answer.topics[0].partitions[0]
    (voter,) = partition.current_voters
    assert (answer.error_code, partition.error_code, voter.replica_id) == (0, 0, partition.leader_id)
    assert voter.log_end_offset == partition.high_watermark > before.high_watermark
    assert len(answer.nodes) == (1 if version >= 2 else 0)


@pytest.mark.parametrize("asked", [("t", 0), ("__cluster_metadata", 1), ("__cluster_metadata", 0, 1)])
async def test_only_the_metadata_partition_has_a_quorum(autojump_clock, client, asked):
    """UNKNOWN_TOPIC_OR_PARTITION for anything else, even beside the right one."""
    answer = await client.ask(about(*asked))

    codes = {part.error_code for topic in answer.topics for part in topic.partitions}
    assert codes == {ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}


@pytest.mark.parametrize("version", range(3))
async def test_a_feature_nobody_knows_cannot_be_raised(autojump_clock, client, version):
    """An error, per feature before v2, for the whole since."""
    update = FeatureUpdateKey(feature="no.such.feature", max_version_level=3, upgrade_type=1)

    answer = await client.ask(UpdateFeaturesRequest(feature_updates=[update]), version)

    assert answer.error_code or answer.results[0].error_code
