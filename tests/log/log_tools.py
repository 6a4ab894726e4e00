"""What the tests of the log share: a log on a disk, batches for it, and how to read everything back."""

from pykbroker.log.config import LogConfig
from pykbroker.log.directory import LogDirectory
from pykbroker.log.log import AppendOrigin, Log
from pykbroker.memory_disk import MemoryDisk
from pykbroker.names import TopicPartition
from pykbroker.wire.records import RecordBatchBuilder, end_transaction_marker, iterate_records, split_batches

NOW = 1_700_000_000_000
TP = TopicPartition("orders", 0)
TOPIC_ID = bytes(range(16))
PATH = "data/orders-0"


def batch(*values, timestamp=NOW, key=None, **options):
    """A batch with one record per value."""
    builder = RecordBatchBuilder(**options)
    for value in values or (b"v",):
        builder.append(timestamp, key, value)
    return builder.build()


def new_log(disk=None, **config):
    """An empty log, in memory unless a disk is given."""
    disk = disk or MemoryDisk()
    disk.make_directory(PATH)
    return Log.create(LogDirectory(disk, "data"), PATH, TP, TOPIC_ID, LogConfig(**config))


def reopen(log_or_disk, *, is_clean=False, recovery_point=0, log_start_offset=0, now_ms=NOW, config=None):
    """The log as a restarted broker opens it, and the report of its recovery."""
    is_log = isinstance(log_or_disk, Log)
    disk = log_or_disk.directory.disk if is_log else log_or_disk
    return Log.open(
        LogDirectory(disk, "data"),
        PATH,
        TP,
        TOPIC_ID,
        config or (log_or_disk.config if is_log else LogConfig()),
        now_ms,
        is_clean=is_clean,
        recovery_point=recovery_point,
        log_start_offset=log_start_offset,
        high_watermark=2**62,
    )


def append(log, data, now_ms=NOW, leader_epoch=0, origin=AppendOrigin.CLIENT):
    """Append and commit at once, as a leader alone does."""
    info = log.append_as_leader(data, leader_epoch=leader_epoch, origin=origin, now_ms=now_ms)
    log.high_watermark = log.log_end_offset
    return info


def append_marker(log, producer_id, *, commit, producer_epoch=0, leader_epoch=0):
    """End a producer's transaction."""
    marker = end_transaction_marker(producer_id, producer_epoch, commit=commit, coordinator_epoch=0, timestamp_ms=NOW)
    return append(log, marker, origin=AppendOrigin.COORDINATOR, leader_epoch=leader_epoch)


def read_all(log, up_to_offset=None, max_bytes=1 << 20):
    """(offset, value) of every record, read the way consumers do."""
    end = log.log_end_offset if up_to_offset is None else up_to_offset
    found = []
    offset = log.log_start_offset
    while offset < end:
        data = log.read(offset, max_bytes, end).records.read()
        batches = split_batches(data, cut_off_tail=True)
        if not batches:
            break
        for position, header in batches:
            records = iterate_records(data, position, header)
            found += [(each.offset, each.value) for each in records if each.offset >= offset]
            last = header.next_offset
        offset = last
    return found


def names(log_or_disk, path=PATH):
    """The names of a log's files."""
    disk = log_or_disk.directory.disk if isinstance(log_or_disk, Log) else log_or_disk
    return sorted(disk.list_directory(path))
