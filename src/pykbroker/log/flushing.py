"""Bringing a log to the disk, split so that only the waiting runs on another thread.

``FlushJob`` is made on the loop, ``run`` may be called on any thread, ``finish`` is called on the loop again. In
between the log may grow, roll, lose segments or be deleted: the job holds open files and bytes of its own.

The invariant: the recovery point moves only after everything below it, its indexes, snapshots and epochs included, is
on the disk; so what a recovery skips is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from pykbroker.log.files import Disk, SyncTarget


class Job(Protocol):
    """Background work: ``run`` on any thread, then ``finish`` on the loop."""

    was_run: bool

    def run(self) -> None: ...
    def finish(self) -> None: ...


class FlushJob:
    """One log's unflushed files."""

    __slots__ = ("_directories", "_disk", "_error", "_files", "_on_done", "_targets", "_writes", "is_done", "was_run")

    def __init__(
        self,
        disk: Disk,
        targets: Sequence[SyncTarget],
        files: Sequence[str],
        writes: Sequence[tuple[str, bytes]],
        directories: Sequence[str],
        on_done: Callable[[OSError | None], None],
    ) -> None:
        """``files`` are synced if they exist; ``writes`` are replaced atomically; ``directories`` come last."""
        self._disk = disk
        self._targets = targets
        self._files = files
        self._writes = writes
        self._directories = directories
        self._on_done = on_done
        self._error: OSError | None = None
        self.is_done = False
        self.was_run = False

    def run(self) -> None:
        """Wait for the disk. Never raises: what goes wrong is told by ``finish``."""
        self.was_run = True
        try:
            for target in self._targets:
                target.sync()
            for path in self._files:
                self._disk.sync_file(path)
            for path, data in self._writes:
                self._disk.write_atomic(path, data)
            for path in self._directories:
                self._disk.sync_directory(path)
        except OSError as error:
            self._error = error

    def finish(self) -> None:
        """Tell the log, which moves its recovery point or takes its directory offline."""
        if not self.is_done:
            self.is_done = True
            self._on_done(self._error)


class RemoveJob:
    """Files and directories whose delay is over."""

    __slots__ = ("_disk", "_error", "_on_error", "_paths", "was_run")

    def __init__(self, disk: Disk, paths: Sequence[str], on_error: Callable[[OSError], object]) -> None:
        self._disk = disk
        self._paths = paths
        self._on_error = on_error
        self._error: OSError | None = None
        self.was_run = False

    def run(self) -> None:
        """Remove them. Never raises."""
        self.was_run = True
        try:
            for path in self._paths:
                self._disk.remove(path)
        except OSError as error:
            self._error = error

    def finish(self) -> None:
        """Report what went wrong, if anything did."""
        if self._error is not None:
            self._on_error(self._error)
            self._error = None


def run_here(job: Job) -> Iterator[Job]:
    """Offer a job to be run elsewhere; run it here if it was not."""
    yield job
    if not job.was_run:
        job.run()
    job.finish()
