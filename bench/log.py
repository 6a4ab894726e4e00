"""The log beside the bare system calls: append, lookup, sendfile, recovery, and many partitions.

    PYTHONPATH=src python bench/log.py [--rounds 5] [--megabytes 256] [--partitions 2000] [--directory DIR]

Rows of a pair take turns, round after round, on fresh files of the same sizes; a figure is the median of the rounds.
``append`` is compared with a bare ``os.pwrite`` loop, in wall time and in CPU time (user and system), which a busy
machine disturbs less. Lookups are timed at several sizes of the log, because they must not depend on it.
"""

import argparse
import gc
import os
import random
import shutil
import socket
import statistics
import threading
import time
import tracemalloc

from pykbroker.disk import RealDisk
from pykbroker.log.config import LogConfig
from pykbroker.log.directory import LogDirectory
from pykbroker.log.log import AppendOrigin, Log
from pykbroker.log.log_manager import LogManager
from pykbroker.names import TopicPartition, new_uuid
from pykbroker.wire.records import RecordBatchBuilder

NOW = 1_700_000_000_000
TP = TopicPartition("t", 0)
CONFIG = LogConfig(max_message_bytes=1 << 30)
MIB = 1024 * 1024


def batch_of(size):
    """A batch of about so many bytes, in records of at most 1 KiB."""
    builder = RecordBatchBuilder()
    while builder.size < size or not builder.count:
        builder.append(NOW, None, bytes(min(1020, max(size - builder.size - 8, 1))))
    return builder.build()


class Bench:
    """A directory to write to, and how to make logs in it."""

    def __init__(self, directory):
        self.root = os.path.join(directory, "pykbroker-bench-log")
        self.disk = RealDisk()
        self.clear()

    def clear(self):
        """An empty directory."""
        shutil.rmtree(self.root, ignore_errors=True)
        os.makedirs(self.root + "/t-0")

    def new_log(self):
        return Log.create(LogDirectory(self.disk, self.root), self.root + "/t-0", TP, bytes(16), CONFIG)

    def filled_log(self, batch, total_bytes):
        log = self.new_log()
        for _ in range(max(total_bytes // len(batch), 1)):
            append(log, batch)
        return log


def append(log, batch):
    log.append_as_leader(batch, leader_epoch=0, origin=AppendOrigin.CLIENT, now_ms=NOW)
    log.high_watermark = log.log_end_offset


def seconds(action):
    started, started_cpu = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - started, time.process_time() - started_cpu


def bench_append(bench, rounds, total_bytes):
    print(f"\nappend, {total_bytes // MIB} MiB a round       MB/s: log  os.pwrite   us of CPU: log  os.pwrite  ratio")
    for size in (170, 16 * 1024, MIB):
        batch = bytearray(batch_of(size))
        count = max(min(total_bytes // len(batch), 100_000), 1)

        def through_log(batch=batch, count=count):
            log = bench.new_log()
            for _ in range(count):
                append(log, batch)

        def bare(batch=batch, count=count):
            fd = os.open(bench.root + "/bare", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            for number in range(count):
                os.pwrite(fd, batch, number * len(batch))
            os.close(fd)

        rows = [], []
        for number in range(2 * rounds):
            which = (number // 2 + number) % 2  # so that neither is always the one that comes after the other
            bench.clear()
            rows[which].append(seconds((through_log, bare)[which]))
        rates = [count * len(batch) / statistics.median(each[0] for each in row) / 1e6 for row in rows]
        cpu = [statistics.median(each[1] for each in row) / count * 1e6 for row in rows]
        print(
            f"  {len(batch):>9} bytes a batch  {rates[0]:>9.0f}  {rates[1]:>9.0f}"
            f"  {cpu[0]:>15.2f}  {cpu[1]:>9.2f}  {cpu[0] / cpu[1]:>5.2f}"
        )


def bench_lookup(bench, sizes):
    print("\nread, us of CPU each          at the tail   reading on, 1 MiB each   anywhere")
    for batch_size in (170, 16 * 1024):
        batch = bytearray(batch_of(batch_size))
        for total in sizes:
            bench.clear()
            log = bench.filled_log(batch, total)
            end = log.high_watermark
            dice = random.Random(1)
            offsets = [dice.randrange(end) for _ in range(2000)]
            step = MIB // len(batch)
            onward = [offset % end for offset in range(0, step * 2000, step)]
            row = [measure(log, each, end) for each in ([end - 1] * 5000, onward, offsets)]
            where = f"{log.size_bytes / MIB:.0f} MiB in {len(batch)}-byte batches"
            print(f"  {where:<28} {row[0]:>8.2f}   {row[1]:>22.2f}   {row[2]:>8.2f}")


def measure(log, offsets, end):
    """Median over three tries of the CPU time of one read."""
    tries = []
    for _ in range(3):
        started = time.process_time()
        for offset in offsets:
            log.read(offset, MIB, end)
        tries.append((time.process_time() - started) / len(offsets) * 1e6)
    return statistics.median(tries)


def bench_sendfile(bench, rounds, total_bytes):
    """From a file of the page cache to a socket whose other end throws everything away."""
    bench.clear()
    log = bench.filled_log(bytearray(batch_of(16 * 1024)), total_bytes)
    end, path = log.high_watermark, log.segments[0].path(".log")
    ours, bare = [], []
    for _ in range(rounds):
        ours.append(sending(lambda fd: send_log(log, end, fd), log.size_bytes))
        bare.append(sending(lambda fd: send_bare(path, fd), log.size_bytes))
    rates = [statistics.median(row) for row in (ours, bare)]
    print(f"\nread and sendfile, 1 MiB each: {rates[0]:.0f} MB/s; bare sendfile {rates[1]:.0f} MB/s")


def sending(send, size):
    near, far = socket.socketpair()
    buffer = bytearray(MIB)

    def drain():
        while far.recv_into(buffer):
            pass

    thread = threading.Thread(target=drain)
    thread.start()
    started = time.perf_counter()
    send(near.fileno())
    near.close()
    thread.join()
    far.close()
    return size / (time.perf_counter() - started) / 1e6


def send_log(log, end, fd):
    offset, step = 0, MIB // (log.size_bytes // end)
    while offset < end:
        piece = log.read(offset, MIB, end).records
        sent = 0
        while sent < len(piece):
            sent += os.sendfile(fd, piece.fileno(), piece.position + sent, len(piece) - sent)
        offset += step


def send_bare(path, fd):
    with open(path, "rb") as file:
        size, sent = os.fstat(file.fileno()).st_size, 0
        while sent < size:
            sent += os.sendfile(fd, file.fileno(), sent, min(MIB, size - sent))


def bench_recovery(bench, rounds, total_bytes):
    print("\nrecovery scan, CPU             GB/s   us a batch")
    for size in (170, 16 * 1024, MIB):
        batch = bytearray(batch_of(size))
        bench.clear()
        log = bench.filled_log(batch, min(total_bytes, 200_000 * len(batch)))

        def scan():
            Log.open(LogDirectory(bench.disk, bench.root), bench.root + "/t-0", TP, bytes(16), CONFIG, NOW)

        taken = statistics.median(seconds(scan)[1] for _ in range(rounds))
        rate, each = log.size_bytes / taken / 1e9, taken / (log.size_bytes / len(batch)) * 1e6
        print(f"  {len(batch):>9} bytes a batch    {rate:>6.2f}   {each:.2f}")


def bench_partitions(bench, count):
    bench.clear()
    dice = random.Random(1)

    def manager():
        return LogManager.open(bench.disk, [bench.root], node_id=1, now_ms=lambda: NOW, new_uuid=lambda: new_uuid(dice))

    def open_all(logs):
        for number in range(count):
            logs.get_or_create(TopicPartition("p", number), topic_id, CONFIG)

    topic_id = new_uuid(dice)
    shutil.rmtree(bench.root)
    logs = manager()
    created = seconds(lambda: open_all(logs))[0]
    batch = bytearray(batch_of(170))
    first = seconds(lambda: [append(log, batch) for log in logs.logs.values()])[0]
    closed = seconds(logs.close)[0]
    logs = manager()
    reopened = seconds(lambda: open_all(logs))[0]
    logs.close()
    tracemalloc.start()
    logs = manager()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(1000):
        logs.get_or_create(TopicPartition("empty", number), topic_id, CONFIG)
    each = (tracemalloc.get_traced_memory()[0] - before) / 1000
    tracemalloc.stop()
    print(f"\n{count} partitions: created {created:.3f} s, first append to each {first:.3f} s, closed {closed:.3f} s,")
    print(f"  opened again after a clean shutdown {reopened:.3f} s; {each:.0f} bytes of memory for an empty one")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=256)
    parser.add_argument("--partitions", type=int, default=2000)
    parser.add_argument("--directory", default=".")
    given = parser.parse_args()
    bench = Bench(given.directory)
    gc.disable()
    total = given.megabytes * MIB
    try:
        bench_append(bench, given.rounds, total)
        bench_lookup(bench, [MIB, total // 8, total])
        bench_sendfile(bench, given.rounds, total)
        bench_recovery(bench, given.rounds, total)
        bench_partitions(bench, given.partitions)
    finally:
        shutil.rmtree(bench.root, ignore_errors=True)


if __name__ == "__main__":
    main()
