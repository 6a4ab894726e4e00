"""The offset map against a dictionary."""

from hypothesis import given
from hypothesis import strategies as st

from pykbroker.log.offset_map import OffsetMap


@given(st.lists(st.tuples(st.binary(max_size=3), st.integers(0, 2**31)), max_size=300))
def test_it_is_a_dictionary(puts):
    """The last put of a key counts, and unknown keys are at -1."""
    offset_map, model = OffsetMap(), {}
    assert offset_map.put_all(puts, 7)
    for key, offset in puts:
        model[key] = offset + 7
    assert offset_map.count == len(model)
    assert all(offset_map.get(key) == offset for key, offset in model.items())
    assert offset_map.get(b"none such") == -1


def test_memory_follows_the_number_of_keys():
    """Some ten thousand keys take less than 60 bytes each, and all are found."""
    offset_map = OffsetMap()
    offset_map.put_all([(b"key-%d" % number, number) for number in range(20_000)], 0)
    assert offset_map.size_bytes() < 60 * 20_000
    assert all(offset_map.get(b"key-%d" % number) == number for number in range(20_000))


def test_the_limit():
    """The number of keys is bounded by the memory."""
    offset_map = OffsetMap(400)
    assert offset_map.capacity == 10
    assert offset_map.put_all([(b"%d" % number, number) for number in range(10)], 100)
    assert offset_map.is_full
    assert offset_map.latest_offset == 109
    assert not offset_map.put_all([(b"more", 11)], 100)
    assert offset_map.latest_offset == 109


def test_keys_with_the_same_hash():
    """The empty key's hash is 0, which marks a free slot; it is kept apart all the same."""
    offset_map = OffsetMap()
    assert offset_map.get(b"") == -1
    offset_map.put_all([(b"", 5)], 0)
    assert offset_map.get(b"") == 5
