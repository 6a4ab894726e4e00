"""Which batches the cleaner may drop because of transactions."""

from pykbroker.log.aborted import AbortedTransaction
from pykbroker.log.cleaned_transactions import CleanedTransactions
from pykbroker.log.producer_state import Marker
from pykbroker.wire.records import BatchHeader

ABORT = Marker(is_abort=True, coordinator_epoch=0, timestamp=0)
COMMIT = Marker(is_abort=False, coordinator_epoch=0, timestamp=0)


def batch(offset, producer_id=1, attributes=0x10):
    return BatchHeader(offset, 49, 0, 2, 0, attributes, 0, 0, 0, producer_id, 0, 0, 1)


def test_batches_of_aborted_transactions():
    """From the transaction's first offset until its marker, and only of its producer."""
    kept = []
    transactions = CleanedTransactions(kept.append)
    aborted = AbortedTransaction(1, 5, 9, 5)
    transactions.add_aborted([aborted, aborted])
    assert not transactions.is_aborted(batch(3))
    assert transactions.is_aborted(batch(5))
    assert not transactions.is_aborted(batch(6, producer_id=2))
    assert not transactions.is_aborted(batch(7, attributes=0))
    assert not transactions.marks_nothing(batch(9, attributes=0x30), ABORT)
    assert kept == [aborted]
    assert not transactions.is_aborted(batch(10))


def test_markers_without_records():
    """When all batches of the transaction have gone before, the marker may go, and its index entry with it."""
    kept = []
    transactions = CleanedTransactions(kept.append)
    transactions.add_aborted([AbortedTransaction(1, 5, 9, 5)])
    assert transactions.marks_nothing(batch(9), ABORT)
    assert transactions.marks_nothing(batch(10), COMMIT)
    assert transactions.marks_nothing(batch(11), None)
    assert kept == []


def test_committed_transactions():
    """A commit marker stays as long as there is a record of its transaction."""
    transactions = CleanedTransactions()
    transactions.is_aborted(batch(3))
    assert not transactions.marks_nothing(batch(4), COMMIT)
    assert transactions.marks_nothing(batch(5), COMMIT)


def test_other_control_batches():
    """Leader changes and the like are never in the way."""
    assert not CleanedTransactions().marks_nothing(batch(0), None, is_other_kind=True)


def test_aborting_without_an_index_to_keep():
    """The first walk only asks; nothing is written."""
    transactions = CleanedTransactions()
    transactions.add_aborted([AbortedTransaction(1, 5, 9, 5)])
    assert transactions.is_aborted(batch(5))
    assert not transactions.marks_nothing(batch(9), ABORT)
