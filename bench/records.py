"""Records: ours beside kafka-python's and aiokafka's (a C extension), and what validating a batch costs.

    PYTHONPATH=src python bench/records.py [--records 1000000] [--rounds 5]

One million records of 100 bytes in batches of 10,000, built and iterated; then single calls of the produce path.
Libraries take turns in one process, one round after the other; a figure is the median of the rounds with its range.
CPU time is counted, so that a busy machine disturbs little.
"""

import argparse
import statistics
import time
import zlib

from aiokafka.record.default_records import DefaultRecordBatch as AioBatch
from aiokafka.record.default_records import DefaultRecordBatchBuilder as AioBuilder
from kafka.record.default_records import DefaultRecordBatch as KafkaBatch
from kafka.record.default_records import DefaultRecordBatchBuilder as KafkaBuilder

from pykbroker.log.config import LogConfig
from pykbroker.log.validate import AppendOrigin, validate_and_assign
from pykbroker.names import TopicPartition
from pykbroker.wire.compression import CODEC_NAMES
from pykbroker.wire.records import RecordBatchBuilder, check_crc, iterate_records, read_header, split_batches

VALUE = bytes(100)
BATCH = 10_000
NOW = 1_700_000_000_000


def build_ours(count):
    builder = RecordBatchBuilder()
    append = builder.append
    for index in range(count):
        append(NOW + index // 100, None, VALUE)
    return builder.build()


def build_with(builder_type, count):
    builder = builder_type(2, 0, 0, -1, -1, -1, 1 << 30)
    append = builder.append
    for index in range(count):
        append(index, NOW + index // 100, None, VALUE, [])
    return bytes(builder.build())


def iterate_ours(batch):
    for _ in iterate_records(batch, 0, read_header(batch)):
        pass


def iterate_with(batch_type, batch):
    for _ in batch_type(bytearray(batch)):
        pass


def validate(batch, **config):
    config = LogConfig(**config)
    partition = TopicPartition("t", 0)
    return lambda: validate_and_assign(
        batch,
        config,
        partition,
        next_offset=5,
        leader_epoch=1,
        origin=AppendOrigin.CLIENT,
        now_ms=NOW,
    )


def batch_of(count, size, compression=0):
    builder = RecordBatchBuilder(compression=compression)
    for index in range(count):
        block = zlib.crc32(index.to_bytes(4, "big")).to_bytes(4, "big")
        builder.append(NOW, b"%d" % index, (block * (size // 4 + 1))[:size])
    return builder.build()


def micros(call, times):
    start = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - start) / times * 1e6


def measure(title, calls, rounds, times, per=1):
    """Rounds in turn; prints microseconds per call divided by `per`."""
    taken = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            taken[name].append(micros(call, times) / per)
    first = statistics.median(next(iter(taken.values())))
    print(f"\n{title}")
    for name, values in taken.items():
        median = statistics.median(values)
        spread = f"[{min(values):.3g}-{max(values):.3g}]"
        print(f"  {name:28} {median:9.3f} us {spread:18} {median / first:6.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    batches, rounds = max(options.records // BATCH, 1), options.rounds

    sample = build_ours(BATCH)
    assert sample[61:] == build_with(AioBuilder, BATCH)[61:] == build_with(KafkaBuilder, BATCH)[61:]
    measure(
        f"building {batches * BATCH:,} records of 100 B, per record",
        {
            "pykbroker": lambda: build_ours(BATCH),
            "kafka-python": lambda: build_with(KafkaBuilder, BATCH),
            "aiokafka (C)": lambda: build_with(AioBuilder, BATCH),
        },
        rounds,
        batches,
        BATCH,
    )
    measure(
        f"iterating {batches * BATCH:,} records of 100 B, per record",
        {
            "pykbroker": lambda: iterate_ours(sample),
            "kafka-python": lambda: iterate_with(KafkaBatch, sample),
            "aiokafka (C)": lambda: iterate_with(AioBatch, sample),
        },
        rounds,
        batches,
        BATCH,
    )
    small, header = batch_of(1, 100), read_header(batch_of(1, 100))
    measure(
        "looking at a batch, per call",
        {
            "read_header": lambda: read_header(small),
            "split_batches of 4": lambda data=small * 4: split_batches(data),
            "check_crc of 170 B": lambda: check_crc(small, 0, header),
        },
        rounds,
        20_000,
    )
    for title, batch in {
        "1 record of 100 B": small,
        "10 records of 100 B": batch_of(10, 100),
        "8,000 records of 100 B": batch_of(8000, 100),
        "1,000 records of 1 KiB": batch_of(1000, 1024),
        "1 record of 100 B, lz4": batch_of(1, 100, 3),
        "8,000 records of 100 B, lz4": batch_of(8000, 100, 3),
    }.items():
        calls = {
            "as it comes": validate(batch),
            "LogAppendTime": validate(batch, is_log_append_time=True),
            "compacted": validate(batch, is_compacted=True),
        }
        measure(f"validating {title} ({len(batch):,} bytes)", calls, rounds, max(2_000_000 // (len(batch) * 8), 3))
    data = batch_of(8000, 100)
    for codec in range(1, 5):
        again = {f"to {CODEC_NAMES[codec]}": validate(data, compression_type=CODEC_NAMES[codec])}
        measure("recompressing 8,000 records of 100 B", again, rounds, 3)


if __name__ == "__main__":
    main()
