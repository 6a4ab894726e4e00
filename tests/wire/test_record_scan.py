"""Looking over records agrees with reading them."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pykbroker.wire.record_cut import keyed, spans, spans_at
from pykbroker.wire.record_scan import last_record, scan
from pykbroker.wire.records import (
    HEADER_SIZE,
    CorruptRecords,
    RecordBatchBuilder,
    iterate_records,
    read_header,
)

blob = st.one_of(st.none(), st.binary(max_size=80), st.sampled_from([bytes(200), bytes(9000)]))
record = st.tuples(st.integers(0, 2**40), blob, blob, st.sampled_from([(), (("h", b"x"), ("n", None))]))


def batch_of(records):
    builder = RecordBatchBuilder()
    for each in records:
        builder.append(*each)
    return builder.build()


@given(records=st.lists(record, min_size=1, max_size=30))
def test_all_agree(records):
    """Numbers, extremes, keys and bounds are those of the records themselves."""
    batch = batch_of(records)
    header, data = read_header(batch), batch[HEADER_SIZE:]
    found = scan(data, len(records))
    timestamps = [each[0] - header.base_timestamp for each in records]
    assert found == (min(timestamps), max(timestamps), sum(each[1] is None for each in records), len(data))
    cut = list(spans(data, len(records)))
    assert last_record(data, len(records)) == cut[-1][0]
    for (_, _, _, delta, offset, key, has_value), read in zip(cut, iterate_records(batch, 0, header), strict=True):
        assert (offset, key, has_value) == (read.offset, read.key, read.value is not None)
        assert delta + header.base_timestamp == read.timestamp
    assert list(keyed(data, len(records))) == [(key, n) for n, (_, key, *_) in enumerate(records) if key is not None]
    every_third = bytearray(b"\x49\x92\x24" * 2)
    chosen = [(*span[:5], None, span[6]) for span in cut if (span[4] + 3) % 3 == 0 and span[5] is not None]
    found, end = spans_at(data, 0, len(records), every_third, 3)
    assert end == len(data)
    assert [span for span in found if cut[span[4]][5] is not None] == chosen
    assert b"".join(data[start:end] for start, _, end, *_ in cut) == data


@given(data=st.data(), records=st.lists(record, min_size=1, max_size=6))
@settings(max_examples=200)
def test_what_scan_accepts_can_be_read(data, records):
    """Damage that `scan` lets through lets reading through as well, and nothing else is ever raised."""
    batch = bytearray(batch_of(records))
    batch[data.draw(st.integers(HEADER_SIZE, len(batch) - 1))] = data.draw(st.integers(0, 255))
    count = data.draw(st.integers(len(records) - 1, len(records) + 1))
    inside = bytes(batch[HEADER_SIZE:])
    try:
        is_whole = scan(inside, count).end == len(inside)
    except CorruptRecords:
        is_whole = False
    header = read_header(batch)._replace(record_count=count)
    if is_whole:
        list(iterate_records(batch, 0, header))
    else:
        with pytest.raises(CorruptRecords):
            list(iterate_records(batch, 0, header))
    for look in (last_record, lambda *given: list(spans(*given))):
        try:
            look(inside, count)
        except CorruptRecords:
            assert not is_whole


@given(data=st.binary(max_size=60), count=st.integers(0, 5))
def test_garbage(data, count):
    """Any bytes are looked over or corrupt."""
    bits = bytearray(b"\xff" * 10)
    cuts = (
        lambda *given: list(spans(*given)),
        lambda *given: list(keyed(*given)),
        lambda data, count: spans_at(data, 0, count, bits, 0),
    )
    for look in (last_record, scan, *cuts):
        try:
            look(data, count)
        except CorruptRecords:
            continue


@pytest.mark.parametrize("count", [0, 4])
def test_wrong_counts(count):
    """Fewer or more than there are."""
    data = batch_of([(1, b"k", b"v", ())] * 3)[HEADER_SIZE:]
    with pytest.raises(CorruptRecords):
        last_record(data, count)
    with pytest.raises(CorruptRecords):
        list(spans(data, count))
    with pytest.raises(CorruptRecords):
        list(keyed(data, count))


@pytest.mark.parametrize("sizes", [(60, 140), (1, 20), (4_000, 12_000), (8_150, 8_250)])
@pytest.mark.parametrize("off_by", [0, 1, -1])
def test_long_stretches_of_records_of_all_sizes(sizes, off_by):
    """Thousands of records of varying size, with length prefixes of one, two and three bytes, are counted right."""
    dice = random.Random(sum(sizes))
    builder = RecordBatchBuilder()
    starts = []
    for number in range(1500):
        starts.append(builder.size - HEADER_SIZE)
        alike = number // 300 % 2  # runs of one size in between
        builder.append(1, None, bytes(sizes[0] if alike else dice.randint(*sizes)))
    records = builder.build()[HEADER_SIZE:]

    if off_by:
        with pytest.raises(CorruptRecords):
            last_record(records, len(starts) + off_by)
    else:
        assert last_record(records, len(starts)) == starts[-1]
