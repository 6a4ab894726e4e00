"""Kafka's checkpoint files: a version line, a count line, then one line per entry.

Offsets per partition (`recovery-point-offset-checkpoint` and its kin) are lines of topic, partition and offset.
A file that is not exactly so is `CorruptCheckpoint`: whoever reads it falls back to the safe side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from pykbroker.names import TopicPartition

RECOVERY_POINT: Final = "recovery-point-offset-checkpoint"
HIGH_WATERMARK: Final = "replication-offset-checkpoint"
LOG_START_OFFSET: Final = "log-start-offset-checkpoint"
CLEANER_OFFSET: Final = "cleaner-offset-checkpoint"

OFFSET_CHECKPOINTS: Final = (RECOVERY_POINT, HIGH_WATERMARK, LOG_START_OFFSET, CLEANER_OFFSET)

_VERSION: Final = 0


class CorruptCheckpoint(Exception):
    """The file is not a checkpoint of the version we know."""


def encode_lines(lines: Iterable[str]) -> bytes:
    """A checkpoint file of these entries."""
    entries = list(lines)
    return "".join(f"{line}\n" for line in (str(_VERSION), str(len(entries)), *entries)).encode()


def decode_lines(data: bytes) -> list[str]:
    """The entries of a checkpoint file; an empty file has none, as Kafka creates it."""
    try:
        lines = data.decode().splitlines()
        version = int(lines[0]) if lines else _VERSION
        count = int(lines[1]) if len(lines) > 1 else 0
    except ValueError:
        raise CorruptCheckpoint("a checkpoint starts with two numbers") from None
    if version != _VERSION:
        raise CorruptCheckpoint(f"checkpoint version {version} is unknown")
    entries = lines[2:]
    if len(entries) != count:
        raise CorruptCheckpoint(f"{count} entries are announced, {len(entries)} are there")
    return entries


def encode_offsets(offsets: Mapping[TopicPartition, int]) -> bytes:
    """A checkpoint file of one offset per partition."""
    return encode_lines(f"{topic} {partition} {offset}" for (topic, partition), offset in offsets.items())


def decode_offsets(data: bytes) -> dict[TopicPartition, int]:
    """The offset of each partition in a checkpoint file."""
    offsets: dict[TopicPartition, int] = {}
    for line in decode_lines(data):
        try:
            topic, partition, offset = line.split()
            offsets[TopicPartition(topic, int(partition))] = int(offset)
        except ValueError:
            raise CorruptCheckpoint(f"{line!r} is not a topic, a partition and an offset") from None
    return offsets
