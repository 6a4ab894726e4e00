"""Moving replicas between log directories (AlterReplicaLogDirs), while they are being written to and read.

The replica is copied to a directory whose name ends in ``-future``, a stretch at a time, the way a follower would.
When the copy has all that the log has, and as much of it on the disk, the two change places in one plain function.

The invariant: at every moment one directory holds the whole log. Between the two renames of the exchange both do; the
marker file in the new one tells a start after a crash which of them to keep. Kafka: ReplicaAlterLogDirsThread and
LogManager.replaceCurrentWithFutureLog, which leaves that decision to the operator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.directory import LogDirectory
from pykbroker.log.files import (
    DELETE_DIRECTORY_SUFFIX,
    FUTURE_DIRECTORY_SUFFIX,
    PARTITION_METADATA,
    join,
)
from pykbroker.log.flushing import Job, run_here
from pykbroker.log.log import Log
from pykbroker.log.metadata_files import aside_name, directory_name, encode_partition_metadata
from pykbroker.names import TopicPartition

if TYPE_CHECKING:
    from pykbroker.log.log_manager import LogManager

COPY_BYTES: Final = 1024 * 1024
"""How much is copied between two yields: about a millisecond."""

MOVED_MARKER: Final = "moved-here"
"""A file in a directory that is taking the place of another one."""


class ReplicaMoves:
    """The copies under way, by partition."""

    def __init__(self, manager: LogManager, new_uuid: Callable[[], bytes]) -> None:
        self._manager = manager
        self._new_uuid = new_uuid
        self.futures: dict[TopicPartition, Log] = {}
        """Copies that are being made."""
        self._truncations: dict[TopicPartition, int] = {}
        self.on_moved: Callable[[TopicPartition, Log], None] | None = None
        """Told that a partition's log is another object from now on."""

    def start(self, topic_partition: TopicPartition, directory: LogDirectory) -> None:
        """Begin to move a log that is open; asked for where it is already, a move under way is given up."""
        log = self._manager.get(topic_partition)
        if log is None:
            raise KafkaError(ErrorCode.REPLICA_NOT_AVAILABLE, f"{topic_partition} is not on this broker")
        if directory.failure is not None:
            raise directory.offline_error()
        future = self.futures.get(topic_partition)
        if future is not None and future.directory is directory:
            return
        self.cancel(topic_partition)
        if log.directory is directory:
            return
        name = aside_name(topic_partition, self._new_uuid().hex(), FUTURE_DIRECTORY_SUFFIX)
        path = directory.below(name)
        try:
            directory.disk.make_directory(path)
            directory.disk.write_file(join(path, PARTITION_METADATA), encode_partition_metadata(log.topic_id))
        except OSError as error:
            raise directory.failed(error) from error
        directory.log_count += 1
        self.futures[topic_partition] = Log.create(directory, path, topic_partition, log.topic_id, log.config)
        self._truncations[topic_partition] = log.truncations

    def cancel(self, topic_partition: TopicPartition) -> None:
        """Give up a move: the copy is removed."""
        future = self.futures.pop(topic_partition, None)
        if future is not None:
            future.abandon()
            future.directory.log_count -= 1
            future.directory.remove_later(future.path, 0)

    def pass_(self, now_ms: int) -> Iterator[Job | None]:
        """Copy what there is to copy, in slices; exchange what is complete."""
        for topic_partition in list(self.futures):
            try:
                yield from self._advance(topic_partition, now_ms)
            except KafkaError:
                self.cancel(topic_partition)  # one of the two directories has failed, and has said so

    def _advance(self, topic_partition: TopicPartition, now_ms: int) -> Iterator[Job | None]:
        while True:
            log, future = self._manager.get(topic_partition), self.futures.get(topic_partition)
            if future is None:
                return
            if log is None or log.directory.failure is not None or future.directory.failure is not None:
                self.cancel(topic_partition)
                return
            self._follow_truncation(topic_partition, log, future, now_ms)
            if self._copy(log, future, now_ms):
                yield None
                continue
            if future.recovery_point >= log.recovery_point:
                self._exchange(topic_partition, log, future, now_ms)
                return
            job = future.flush_job(None, now_ms)
            if job is None:
                return
            yield from run_here(job)

    def _follow_truncation(self, topic_partition: TopicPartition, log: Log, future: Log, now_ms: int) -> None:
        """A log that was cut may hold other records by now where it was cut: the copy begins anew."""
        if log.truncations != self._truncations[topic_partition] or log.log_start_offset > future.log_end_offset:
            self._truncations[topic_partition] = log.truncations
            future.truncate_fully_and_start_at(log.log_start_offset, now_ms)

    def _copy(self, log: Log, future: Log, now_ms: int) -> bool:
        """Copy the next stretch; whether there was one."""
        fetched = log.read(max(future.log_end_offset, log.log_start_offset), COPY_BYTES, log.log_end_offset)
        if not len(fetched.records):
            return False
        if fetched.base_offset < future.log_end_offset:  # DeleteRecords into the middle of a batch
            future.truncate_fully_and_start_at(fetched.base_offset, now_ms)
        future.append_as_follower(fetched.records.read(), now_ms)
        return True

    def _exchange(self, topic_partition: TopicPartition, log: Log, future: Log, now_ms: int) -> None:
        """The copy becomes the log; a plain function, so that nothing is written meanwhile."""
        future.take_over(log)
        source, target = log.directory, future.directory
        disk = target.disk
        path = target.below(directory_name(topic_partition))
        marker = join(path, MOVED_MARKER)
        try:
            disk.remove_file(join(log.path, MOVED_MARKER))  # of an earlier move
            disk.write_atomic(join(future.path, MOVED_MARKER), b"")
            disk.rename(future.path, path)
            future.moved(target, path)
        except OSError as error:
            raise target.failed(error) from error
        del self.futures[topic_partition]
        self._manager.replace_log(topic_partition, future)
        try:
            log.abandon()
            aside = source.below(aside_name(topic_partition, self._new_uuid().hex(), DELETE_DIRECTORY_SUFFIX))
            disk.rename(log.path, aside)
            source.log_count -= 1
            source.remove_later(aside, now_ms + log.config.file_delete_delay_ms)
            disk.remove_file(marker)
        except OSError as error:
            source.failed(error)
        if self.on_moved is not None:
            self.on_moved(topic_partition, future)
