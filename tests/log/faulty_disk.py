"""A disk that misbehaves as real ones do, for running the log's own code over it.

It forgets: ``lose_power`` leaves of every file what was synced, and of the rest as much as the dice say, perhaps torn,
perhaps as zeros; the newest files may be gone. It refuses: ``fail`` makes the nth operation of a kind raise.
It tears: a failing append may leave some of its bytes behind, with or without being able to take them back.

Names (creating, renaming, removing) are taken for done at once and in order, which is what journaling file systems do.
"""

import errno

from pykbroker.memory_disk import MemoryDisk, MemoryFile


class FaultyFile(MemoryFile):
    """An open file on a faulty disk."""

    __slots__ = ()

    def append(self, parts):
        disk = self._disk
        if self.broken:
            raise OSError(errno.EIO, "an earlier write failed half-way")
        fault = disk.due_fault("append")
        if fault is None:
            super().append(parts)
            return
        code, torn_bytes = fault
        if torn_bytes:
            super().append([b"".join(map(bytes, parts))[:torn_bytes]])
            self.broken = True
        raise OSError(code, "injected")

    def truncate(self, size):
        self._disk.maybe_fail("truncate")
        super().truncate(size)
        self._disk.mark(self._content, min(self._disk.synced_size(self._content), size))
        self.broken = False

    def write_at(self, position, data):
        self._disk.maybe_fail("write")
        super().write_at(position, data)

    def flush(self):
        self._disk.maybe_fail("sync")
        self._disk.mark(self._content, self._content.size)

    def sync_target(self):
        return _Target(self)


class _Target:
    def __init__(self, file):
        self._file = file

    def sync(self):
        self._file.flush()


class FaultyDisk(MemoryDisk):
    """MemoryDisk that remembers what was synced."""

    def __init__(self, **options):
        super().__init__(**options)
        self._synced = {}
        self._made = []
        self._faults = {}
        self.failures = 0

    # --- faults ---

    def fail(self, kind, *, after=0, code=errno.EIO, torn_bytes=0):
        """Let one operation of a kind (append, sync, truncate, write, rename, remove, open) fail, ``after`` others."""
        self._faults[kind] = [after, code, torn_bytes]

    def heal(self):
        """Forget the faults that have not come up."""
        self._faults.clear()

    def due_fault(self, kind):
        planned = self._faults.get(kind)
        if planned is None:
            return None
        planned[0] -= 1
        if planned[0] >= 0:
            return None
        del self._faults[kind]
        self.failures += 1
        return planned[1], planned[2]

    def maybe_fail(self, kind):
        fault = self.due_fault(kind)
        if fault is not None:
            raise OSError(fault[0], "injected")

    # --- what is synced ---

    def mark(self, content, size):
        self._synced[id(content)] = (content, size)

    def synced_size(self, content):
        return self._synced.get(id(content), (None, 0))[1]

    def lose_power(self, random):
        """What is left when the machine goes down: ``random`` decides about everything that was not synced."""
        lost = self._never_created(random)
        for entries in self._directories.values():
            for name, content in list(entries.items()):
                if content is None:
                    continue
                synced = self.synced_size(content)
                if id(content) in lost:
                    del entries[name]
                elif content.size > synced:
                    self._tear(content, synced, random)
                    self.mark(content, content.size)
        self.heal()
        self._locks.clear()

    def _never_created(self, random):
        """Of the files made after the last one that was synced, some of the newest never got a name."""
        last_synced = max((n for n, content in enumerate(self._made) if id(content) in self._synced), default=-1)
        candidates = self._made[last_synced + 1 :]
        if random.random() < 0.5:
            return set()
        return {id(content) for content in candidates[random.randint(0, len(candidates)) :]}

    @staticmethod
    def _tear(content, synced, random):
        kept = random.randint(synced, content.size)
        lost = content.size - kept
        content.truncate(kept)
        if random.random() < 0.3:  # the length got to the disk, the blocks did not
            content.append(bytes(lost) if random.random() < 0.5 else random.randbytes(lost))

    def kill(self):
        """The process is gone, the machine is not: everything written is there."""
        self.heal()
        self._locks.clear()

    # --- the doors ---

    def open_file(self, path, *, create=True):
        self.maybe_fail("open")
        is_new = not self.exists(path)
        content = super().open_file(path, create=create)._content
        if is_new:
            self._made.append(content)
        return FaultyFile(self, content)

    def rename(self, source, target):
        self.maybe_fail("rename")
        super().rename(source, target)

    def remove_file(self, path):
        self.maybe_fail("remove")
        super().remove_file(path)

    def write_file(self, path, data):
        self.maybe_fail("write")
        super().write_file(path, data)
        self._made.append(self._content(path))

    def write_atomic(self, path, data, *, sync=True):
        self.maybe_fail("write")
        super().write_atomic(path, data, sync=sync)
        self.mark(self._content(path), len(data))

    def sync_file(self, path):
        self.maybe_fail("sync")
        try:
            content = self._content(path)
        except FileNotFoundError:
            return
        self.mark(content, content.size)

    def sync_all(self):
        self.maybe_fail("sync")
        for entries in self._directories.values():
            for content in entries.values():
                if content is not None:
                    self.mark(content, content.size)
