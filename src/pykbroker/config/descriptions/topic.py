"""Words for ``config.topic``."""

from typing import Final

TEXT: Final = """
cleanup.policy
    What happens to old records: delete them by time and size, compact to the last record per key, or both.
compression.gzip.level
    How hard gzip compresses where compression.type is gzip; -1 is gzip's own choice.
compression.lz4.level
    How hard lz4 compresses where compression.type is lz4.
compression.type
    How the topic is stored compressed: a codec, uncompressed, or producer to keep what the producer chose.
compression.zstd.level
    How hard zstd compresses where compression.type is zstd.
delete.retention.ms
    How long tombstones are kept when the topic is compacted, so that slow readers still learn of deletions.
file.delete.delay.ms
    How long a deleted segment's files stay for those who are still reading.
flush.messages
    Force records to the disk after so many of them in a partition.
flush.ms
    Force records to the disk when they are this old.
follower.replication.throttled.replicas
    Whose following is throttled: partition:broker pairs, or * for all.
index.interval.bytes
    How many bytes of records lie between two entries of the offset index.
internal.segment.bytes
    segment.bytes without its lower limit, for tests.
leader.replication.throttled.replicas
    Whose leading is throttled: partition:broker pairs, or * for all.
local.retention.bytes
    In tiered storage: how much of a partition stays on the local disk; -2 means as retention.bytes.
local.retention.ms
    In tiered storage: how long records stay on the local disk; -2 means as retention.ms.
max.compaction.lag.ms
    How long a record may at most stay uncompacted.
max.message.bytes
    The largest record batch that is accepted, as it comes (compressed, if it is).
message.timestamp.after.max.ms
    How far a record's timestamp may lie ahead of the broker's clock.
message.timestamp.before.max.ms
    How far a record's timestamp may lie behind the broker's clock.
message.timestamp.type
    Whose time a record carries: the producer's (CreateTime) or the broker's when it was appended (LogAppendTime).
min.cleanable.dirty.ratio
    The part of a log that must be uncompacted before compacting it is worth while.
min.compaction.lag.ms
    How long a record stays uncompacted at least.
min.insync.replicas
    How many replicas must be in sync for a write with acks=all to be accepted.
preallocate
    Reserve a segment's whole size when it is created.
remote.log.copy.disable
    In tiered storage: stop copying; what is stored there stays readable.
remote.log.delete.on.disable
    In tiered storage: delete what is stored there when remote.storage.enable is switched off.
remote.storage.enable
    Keep old segments in tiered storage.
retention.bytes
    How large a partition may become before its oldest segments go; -1 means no limit.
retention.ms
    How long records are kept; -1 means for ever.
segment.bytes
    How large a segment becomes before a new one is begun.
segment.index.bytes
    How large an index of a segment may become.
segment.jitter.ms
    By how much less than segment.ms at random, so that not all segments roll at once.
segment.ms
    How old a segment becomes before a new one is begun.
unclean.leader.election.enable
    Let a replica that is not in sync lead when no other is left, at the price of lost records.
"""
