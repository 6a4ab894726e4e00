"""The log on the machine's own disk: killed without warning, and running for long."""

import os
import random
import signal
import subprocess
import sys
import tracemalloc

import pytest
from log_tools import NOW, TOPIC_ID, append, batch, read_all

from pykbroker.disk import RealDisk
from pykbroker.log.config import LogConfig
from pykbroker.log.housekeeping import Intervals
from pykbroker.log.log_manager import LogManager
from pykbroker.log.verify import Severity, verify_log_directory
from pykbroker.names import TopicPartition, new_uuid

CONFIG = LogConfig(segment_bytes=20_000, index_interval_bytes=500)

WRITER = """
import os, random, sys
sys.path[:0] = sys.argv[4:]
from log_tools import *
from test_real_disk import *
manager = open_manager(sys.argv[1])
number = int(sys.argv[2])
dice = random.Random(sys.argv[3])
steps = iter(())
while True:
    partition = dice.randrange(3)
    log = manager.get_or_create(TopicPartition("t", partition), TOPIC_ID, CONFIG)
    values = [b"%d-%d" % (number, each) + bytes(dice.randrange(300)) for each in range(dice.randint(1, 5))]
    info = append(log, batch(*values))
    os.write(1, b"%d %d %d\\n" % (partition, info.base_offset, number))
    number += 1
    if next(steps, 0) == 0:
        steps = manager.pass_(NOW + number)
"""


def open_manager(root, **options):
    """All logs below a directory of the real disk."""
    dice = random.Random(1)
    return LogManager.open(
        RealDisk(), [root], node_id=1, now_ms=lambda: NOW, new_uuid=lambda: new_uuid(dice), **options
    )


@pytest.mark.real
@pytest.mark.slow
def test_kill_nine(tmp_path):
    """A process that is killed while it writes loses nothing that it has acknowledged, again and again."""
    root = str(tmp_path / "data")
    dice = random.Random(7)
    acknowledged = {}
    number = 0
    paths = [os.path.dirname(__file__), *sys.path]
    for turn in range(4):
        command = [sys.executable, "-c", WRITER, root, str(number), str(turn), *paths]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            for _ in range(dice.randrange(50, 400)):
                line = writer.stdout.readline()
                assert line, "the writer ended by itself"
                partition, offset, sent = map(int, line.split())
                acknowledged[partition, offset] = sent
            writer.send_signal(signal.SIGKILL)
            for line in writer.stdout:
                if line.endswith(b"\n"):
                    partition, offset, sent = map(int, line.split())
                    acknowledged[partition, offset] = sent
        number = max(acknowledged.values()) + 2

        found = list(verify_log_directory(RealDisk(), root, records=True))
        assert [str(each) for each in found if each.severity is Severity.DAMAGE] == []
        manager = open_manager(root)
        values = {}
        for partition in range(3):
            log = manager.get_or_create(TopicPartition("t", partition), TOPIC_ID, CONFIG)
            values |= {(partition, offset): value for offset, value in read_all(log)}
        manager.close()
        for place, sent in acknowledged.items():
            assert values[place].startswith(b"%d-0" % sent)


@pytest.mark.real
@pytest.mark.slow
def test_descriptors_and_memory_stay_flat(tmp_path):
    """Segments come and go by the hundred; neither open files nor memory grow with them."""
    disk = RealDisk(max_open_files=16)
    dice = random.Random(1)
    manager = LogManager.open(
        disk,
        [str(tmp_path)],
        node_id=1,
        now_ms=lambda: NOW,
        new_uuid=lambda: new_uuid(dice),
        intervals=Intervals(retention_check_ms=1, recovery_checkpoint_ms=1, high_watermark_checkpoint_ms=1),
    )
    config = LogConfig(segment_bytes=2000, retention_bytes=5000, file_delete_delay_ms=0)
    partitions = [TopicPartition("t", number) for number in range(24)]
    data = batch(bytes(600), producer_id=-1)

    def turn(now_ms):
        for topic_partition in partitions:
            log = manager.get_or_create(topic_partition, TOPIC_ID, config)
            append(log, data, now_ms=now_ms)
            log.read(log.log_start_offset, 1000, log.log_end_offset).records.read()
        if now_ms % 7 == 0:
            manager.delete(partitions[now_ms % 24], now_ms=now_ms)
        for _ in manager.pass_(now_ms):
            pass

    before = open_descriptors()
    for now_ms in range(NOW, NOW + 30):
        turn(now_ms)
    tracemalloc.start()
    memory = tracemalloc.get_traced_memory()[0]
    for now_ms in range(NOW + 30, NOW + 90):
        turn(now_ms)
    grown = tracemalloc.get_traced_memory()[0] - memory
    tracemalloc.stop()

    assert disk.open_file_count <= 16
    assert open_descriptors() <= before + 16
    assert grown < 400_000
    assert sum(len(files) for _, _, files in os.walk(tmp_path)) < 24 * 25
    manager.close()
    assert open_descriptors() <= before


def open_descriptors():
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
