"""Checking what several files of stopped log directories say about one another, beyond single partitions.

The directories are one broker's; each partition is in one of them; what the recovery checkpoint speaks of is there.
Findings are those of ``log.verify``, which checks each directory by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pykbroker.log.checkpoints import RECOVERY_POINT, CorruptCheckpoint, decode_offsets
from pykbroker.log.files import Disk, join
from pykbroker.log.metadata_files import (
    CLEAN_SHUTDOWN,
    META_PROPERTIES,
    BadMetadataFile,
    MetaProperties,
    decode_meta_properties,
    directory_name,
    parse_directory_name,
)
from pykbroker.log.verify import Finding, Severity
from pykbroker.names import TopicPartition


def verify_together(disk: Disk, paths: Sequence[str]) -> Iterator[Finding]:
    """What does not fit together in the log directories ``paths`` of one broker."""
    yield from _verify_owners(disk, paths)
    homes: dict[TopicPartition, str] = {}
    for path in paths:
        present = [parsed[0] for name in sorted(disk.list_directories(path)) if (parsed := _in_use(name))]
        for partition in present:
            other = homes.setdefault(partition, path)
            if other != path:
                yield Finding(Severity.DAMAGE, join(path, directory_name(partition)), f"it is in {other}, too")
        yield from _verify_checkpoint(disk, path, set(present))


def _in_use(name: str) -> tuple[TopicPartition, str] | None:
    parsed = parse_directory_name(name)
    return parsed if parsed is not None and not parsed[1] else None


def _verify_owners(disk: Disk, paths: Sequence[str]) -> Iterator[Finding]:
    first: tuple[str, MetaProperties] | None = None
    ids: dict[bytes, str] = {}
    for path in paths:
        file = join(path, META_PROPERTIES)
        try:
            meta = decode_meta_properties(disk.read_bytes(file))
        except (FileNotFoundError, BadMetadataFile):
            continue  # told by log.verify
        first = first or (file, meta)
        if (meta.cluster_id, meta.node_id) != first[1][:2]:
            what = f"it is node {meta.node_id}'s of cluster {meta.cluster_id}, {first[0]} is"
            yield Finding(Severity.DAMAGE, file, f"{what} node {first[1].node_id}'s of cluster {first[1].cluster_id}")
        if any(meta.directory_id) and ids.setdefault(meta.directory_id, file) != file:
            yield Finding(Severity.DAMAGE, file, f"it has the same directory.id as {ids[meta.directory_id]}")


def _verify_checkpoint(disk: Disk, path: str, present: set[TopicPartition]) -> Iterator[Finding]:
    """Partitions that had records on the disk and have no directory: lost, or deleted just before a crash."""
    try:
        points = decode_offsets(disk.read_bytes(join(path, RECOVERY_POINT)))
    except (FileNotFoundError, CorruptCheckpoint):
        return
    severity = Severity.DAMAGE if disk.exists(join(path, CLEAN_SHUTDOWN)) else Severity.NOTE
    for partition in sorted(points.keys() - present):
        if points[partition]:
            what = f"records of {directory_name(partition)} up to {points[partition]} were on the disk: it is not there"
            yield Finding(severity, join(path, RECOVERY_POINT), what)
