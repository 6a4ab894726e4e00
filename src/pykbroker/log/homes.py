"""Taking over the log directories: locks, formatting, agreement on cluster and node, and what is found in each.

The invariant: when ``open_all`` returns, every directory in ``homes`` is locked by this broker, formatted, and of the
same cluster and node; when it raises, nothing is locked, and a directory that was left in good order still says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.checkpoints import (
    HIGH_WATERMARK,
    LOG_START_OFFSET,
    RECOVERY_POINT,
    CorruptCheckpoint,
    decode_offsets,
)
from pykbroker.log.directory import LogDirectory
from pykbroker.log.files import (
    DELETE_DIRECTORY_SUFFIX,
    FUTURE_DIRECTORY_SUFFIX,
    STRAY_DIRECTORY_SUFFIX,
    DirectoryLock,
    Disk,
    join,
)
from pykbroker.log.metadata_files import (
    CLEAN_SHUTDOWN,
    LOCK_FILE,
    META_PROPERTIES,
    BadMetadataFile,
    MetaProperties,
    aside_name,
    decode_meta_properties,
    encode_meta_properties,
    parse_directory_name,
)
from pykbroker.log.moves import MOVED_MARKER
from pykbroker.names import TopicPartition, uuid_to_text

Offsets = dict[TopicPartition, int]


class Home:
    """One log directory with what was found in it and has not been opened yet."""

    __slots__ = ("directory", "found", "high_watermarks", "lock", "log_starts", "meta", "recovery_points")

    def __init__(self, directory: LogDirectory, lock: DirectoryLock) -> None:
        self.directory = directory
        self.lock = lock
        self.meta: MetaProperties | None = None
        self.found: dict[TopicPartition, str] = {}
        """Names of the directories of partitions that nobody has opened yet."""
        self.recovery_points: Offsets = {}
        self.high_watermarks: Offsets = {}
        self.log_starts: Offsets = {}


def unusable(why: str) -> KafkaError:
    """A sentence for whoever started the broker."""
    return KafkaError(ErrorCode.KAFKA_STORAGE_ERROR, why)


class HomeOpener:
    """Opens directories one by one; the result stands in its attributes."""

    def __init__(self, disk: Disk, node_id: int, new_uuid: Callable[[], bytes]) -> None:
        self._disk = disk
        self._node_id = node_id
        self._new_uuid = new_uuid
        self.homes: list[Home] = []
        self.offline: dict[str, str] = {}
        """Why a directory could not be opened, by its path."""
        self.cluster_id = ""
        self.first_path = ""
        """The first of the directories asked for, which may be offline."""

    def open_all(self, paths: Sequence[str], cluster_id: str | None) -> None:
        """Open every directory that can be; raises KafkaError when there is none, or one must not be used."""
        try:
            self._open_each([path.rstrip("/") or "/" for path in paths])
            if not self.homes:
                reasons = "; ".join(f"{path}: {why}" for path, why in self.offline.items())
                raise unusable(f"no log directory can be used: {reasons}")
            self._agree_on_cluster(cluster_id)
        except BaseException:
            for home in self.homes:
                home.lock.release()
            raise

    def _open_each(self, paths: Sequence[str]) -> None:
        self.first_path = paths[0]
        seen: dict[str, str] = {}
        for path in paths:
            home: Home | None = None
            try:
                self._disk.make_directory(path)
                canonical = self._disk.canonical(path)
                if canonical in seen:
                    raise unusable(f"log directories {seen[canonical]} and {path} are the same")
                seen[canonical] = path
                home = Home(LogDirectory(self._disk, path), self._lock(path))
                self.homes.append(home)
                home.meta = self._read_meta(path)
                self._look_around(home)
            except OSError as error:
                self.offline[path] = str(error)
                if home is not None:
                    self.homes.remove(home)
                    home.lock.release()

    def _lock(self, path: str) -> DirectoryLock:
        try:
            return self._disk.lock(join(path, LOCK_FILE))
        except BlockingIOError as error:
            raise unusable(f"log directory {error.strerror or path}") from None

    def _read_meta(self, path: str) -> MetaProperties | None:
        file = join(path, META_PROPERTIES)
        try:
            meta = decode_meta_properties(self._disk.read_bytes(file))
        except FileNotFoundError:
            return None
        except BadMetadataFile as error:
            raise unusable(f"{file} cannot be used: {error}") from None
        if meta.node_id != self._node_id:
            raise unusable(f"{path} belongs to node {meta.node_id}, this is node {self._node_id}")
        return meta

    def _agree_on_cluster(self, wanted: str | None) -> None:
        """One cluster for all; who is new gets its identity, and from now on nobody is in good order."""
        known = {home.meta.cluster_id for home in self.homes if home.meta is not None} | ({wanted} if wanted else set())
        if len(known) > 1:
            raise unusable(f"the log directories belong to different clusters: {', '.join(sorted(known))}")
        self.cluster_id = known.pop() if known else uuid_to_text(self._new_uuid())
        for home in self.homes:
            directory, meta = home.directory, home.meta
            try:
                if meta is None or meta.directory_id == bytes(16):
                    meta = MetaProperties(self.cluster_id, self._node_id, self._new_uuid())
                    self._disk.write_atomic(directory.below(META_PROPERTIES), encode_meta_properties(meta))
                self._disk.remove_file(directory.below(CLEAN_SHUTDOWN))
            except OSError as error:
                raise unusable(f"{directory.path} cannot be written to: {error}") from error
            directory.id = meta.directory_id

    # --- what is there ------------------------------------------------------------------------------------------

    def _look_around(self, home: Home) -> None:
        directory = home.directory
        directory.is_clean = self._disk.exists(directory.below(CLEAN_SHUTDOWN))
        home.recovery_points = self._read_checkpoint(directory, RECOVERY_POINT)
        home.high_watermarks = self._read_checkpoint(directory, HIGH_WATERMARK)
        home.log_starts = self._read_checkpoint(directory, LOG_START_OFFSET)
        for name in self._disk.list_directories(directory.path):
            parsed = parse_directory_name(name)
            if parsed is None or parsed[1] == STRAY_DIRECTORY_SUFFIX:
                continue
            topic_partition, suffix = parsed
            if suffix in (DELETE_DIRECTORY_SUFFIX, FUTURE_DIRECTORY_SUFFIX):
                # A move that was not finished starts anew when it is asked for again.
                directory.remove_later(directory.below(name), 0)
                continue
            other = next((each for each in self.homes if topic_partition in each.found), None)
            if other is None or self._is_replaced(other, home, topic_partition, name):
                home.found[topic_partition] = name
        directory.log_count = len(home.found)

    def _read_checkpoint(self, directory: LogDirectory, name: str) -> Offsets:
        try:
            return decode_offsets(self._disk.read_bytes(directory.below(name)))
        except (FileNotFoundError, CorruptCheckpoint):
            return {}  # nothing known is the safe side: everything is scanned, nothing is skipped

    def _is_replaced(self, other: Home, home: Home, topic_partition: TopicPartition, name: str) -> bool:
        """Of two directories for one partition, whether the second is to be kept: a move was interrupted.

        Raises KafkaError when that was not how it came about: which of them is right cannot be known.
        """
        first, second = other.directory.below(other.found[topic_partition]), home.directory.below(name)
        is_moved = [self._disk.exists(join(path, MOVED_MARKER)) for path in (first, second)]
        if is_moved == [False, True]:
            self._remove_moved(other.directory, topic_partition, other.found.pop(topic_partition))
            other.directory.log_count -= 1
            return True
        if is_moved == [True, False]:
            self._remove_moved(home.directory, topic_partition, name)
            return False
        raise unusable(
            f"{topic_partition} is both in {other.directory.path} and in {home.directory.path}: remove one of them"
        )

    def _remove_moved(self, directory: LogDirectory, topic_partition: TopicPartition, name: str) -> None:
        aside = aside_name(topic_partition, self._new_uuid().hex(), DELETE_DIRECTORY_SUFFIX)
        self._disk.rename(directory.below(name), directory.below(aside))
        directory.remove_later(directory.below(aside), 0)
