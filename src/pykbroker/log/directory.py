"""One of the broker's ``log.dirs``: whether it can be used, and what waits to be removed from it.

The invariant: the first error of the disk takes the whole directory offline (Kafka's LogDirFailureChannel): from
then on every log in it answers KAFKA_STORAGE_ERROR, and nothing more is written, so that what is on the disk stays
what a recovery can make sense of.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.files import Disk, join


class LogDirectory:
    """A directory of logs on one disk."""

    __slots__ = ("_doomed", "disk", "failure", "id", "is_clean", "log_count", "on_failure", "on_truncation", "path")

    def __init__(self, disk: Disk, path: str, directory_id: bytes = bytes(16)) -> None:
        self.disk = disk
        self.path = path
        self.id = directory_id
        self.failure: str | None = None
        """Why the directory is offline; None while it is not."""
        self.on_failure: Callable[[LogDirectory], None] | None = None
        self.on_truncation: Callable[[LogDirectory], None] | None = None
        """Asked to write the recovery points down before a log takes back records that were on the disk."""
        self.log_count = 0
        self.is_clean = False
        """Whether the last broker here shut down in good order, so that nothing needs to be recovered."""
        self._doomed: list[tuple[int, str]] = []

    def failed(self, error: OSError) -> KafkaError:
        """Take the directory offline because of ``error``; the exception to raise."""
        if self.failure is None:
            self.failure = str(error)
            if self.on_failure is not None:
                self.on_failure(self)
        return self.offline_error()

    def offline_error(self) -> KafkaError:
        """What every log in an offline directory answers."""
        return KafkaError(ErrorCode.KAFKA_STORAGE_ERROR, f"log directory {self.path} is offline: {self.failure}")

    def below(self, name: str) -> str:
        """A path in the directory."""
        return join(self.path, name)

    def remove_later(self, path: str, due_ms: int) -> None:
        """Remove a file or a directory, already renamed out of the way, once ``due_ms`` has come."""
        heapq.heappush(self._doomed, (due_ms, path))

    def renamed(self, before: str, after: str) -> None:
        """A log's directory has a new name: what waits to be removed from it has too."""
        below = before + "/"
        self._doomed = [
            (due_ms, after + path[len(before) :] if path.startswith(below) else path) for due_ms, path in self._doomed
        ]
        heapq.heapify(self._doomed)

    def due_removals(self, now_ms: int) -> list[str]:
        """Paths whose time has come; the caller removes them."""
        due = []
        while self._doomed and self._doomed[0][0] <= now_ms:
            due.append(heapq.heappop(self._doomed)[1])
        return due
