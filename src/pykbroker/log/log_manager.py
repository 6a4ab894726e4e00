"""LogManager: all logs below the log directories, from the lock that is taken first to the marker that is written last.

The invariants: a directory belongs to one broker at a time (``.lock``) and to one node of one cluster for good
(``meta.properties``); every partition has at most one log; a marker for a clean shutdown is written only when all logs
of the directory are closed, and is gone as soon as a broker has taken the directory over.

Logs are opened when somebody asks for them, with the configuration that they have by then. A directory that fails
takes its logs offline and nobody else's. Taking the directories over is in ``homes``, background work in
``housekeeping``, moves between directories in ``moves``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.checkpoints import HIGH_WATERMARK, LOG_START_OFFSET, RECOVERY_POINT, encode_offsets
from pykbroker.log.config import LogConfig
from pykbroker.log.directory import LogDirectory
from pykbroker.log.files import DELETE_DIRECTORY_SUFFIX, PARTITION_METADATA, STRAY_DIRECTORY_SUFFIX, Disk, join
from pykbroker.log.flushing import Job
from pykbroker.log.homes import Home, HomeOpener, Offsets, unusable
from pykbroker.log.housekeeping import Housekeeping, Intervals
from pykbroker.log.log import Log
from pykbroker.log.metadata_files import (
    CLEAN_SHUTDOWN,
    BadMetadataFile,
    aside_name,
    decode_partition_metadata,
    directory_name,
    encode_clean_shutdown,
    encode_partition_metadata,
)
from pykbroker.log.moves import ReplicaMoves
from pykbroker.log.recovery import Progress, RecoveryReport
from pykbroker.names import METADATA_TOPIC, ONE_UUID, TopicPartition

SYNC_ALL_FROM_LOGS: Final = 256
"""From this many unflushed logs on, one sync of everything is cheaper at shutdown than one for each."""


class LogManager:
    """All logs of one broker."""

    def __init__(
        self,
        disk: Disk,
        opened: HomeOpener,
        *,
        now_ms: Callable[[], int],
        new_uuid: Callable[[], bytes],
        intervals: Intervals | None = None,
        on_report: Callable[[RecoveryReport], None] | None = None,
        on_progress: Progress | None = None,
    ) -> None:
        self._disk = disk
        self._now_ms = now_ms
        self._new_uuid = new_uuid
        self._on_report = on_report
        self._on_progress = on_progress
        self._homes = opened.homes
        self._first_path = opened.first_path
        self._unopened = tuple(opened.offline)
        self._logs: dict[TopicPartition, Log] = {}
        self._is_closed = False
        self._is_settled = False
        self.cluster_id = opened.cluster_id
        self.offline: dict[str, str] = dict(opened.offline)
        """Why a directory cannot be used, by its path."""
        self.reports: list[RecoveryReport] = []
        """What had to be repaired in logs opened so far."""
        self.on_directory_failure: Callable[[LogDirectory], None] | None = None
        self.moves = ReplicaMoves(self, new_uuid)
        self._housekeeping = Housekeeping(self, intervals or Intervals())
        for home in self._homes:
            home.directory.on_failure = self._directory_failed
            home.directory.on_truncation = self._write_recovery_points

    # --- the beginning ------------------------------------------------------------------------------------------

    @classmethod
    def open(
        cls,
        disk: Disk,
        paths: Sequence[str],
        *,
        node_id: int,
        now_ms: Callable[[], int],
        new_uuid: Callable[[], bytes],
        cluster_id: str | None = None,
        intervals: Intervals | None = None,
        on_report: Callable[[RecoveryReport], None] | None = None,
        on_progress: Progress | None = None,
    ) -> LogManager:
        """Take over the log directories, making and formatting those that are new.

        Raises KafkaError when one is in use by another broker or belongs to another node or cluster, or when none can
        be used. A directory that cannot be used for other reasons is offline (``offline``), and the others go on.
        """
        opener = HomeOpener(disk, node_id, new_uuid)
        opener.open_all(paths, cluster_id)
        manager = cls(
            disk,
            opener,
            now_ms=now_ms,
            new_uuid=new_uuid,
            intervals=intervals,
            on_report=on_report,
            on_progress=on_progress,
        )
        return manager

    def _home_of(self, topic_partition: TopicPartition) -> Home | None:
        return next((home for home in self._homes if topic_partition in home.found), None)

    def _directory_failed(self, directory: LogDirectory) -> None:
        self.offline[directory.path] = directory.failure or ""
        if self.on_directory_failure is not None:
            self.on_directory_failure(directory)

    # --- logs ---------------------------------------------------------------------------------------------------

    @property
    def logs(self) -> Mapping[TopicPartition, Log]:
        """Every log that has been opened."""
        return self._logs

    @property
    def directories(self) -> list[LogDirectory]:
        """Those that could be opened, failed ones included."""
        return [home.directory for home in self._homes]

    @property
    def was_clean(self) -> bool:
        """Whether the last broker left all directories in good order."""
        return all(home.directory.is_clean for home in self._homes)

    def get(self, topic_partition: TopicPartition) -> Log | None:
        """The partition's log, if it is open."""
        return self._logs.get(topic_partition)

    def get_or_create(
        self, topic_partition: TopicPartition, topic_id: bytes, config: LogConfig, *, directory_id: bytes | None = None
    ) -> Log:
        """The partition's log: the open one, the one on disk, or a new one in the directory with the fewest logs.

        What is on disk under the same name and belongs to another incarnation of the topic is moved aside. Raises
        KAFKA_STORAGE_ERROR when its directory is offline, or may be: a log that is not found while the broker starts
        (until ``remove_strays``) may lie in a directory that could not be opened, and must not begin anew elsewhere.
        """
        log = self._logs.get(topic_partition)
        if log is not None:
            return log
        home = self._home_of(topic_partition)
        if home is not None:
            log = self._open_found(home, topic_partition, topic_id, config)
        if log is None:
            is_known = any(each.id == directory_id for each in self.directories)
            if self._unopened and not (self._is_settled or home or is_known):
                raise unusable(f"{topic_partition} may be in a directory that is offline: {', '.join(self._unopened)}")
            log = self._create(topic_partition, topic_id, config, directory_id)
        self._logs[topic_partition] = log
        return log

    def open_metadata_log(self, config: LogConfig, directory_path: str | None = None) -> Log:
        """``__cluster_metadata-0``, in ``metadata.log.dir`` or the first directory. No checkpoint knows it."""
        path = self._first_path if directory_path is None else directory_path.rstrip("/") or "/"
        wanted = [home for home in self._homes if home.directory.path == path]
        if not wanted:
            raise unusable(f"the metadata log's directory {path} cannot be used: {self.offline.get(path, 'unknown')}")
        topic_partition = TopicPartition(METADATA_TOPIC, 0)
        return self.get_or_create(topic_partition, ONE_UUID, config, directory_id=wanted[0].directory.id)

    def _open_found(
        self, home: Home, topic_partition: TopicPartition, topic_id: bytes, config: LogConfig
    ) -> Log | None:
        directory = home.directory
        if directory.failure is not None:
            raise directory.offline_error()
        path = directory.below(home.found[topic_partition])
        try:
            known_id = self._read_topic_id(path)
            if known_id is None:
                self._disk.write_file(join(path, PARTITION_METADATA), encode_partition_metadata(topic_id))
            elif known_id != topic_id:
                self._set_aside(home, topic_partition)
                return None
        except OSError as error:
            raise directory.failed(error) from error
        log, report = Log.open(
            directory,
            path,
            topic_partition,
            topic_id,
            config,
            self._now_ms(),
            is_clean=directory.is_clean,
            recovery_point=home.recovery_points.get(topic_partition, 0),
            log_start_offset=home.log_starts.get(topic_partition, 0),
            high_watermark=home.high_watermarks.get(topic_partition, 0),
            on_progress=self._on_progress,
        )
        del home.found[topic_partition]
        if report:
            self.reports.append(report)
            if self._on_report is not None:
                self._on_report(report)
        return log

    def _read_topic_id(self, path: str) -> bytes | None:
        try:
            return decode_partition_metadata(self._disk.read_bytes(join(path, PARTITION_METADATA)))
        except (FileNotFoundError, BadMetadataFile):
            return None

    def _set_aside(self, home: Home, topic_partition: TopicPartition) -> None:
        """Rename a directory that no topic of now owns; a person may want to look at it, so it is kept."""
        name = home.found.pop(topic_partition)
        stray = aside_name(topic_partition, self._new_uuid().hex(), STRAY_DIRECTORY_SUFFIX)
        self._disk.rename(home.directory.below(name), home.directory.below(stray))
        home.directory.log_count -= 1
        report = RecoveryReport(topic_partition)
        report.actions.append(f"{home.directory.below(name)} belongs to no topic of this cluster: renamed to {stray}")
        self.reports.append(report)
        if self._on_report is not None:
            self._on_report(report)

    def _create(
        self, topic_partition: TopicPartition, topic_id: bytes, config: LogConfig, directory_id: bytes | None
    ) -> Log:
        directory = self._choose_directory(directory_id)
        path = directory.below(directory_name(topic_partition))
        try:
            self._disk.make_directory(path)
            self._disk.write_file(join(path, PARTITION_METADATA), encode_partition_metadata(topic_id))
        except OSError as error:
            raise directory.failed(error) from error
        directory.log_count += 1
        return Log.create(directory, path, topic_partition, topic_id, config)

    def _choose_directory(self, directory_id: bytes | None = None) -> LogDirectory:
        """The one asked for, or the one with the fewest logs (LogManager.nextLogDirs)."""
        online = [home.directory for home in self._homes if home.directory.failure is None]
        for directory in online:
            if directory.id == directory_id:
                return directory
        if not online:
            raise KafkaError(ErrorCode.KAFKA_STORAGE_ERROR, "all log directories are offline")
        return min(online, key=lambda directory: directory.log_count)

    def move(self, topic_partition: TopicPartition, path: str) -> None:
        """Begin to move a log to another log directory (AlterReplicaLogDirs); ``pass_`` does the work.

        Raises LOG_DIR_NOT_FOUND, KAFKA_STORAGE_ERROR, or REPLICA_NOT_AVAILABLE when the log is not here.
        """
        wanted = path.rstrip("/") or "/"
        for directory in self.directories:
            if wanted in (directory.path, self._disk.canonical(directory.path)):
                self.moves.start(topic_partition, directory)
                return
        if wanted in self.offline:
            raise KafkaError(ErrorCode.KAFKA_STORAGE_ERROR, f"log directory {path} is offline")
        raise KafkaError(ErrorCode.LOG_DIR_NOT_FOUND, f"{path} is not among the log directories")

    def replace_log(self, topic_partition: TopicPartition, log: Log) -> None:
        """A log has been moved: it is another object from now on."""
        self._logs[topic_partition] = log

    def delete(self, topic_partition: TopicPartition, *, now_ms: int) -> None:
        """Take a log out of use now and off the disk after ``file.delete.delay.ms``."""
        self.moves.cancel(topic_partition)
        log = self._logs.pop(topic_partition, None)
        if log is None or log.directory.failure is not None:
            return
        directory = log.directory
        directory.log_count -= 1
        name = aside_name(topic_partition, self._new_uuid().hex(), DELETE_DIRECTORY_SUFFIX)
        try:
            log.abandon()
            self._disk.rename(log.path, directory.below(name))
        except OSError as error:
            raise directory.failed(error) from error
        directory.remove_later(directory.below(name), now_ms + log.config.file_delete_delay_ms)

    def remove_strays(self, partitions: Mapping[str, Mapping[int, object]]) -> None:
        """Rename directories of partitions that this broker does not have (any more), once it knows which it has."""
        self._is_settled = True
        for home in self._homes:
            for topic_partition in list(home.found):
                if topic_partition.topic != METADATA_TOPIC and (
                    topic_partition.partition not in partitions.get(topic_partition.topic, {})
                ):
                    try:
                        self._set_aside(home, topic_partition)
                    except OSError as error:
                        home.directory.failed(error)

    # --- background work ----------------------------------------------------------------------------------------

    def pass_(self, now_ms: int) -> Iterator[Job | None]:
        """One round of what is due, in slices; see ``housekeeping``. What it yields may be run on a worker thread."""
        return self._housekeeping.pass_(now_ms)

    def checkpoint_offsets(self, directory: LogDirectory) -> dict[str, Offsets]:
        """What the three checkpoint files of a directory should say, by their names."""
        home = next(home for home in self._homes if home.directory is directory)
        recovery: Offsets = {}
        high_watermarks: Offsets = {}
        starts: Offsets = {}
        for topic_partition in home.found:  # not opened: what was known stays known
            for known, wanted in (
                (home.recovery_points, recovery),
                (home.high_watermarks, high_watermarks),
                (home.log_starts, starts),
            ):
                if topic_partition in known:
                    wanted[topic_partition] = known[topic_partition]
        for topic_partition, log in self._logs.items():
            if log.directory is directory and topic_partition.topic != METADATA_TOPIC:
                recovery[topic_partition] = log.recovery_point
                high_watermarks[topic_partition] = log.high_watermark
                if log.log_start_offset > log.segments[0].base_offset:
                    starts[topic_partition] = log.log_start_offset
        return {RECOVERY_POINT: recovery, HIGH_WATERMARK: high_watermarks, LOG_START_OFFSET: starts}

    def _write_recovery_points(self, directory: LogDirectory) -> None:
        offsets = self.checkpoint_offsets(directory)[RECOVERY_POINT]
        self._disk.write_atomic(directory.below(RECOVERY_POINT), encode_offsets(offsets))

    # --- the end ------------------------------------------------------------------------------------------------

    def close(self, broker_epoch: int = -1) -> None:
        """Bring everything to the disk, write checkpoints and markers, give the directories back; once is enough."""
        if self._is_closed:
            return
        self._is_closed = True
        unflushed = sum(log.log_end_offset > log.recovery_point for log in self._logs.values())
        together = unflushed >= SYNC_ALL_FROM_LOGS
        for log in self._logs.values():
            with suppress(KafkaError):
                log.close(sync=not together)
        if together:
            self._disk.sync_all()
        for home in self._homes:
            if home.directory.failure is None:
                self._leave(home, broker_epoch)
        self._release_locks()

    def _leave(self, home: Home, broker_epoch: int) -> None:
        directory = home.directory
        try:
            for name, offsets in self.checkpoint_offsets(directory).items():
                self._disk.write_atomic(directory.below(name), encode_offsets(offsets))
            # Logs that nobody opened after a crash are still in need of recovery.
            if directory.is_clean or not home.found:
                self._disk.write_atomic(directory.below(CLEAN_SHUTDOWN), encode_clean_shutdown(broker_epoch))
        except OSError as error:
            directory.failed(error)

    def _release_locks(self) -> None:
        for home in self._homes:
            home.lock.release()
