"""Fetching a topic's records in turn from its partitions, without a group."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from pykbroker.cli.client import ClientError, check
from pykbroker.cli.offsets import EARLIEST, LATEST, offsets_at
from pykbroker.errors import ErrorCode
from pykbroker.wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from pykbroker.wire.records import Record, iterate_records, magic_at, split_batches

if TYPE_CHECKING:
    from pykbroker.cli.client import Cluster
    from pykbroker.wire.messages.fetch import PartitionData
    from pykbroker.wire.messages.metadata import MetadataResponseTopic

MAX_BYTES = 4 * 1024 * 1024
WAIT_MS = 500


def records_of(
    cluster: Cluster, topic: str, partitions: Collection[int], start: str, follow: bool, read_committed: bool
) -> Iterator[tuple[int, Record]]:
    """(partition, record), each partition in order, from ``start`` to the end there is now, or for ever."""
    found = cluster.topic(topic)
    leaders = {each.partition_index: each.leader_id for each in found.partitions}
    chosen = sorted(partitions or leaders)
    for partition in chosen:
        if partition not in leaders:
            raise ClientError(f"{topic} has {len(leaders)} partitions, numbered from 0")
    positions = _starting_positions(cluster, found, start)
    ends = offsets_at(cluster, found, LATEST)
    waiting = [partition for partition in chosen if follow or positions[partition] < ends[partition]]
    while waiting:
        for partition in tuple(waiting):
            answer = _fetch(cluster, leaders[partition], topic, partition, positions[partition], follow, read_committed)
            position = positions[partition]
            for record in _records(answer, position, read_committed):
                yield partition, record
            positions[partition] = _next_position(answer, position)
            at_end = positions[partition] >= ends[partition] or positions[partition] == position
            if at_end and not follow:
                waiting.remove(partition)


def _starting_positions(cluster: Cluster, topic: MetadataResponseTopic, start: str) -> dict[int, int]:
    if start in ("earliest", "latest"):
        return offsets_at(cluster, topic, EARLIEST if start == "earliest" else LATEST)
    ends = offsets_at(cluster, topic, LATEST)
    try:
        if start.startswith("@"):
            at_time = offsets_at(cluster, topic, int(start[1:]))
            return {partition: ends[partition] if offset < 0 else offset for partition, offset in at_time.items()}
        number = int(start)
    except ValueError:
        raise ClientError(f"{start!r} is not earliest, latest, a number or @MILLISECONDS") from None
    if number >= 0:
        return dict.fromkeys(ends, number)
    first = offsets_at(cluster, topic, EARLIEST)
    return {partition: max(first[partition], end + number) for partition, end in ends.items()}


def _fetch(
    cluster: Cluster, leader: int, topic: str, partition: int, offset: int, follow: bool, read_committed: bool
) -> PartitionData:
    request = FetchRequest(
        replica_id=-1,
        max_wait_ms=WAIT_MS if follow else 0,
        min_bytes=1,
        max_bytes=MAX_BYTES,
        isolation_level=int(read_committed),
        topics=[
            FetchTopic(
                topic=topic,
                partitions=[FetchPartition(partition=partition, fetch_offset=offset, partition_max_bytes=MAX_BYTES)],
            )
        ],
    )

    def ask() -> PartitionData:
        answer = cluster.call_node(leader, request)
        check(answer.error_code)
        data = answer.responses[0].partitions[0]
        check(data.error_code, about=f"{topic}-{partition} at {offset}")
        return data

    return cluster.until_it_passes(ask, lambda error: error.code == ErrorCode.OFFSET_OUT_OF_RANGE)


def _records(answer: PartitionData, position: int, read_committed: bool) -> Iterator[Record]:
    """The users' records from ``position`` on; those of aborted transactions left out if asked."""
    data = answer.records or b""
    if len(data) and magic_at(data) < 2:
        raise ClientError("the broker keeps records in a format from before Apache Kafka 0.11")
    aborted = sorted(answer.aborted_transactions or (), key=lambda each: each.first_offset)
    aborting: set[int] = set()
    for at, header in split_batches(data, cut_off_tail=True):
        while aborted and aborted[0].first_offset <= header.last_offset:
            aborting.add(aborted.pop(0).producer_id)
        if header.is_control:
            aborting.discard(header.producer_id)  # its marker ends the transaction
            continue
        if read_committed and header.is_transactional and header.producer_id in aborting:
            continue
        for record in iterate_records(data, at, header):
            if record.offset >= position:
                yield record


def _next_position(answer: PartitionData, position: int) -> int:
    """Behind the last whole batch, whatever was in it."""
    batches = split_batches(answer.records or b"", cut_off_tail=True)
    return max(position, batches[-1][1].next_offset) if batches else position
