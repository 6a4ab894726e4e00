"""The few requests the benchmark writes by hand, as whole frames, and where an answer has its error code.

They are made here, and not by pykbroker's own codecs, so that a measured broker never checks itself and the client's
cost is nothing: one frame is built once and sent a million times. Versions are those that today's clients choose.
"""

from __future__ import annotations

import struct
import time

CLIENT_ID = b"bench"
PRODUCE, FETCH, METADATA, OFFSET_COMMIT, FIND_COORDINATOR = 0, 1, 3, 8, 10
JOIN_GROUP, HEARTBEAT, SYNC_GROUP, API_VERSIONS, CREATE_TOPICS = 11, 12, 14, 18, 19
NO_TAGS = b"\0"
CORRELATION_ID = 7

int8 = struct.Struct(">b").pack
int16 = struct.Struct(">h").pack
int32 = struct.Struct(">i").pack
uint32 = struct.Struct(">I").pack
int64 = struct.Struct(">q").pack


def uvarint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes((number,))


def varint(number: int) -> bytes:
    return uvarint(number << 1 if number >= 0 else ~(number << 1))


def text(value: str) -> bytes:
    return int16(len(value)) + value.encode()


def compact(value: str) -> bytes:
    return uvarint(len(value) + 1) + value.encode()


def compact_bytes(value: bytes) -> bytes:
    return uvarint(len(value) + 1) + value


def frame(api_key: int, version: int, body: bytes, *, flexible: bool) -> bytes:
    header = int16(api_key) + int16(version) + int32(CORRELATION_ID) + int16(len(CLIENT_ID)) + CLIENT_ID
    whole = header + (NO_TAGS if flexible else b"") + body
    return int32(len(whole)) + whole


def api_versions() -> bytes:
    return frame(API_VERSIONS, 3, compact("bench") + compact("1") + NO_TAGS, flexible=True)


def metadata(topic: str) -> bytes:
    """Metadata v12 of one topic by name, without auto-creation or authorized operations."""
    topics = uvarint(2) + bytes(16) + compact(topic) + NO_TAGS
    return frame(METADATA, 12, topics + b"\0\0" + NO_TAGS, flexible=True)


def produce(topic: str, records: bytes, *, acks: int = 1, partition: int = 0) -> bytes:
    """Produce v9 to one partition, no transaction."""
    part = int32(partition) + compact_bytes(records) + NO_TAGS
    body = uvarint(0) + int16(acks) + int32(30_000)
    body += uvarint(2) + compact(topic) + uvarint(2) + part + NO_TAGS + NO_TAGS
    return frame(PRODUCE, 9, body, flexible=True)


def fetch(topic: str, *, offset: int = 0, partition: int = 0) -> bytes:
    """Fetch v12 of one partition, no session, one batch at most."""
    part = int32(partition) + int32(-1) + int64(offset) + int32(-1) + int64(-1) + int32(1) + NO_TAGS
    body = int32(-1) + int32(500) + int32(1) + int32(1 << 20) + int8(0) + int32(0) + int32(-1)
    body += uvarint(2) + compact(topic) + uvarint(2) + part + NO_TAGS
    return frame(FETCH, 12, body + uvarint(1) + compact("") + NO_TAGS, flexible=True)


def find_coordinator(group: str) -> bytes:
    return frame(FIND_COORDINATOR, 2, text(group) + int8(0), flexible=False)


def join_group(group: str) -> bytes:
    """JoinGroup v3: the last version that takes a member without an id at its first try."""
    body = text(group) + int32(60_000) + int32(60_000) + text("") + text("consumer")
    body += int32(1) + text("range") + int32(0)
    return frame(JOIN_GROUP, 3, body, flexible=False)


def sync_group(group: str, generation: int, member: str) -> bytes:
    body = text(group) + int32(generation) + text(member) + int32(1) + text(member) + int32(0)
    return frame(SYNC_GROUP, 2, body, flexible=False)


def heartbeat(group: str, generation: int, member: str) -> bytes:
    body = compact(group) + int32(generation) + compact(member) + uvarint(0) + NO_TAGS
    return frame(HEARTBEAT, 4, body, flexible=True)


def offset_commit(group: str, generation: int, member: str, topic: str) -> bytes:
    """OffsetCommit v8 of one partition."""
    part = int32(0) + int64(1) + int32(-1) + compact("") + NO_TAGS
    body = compact(group) + int32(generation) + compact(member) + uvarint(0)
    body += uvarint(2) + compact(topic) + uvarint(2) + part + NO_TAGS + NO_TAGS
    return frame(OFFSET_COMMIT, 8, body, flexible=True)


def create_topics(names: list[str], partitions: int) -> bytes:
    """CreateTopics v4 with one replica each."""
    topics = b"".join(text(name) + int32(partitions) + int16(1) + int32(0) + int32(0) for name in names)
    return frame(CREATE_TOPICS, 4, int32(len(names)) + topics + int32(60_000) + int8(0), flexible=False)


def one_record_batch(value: bytes) -> bytes:
    """A record batch (format 2) with one record, without key or headers, created now."""
    record = b"\0" + varint(0) + varint(0) + varint(-1) + varint(len(value)) + value + varint(0)
    record = varint(len(record)) + record
    now_ms = int(time.time() * 1000)
    checked = int16(0) + int32(0) + int64(now_ms) + int64(now_ms) + int64(-1) + int16(-1) + int32(-1)
    checked += int32(1) + record
    inner = int32(-1) + int8(2) + uint32(crc32c(checked)) + checked
    return int64(0) + int32(len(inner)) + inner


def crc32c(data: bytes) -> int:
    """Castagnoli's CRC, a bit at a time: it is asked for a few hundred bytes a run."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def error_code(api_key: int, answer: bytes, topic: str) -> int:
    """The error code of a one-topic answer to one of the frames above; `answer` starts at the correlation id."""
    after_topic = answer.find(compact(topic)) + len(compact(topic))
    position = {
        PRODUCE: after_topic + 1 + 4,
        FETCH: after_topic + 1 + 4,
        METADATA: answer.find(compact(topic)) - 2,
        OFFSET_COMMIT: after_topic + 1 + 4,
        HEARTBEAT: 4 + 1 + 4,
        API_VERSIONS: 4,
        CREATE_TOPICS: answer.find(text(topic)) + len(text(topic)),
        FIND_COORDINATOR: 4 + 4,
        JOIN_GROUP: 4 + 4,
        SYNC_GROUP: 4 + 4,
    }[api_key]
    return int.from_bytes(answer[position : position + 2], "big", signed=True)
