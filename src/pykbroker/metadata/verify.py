"""Checking the metadata log of a stopped data directory, and partitions' directories against what it says.

Lives here: ``verify_metadata``, findings like those of ``log.verify``.
Invariant: nothing is changed, and what is in a file never raises. What replays here replays in a broker: it is the same
``replay``, from the newest snapshot on.
Never: looks into batches that ``log.verify`` has checked already (checksums, offsets), except to read their records.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Final, NamedTuple

from pykbroker.errors import KafkaError
from pykbroker.log.files import LOG_SUFFIX, PARTITION_METADATA, Disk, join, offset_of_file
from pykbroker.log.metadata_files import (
    META_PROPERTIES,
    BadMetadataFile,
    decode_meta_properties,
    decode_partition_metadata,
    parse_directory_name,
)
from pykbroker.log.verify import Finding, Severity
from pykbroker.metadata.bootstrap import QUORUM_STATE_FILE, leader_epoch_of
from pykbroker.metadata.image import EMPTY_IMAGE, MetadataImage
from pykbroker.metadata.replay import Replayer
from pykbroker.metadata.snapshot import SNAPSHOT_FOOTER, parse_snapshot_name
from pykbroker.names import TopicPartition, uuid_to_text
from pykbroker.wire.batch_header import BatchHeader
from pykbroker.wire.messages.stored_metadata import METADATA_RECORDS
from pykbroker.wire.records import LOG_OVERHEAD, CorruptRecords, iterate_records, split_batches
from pykbroker.wire.schema import WireError
from pykbroker.wire.stored import decode_control_key, decode_metadata

METADATA_DIRECTORY: Final = "__cluster_metadata-0"
READ_BYTES: Final = 4 * 1024 * 1024
_UNREADABLE: Final = (CorruptRecords, WireError, KafkaError, LookupError)


class _Replay(NamedTuple):
    """Where replaying has come to."""

    image: MetadataImage
    next_offset: int


def verify_metadata(disk: Disk, paths: Sequence[str]) -> Iterator[Finding]:
    """The metadata log in one of the log directories ``paths``, and all partitions in them against its image."""
    home = next((path for path in paths if METADATA_DIRECTORY in disk.list_directories(path)), None)
    if home is None:
        what = "no metadata log is here: topics cannot be compared with it"
        yield Finding(Severity.NOTE, paths[0], what)
        return
    path = join(home, METADATA_DIRECTORY)
    yield from _verify_quorum_state(disk, join(path, QUORUM_STATE_FILE))
    begun = yield from _verify_snapshots(disk, path)
    image = yield from _verify_log(disk, path, begun)
    if image is not None:
        yield from _verify_partitions(disk, paths, image)


def _damage(path: str, what: str) -> Finding:
    return Finding(Severity.DAMAGE, path, what)


def _verify_quorum_state(disk: Disk, path: str) -> Iterator[Finding]:
    try:
        leader_epoch_of(disk.read_bytes(path))
    except FileNotFoundError:
        yield Finding(Severity.NOTE, path, "it is missing; the next start takes the log for that of a new cluster")
    except ValueError as error:
        yield _damage(path, str(error))


def _verify_snapshots(disk: Disk, path: str) -> Generator[Finding, None, _Replay]:
    """Every snapshot replays; the newest that does is where the log goes on."""
    newest = _Replay(EMPTY_IMAGE, 0)
    for name in sorted(disk.list_directory(path)):
        identity = parse_snapshot_name(name)
        if identity is None:
            continue
        file = join(path, name)
        replayer, ends = Replayer(EMPTY_IMAGE), False
        try:
            for data, position, header in _batches(disk, file):
                ends = header.is_control and _control_type(data, position, header) == SNAPSHOT_FOOTER
                _replay_batch(replayer, data, position, header)
        except _UNREADABLE as error:
            yield _damage(file, f"it does not replay: {_reason(error)}")
            continue
        if not ends:
            yield _damage(file, "it has no footer: its end is missing")
            continue
        newest = _Replay(replayer.finish(identity.end_offset - 1, identity.epoch).image, identity.end_offset)
    return newest


def _verify_log(disk: Disk, path: str, begun: _Replay) -> Generator[Finding, None, MetadataImage | None]:
    """Everything behind the snapshot replays; the image, unless it does not."""
    replayer, offset = Replayer(begun.image), begun.next_offset
    epoch = begun.image.epoch
    names = sorted(name for name in disk.list_directory(path) if name.endswith(LOG_SUFFIX))
    if names and (offset_of_file(names[0]) or 0) > offset:
        yield _damage(path, f"the log begins with {names[0]}, and no snapshot reaches as far")
        return None
    for name in names:
        try:
            for data, position, header in _batches(disk, join(path, name)):
                if header.last_offset < offset:
                    continue
                _replay_batch(replayer, data, position, header)
                offset, epoch = header.next_offset, header.partition_leader_epoch
        except _UNREADABLE as error:
            yield _damage(join(path, name), f"it does not replay from offset {offset} on: {_reason(error)}")
            return None
    return replayer.finish(offset - 1, epoch).image


def _reason(error: Exception) -> str:
    return f"something is named that does not exist: {error}" if isinstance(error, LookupError) else str(error)


def _batches(disk: Disk, path: str) -> Iterator[tuple[bytes, int, BatchHeader]]:
    """The whole batches of a file: data, where the batch begins in it, header. A torn end is left out."""
    position, size, wanted = 0, disk.size_of(path), READ_BYTES
    while position < size:
        data = disk.read_range(path, position, wanted)
        batches = split_batches(data, cut_off_tail=True)
        for at, header in batches:
            yield data, at, header
        if batches:
            at, header = batches[-1]
            position, wanted = position + at + header.size, READ_BYTES
            continue
        needed = int.from_bytes(data[8:LOG_OVERHEAD], "big", signed=True) + LOG_OVERHEAD
        if len(data) < LOG_OVERHEAD or needed <= len(data) or position + needed > size:
            return
        wanted = needed


def _control_type(data: bytes, position: int, header: BatchHeader) -> int:
    return max(decode_control_key(record.key or b"") for record in iterate_records(data, position, header))


def _replay_batch(replayer: Replayer, data: bytes, position: int, header: BatchHeader) -> None:
    if header.is_control:
        return
    for record in iterate_records(data, position, header):
        replayer.add(decode_metadata(METADATA_RECORDS, record.value or b"")[0])


# -- directories ------------------------------------------------------------------------------------------------------


def _verify_partitions(disk: Disk, paths: Sequence[str], image: MetadataImage) -> Iterator[Finding]:
    """Each directory is of a topic there is, and each replica that is to be here has a directory."""
    present: set[TopicPartition] = set()
    for path in paths:
        for name in sorted(disk.list_directories(path)):
            parsed = parse_directory_name(name)
            if parsed is None or parsed[1] or name == METADATA_DIRECTORY:
                continue
            present.add(parsed[0])
            yield from _verify_partition(disk, join(path, name), parsed[0], image)
    node_id = _node_id(disk, paths)
    for topic in image.topics.values():
        for partition in topic.partitions:
            here = TopicPartition(topic.name, partition.partition_id)
            if node_id in partition.replicas and here not in present:
                what = f"{topic.name}-{partition.partition_id} has no directory; the next start makes an empty one"
                yield Finding(Severity.NOTE, paths[0], what)


def _verify_partition(disk: Disk, path: str, whose: TopicPartition, image: MetadataImage) -> Iterator[Finding]:
    topic = image.topics.get(whose.topic)
    if topic is None or image.partition(*whose) is None:
        yield Finding(Severity.NOTE, path, "the metadata know no such partition: the next start puts it aside")
        return
    try:
        topic_id = decode_partition_metadata(disk.read_bytes(join(path, PARTITION_METADATA)))
    except (FileNotFoundError, BadMetadataFile):
        return  # told by log.verify
    if topic_id != topic.topic_id:
        ids = f"{uuid_to_text(topic_id)}, the metadata say {uuid_to_text(topic.topic_id)}"
        yield _damage(join(path, PARTITION_METADATA), f"the topic's id is {ids}: this is another topic of that name")


def _node_id(disk: Disk, paths: Sequence[str]) -> int | None:
    try:
        return decode_meta_properties(disk.read_bytes(join(paths[0], META_PROPERTIES))).node_id
    except (FileNotFoundError, BadMetadataFile):
        return None
