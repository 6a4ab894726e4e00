"""DescribeLogDirs through a whole broker."""

from __future__ import annotations

import pytest
from asking import batch, create, produce

from pykbroker.errors import ErrorCode
from pykbroker.log.directory import LogDirectory
from pykbroker.wire.messages.log_dirs import DescribableLogDirTopic, DescribeLogDirsRequest


@pytest.mark.parametrize("version", range(1, DescribeLogDirsRequest.versions.high + 1))
async def test_every_version_tells_directory_and_sizes(autojump_clock, client, version):
    """A replica is as large as what was appended; the room on the disk since v4 (KIP-827)."""
    await create(client, "t", 2)
    sent = batch(b"v")
    await produce(client, sent)

    (result,) = (await client.ask(DescribeLogDirsRequest(topics=None), version)).results

    sizes = {
        (topic.name, part.partition_index): part.partition_size for topic in result.topics for part in topic.partitions
    }
    assert (result.error_code, result.log_dir) == (0, "/data")
    assert {key: size for key, size in sizes.items() if key[0] == "t"} == {("t", 0): len(sent), ("t", 1): 0}
    assert "__cluster_metadata" not in {name for name, _ in sizes}
    assert (result.total_bytes > 0) == (version >= 4)


async def test_only_what_is_asked_for_is_told(autojump_clock, client):
    """A topic's partitions by number; what is not there is left out without an error."""
    await create(client, "t", 3)
    asked = [DescribableLogDirTopic(topic=name, partitions=[1, 9]) for name in ("t", "missing")]

    (result,) = (await client.ask(DescribeLogDirsRequest(topics=asked))).results

    assert [(topic.name, [part.partition_index for part in topic.partitions]) for topic in result.topics] == [
        ("t", [1])
    ]


async def test_a_failed_directory_says_so(autojump_clock, broker, client):
    """KAFKA_STORAGE_ERROR for the directory, and its topics are not told."""
    await create(client)
    directory: LogDirectory = broker.services.logs.directories[0]
    directory.failure = OSError("broken")

    (result,) = (await client.ask(DescribeLogDirsRequest(topics=None))).results

    assert (result.error_code, list(result.topics)) == (ErrorCode.KAFKA_STORAGE_ERROR, [])
    directory.failure = None
