"""Feature levels: UpdateFeatures (API key 57), and what turning on eligible leader replicas takes along.

Lives here: who must support a level before it is finalized, and which way levels may move (KIP-584, KIP-1022).
Invariant: all updates of one request are made, or none.
Never: lowers metadata.version past a version that changed what the log holds.

Kafka: ``FeatureControlManager.updateFeatures``. As 4.3.1 answers: one refused update refuses the request with
INVALID_UPDATE_VERSION at the top, from version 2 on without per-feature results. kraft.version stays at 0 here (static
voters), where Apache Kafka can raise it.
"""

from __future__ import annotations

from collections.abc import Mapping

from pykbroker.controller.decision import Decision
from pykbroker.controller.settings import Settings
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata import features
from pykbroker.metadata.features import FEATURES, KRAFT_VERSION, METADATA_VERSION
from pykbroker.metadata.image import CONFIG_BROKER, ELR_VERSION, MetadataImage
from pykbroker.wire.api import StoredMessage
from pykbroker.wire.messages.brokers import (
    FeatureUpdateKey,
    UpdatableFeatureResult,
    UpdateFeaturesRequest,
    UpdateFeaturesResponse,
)
from pykbroker.wire.messages.stored_metadata_cluster import FeatureLevelRecord
from pykbroker.wire.messages.stored_metadata_topics import ConfigRecord

UPGRADE = 1
SAFE_DOWNGRADE = 2
UNSAFE_DOWNGRADE = 3
MIN_ISR = "min.insync.replicas"


def update_features(
    image: MetadataImage, request: UpdateFeaturesRequest, settings: Settings
) -> Decision[UpdateFeaturesResponse]:
    """Finalize new levels."""
    proposed = dict(image.features) | {each.feature: each.max_version_level for each in request.feature_updates}
    records: list[StoredMessage] = []
    try:
        for update in request.feature_updates:
            _check(image, update, proposed, settings)
            if update.max_version_level != image.features.get(update.feature, 0):
                records.append(FeatureLevelRecord(name=update.feature, feature_level=update.max_version_level))
    except KafkaError as error:
        return Decision((), _answer(request, error))
    if proposed.get(ELR_VERSION, 0) and not image.elr_enabled:
        records += elr_safety_records(image, settings)
    return Decision(() if request.validate_only else records, _answer(request, None))


def elr_safety_records(image: MetadataImage, settings: Settings) -> list[StoredMessage]:
    """What makes min.insync.replicas mean the same on every broker, which eligible leader replicas rely on (KIP-966).

    The cluster's default is written down, and no broker keeps a value of its own.
    """
    records: list[StoredMessage] = []
    if MIN_ISR not in image.config(CONFIG_BROKER, ""):
        value = settings.static_min_insync_replicas
        records.append(ConfigRecord(resource_type=CONFIG_BROKER, resource_name="", name=MIN_ISR, value=str(value)))
    for (resource_type, name), configs in image.configs.items():
        if resource_type == CONFIG_BROKER and name and MIN_ISR in configs:
            records.append(ConfigRecord(resource_type=CONFIG_BROKER, resource_name=name, name=MIN_ISR, value=None))
    return records


def _check(image: MetadataImage, update: FeatureUpdateKey, proposed: Mapping[str, int], settings: Settings) -> None:
    name, level = update.feature, update.max_version_level
    upgrade_type = SAFE_DOWNGRADE if update.allow_downgrade else update.upgrade_type
    if upgrade_type not in (UPGRADE, SAFE_DOWNGRADE, UNSAFE_DOWNGRADE):
        raise _refused(update, f"there is no upgrade type {upgrade_type}")
    if level < 0:
        raise _refused(update, "a level cannot be negative")
    _check_support(image, update, settings)
    present = image.features.get(name, 0)
    if level < present and upgrade_type == UPGRADE:
        raise _refused(update, f"that is lower than the present {present}, and no downgrade was asked for")
    if level > present and upgrade_type != UPGRADE:
        raise _refused(update, f"a downgrade cannot raise the present {present}")
    if name == METADATA_VERSION:
        _check_metadata_version(update, present, unsafe=upgrade_type == UNSAFE_DOWNGRADE)
    for needed, needed_level in FEATURES[name].needs.get(level, {}).items() if name in FEATURES else ():
        if proposed.get(needed, 0) < needed_level:
            raise _refused(update, f"it needs {needed} {needed_level}")


def _check_support(image: MetadataImage, update: FeatureUpdateKey, settings: Settings) -> None:
    """Every broker and controller must be able to follow."""
    ours = {name: each for name, each in settings.supported_features().items() if name != KRAFT_VERSION}
    nodes = [("this controller", ours)]
    nodes += [(f"broker {broker.node_id}", dict(broker.features)) for broker in image.brokers.values()]
    nodes += [(f"controller {each.node_id}", dict(each.features)) for each in image.controllers.values()]
    for who, supported in nodes:
        if update.feature not in supported and (who == "this controller" or update.max_version_level):
            raise _refused(update, f"{who} does not know this feature")
        low, high = supported.get(update.feature, (0, 0))
        if not low <= update.max_version_level <= high:
            raise _refused(update, f"{who} supports levels {low} to {high}")


def _check_metadata_version(update: FeatureUpdateKey, present: int, *, unsafe: bool) -> None:
    level = update.max_version_level
    if level >= present or not features.METADATA_CHANGED_AT & set(range(level + 1, present + 1)):
        return
    if unsafe:
        raise _refused(update, "an unsafe downgrade of the metadata is not supported")
    raise _refused(update, f"going down from {present} could lose metadata that level {level} cannot hold")


def _refused(update: FeatureUpdateKey, reason: str) -> KafkaError:
    return KafkaError(
        ErrorCode.INVALID_UPDATE_VERSION, f"{update.feature} cannot be set to {update.max_version_level}: {reason}"
    )


def _answer(request: UpdateFeaturesRequest, error: KafkaError | None) -> UpdateFeaturesResponse:
    code = ErrorCode.NONE if error is None else error.code
    message = None if error is None else f"nothing was changed, because {error.message}"
    results = [
        UpdatableFeatureResult(feature=update.feature, error_code=code, error_message=message)
        for update in request.feature_updates
    ]
    return UpdateFeaturesResponse(error_code=code, error_message=message, results=results)
