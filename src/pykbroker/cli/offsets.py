"""Offsets of a topic's partitions, as the commands need them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pykbroker.cli.client import check
from pykbroker.wire.messages.list_offsets import ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic

if TYPE_CHECKING:
    from pykbroker.cli.client import Cluster
    from pykbroker.wire.messages.metadata import MetadataResponseTopic

LATEST, EARLIEST = -1, -2
"""Special timestamps of ListOffsets."""


def offsets_at(cluster: Cluster, topic: MetadataResponseTopic, timestamp: int) -> dict[int, int]:
    """The offset of the first record at or after ``timestamp`` in every partition; -1 where there is none."""
    name = topic.name or ""
    by_leader: dict[int, list[int]] = defaultdict(list)
    for partition in topic.partitions:
        by_leader[partition.leader_id].append(partition.partition_index)
    found = {}
    for leader, indexes in by_leader.items():
        wanted = [ListOffsetsPartition(partition_index=index, timestamp=timestamp) for index in indexes]
        request = ListOffsetsRequest(replica_id=-1, topics=[ListOffsetsTopic(name=name, partitions=wanted)])
        (answer,) = cluster.call_node(leader, request).topics
        for each in answer.partitions:
            check(each.error_code, about=f"{name}-{each.partition_index}")
            old_style = each.old_style_offsets
            found[each.partition_index] = old_style[0] if old_style else each.offset
    return found
