"""Two implementations of record batches that we did not write, in one small shape.

`write(library, ...)` makes a batch with kafka-python or aiokafka, `read(library, ...)` reads one with it.
"""

import pytest

LIBRARIES = ("kafka-python", "aiokafka")


def _module(library, name):
    package = "kafka" if library == "kafka-python" else "aiokafka"
    return pytest.importorskip(f"{package}.record.{name}")


def _skip_unless_lz4_of_format_0(library):
    pytest.importorskip("xxhash", reason="kafka-python needs it for the lz4 of message format 0")
    if library == "aiokafka":
        pytest.skip("aiokafka has no lz4 in message format 0")


def write(library, records, *, magic=2, compression=0, producer=(-1, -1, -1), transactional=False):
    """A batch or message set of (timestamp, key, value, headers), offsets from 0."""
    if (magic, compression) == (0, 3):
        _skip_unless_lz4_of_format_0(library)
    if magic == 2:
        module = _module(library, "default_records")
        builder = module.DefaultRecordBatchBuilder(2, compression, int(transactional), *producer, 1 << 30)
        for offset, (timestamp, key, value, headers) in enumerate(records):
            assert builder.append(offset, timestamp, key, value, list(headers)) is not None
    else:
        module = _module(library, "legacy_records")
        builder = module.LegacyRecordBatchBuilder(magic, compression, 1 << 30)
        for offset, (timestamp, key, value, _) in enumerate(records):
            assert builder.append(offset, timestamp, key, value) is not None
    return bytes(builder.build())


def read(library, batch, *, magic=2, compression=0):
    """(offset, timestamp, key, value, headers) of every record, after the library checked the checksum."""
    if (magic, compression) == (0, 3):
        _skip_unless_lz4_of_format_0(library)
    if magic == 2:
        batches = [_module(library, "default_records").DefaultRecordBatch(bytearray(batch))]
    else:
        parsed = _module(library, "memory_records").MemoryRecords(bytes(batch))
        batches = []
        while parsed.has_next():
            batches.append(parsed.next_batch())
    records = []
    for each in batches:
        assert each.validate_crc()
        records += [(r.offset, r.timestamp, r.key, r.value, tuple(r.headers)) for r in each]
    return records
