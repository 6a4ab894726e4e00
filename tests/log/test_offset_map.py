"""The offset map against a dictionary."""

from hypothesis import given
from hypothesis import strategies as st

from pykbroker.log.offset_map import OffsetMap


@given(st.lists(st.tuples(st.binary(max_size=3), st.integers(0, 2**62)), max_size=300))
def test_it_is_a_dictionary(puts):
    """The last put of a key counts, and unknown keys are at -1."""
    offset_map, model = OffsetMap(), {}
    for key, offset in puts:
        offset_map.put(key, offset)
        model[key] = offset
    assert offset_map.count == len(model)
    assert all(offset_map.get(key) == offset for key, offset in model.items())
    assert offset_map.get(b"none such") == -1


def test_memory_follows_the_number_of_keys():
    """Some ten thousand keys take less than 60 bytes each, and all are found."""
    offset_map = OffsetMap()
    for number in range(20_000):
        offset_map.put(b"key-%d" % number, number)
    assert offset_map.size_bytes() < 60 * 20_000
    assert all(offset_map.get(b"key-%d" % number) == number for number in range(20_000))


def test_the_limit():
    """The number of keys is bounded by the memory."""
    offset_map = OffsetMap(400)
    assert offset_map.capacity == 10
    for number in range(10):
        assert not offset_map.is_full
        offset_map.put(b"%d" % number, number)
    assert offset_map.is_full


def test_keys_with_the_same_hash():
    """The empty key's hash is 0, which marks a free slot; it is kept apart all the same."""
    offset_map = OffsetMap()
    assert offset_map.get(b"") == -1
    offset_map.put(b"", 5)
    assert offset_map.get(b"") == 5
