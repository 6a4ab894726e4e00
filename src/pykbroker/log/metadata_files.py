"""The small files beside logs: ``meta.properties``, ``partition.metadata``, ``.kafka_cleanshutdown``, directory names.

Encoding and decoding only; who writes them when is the log manager's business. Kafka: MetaProperties,
PartitionMetadataFile, CleanShutdownFileHandler, LocalLog's names of directories.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from pykbroker.log.files import DELETE_DIRECTORY_SUFFIX, FUTURE_DIRECTORY_SUFFIX, STRAY_DIRECTORY_SUFFIX
from pykbroker.names import TopicPartition, uuid_from_text, uuid_to_text

META_PROPERTIES: Final = "meta.properties"
CLEAN_SHUTDOWN: Final = ".kafka_cleanshutdown"
LOCK_FILE: Final = ".lock"

MAX_NAME_LENGTH: Final = 255
"""What file systems allow."""

_KNOWN_VERSION: Final = 1
_is_moved_aside = re.compile(r"(\S+)-(\d+)\.(\S+)(-delete|-future|-stray)").fullmatch
_is_partition = re.compile(r"(\S+)-(\d+)").fullmatch


class BadMetadataFile(ValueError):
    """The file is there and is not what it should be."""


class MetaProperties(NamedTuple):
    """Whose directory it is."""

    cluster_id: str
    node_id: int
    directory_id: bytes


def encode_meta_properties(meta: MetaProperties) -> bytes:
    """A ``meta.properties`` file of version 1, which is what Apache Kafka formats directories with."""
    lines = (
        "#",
        f"node.id={meta.node_id}",
        f"directory.id={uuid_to_text(meta.directory_id)}",
        f"version={_KNOWN_VERSION}",
        f"cluster.id={meta.cluster_id}",
    )
    return "".join(f"{line}\n" for line in lines).encode()


def decode_meta_properties(data: bytes) -> MetaProperties:
    """Read the file. A directory of before KIP-858 has no id of its own: sixteen zero bytes then."""
    values: dict[str, str] = {}
    for line in data.decode("latin-1").splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            values[name.strip()] = value.strip().replace("\\", "")
    try:
        if int(values["version"]) > _KNOWN_VERSION:
            raise BadMetadataFile(f"version {values['version']} is newer than this broker knows")
        node_id = int(values.get("node.id") or values["broker.id"])
        directory_id = uuid_from_text(values["directory.id"]) if "directory.id" in values else bytes(16)
        return MetaProperties(values["cluster.id"], node_id, directory_id)
    except KeyError as error:
        raise BadMetadataFile(f"{error.args[0]} is missing") from None
    except BadMetadataFile:
        raise
    except ValueError as error:
        raise BadMetadataFile(str(error)) from None


def encode_partition_metadata(topic_id: bytes) -> bytes:
    """A ``partition.metadata`` file."""
    return f"version: 0\ntopic_id: {uuid_to_text(topic_id)}".encode()


def decode_partition_metadata(data: bytes) -> bytes:
    """The topic's id in a ``partition.metadata`` file; raises BadMetadataFile."""
    lines = data.decode("ascii", "replace").split("\n")
    if len(lines) < 2 or lines[0] != "version: 0" or not lines[1].startswith("topic_id: "):
        raise BadMetadataFile("it is not a partition.metadata file of version 0")
    try:
        return uuid_from_text(lines[1].removeprefix("topic_id: ").strip())
    except ValueError as error:
        raise BadMetadataFile(str(error)) from None


def encode_clean_shutdown(broker_epoch: int) -> bytes:
    """The marker that says the directory was left in good order (KIP-966's contents)."""
    return b'{"version":0,"brokerEpoch":%d}' % broker_epoch


def directory_name(topic_partition: TopicPartition) -> str:
    """Where a partition's files are."""
    return f"{topic_partition.topic}-{topic_partition.partition}"


def aside_name(topic_partition: TopicPartition, unique: str, suffix: str) -> str:
    """A name for a directory that is not, or not yet, the partition's own; a long topic name is cut."""
    tail = f"-{topic_partition.partition}.{unique}{suffix}"
    return topic_partition.topic[: MAX_NAME_LENGTH - len(tail)] + tail


def parse_directory_name(name: str) -> tuple[TopicPartition, str] | None:
    """Whose directory it is, and the suffix that says what else it is ('' for a partition in use); None for others."""
    if name.endswith((DELETE_DIRECTORY_SUFFIX, FUTURE_DIRECTORY_SUFFIX, STRAY_DIRECTORY_SUFFIX)):
        aside = _is_moved_aside(name)
        if aside:
            return TopicPartition(aside[1], int(aside[2])), aside[4]
    found = _is_partition(name)
    return (TopicPartition(found[1], int(found[2])), "") if found else None
