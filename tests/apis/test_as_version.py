"""``--as-version``: a broker that offers what an older release of Apache Kafka offered, and no more."""

from __future__ import annotations

import pytest
import trio
from tests.conftest import BrokerInMemory

from pykbroker.apis.table import ApiTable
from pykbroker.config.definitions import ConfigError
from pykbroker.config.releases import RELEASES
from pykbroker.config.source import broker_config
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.features import METADATA_VERSION, METADATA_VERSIONS, latest_metadata_version
from pykbroker.testing import EmbeddedBroker
from pykbroker.wire.messages import APIS, releases
from pykbroker.wire.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from pykbroker.wire.messages.brokers import FeatureUpdateKey, UpdateFeaturesRequest

ASKED = ApiVersionsRequest(client_software_name="t", client_software_version="1")


async def started(nursery, release):
    broker = BrokerInMemory(nursery, {}, as_version=release)
    await broker.start()
    return broker


def test_the_rooms_know_the_same_releases():
    """Configuration and wire list the same names in the same order."""
    assert releases.RELEASES == RELEASES


@pytest.mark.parametrize("release", RELEASES)
def test_a_release_has_no_version_that_is_not_declared(release):
    """What a release advertised can be read and written here."""
    for key, versions in releases.versions_of(release).items():
        low, _, high = APIS[key].versions.partition("-")
        assert versions.high <= int(high or low) or key == 56  # AlterPartition 0 and 1 are gone
    assert set(ApiTable(as_version=release).versions) <= set(ApiTable().versions)


@pytest.mark.parametrize("release", RELEASES)
async def test_api_versions_is_the_table_of_the_release_as_far_as_it_is_served(autojump_clock, release):
    """Neither more nor less: the intersection of what the release had and what is served here."""
    async with trio.open_nursery() as nursery:
        broker = await started(nursery, release)
        version = releases.versions_of(release)[18].high
        answer = await (await broker.connect()).ask(ASKED, version)
        await broker.stop()

    told = {row.api_key: set(range(row.min_version, row.max_version + 1)) for row in answer.api_keys}
    served, known = ApiTable().versions, releases.versions_of(release)
    both = {key: set(served[key]) & set(known[key]) for key in served.keys() & known.keys()}
    assert told == {key: versions for key, versions in both.items() if versions}


@pytest.mark.parametrize(
    ("release", "levels"), [("2.8", {}), ("3.3", {METADATA_VERSION: 7}), ("3.9", {METADATA_VERSION: 21})]
)
async def test_a_fresh_cluster_has_the_features_of_the_release(autojump_clock, release, levels):
    """metadata.version is that of the release; what came later is neither supported nor finalized."""
    async with trio.open_nursery() as nursery:
        broker = await started(nursery, release)
        answer = await (await broker.connect()).ask(ASKED, 3)
        await broker.stop()

    assert {each.name: each.max_version_level for each in answer.finalized_features} == levels
    assert {each.name: each.max_version for each in answer.supported_features} == levels


async def test_a_newer_api_versions_request_is_told_the_range_of_the_release(autojump_clock):
    """A new client asks again with the version it was told (KIP-511)."""
    async with trio.open_nursery() as nursery:
        broker = await started(nursery, "3.8")
        client = await broker.connect()
        await client.send_bytes(client.frame(ASKED, 4))
        answer = ApiVersionsResponse.decode(await client.receive_frame(), 0, 4)
        await broker.stop()

    assert answer.error_code == ErrorCode.UNSUPPORTED_VERSION
    assert [(row.api_key, row.min_version, row.max_version) for row in answer.api_keys] == [(18, 0, 3)]


async def test_a_version_that_came_later_closes_the_connection(autojump_clock):
    """As with any version that a broker does not have."""
    async with trio.open_nursery() as nursery:
        broker = await started(nursery, "3.8")
        client = await broker.connect()
        await client.send_bytes(client.frame(UpdateFeaturesRequest(feature_updates=[]), 2))
        assert await client.receive_frame() is None
        await broker.stop()


async def test_features_cannot_be_raised_beyond_the_release(autojump_clock):
    """The controller supports no more than the release did."""
    async with trio.open_nursery() as nursery:
        broker = await started(nursery, "3.8")
        update = FeatureUpdateKey(feature=METADATA_VERSION, max_version_level=21, upgrade_type=1)
        request = UpdateFeaturesRequest(feature_updates=[update])
        answer = await (await broker.connect()).ask(request, 1)
        await broker.stop()

    assert answer.error_code == ErrorCode.INVALID_UPDATE_VERSION


async def test_a_directory_that_is_ahead_of_the_release_is_refused(autojump_clock):
    """Metadata may hold what the release would not have understood; the message says what to do."""
    async with trio.open_nursery() as nursery:
        broker = await started(nursery, None)
        await broker.stop()
        broker.as_version = "3.9"
        with pytest.RaisesGroup(
            pytest.RaisesExc(KafkaError, match="4.3-IV0, newer than 3.9-IV0"), allow_unwrapped=True
        ):
            async with trio.open_nursery() as failing:
                await failing.start(broker.make().run)
        broker.as_version = "4.3"
        await broker.start()
        await broker.stop()


def test_defaults_are_those_of_the_release_and_what_is_said_wins():
    """Records from the future are fine before 4.0 (KIP-1030), unless the user says otherwise."""
    name = "log.message.timestamp.after.max.ms"

    assert broker_config(as_version="3.9")[name] == 2**63 - 1
    assert broker_config(as_version="4.0")[name] == broker_config()[name] == 3_600_000
    assert broker_config({name: 5}, as_version="3.9")[name] == 5
    assert broker_config(as_version="3.3")["producer.id.expiration.ms"] == 604_800_000
    assert broker_config(as_version="3.4")["producer.id.expiration.ms"] == 86_400_000
    assert broker_config(as_version="3.9", preset="dev")["group.initial.rebalance.delay.ms"] == 0


def test_an_unknown_release_is_refused_by_name():
    """The message lists what there is."""
    with pytest.raises(ConfigError, match=r"as_version.*2\.7.*4\.3"):
        broker_config(as_version="2.7")


@pytest.mark.parametrize("release", RELEASES)
def test_every_release_has_a_metadata_version(release):
    """The last of its name; 3.3's, the oldest there is, for those under ZooKeeper."""
    assert METADATA_VERSIONS[latest_metadata_version(release)].startswith(max(release, "3.3"))


@pytest.mark.real
@pytest.mark.parametrize("release", ["2.8", "3.9"])
def test_stock_clients_work_with_an_older_release(release):
    """kafka-python and librdkafka produce and consume through a group."""
    from confluent_kafka import Consumer, Producer
    from kafka import KafkaConsumer, KafkaProducer

    with EmbeddedBroker(as_version=release) as broker:
        servers, topic = broker.bootstrap_servers, broker.unique_name()
        producer = KafkaProducer(bootstrap_servers=servers)
        producer.send(topic, b"one").get(10)
        producer.close()
        other = Producer({"bootstrap.servers": servers, "enable.idempotence": True})
        other.produce(topic, b"two")
        assert other.flush(10) == 0
        consumer = KafkaConsumer(
            topic, bootstrap_servers=servers, group_id="g", auto_offset_reset="earliest", consumer_timeout_ms=10_000
        )
        assert [next(consumer).value, next(consumer).value] == [b"one", b"two"]
        consumer.close()
        third = Consumer({"bootstrap.servers": servers, "group.id": "h", "auto.offset.reset": "earliest"})
        third.subscribe([topic])
        assert [message.value() for message in third.consume(2, 10)] == [b"one", b"two"]
        third.close()
