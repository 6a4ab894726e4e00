"""Names: which are legal for topics and groups, which are Kafka's own, and how an id is written as text.

A topic id, directory id or incarnation id is ``bytes`` of length 16 everywhere; text is only for people and files.
Nothing here looks at the cluster: whether a name is taken is somebody else's question.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from pykbroker.errors import ErrorCode, KafkaError

INTERNAL_TOPICS = frozenset({"__consumer_offsets", "__transaction_state", "__share_group_state"})
METADATA_TOPIC = "__cluster_metadata"
MAX_TOPIC_NAME_LENGTH = 249  # with "-" and a partition number it still fits a file name of 255 bytes

ZERO_UUID = bytes(16)
ONE_UUID = bytes(15) + b"\x01"  # the id of __cluster_metadata
UUID_SIZE = 16

_is_legal_topic_name = re.compile(r"[a-zA-Z0-9._-]+").fullmatch


class TopicPartition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}"


class RandomBytes(Protocol):
    """The part of ``random.Random`` that ids need."""

    def randbytes(self, n: int, /) -> bytes: ...


def validate_topic_name(name: str) -> None:
    """Raise INVALID_TOPIC_EXCEPTION unless a topic may be called ``name`` (Kafka's ``Topic.validate``)."""
    complaint = topic_name_complaint(name)
    if complaint is not None:
        raise KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, f"Topic name {_shortened(name)!r} {complaint}")


def topic_name_complaint(name: str) -> str | None:
    """What is wrong with a topic's name, as the end of a sentence; None when it is legal."""
    if not name:
        return "is illegal: it cannot be empty"
    if name in (".", ".."):
        return "is illegal: it cannot be '.' or '..'"
    if len(name) > MAX_TOPIC_NAME_LENGTH:
        return f"is illegal: it is longer than {MAX_TOPIC_NAME_LENGTH} characters"
    if not _is_legal_topic_name(name):
        return "is illegal: only letters, digits, '.', '_' and '-' of ASCII are allowed"
    return None


def collision_key(name: str) -> str:
    """Two topics collide when their keys are equal: metric names do not tell '.' from '_'."""
    return name.replace(".", "_") if "." in name else name


def collides(name: str, existing: Iterable[str]) -> str | None:
    """The first of ``existing`` that differs from ``name`` only in '.' and '_', or None.

    A topic does not collide with itself. To ask this of many topics keep a dictionary by ``collision_key``.
    """
    if "." not in name and "_" not in name:
        return None
    key = collision_key(name)
    for other in existing:
        if collision_key(other) == key and other != name:
            return other
    return None


def is_internal_topic(name: str) -> bool:
    """Whether the broker itself keeps state in this topic (Kafka's ``Topic.isInternal``)."""
    return name in INTERNAL_TOPICS


def is_valid_group_id(group_id: str | None, *, may_be_empty: bool = False) -> bool:
    """Whether a group may be called so.

    Only old offset commits may use the empty id; everything else about a group wants a name
    (``GroupCoordinatorService.isGroupIdNotEmpty``).
    """
    return group_id is not None and (may_be_empty or group_id != "")


def validate_group_id(group_id: str | None, *, may_be_empty: bool = False) -> None:
    """Raise INVALID_GROUP_ID unless the group id can be used."""
    if not is_valid_group_id(group_id, may_be_empty=may_be_empty):
        raise KafkaError(ErrorCode.INVALID_GROUP_ID, "The group id must not be empty.")


def new_uuid(random: RandomBytes) -> bytes:
    """A fresh id: a version 4 UUID whose text does not begin with '-' (Kafka's ``Uuid.randomUuid``).

    Command lines would take an id that begins with a dash for an option. The reserved ids cannot come up, because
    their version digits are not those of a random UUID.
    """
    while True:
        raw = bytearray(random.randbytes(UUID_SIZE))
        raw[6] = raw[6] & 0x0F | 0x40  # RFC 4122: version 4
        raw[8] = raw[8] & 0x3F | 0x80  # RFC 4122: variant 1
        if raw[0] >> 2 != 0x3E:  # 62 is '-' in URL-safe base64
            return bytes(raw)


def uuid_to_text(uuid: bytes) -> str:
    """The 22 characters of URL-safe base64 that Kafka's tools and files show."""
    assert len(uuid) == UUID_SIZE
    return binascii.b2a_base64(uuid, newline=False)[:22].decode().translate(_TO_URL_SAFE)


def uuid_from_text(text: str) -> bytes:
    """The id behind its text; ValueError when it is not one."""
    if len(text) > 24:
        raise ValueError(f"{_shortened(text)!r} is longer than an id is")
    try:
        raw = binascii.a2b_base64(text.translate(_FROM_URL_SAFE).rstrip("=") + "==", strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"{text!r} is not an id: {error}") from None
    if len(raw) != UUID_SIZE:
        raise ValueError(f"{text!r} is {len(raw)} bytes of an id, not {UUID_SIZE}")
    return raw


_TO_URL_SAFE = str.maketrans("+/", "-_")
_FROM_URL_SAFE = str.maketrans("-_", "+/")


def _shortened(name: str) -> str:
    """Enough of a client's string for a log line or an answer."""
    return name if len(name) <= 260 else name[:257] + "..."
