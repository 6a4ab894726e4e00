"""The transaction index: Kafka's bytes, searching, truncating."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pykbroker.log.aborted import (
    ENTRY_SIZE,
    AbortedTransaction,
    CorruptTransactionIndex,
    TransactionIndex,
    decode_aborted,
    encode_aborted,
)
from pykbroker.memory_disk import MemoryDisk

GOLDEN = Path(__file__).parent / "golden" / "transactions.txnindex"
PATH = "/data/00000000000000000000.txnindex"


@pytest.fixture
def disk():
    disk = MemoryDisk()
    disk.make_directory("/data")
    return disk


def filled(disk, count=10):
    index = TransactionIndex(disk, PATH)
    for number in range(count):
        index.append(AbortedTransaction(number, number * 10, number * 10 + 15, number * 10 + 6))
    return index


def test_kafkas_index():
    """Entries that Kafka wrote are read, and written the same."""
    data = GOLDEN.read_bytes()
    entries = list(decode_aborted(data))
    assert entries[1] == (1, 1, 9, 10)
    assert b"".join(map(encode_aborted, entries)) == data
    assert list(decode_aborted(data[:-1])) == entries[:-1]


def test_the_file_appears_with_the_first_entry(disk):
    """Most segments never have one."""
    index = TransactionIndex(disk, PATH)
    assert index.collect(0, 100) == ([], False)
    for harmless in (index.flush, index.reset, index.close, lambda: index.truncate_to(0), lambda: index.check(0)):
        harmless()
    assert not disk.exists(PATH)
    filled(disk, 1)
    assert disk.size_of(PATH) == ENTRY_SIZE
    assert len(list(TransactionIndex(disk, PATH).entries())) == 1


@given(start=st.integers(0, 130), size=st.integers(0, 60))
@settings(max_examples=50)
def test_collecting(start, size):
    """Exactly those that overlap the range, and no search beyond the last stable offset."""
    disk = MemoryDisk()
    disk.make_directory("/data")
    index = filled(disk)
    end = start + size
    found, is_complete = index.collect(start, end)
    assert found == [entry for entry in index.entries() if entry.last_offset >= start and entry.first_offset < end]
    assert is_complete == any(entry.last_stable_offset >= end for entry in index.entries())


def test_truncating(disk):
    """Transactions whose markers are gone are not aborted any more."""
    index = filled(disk)
    index.truncate_to(36)
    assert [entry.last_offset for entry in index.entries()] == [15, 25, 35]
    index.append(AbortedTransaction(1, 30, 36, 37))
    index.truncate_to(1000)
    assert len(list(index.entries())) == 4
    index.reset()
    assert list(index.entries()) == []
    index.append(AbortedTransaction(1, 0, 1, 1))


def test_renaming_and_closing(disk):
    """The index follows its file."""
    index = filled(disk)
    disk.rename(PATH, PATH + ".deleted")
    index.renamed(PATH + ".deleted")
    assert len(list(index.entries())) == 10
    index.flush()
    index.close()
    assert list(index.entries()) == []


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        b"\0\1" + bytes(32),
        encode_aborted(AbortedTransaction(1, 0, 5, 0)),
        encode_aborted(AbortedTransaction(1, 20, 15, 0)),
        encode_aborted(AbortedTransaction(1, 0, 15, 0)) * 2,
    ],
    ids=["torn", "version", "before the segment", "backwards", "twice"],
)
def test_impossible_indexes(disk, data):
    """What cannot belong to the segment is corrupt."""
    disk.write_file(PATH, data)
    with pytest.raises(CorruptTransactionIndex):
        TransactionIndex(disk, PATH).check(10)


def test_a_good_index(disk):
    """And what can, is not."""
    filled(disk).check(0)
