"""A journal that keeps its records in memory: what tests and benches run machines over.

It keeps the very bytes a partition would keep, so that reading back goes through the same decoding. Commits
can be held back and appends made to fail, as replication and disks do.
"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.bell import Bell
from pykbroker.errors import KafkaError
from pykbroker.machine.engine import LoggedMarker, LoggedRecord
from pykbroker.machine.result import Record
from pykbroker.wire.stored import encode_key, encode_value


class MemoryJournal:
    """One partition's worth of records."""

    def __init__(self) -> None:
        self.bell = Bell()
        self.logged: list[LoggedRecord | LoggedMarker] = []
        """Everything appended, in order; an entry's offset is its place."""
        self.error: KafkaError | None = None
        """While set, appends fail with it."""
        self.holds_commits = False
        """While set, ``committed_offset`` stays where it is."""
        self._committed_offset = 0

    @property
    def committed_offset(self) -> int:
        """Everything below this offset is committed."""
        return self._committed_offset

    def append(self, records: Sequence[Record], producer_id: int, producer_epoch: int) -> int:
        """Write one batch; the offset after it."""
        if self.error is not None:
            raise self.error
        for record in records:
            value = None if record.value is None else encode_value(record.value, record.value_version)
            self.logged.append(LoggedRecord(len(self.logged), encode_key(record.key), value, producer_id))
        return self._appended()

    def append_marker(self, producer_id: int, producer_epoch: int, coordinator_epoch: int, commit: bool) -> int:
        """Write the end of a transaction; the offset after it."""
        if self.error is not None:
            raise self.error
        self.logged.append(LoggedMarker(producer_id, producer_epoch, commit))
        return self._appended()

    def commit(self, up_to: int | None = None) -> None:
        """Commit what has been appended (up to an offset) and ring."""
        self._committed_offset = len(self.logged) if up_to is None else up_to
        self.bell.ring()

    def _appended(self) -> int:
        if not self.holds_commits:
            self.commit()
        return len(self.logged)
