"""Words for ``config.broker_log``."""

from typing import Final

TEXT: Final = """
auto.create.topics.enable
    Create a topic when a client asks for one that does not exist.
compression.gzip.level
    How hard gzip compresses where compression.type is gzip; -1 is gzip's own choice.
compression.lz4.level
    How hard lz4 compresses where compression.type is lz4.
compression.type
    How topics are stored compressed: a codec, uncompressed, or producer to keep what the producer chose.
compression.zstd.level
    How hard zstd compresses where compression.type is zstd.
cordoned.log.dirs
    Log directories that get no new replicas; * stands for all.
create.topic.policy.class.name
    A class that may refuse the creation of topics. Accepted, not used.
default.replication.factor
    How many replicas a topic gets when nobody says.
delete.topic.enable
    Allow topics to be deleted.
log.cleaner.backoff.ms
    How long the cleaner rests when there is nothing to compact.
log.cleaner.dedupe.buffer.size
    Memory that all cleaner threads together may use to find the last record of each key.
log.cleaner.delete.retention.ms
    How long a compacted topic keeps tombstones, so that slow readers still learn of deletions.
log.cleaner.enable
    Run the cleaner. Compacted topics grow for ever without it.
log.cleaner.io.buffer.load.factor
    How full the cleaner's table of keys may become. Fuller means more keys at once and more collisions.
log.cleaner.io.buffer.size
    Memory that all cleaner threads together may use for reading and writing.
log.cleaner.io.max.bytes.per.second
    How fast the cleaner may read and write, both counted.
log.cleaner.max.compaction.lag.ms
    How long a record may at most stay uncompacted in a compacted topic.
log.cleaner.min.cleanable.ratio
    The part of a log that must be uncompacted before compacting it is worth while.
log.cleaner.min.compaction.lag.ms
    How long a record stays uncompacted at least.
log.cleaner.threads
    How many threads compact logs. Here, compaction runs in slices between requests.
log.cleanup.policy
    What happens to old records: delete them by time and size, compact to the last record per key, or both.
log.dir
    The directory for logs when log.dirs is not set.
log.dir.failure.timeout.ms
    How long the broker tries to tell the controller that a log directory has failed before it gives up and ends.
log.dirs
    The directories for logs.
log.flush.interval.messages
    Force records to the disk after so many of them in a partition.
log.flush.interval.ms
    Force records to the disk when they are this old; unset, log.flush.scheduler.interval.ms counts.
log.flush.offset.checkpoint.interval.ms
    How often it is written down up to where logs need no recovery.
log.flush.scheduler.interval.ms
    How often it is checked whether a log has records to be forced to the disk.
log.flush.start.offset.checkpoint.interval.ms
    How often the first offset of each log is written down.
log.index.interval.bytes
    How many bytes of records lie between two entries of the offset index.
log.index.size.max.bytes
    How large an index of a segment may become.
log.initial.task.delay.ms
    How long after the start the first retention, flush and checkpoint passes run.
log.local.retention.bytes
    In tiered storage: how much of a partition stays on the local disk; -2 means as log.retention.bytes.
log.local.retention.ms
    In tiered storage: how long records stay on the local disk; -2 means as log.retention.ms.
log.message.timestamp.after.max.ms
    How far a record's timestamp may lie ahead of the broker's clock.
log.message.timestamp.before.max.ms
    How far a record's timestamp may lie behind the broker's clock.
log.message.timestamp.type
    Whose time a record carries: the producer's (CreateTime) or the broker's when it was appended (LogAppendTime).
log.preallocate
    Reserve a segment's whole size when it is created.
log.retention.bytes
    How large a partition may become before its oldest segments go; -1 means no limit.
log.retention.check.interval.ms
    How often logs are checked for segments that are due.
log.retention.hours
    How long records are kept, unless log.retention.minutes or log.retention.ms says.
log.retention.minutes
    How long records are kept, unless log.retention.ms says.
log.retention.ms
    How long records are kept; -1 means for ever.
log.roll.hours
    How old a segment becomes before a new one is begun, unless log.roll.ms says.
log.roll.jitter.hours
    By how much less at random, unless log.roll.jitter.ms says, so that not all segments roll at once.
log.roll.jitter.ms
    By how much less than log.roll.ms at random, so that not all segments roll at once.
log.roll.ms
    How old a segment becomes before a new one is begun.
log.segment.bytes
    How large a segment becomes before a new one is begun.
log.segment.delete.delay.ms
    How long a deleted segment's files stay for those who are still reading.
message.max.bytes
    The largest record batch that is accepted, as it comes (compressed, if it is).
min.insync.replicas
    How many replicas must be in sync for a write with acks=all to be accepted.
num.partitions
    How many partitions a topic gets when nobody says.
num.recovery.threads.per.data.dir
    How many threads per log directory recover logs at the start and flush them at the end.
num.replica.alter.log.dirs.threads
    How many threads move replicas between log directories; unset, one for each directory.
unclean.leader.election.enable
    Let a replica that is not in sync lead when no other is left, at the price of lost records.
unclean.leader.election.interval.ms
    How often partitions are looked for that could get a leader that way.
"""
