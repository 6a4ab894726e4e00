"""UpdateFeatures, as Apache Kafka 4.3.1 answers."""

import pytest
from metadata.sample_records import broker, cluster

from controller.simple_settings import after, settings
from pykbroker.controller.features import update_features
from pykbroker.errors import ErrorCode
from pykbroker.metadata.image import CONFIG_BROKER
from pykbroker.wire.messages.brokers import FeatureUpdateKey, UpdateFeaturesRequest
from pykbroker.wire.messages.stored_metadata import ConfigRecord, FeatureLevelRecord

UPGRADE, SAFE, UNSAFE = 1, 2, 3


def update(*updates, image=None, validate_only=False):
    request = UpdateFeaturesRequest(
        feature_updates=[
            FeatureUpdateKey(feature=name, max_version_level=level, upgrade_type=kind) for name, level, kind in updates
        ],
        validate_only=validate_only,
    )
    return update_features(image or cluster(), request, settings())


@pytest.mark.parametrize(
    ("name", "level", "kind"),
    [
        ("group.version", 0, UPGRADE),  # a downgrade must be asked for
        ("group.version", 2, UPGRADE),  # supported is up to 1
        ("group.version", -1, SAFE),
        ("group.version", 1, 0),  # no such upgrade type
        ("group.version", 1, 4),
        ("nope", 1, UPGRADE),
        ("metadata.version", 31, UPGRADE),
        ("metadata.version", 6, SAFE),
        ("metadata.version", 29, UPGRADE),
        ("metadata.version", 29, SAFE),  # 30 brought cordoned directories, which 29 cannot hold
        ("metadata.version", 29, UNSAFE),
        ("kraft.version", 0, SAFE),
    ],
)
def test_refused(name, level, kind):
    """INVALID_UPDATE_VERSION for the request; nothing is written."""
    decision = update((name, level, kind))

    assert decision.response.error_code == ErrorCode.INVALID_UPDATE_VERSION
    assert decision.response.error_message
    assert decision.records == ()


def test_down_and_up_again():
    """A safe downgrade to 0 removes the feature, an upgrade brings it back."""
    down = update(("group.version", 0, SAFE))
    image = after(cluster(), down)
    assert down.response.error_code == ErrorCode.NONE
    assert "group.version" not in image.features

    up = update(("group.version", 1, UPGRADE), image=image)
    assert up.records == [FeatureLevelRecord(name="group.version", feature_level=1)]


def test_version_0_of_the_request_says_downgrade_otherwise():
    """allow_downgrade is its upgrade type."""
    update_key = FeatureUpdateKey(feature="group.version", max_version_level=0, allow_downgrade=True)
    decision = update_features(cluster(), UpdateFeaturesRequest(feature_updates=[update_key]), settings())

    assert decision.records == [FeatureLevelRecord(name="group.version", feature_level=0)]


def test_all_or_nothing():
    """One refused update refuses the others, which old versions see per feature."""
    decision = update(("group.version", 0, SAFE), ("nope", 2, UPGRADE))

    assert decision.records == ()
    assert {result.error_code for result in decision.response.results} == {ErrorCode.INVALID_UPDATE_VERSION}


def test_the_same_level_again():
    """Success."""
    decision = update(("group.version", 1, UPGRADE), ("group.version", 1, SAFE))

    assert (decision.response.error_code, decision.records) == (ErrorCode.NONE, [])


def test_validate_only():
    """Answers, writes nothing."""
    decision = update(("group.version", 0, SAFE), validate_only=True)

    assert (decision.response.error_code, decision.records) == (ErrorCode.NONE, ())


def test_every_broker_must_follow():
    """A level is finalized only when all registered brokers support it."""
    image = cluster(
        broker(1), broker(2)._replace(features={"share.version": (0, 0)}), features={"metadata.version": 30}
    )
    decision = update(("share.version", 1, UPGRADE), image=image)

    assert decision.response.error_code == ErrorCode.INVALID_UPDATE_VERSION
    assert "broker 2" in decision.response.error_message


def test_a_level_may_need_another_feature():
    """Eligible leader replicas need metadata.version 4.0-IV1; both may come in one request."""
    image = cluster(features={"metadata.version": 22})
    elr = ("eligible.leader.replicas.version", 1, UPGRADE)

    assert update(elr, image=image).response.error_code == ErrorCode.INVALID_UPDATE_VERSION
    assert update(elr, ("metadata.version", 23, UPGRADE), image=image).response.error_code == ErrorCode.NONE


def test_metadata_downgrades_that_lose_nothing():
    """From 4.2-IV1 to 4.0-IV1 the log's records did not change."""
    image = cluster(features={"metadata.version": 29})

    assert update(("metadata.version", 23, SAFE), image=image).response.error_code == ErrorCode.NONE
    assert update(("metadata.version", 22, SAFE), image=image).response.error_code == ErrorCode.INVALID_UPDATE_VERSION


def test_eligible_leaders_make_min_insync_replicas_one_value():
    """Turning them on writes the cluster's default down and takes brokers' own values away."""

    def min_isr(name, value):
        return ConfigRecord(resource_type=CONFIG_BROKER, resource_name=name, name="min.insync.replicas", value=value)

    image = cluster(features={"metadata.version": 30}, records=[min_isr("1", "2")])
    decision = update(("eligible.leader.replicas.version", 1, UPGRADE), image=image)

    assert decision.records[1:] == [min_isr("", "1"), min_isr("1", None)]
