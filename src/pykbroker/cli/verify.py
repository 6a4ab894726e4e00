"""``pykbroker verify``: whether the data directory of a broker that does not run is as it should be.

Takes the directory's lock first, so that no broker writes meanwhile, and changes nothing. The checks are those of
``log.verify``, ``log.verify_together`` and ``metadata.verify``; here are the lock, the progress and the exit status.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack, contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Final, NoReturn

import click

from pykbroker.disk import RealDisk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pykbroker.log.verify import Finding

EXIT_DAMAGED: Final = 1
EXIT_UNCHECKED: Final = 2
"""A broker runs on the directory, or it cannot be read."""

LINES_PER_S: Final = 10
LINE_LENGTH: Final = 79


class WatchedDisk(RealDisk):
    """A disk that tells how much of its files has been read."""

    def __init__(self, on_read: Callable[[str, int], None]) -> None:
        super().__init__()
        self._on_read = on_read

    def read_range(self, path: str, position: int, size: int) -> bytes:
        data = super().read_range(path, position, size)
        self._on_read(path, len(data))
        return data


class Progress:
    """One line on standard error, written over and over; nothing where nobody looks."""

    def __init__(self, total_bytes: int, *, is_shown: bool) -> None:
        self._total_bytes = total_bytes
        self._is_shown = is_shown
        self._done_bytes = 0
        self._due = 0.0
        self._width = 0

    def read(self, path: str, size: int) -> None:
        """So many bytes of a file have been read."""
        self._done_bytes += size
        now = monotonic()
        if not self._is_shown or now < self._due:
            return
        self._due = now + 1 / LINES_PER_S
        percent = min(100, self._done_bytes * 100 // max(1, self._total_bytes))
        file = "/".join(path.split("/")[-2:])
        self._write(f"{percent:3d} %  {self._done_bytes >> 20} of {self._total_bytes >> 20} MiB  {file}"[:LINE_LENGTH])

    def clear(self) -> None:
        """Take the line away, before something else is printed."""
        if self._width:
            self._write("")
            self._width = 0

    def _write(self, line: str) -> None:
        sys.stderr.write(f"\r{line:<{self._width}}" + ("" if line else "\r"))
        sys.stderr.flush()
        self._width = len(line)


@click.command()
@click.argument("directories", nargs=-1, required=True, metavar="DIR...", type=click.Path(exists=True, file_okay=False))
@click.option("--records", is_flag=True, help="Decode every record, compressed ones included.")
@click.option("--json", "is_json", is_flag=True, help="JSON lines.")
@click.option("--progress/--no-progress", default=None, help="Say how far it is.  [default: on a terminal]")
def verify(directories: tuple[str, ...], records: bool, is_json: bool, progress: bool | None) -> None:
    """Check the data directory of a stopped broker; with several log.dirs, all of them at once. Changes nothing.

    "damage" is what a broker could not put right without losing records, "note" what its next start puts right by
    itself. Exit status: 0 without damage, 1 with damage, 2 if it could not be checked (a broker is running).
    """
    is_shown = sys.stderr.isatty() if progress is None else progress
    shown = Progress(sum(map(_log_bytes, directories)), is_shown=is_shown)
    damaged = count = 0
    try:
        with ExitStack() as locks:
            for directory in directories:
                locks.enter_context(_locked(directory))
            for finding in _findings(WatchedDisk(shown.read), directories, records):
                shown.clear()
                count += 1
                damaged += finding.severity.value == "damage"
                click.echo(_as_json(finding) if is_json else str(finding))
    except OSError as error:
        _give_up(error)
    finally:
        shown.clear()
    if not is_json:
        click.echo(f"{damaged} damaged, {count - damaged} to note" if count else "everything is as it should be")
    if damaged:
        sys.exit(EXIT_DAMAGED)


def _findings(disk: WatchedDisk, directories: tuple[str, ...], records: bool) -> Iterator[Finding]:
    from pykbroker.log.verify import verify_log_directory
    from pykbroker.log.verify_together import verify_together
    from pykbroker.metadata.verify import verify_metadata

    paths = [directory.rstrip("/") or "/" for directory in directories]
    for path in paths:
        yield from verify_log_directory(disk, path, records=records)
    yield from verify_together(disk, paths)
    yield from verify_metadata(disk, paths)


def _as_json(finding: Finding) -> str:
    return json.dumps({"severity": finding.severity.value, "path": finding.path, "what": finding.what})


def _log_bytes(directory: str) -> int:
    """What there is to read, about."""
    return sum(
        os.path.getsize(os.path.join(below, name))
        for below, _, names in os.walk(directory)
        for name in names
        if name.endswith(".log")
    )


@contextmanager
def _locked(directory: str) -> Iterator[None]:
    """Keep brokers out; raises BlockingIOError if one is in."""
    from pykbroker.log.metadata_files import LOCK_FILE

    path = os.path.join(directory, LOCK_FILE)
    was_there = os.path.exists(path)
    lock = RealDisk().lock(path)
    try:
        yield
    finally:
        if not was_there:
            os.unlink(path)
        lock.release()


def _give_up(error: OSError) -> NoReturn:
    click.echo(f"cannot be checked: {error.strerror}" + (f": {error.filename}" if error.filename else ""), err=True)
    sys.exit(EXIT_UNCHECKED)
