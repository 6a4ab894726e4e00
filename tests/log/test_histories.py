"""Random histories of a log, on a disk that loses, tears and refuses, against a model that a child understands.

The model is a dictionary of records by offset. Whatever happens: what was acknowledged is there after a kill; what was
flushed is there after a power loss, and what else is there is a prefix of what was written; nothing is there that
nobody wrote; and at every moment reading, lookups by offset and time, producers and transactions agree with the model.
"""

import errno
import os
import random

import pytest
from faulty_disk import FaultyDisk
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from log_tools import NOW, PATH, append, append_marker, batch, new_log, read_all, reopen

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.files import offset_of_file
from pykbroker.log.verify import PartitionVerifier, Severity

EXAMPLES = int(os.environ.get("PYKBROKER_HISTORIES", "40"))
SMALL = {"segment_bytes": 700, "index_interval_bytes": 100, "file_delete_delay_ms": 0, "retention_bytes": 2500}


class Histories(RuleBasedStateMachine):
    """One log, and what it should hold."""

    @initialize(seed=st.integers(0, 2**16))
    def begin(self, seed):
        self.random = random.Random(seed)
        self.disk = FaultyDisk()
        self.log = new_log(self.disk, **SMALL)
        self.config = self.log.config
        self.records = {}  # offset -> (value, timestamp)
        self.batches = []  # (first offset, last offset, producer id, sequence, is transactional, marker if it is one)
        self.flushed = 0
        self.checkpoint = 0, 0
        self.epoch = 0
        self.clock = NOW
        self.sequences = {}
        self.failed = False
        self.unacknowledged = None

    # --- helpers ---

    def _append(self, values, timestamp, producer_id=-1, transactional=False):
        options = {}
        if producer_id >= 0:
            sequence = self._next_sequence(producer_id)
            options = {
                "producer_id": producer_id,
                "producer_epoch": 0,
                "base_sequence": sequence,
                "is_transactional": transactional,
            }
        data = bytearray(batch(*values, timestamp=timestamp, **options))
        first = self.log.log_end_offset
        note = (first, first + len(values) - 1, producer_id, options.get("base_sequence", -1), transactional, None)
        written = {first + number: (value, timestamp) for number, value in enumerate(values)}
        try:
            info = append(self.log, data, leader_epoch=self.epoch, now_ms=self.clock)
        except KafkaError as error:
            self._must_be_offline(error)
            self.unacknowledged = note, written
            return
        assert (first, first + len(values) - 1, False) == (info.base_offset, info.last_offset, info.duplicate)
        self._note(note, written)

    def _next_sequence(self, producer_id):
        """What the producer sends next. Where all its records are deleted the log may or may not remember it."""
        start = self.log.log_start_offset
        if any(each[2] == producer_id and each[5] is None and each[0] >= start for each in self.batches):
            return self.sequences[producer_id]
        known = self.log.producers.producer(producer_id)
        return known.last_sequence + 1 if known is not None else 0

    def _note(self, note, written):
        self.batches.append(note)
        self.records.update(written)
        if note[2] >= 0 and note[5] is None:
            self.sequences[note[2]] = note[3] + note[1] - note[0] + 1

    def _forget_from(self, offset):
        self.records = {each: what for each, what in self.records.items() if each < offset}
        kept = [each for each in self.batches if each[1] < offset]
        # the batch that holds the offset is dropped whole
        if len(kept) < len(self.batches):
            first_dropped = self.batches[len(kept)][0]
            self.records = {each: what for each, what in self.records.items() if each < first_dropped}
        self.batches = kept
        self._recount_sequences()

    def _recount_sequences(self):
        self.sequences = {}
        for first, last, producer_id, sequence, _, marker in self.batches:
            if producer_id >= 0 and marker is None:
                self.sequences[producer_id] = sequence + last - first + 1

    def _transactions(self):
        """(first offset by producer of open ones, list of (producer, first, marker offset) of aborted ones)."""
        return self._transactions_from(0)

    def _transactions_from(self, start):
        open_, aborted = {}, []
        for first, last, producer_id, _, transactional, marker in self.batches:
            if last < start:
                continue
            if marker is not None:
                began = open_.pop(producer_id, None)
                if began is not None and marker == "abort":
                    aborted.append((producer_id, began, last))
            elif transactional:
                open_.setdefault(producer_id, first)
        return open_, aborted

    def _io(self, action):
        """Do something that the disk may refuse."""
        try:
            return action()
        except KafkaError as error:
            self._must_be_offline(error)
        return None

    def _must_be_offline(self, error):
        assert error.code is ErrorCode.KAFKA_STORAGE_ERROR
        assert self.log.directory.failure is not None
        self.failed = True

    def _restart(self, *, is_clean=False, flushed=None):
        recovery_point, log_start = self.checkpoint
        if is_clean:
            recovery_point = self.log.log_end_offset
            first_base = self.log.segments[0].base_offset
            log_start = self.log.log_start_offset if self.log.log_start_offset > first_base else 0
        before, start_before = self.log.log_end_offset, self.log.log_start_offset
        self.log, report = reopen(
            self.disk,
            is_clean=is_clean,
            recovery_point=recovery_point,
            log_start_offset=log_start,
            now_ms=self.clock,
            config=self.config,
        )
        self.failed = False
        if self.unacknowledged is not None:  # a write that failed may have happened all the same
            note, written = self.unacknowledged
            self.unacknowledged = None
            if self.log.log_end_offset == note[1] + 1:
                self._note(note, written)
                before = note[1] + 1
        if flushed is None:
            assert self.log.log_end_offset == before, str(report)
        else:
            assert flushed <= self.log.log_end_offset <= before, str(report)
            self._forget_from(self.log.log_end_offset)
        assert self.log.log_start_offset <= max(start_before, flushed or 0)
        self.flushed = min(self.flushed, self.log.log_end_offset)
        if is_clean:
            self.flushed = self.log.log_end_offset
            self.checkpoint = recovery_point, log_start
        self.checkpoint = min(self.checkpoint[0], self.log.log_end_offset), self.checkpoint[1]

    # --- what happens ---

    @precondition(lambda self: not self.failed)
    @rule(count=st.integers(1, 4), size=st.integers(0, 120), gap=st.integers(-50, 100))
    def append_records(self, count, size, gap):
        self.clock += max(gap, 0)
        self._append([bytes([65 + number]) * size for number in range(count)], self.clock + gap)

    @precondition(lambda self: not self.failed)
    @rule(producer_id=st.integers(1, 3), count=st.integers(1, 3))
    def append_idempotent(self, producer_id, count):
        self._append([b"i%d" % number for number in range(count)], self.clock, producer_id)

    @precondition(lambda self: not self.failed)
    @rule(producer_id=st.integers(11, 13))
    def append_transactional(self, producer_id):
        self._append([b"t"], self.clock, producer_id, transactional=True)

    @precondition(lambda self: not self.failed)
    @rule(commit=st.booleans(), pick=st.integers(0, 2))
    def end_transaction(self, commit, pick):
        open_ = sorted(self._transactions()[0])
        if not open_:
            return
        producer_id = open_[pick % len(open_)]
        offset = self.log.log_end_offset
        note = (offset, offset, producer_id, -1, True, "commit" if commit else "abort")
        try:
            append_marker(self.log, producer_id, commit=commit, leader_epoch=self.epoch)
        except KafkaError as error:
            self._must_be_offline(error)
            self.unacknowledged = (note, {offset: (None, NOW)})
            return
        self._note(note, {offset: (None, NOW)})

    @precondition(lambda self: not self.failed)
    @rule()
    def send_again(self):
        """The newest batch of an idempotent producer comes again: same offsets, nothing written."""
        mine = [each for each in self.batches if each[2] >= 0 and each[5] is None]
        if not mine or mine[-1][0] < self.log.log_start_offset:
            return
        first, last, producer_id, sequence, transactional, _ = mine[-1]
        if sum(each[2:4] == (producer_id, sequence) for each in mine) > 1:
            return  # it was forgotten with its deleted records, began anew, and the log start went back in a crash
        data = batch(
            *[self.records[offset][0] for offset in range(first, last + 1)],
            producer_id=producer_id,
            producer_epoch=0,
            base_sequence=sequence,
            is_transactional=transactional,
        )
        info = append(self.log, data)
        assert info.duplicate
        assert (first, last) == (info.base_offset, info.last_offset)

    @precondition(lambda self: not self.failed)
    @rule()
    def roll(self):
        self._io(self.log.roll)

    @precondition(lambda self: not self.failed)
    @rule()
    def flush(self):
        self._io(self.log.flush)
        if not self.failed:
            self.flushed = self.log.log_end_offset
            assert self.log.recovery_point == self.flushed

    @precondition(lambda self: not self.failed)
    @rule()
    def flush_rolled_segments(self):
        job = self.log.flush_job(self.log.segments[-1].base_offset)
        if job is not None:
            job.run()
            job.finish()
        self.failed = self.log.directory.failure is not None
        if not self.failed:
            self.flushed = max(self.flushed, self.log.recovery_point)

    @precondition(lambda self: not self.failed)
    @rule()
    def write_checkpoints(self):
        first_base = self.log.segments[0].base_offset
        start = self.log.log_start_offset
        self.checkpoint = self.log.recovery_point, start if start > first_base else 0

    @precondition(lambda self: not self.failed)
    @rule(share=st.floats(0, 1))
    def truncate(self, share):
        start, end = self.log.log_start_offset, self.log.log_end_offset
        # a leader never asks to drop half a batch
        ends = [each[0] for each in self.batches if each[0] >= start] + [end]
        offset = ends[min(int(len(ends) * share), len(ends) - 1)]
        self._io(lambda: self.log.truncate_to(offset, self.clock))
        if self.failed:
            self.unacknowledged = None
            self._restart_after_failed_truncation()
            return
        self._forget_from(offset)
        self.flushed = min(self.flushed, offset)
        self.checkpoint = min(self.checkpoint[0], offset), self.checkpoint[1]

    def _restart_after_failed_truncation(self):
        """It was never answered: any part of it may have happened."""
        self.disk.kill()
        self._restart(flushed=0)
        self.flushed = 0

    @precondition(lambda self: not self.failed)
    @rule(share=st.floats(0, 1))
    def delete_records(self, share):
        start = self.log.log_start_offset
        self._io(lambda: self.log.delete_records_before(start + int((self.log.high_watermark - start) * share)))
        # A start that goes back in a crash brings producers' records back that they were told are gone; not modelled.
        self.checkpoint = self.checkpoint[0], self.log.log_start_offset

    @precondition(lambda self: not self.failed)
    @rule()
    def retention(self):
        self._io(lambda: self.log.retention_pass(self.clock))
        if not self.failed:
            for path in self.log.directory.due_removals(self.clock):
                self.disk.remove(path)

    @rule()
    def new_leader(self):
        self.epoch += 1
        if not self.failed:
            self.log.assign_epoch(self.epoch)

    @rule(
        kind=st.sampled_from(["append", "append", "sync", "truncate", "rename", "write", "open"]),
        after=st.integers(0, 4),
        torn_bytes=st.sampled_from([0, 0, 1, 30, 61, 75]),
        code=st.sampled_from([errno.EIO, errno.ENOSPC]),
    )
    def plan_fault(self, kind, after, torn_bytes, code):
        self.disk.fail(kind, after=after, torn_bytes=torn_bytes, code=code)

    @precondition(lambda self: self.failed)
    @rule()
    def offline(self):
        """Once the disk has failed nothing is served and nothing is taken."""
        for ask in (
            lambda: self.log.read(self.log.log_start_offset, 100, self.log.log_end_offset),
            lambda: append(self.log, batch(b"x")),
            lambda: self.log.offset_for_timestamp(0),
        ):
            with pytest.raises(KafkaError, check=lambda error: error.code is ErrorCode.KAFKA_STORAGE_ERROR):
                ask()

    @precondition(lambda self: not self.failed)
    @rule()
    def stop_and_start(self):
        self.disk.heal()
        for segment in self.log.segments:
            segment.need_indexes()  # those that nobody has looked at may be damaged: they are checked when needed
        self.log.close()
        start = self.log.log_start_offset
        checker = PartitionVerifier(self.disk, PATH, is_clean=True, log_start_offset=start)
        assert [str(each) for each in checker.findings() if each.severity is Severity.DAMAGE] == []
        self._restart(is_clean=True)

    @rule()
    def killed(self):
        self.disk.kill()
        self._restart()

    @rule()
    def power_lost(self):
        self.disk.lose_power(self.random)
        self._restart(flushed=self.flushed)

    @rule(damage=st.sampled_from(["remove", "empty", "garbage"]), pick=st.integers(0, 50))
    def index_damaged(self, damage, pick):
        """Somebody deletes or scribbles over an index while the broker is down."""
        self.disk.kill()
        indexes = sorted(name for name in self.disk.list_directory(PATH) if name.endswith("index"))
        indexes = [name for name in indexes if offset_of_file(name) is not None and "txn" not in name]
        if indexes:
            path = f"{PATH}/{indexes[pick % len(indexes)]}"
            if damage == "remove":
                self.disk.remove_file(path)
            else:
                size = 0 if damage == "empty" else 24
                self.disk.write_file(path, self.random.randbytes(size))
        self._restart()

    # --- what must be true ---

    @invariant()
    def agrees(self):
        if self.failed:
            return
        self.disk.heal()
        log = self.log
        start, end = log.log_start_offset, log.log_end_offset
        assert start <= log.last_stable_offset <= log.high_watermark == end
        expected = {offset: what for offset, what in self.records.items() if offset >= start}
        found = read_all(log, max_bytes=self.random.choice([1, 200, 1 << 20]))
        found = [(offset, value) for offset, value in found if self.records.get(offset, (0,))[0] is not None]
        assert found == [(offset, value) for offset, (value, _) in sorted(expected.items()) if value is not None]
        self._agrees_by_time(expected)
        self._agrees_on_producers()
        bases = [segment.base_offset for segment in log.segments]
        assert bases == sorted(set(bases))

    def _agrees_by_time(self, expected):
        if not expected:
            return
        wanted = self.random.choice([timestamp for _, timestamp in expected.values()]) + self.random.randint(-1, 1)
        found = self.log.offset_for_timestamp(wanted)
        first = min((offset for offset, (_, timestamp) in expected.items() if timestamp >= wanted), default=None)
        assert first == (found and found[0])
        latest = max(timestamp for _, timestamp in expected.values())
        largest = self.log.offset_of_max_timestamp()
        if self.log.log_start_offset == self.log.segments[0].base_offset:
            assert largest is not None
            assert latest == largest[1]

    def _agrees_on_producers(self):
        open_, aborted = self._transactions()
        start, end = self.log.log_start_offset, self.log.log_end_offset
        # what began before the log's start may have been forgotten with the records it began with
        seen = self._transactions_from(start)[0]
        bounds = {max(min(each.values(), default=end), start) for each in (open_, seen)}
        assert self.log.last_stable_offset in bounds
        if end > start:
            fetched = self.log.read(start, 1 << 20, end)
            found = set(self.log.aborted_transactions(start, fetched))
            end_of_fetched = self.log.segments[1].base_offset if len(self.log.segments) > 1 else end
            must = {
                (producer, first)
                for producer, first, marker in aborted
                if first >= start and first < min(end_of_fetched, end)
            }
            # where the records that a transaction began with are deleted it may be known by later ones
            may = {
                (producer, each[0])
                for producer, first, marker in aborted
                for each in self.batches
                if each[2] == producer and first <= each[0] < marker
            }
            assert must <= found <= may
        states = {each.producer_id: each for each in self.log.producer_states()}
        alive = {each[2] for each in self.batches if each[0] >= start and each[5] is None}
        for producer_id, sequence in self.sequences.items():
            if producer_id in alive:
                assert sequence == states[producer_id].last_sequence + 1


Histories.TestCase.settings = settings(
    max_examples=EXAMPLES,
    derandomize="PYKBROKER_HISTORIES" not in os.environ,  # the same histories in every run, unless more are asked for
    stateful_step_count=40,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
TestHistories = Histories.TestCase
