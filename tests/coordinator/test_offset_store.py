"""Committed and pending offsets."""

from pykbroker.coordinator.offset_store import CommittedOffset, OffsetStore


def at(offset, record_offset, topic_id=bytes(16)):
    return CommittedOffset(offset, -1, "", 0, -1, topic_id, record_offset)


def test_a_transactions_offsets_count_when_it_commits():
    """Until then they are pending, and the earlier offset stands."""
    store = OffsetStore()
    store.put("g", "t", 0, at(1, 0), -1)
    store.put("g", "t", 0, at(2, 1), 7)

    assert store.get("g", "t", 0).offset == 1
    assert store.is_pending("g", "t", 0)
    assert not store.is_pending("g", "t", 1)
    assert store.has_open_transactions("g")

    store.end_transaction(7, commit=True)

    assert store.get("g", "t", 0).offset == 2
    assert not store.is_pending("g", "t", 0)
    assert not store.has_open_transactions("g")


def test_an_aborted_transaction_leaves_nothing():
    """Neither an offset nor an open transaction."""
    store = OffsetStore()
    store.put("g", "t", 0, at(2, 1), 7)

    store.end_transaction(7, commit=False)
    store.end_transaction(7, commit=True)  # a marker that comes twice changes nothing

    assert store.get("g", "t", 0) is None
    assert len(store) == 0
    assert not store.has_open_transactions("g")


def test_of_two_commits_the_one_later_in_the_log_wins():
    """A plain commit made while the transaction was open is not undone by the marker."""
    store = OffsetStore()
    store.put("g", "t", 0, at(2, 1), 7)
    store.put("g", "t", 0, at(3, 2), -1)

    store.end_transaction(7, commit=True)

    assert store.get("g", "t", 0).offset == 3


def test_two_producers_do_not_disturb_each_other():
    """One group, two open transactions."""
    store = OffsetStore()
    store.put("g", "t", 0, at(2, 1), 7)
    store.put("g", "t", 1, at(5, 2), 8)

    store.end_transaction(7, commit=False)

    assert store.is_pending("g", "t", 1)
    assert store.has_open_transactions("g")


def test_a_tombstone_removes_pending_offsets_too():
    """So that a transaction that ends later does not bring back what was deleted."""
    store = OffsetStore()
    store.put("g", "t", 0, at(1, 0), -1)
    store.put("g", "t", 0, at(2, 1), 7)

    store.remove("g", "t", 0)
    store.remove("g", "t", 0)
    store.remove("g", "other", 0)
    store.end_transaction(7, commit=True)

    assert store.get("g", "t", 0) is None
    assert list(store.group_ids()) == []


def test_keys_of_a_group_and_of_a_topic():
    """Each partition once for a group; committed and pending for a topic."""
    store = OffsetStore()
    store.put("g", "t", 0, at(1, 0), -1)
    store.put("g", "t", 0, at(2, 1), 7)
    store.put("g", "t", 1, at(2, 2), 7)
    store.put("h", "t", 4, at(2, 3), -1)

    assert list(store.keys_of_group("g")) == [("t", 0), ("t", 1)]
    assert [(group, partition) for group, partition, _ in store.of_topic("t")] == [
        ("g", 0),
        ("h", 4),
        ("g", 0),
        ("g", 1),
    ]


def test_an_offset_belongs_to_one_incarnation_of_its_topic():
    """Ids that are both known must be equal."""
    mine, other, unknown = b"1" * 16, b"2" * 16, bytes(16)

    assert at(1, 0, mine).is_of(mine)
    assert at(1, 0, mine).is_of(unknown)
    assert at(1, 0, unknown).is_of(mine)
    assert not at(1, 0, mine).is_of(other)
