"""Leader epochs against a model that keeps an epoch per offset."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykbroker.log.checkpoints import CorruptCheckpoint
from pykbroker.log.leader_epochs import EpochEntry, LeaderEpochs


def epochs_of(*entries):
    return LeaderEpochs([EpochEntry(*entry) for entry in entries])


def test_assigning():
    """Only a new epoch, or an earlier start of the latest, is news."""
    epochs = LeaderEpochs()
    assert epochs.latest_epoch is None
    assert epochs.latest_entry is None
    assert epochs.assign(0, 0)
    assert not epochs.assign(0, 5)
    assert epochs.assign(2, 10)
    assert not epochs.assign(2, 10)
    assert epochs.entries == ((0, 0), (2, 10))
    assert epochs.latest_entry == (2, 10)


def test_contradictions_are_replaced():
    """Entries not below the new one in both numbers go, as after an unclean election."""
    epochs = epochs_of((0, 0), (2, 10), (4, 20))
    assert epochs.assign(3, 15)
    assert epochs.entries == ((0, 0), (2, 10), (3, 15))
    assert epochs.assign(5, 10)
    assert epochs.entries == ((0, 0), (5, 10))
    assert epochs.assign(5, 4)
    assert epochs.entries == ((0, 0), (5, 4))


@pytest.mark.parametrize(
    ("epoch", "expected"),
    [
        (-1, (-1, -1)),
        (1, (1, 7)),  # before the first known: where the log begins
        (2, (2, 10)),
        (3, (2, 10)),
        (4, (4, 20)),
        (6, (6, 99)),
        (7, (-1, -1)),
    ],
)
def test_ends_of_epochs(epoch, expected):
    """Kafka's answers for known, skipped, older and newer epochs."""
    assert epochs_of((2, 7), (4, 10), (6, 20)).end_offset_for(epoch, 99) == expected


def test_nothing_is_known_of_an_empty_log():
    """Undefined, whatever is asked."""
    assert LeaderEpochs().end_offset_for(0, 0) == (-1, -1)
    assert LeaderEpochs().epoch_for_offset(0) is None
    assert LeaderEpochs().start_offset_of(0) is None
    assert not LeaderEpochs().clear()


def test_truncating_at_the_start():
    """The epoch that the new start lies in begins there; Kafka keeps it even when it is the only one."""
    epochs = epochs_of((2, 7), (4, 10), (6, 20))
    assert not epochs.truncate_from_start(5)
    assert not epochs.truncate_from_start(7)
    assert epochs.truncate_from_start(9)
    assert epochs.entries == ((2, 9), (4, 10), (6, 20))
    assert epochs.truncate_from_start(10)
    assert epochs.entries == ((4, 10), (6, 20))
    assert epochs.truncate_from_start(50)
    assert epochs.entries == ((6, 50),)


def test_truncating_at_the_end():
    """Epochs that begin at the new end or behind it are gone."""
    epochs = epochs_of((2, 7), (4, 10), (6, 20))
    assert not epochs.truncate_from_end(21)
    assert epochs.truncate_from_end(20)
    assert epochs.latest_epoch == 4
    assert epochs.truncate_from_end(0)
    assert epochs.entries == ()


appends = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), max_size=12)


@given(appends=appends, start=st.integers(0, 40), end=st.integers(0, 40))
def test_against_an_epoch_per_offset(appends, start, end):
    """Appending, truncating at both ends and asking agree with a list of every offset's epoch."""
    epochs, model, epoch = LeaderEpochs(), {}, 0
    for step, count in appends:
        epoch += step
        epochs.assign(epoch, len(model))
        model |= dict.fromkeys(range(len(model), len(model) + count), epoch)
    epochs.truncate_from_end(end)
    model = {offset: e for offset, e in model.items() if offset < end}
    epochs.truncate_from_start(start)
    model = {offset: e for offset, e in model.items() if offset >= start}
    for offset, expected in model.items():
        assert epochs.epoch_for_offset(offset) == expected
    for known in set(model.values()):
        first = min(offset for offset in model if model[offset] == known)
        last = max(offset for offset in model if model[offset] == known)
        assert epochs.start_offset_of(known) == first
        assert epochs.end_offset_for(known, max(model) + 1) == (known, last + 1)


def test_the_file():
    """Kafka's bytes, there and back."""
    assert epochs_of((0, 0)).encode() == b"0\n1\n0 0\n"
    epochs = epochs_of((0, 0), (3, 17))
    assert LeaderEpochs.decode(epochs.encode()).entries == epochs.entries
    assert LeaderEpochs.decode(b"").entries == ()
    assert epochs.clear()


@pytest.mark.parametrize("data", [b"0\n1\n0\n", b"0\n1\na b\n", b"0\n1\n-1 0\n", b"0\n1\n0 -5\n", b"5\n0\n"])
def test_corrupt_files(data):
    """Anything else is corrupt."""
    with pytest.raises(CorruptCheckpoint):
        LeaderEpochs.decode(data)
