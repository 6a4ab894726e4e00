"""Snapshots: image to records and back, and the file's bytes."""

from itertools import pairwise

import hypothesis.strategies as st
from hypothesis import given, settings

from metadata.sample_records import broker, cluster, topic_records
from pykbroker.metadata.image import (
    EMPTY_IMAGE,
    AclEntry,
    BrokerImage,
    ControllerImage,
    DelegationToken,
    Endpoint,
    MetadataImage,
    PartitionImage,
    ScramCredential,
    TopicImage,
)
from pykbroker.metadata.replay import replay
from pykbroker.metadata.snapshot import SnapshotId, image_to_records, parse_snapshot_name, snapshot_bytes, snapshot_id
from pykbroker.wire.messages.stored_metadata import METADATA_RECORDS, FeatureLevelRecord
from pykbroker.wire.records import iterate_records, split_batches
from pykbroker.wire.stored import decode_control_key, decode_metadata

names = st.text("abc._-", min_size=1, max_size=4)
uuids = st.binary(min_size=16, max_size=16)
int32s = st.integers(-(2**31), 2**31 - 1)
int64s = st.integers(-(2**63), 2**63 - 1)
nodes = st.integers(0, 5)
node_lists = st.lists(nodes, max_size=3, unique=True).map(tuple)
endpoints = st.lists(st.builds(Endpoint, names, names, st.integers(0, 65535), st.integers(0, 3)), max_size=2).map(tuple)
ranges = st.dictionaries(names, st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=2)


@st.composite
def partitions(draw, partition_id):
    replicas = draw(st.lists(nodes, min_size=1, max_size=3, unique=True).map(tuple))
    directories = draw(st.tuples(*[uuids] * len(replicas)))
    epoch = st.integers(0, 2**31 - 1)
    return PartitionImage(
        partition_id, draw(st.integers(-1, 5)), draw(epoch), draw(epoch), replicas, draw(node_lists), directories,
        draw(node_lists), draw(node_lists), draw(node_lists), draw(node_lists), draw(st.integers(0, 1)),
    )  # fmt: skip


@st.composite
def images(draw):
    topics = {}
    for name, topic_id in draw(
        st.dictionaries(names, uuids, max_size=3).filter(lambda d: len({*d.values()}) == len(d))
    ).items():
        count = draw(st.integers(0, 3))
        topics[name] = TopicImage(name, topic_id, tuple(draw(partitions(number)) for number in range(count)))
    cordoned = st.none() | st.lists(uuids, max_size=1).map(tuple)
    brokers = st.builds(
        BrokerImage, nodes, int64s, uuids, endpoints, ranges, st.none() | names, st.booleans(), st.booleans(),
        st.lists(uuids, max_size=2).map(tuple), cordoned,
    )  # fmt: skip
    controllers = st.builds(ControllerImage, nodes, uuids, endpoints, ranges, st.booleans())
    entity = st.dictionaries(st.sampled_from(["user", "client-id", "ip"]), st.none() | names, min_size=1)
    quotas = st.dictionaries(names, st.floats(allow_nan=False), min_size=1, max_size=2)
    data = st.binary(max_size=3)
    token = st.builds(DelegationToken, names, names, names, st.lists(names).map(tuple), int64s, int64s, int64s)
    acl = st.builds(AclEntry, *[st.integers(0, 9), names, st.integers(0, 9), names, names], *[st.integers(0, 9)] * 2)
    return MetadataImage(
        features={"metadata.version": 30} | draw(st.dictionaries(names, st.integers(1, 9), max_size=2)),
        brokers={each.node_id: each for each in draw(st.lists(brokers, max_size=2))},
        controllers={each.node_id: each for each in draw(st.lists(controllers, max_size=2))},
        topics=topics,
        topics_by_id={topic.topic_id: topic for topic in topics.values()},
        partition_count=sum(len(topic.partitions) for topic in topics.values()),
        configs=draw(
            st.dictionaries(
                st.tuples(st.sampled_from([2, 4, 16, 32]), names),
                st.dictionaries(names, names, min_size=1, max_size=2),
                max_size=3,
            )
        ),
        client_quotas=draw(st.dictionaries(entity.map(lambda d: tuple(sorted(d.items()))), quotas, max_size=2)),
        next_producer_id=draw(st.integers(0, 2**40)),
        scram=draw(
            st.dictionaries(
                st.tuples(st.integers(1, 2), names), st.builds(ScramCredential, data, data, data, int32s), max_size=2
            )
        ),
        acls=draw(st.dictionaries(uuids, acl, max_size=2)),
        tokens={each.token_id: each for each in draw(st.lists(token, max_size=2))},
    )


def records_of(data):
    """The metadata records and the control types in a snapshot's bytes."""
    found, controls = [], []
    for position, header in split_batches(data):
        for record in iterate_records(data, position, header):
            if header.is_control:
                controls.append(decode_control_key(record.key))
            else:
                found.append(decode_metadata(METADATA_RECORDS, record.value)[0])
    return found, controls


@settings(max_examples=60, deadline=None)
@given(images())
def test_a_snapshot_is_the_image(image):
    """Records made of any image lead to that image, and so do the bytes of its snapshot file."""
    assert replay(EMPTY_IMAGE, image_to_records(image), offset=-1) == image

    records, controls = records_of(b"".join(snapshot_bytes(image, 5, 6)))

    assert replay(EMPTY_IMAGE, records, offset=-1) == image
    assert controls == [3, 4]  # header first, footer last


def test_the_metadata_version_comes_first():
    """Whoever reads a snapshot must know at once how to read the rest."""
    first = next(image_to_records(cluster(broker(1), records=topic_records("orders"))))

    assert first == FeatureLevelRecord(name="metadata.version", feature_level=30)


def test_large_images_are_written_in_several_batches():
    """No batch of a snapshot grows with the cluster; offsets go on from one to the next."""
    data = b"".join(snapshot_bytes(cluster(records=topic_records("orders", 2500)), 0, 0))
    headers = [header for _, header in split_batches(data)]

    assert [header.record_count for header in headers][:3] == [1, 1000, 1000]
    assert all(after.base_offset == before.next_offset for before, after in pairwise(headers))


def test_snapshot_names():
    """A snapshot's file name is its end offset and epoch, in Kafka's digits."""
    image = cluster()._replace(offset=131, epoch=3)

    assert snapshot_id(image) == SnapshotId(132, 3)
    assert snapshot_id(image).file_name == "00000000000000000132-0000000003.checkpoint"
    assert parse_snapshot_name("00000000000000000132-0000000003.checkpoint") == SnapshotId(132, 3)
    assert snapshot_id(EMPTY_IMAGE) == SnapshotId(0, 0)


def test_other_files_are_no_snapshots():
    """Unfinished and deleted snapshots, segments and the bootstrap file are told apart by their names."""
    for name in (
        "00000000000000000132-0000000003.checkpoint.part",
        "00000000000000000132-0000000003.checkpoint.deleted",
        "00000000000000000132.log",
        "bootstrap.checkpoint",
        "0000000000000000013x-0000000003.checkpoint",
        "132-3.checkpoint",
    ):
        assert parse_snapshot_name(name) is None, name
