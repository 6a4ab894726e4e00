"""Dynamic configs: AlterConfigs (API key 33) and IncrementalAlterConfigs (44) of topics, brokers, groups and client
metrics.

Lives here: what may be said of a resource, in Kafka's order of checks, and the ConfigRecords that follow. Each resource
of a request succeeds or fails alone.
Invariant: with eligible leader replicas on, min.insync.replicas means the same on every broker, and changing it clears
what it was the measure of (KIP-966).
Never: knows a config's type or rule (``settings.rules`` does), or log levels: broker-logger resources are not metadata.

Kafka: ``ConfigAdminManager.preprocess`` on the broker, ``ConfigurationControlManager`` on the controller.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from pykbroker.controller.decision import ANYBODY, Decision, Requester, check_size
from pykbroker.controller.settings import Settings
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.image import (
    CONFIG_BROKER,
    CONFIG_CLIENT_METRICS,
    CONFIG_GROUP,
    CONFIG_TOPIC,
    ConfigResource,
    MetadataImage,
)
from pykbroker.names import validate_topic_name
from pykbroker.wire.api import StoredMessage
from pykbroker.wire.messages.configs import (
    AlterConfigsRequest,
    AlterConfigsResourceResponse,
    AlterConfigsResponse,
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
)
from pykbroker.wire.messages.stored_metadata_topics import ClearElrRecord, ConfigRecord

MIN_ISR = "min.insync.replicas"

# AlterConfigOp.OpType
SET = 0
DELETE = 1
APPEND = 2
SUBTRACT = 3


class _Operation(NamedTuple):
    """One line of what a request wants of a resource."""

    name: str
    op: int
    value: str | None


class _Change(NamedTuple):
    """What a resource's configs are to be."""

    explicit: Mapping[str, str | None]
    """Named in the request; None means back to the default."""
    implicit: Sequence[str] = ()
    """Configs that go because a full replacement does not name them."""


def incremental_alter_configs(
    image: MetadataImage, request: IncrementalAlterConfigsRequest, settings: Settings, requester: Requester = ANYBODY
) -> Decision[IncrementalAlterConfigsResponse]:
    """Set, delete, append to and subtract from single configs."""

    def change_of(resource: ConfigResource, operations: Sequence[_Operation]) -> _Change:
        present = image.config(*resource)
        return _Change({each.name: _applied(resource, each, present, settings) for each in operations})

    asked = [
        (
            (resource.resource_type, resource.resource_name),
            [_Operation(config.name, config.config_operation, config.value) for config in resource.configs],
        )
        for resource in request.resources
    ]
    records, responses = _alter_all(image, asked, change_of, settings, requester)
    return Decision(() if request.validate_only else records, IncrementalAlterConfigsResponse(responses=responses))


def alter_configs(
    image: MetadataImage, request: AlterConfigsRequest, settings: Settings, requester: Requester = ANYBODY
) -> Decision[AlterConfigsResponse]:
    """Replace all configs of a resource by those given (the older way)."""

    def change_of(resource: ConfigResource, operations: Sequence[_Operation]) -> _Change:
        given = {each.name: each.value for each in operations}
        return _Change(given, [name for name in image.config(*resource) if name not in given])

    asked = [
        (
            (resource.resource_type, resource.resource_name),
            [_Operation(config.name, SET, config.value) for config in resource.configs],
        )
        for resource in request.resources
    ]
    records, responses = _alter_all(image, asked, change_of, settings, requester)
    return Decision(() if request.validate_only else records, AlterConfigsResponse(responses=responses))


def _alter_all(
    image: MetadataImage,
    asked: Sequence[tuple[ConfigResource, Sequence[_Operation]]],
    change_of: Callable[[ConfigResource, Sequence[_Operation]], _Change],
    settings: Settings,
    requester: Requester,
) -> tuple[list[StoredMessage], list[AlterConfigsResourceResponse]]:
    times_named = Counter(resource for resource, _ in asked)
    records: list[StoredMessage] = []
    responses = []
    for resource, operations in asked:
        error: KafkaError | None = None
        try:
            if times_named[resource] > 1:
                raise _bad("a resource may appear only once in a request")
            _check_shape(resource, operations)
            _check_broker_name(resource, settings)
            change = change_of(resource, operations)
            if resource[0] == CONFIG_BROKER:
                settings.rules.validate_broker_change(image, resource[1], _result_of(image, resource, change))
            _check_authorization(resource, requester)
            records += _alter(image, resource, change, settings)
        except KafkaError as refusal:
            error = refusal
        responses.append(_response(resource, error))
    check_size(records)
    return records, responses


# -- what is asked -------------------------------------------------------------------------------------------------


def _check_shape(resource: ConfigResource, operations: Sequence[_Operation]) -> None:
    names = [each.name for each in operations]
    if len(set(names)) < len(names):
        raise _bad("a config may appear only once per resource")
    nulls = [each.name for each in operations if each.value is None and each.op != DELETE]
    if nulls:
        raise _bad(f"only a deletion may come without a value: {', '.join(nulls)}")
    if resource[0] not in (CONFIG_TOPIC, CONFIG_BROKER, CONFIG_CLIENT_METRICS, CONFIG_GROUP):
        raise _bad(f"resources of type {resource[0]} have no configs that can be altered so")


def _check_broker_name(resource: ConfigResource, settings: Settings) -> None:
    """A broker's own configs are altered by asking that broker; "" is the default of all."""
    resource_type, name = resource
    if resource_type != CONFIG_BROKER or not name:
        return
    digits = name[1:] if name[:1] in "+-" else name
    if not (digits.isascii() and digits.isdecimal()):
        raise _bad(f"a broker is named by its id, which {name!r} is not")
    if int(name) != settings.node_id:
        raise _bad(f"this is broker {settings.node_id}, not {name}")


def _applied(
    resource: ConfigResource, operation: _Operation, present: Mapping[str, str], settings: Settings
) -> str | None:
    """The value a config has after one operation; None for its default."""
    name, op, value = operation
    if op == SET:
        return value
    if op == DELETE:
        return None
    if op not in (APPEND, SUBTRACT):
        raise _bad(f"there is no config operation {op}")
    if not settings.rules.is_list(resource[0], name):
        raise KafkaError(ErrorCode.INVALID_CONFIG, f"{name} is not a list, so nothing can be appended or subtracted")
    before = present.get(name)
    if before is None:
        before = settings.rules.default(resource[0], name) or ""
    parts = [part for part in before.split(",") if part]
    assert value is not None
    for part in value.split(","):
        if op == APPEND and part not in parts:
            parts.append(part)
        elif op == SUBTRACT and part in parts:
            parts.remove(part)
    return ",".join(parts)


def _check_authorization(resource: ConfigResource, requester: Requester) -> None:
    if not requester.may_alter_configs(*resource):
        raise KafkaError(_NOT_AUTHORIZED.get(resource[0], ErrorCode.CLUSTER_AUTHORIZATION_FAILED))


_NOT_AUTHORIZED = {
    CONFIG_TOPIC: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
    CONFIG_GROUP: ErrorCode.GROUP_AUTHORIZATION_FAILED,
}


# -- what follows --------------------------------------------------------------------------------------------------


def _alter(image: MetadataImage, resource: ConfigResource, change: _Change, settings: Settings) -> list[StoredMessage]:
    _check_min_isr(image, resource, change)
    _check_name(resource)
    settings.rules.validate(*resource, _result_of(image, resource, change))
    _check_existence(image, resource)
    present = image.config(*resource)
    # A broker's config is written even when nothing differs: so brokers are made to read files again (KAFKA-14136).
    always = resource[0] == CONFIG_BROKER
    changed = {name: value for name, value in change.explicit.items() if always or present.get(name) != value}
    records: list[StoredMessage] = [_record(resource, name, value) for name, value in changed.items()]
    records += [_record(resource, name, None) for name in change.implicit]
    if image.elr_enabled and (MIN_ISR in changed or MIN_ISR in change.implicit):
        records += _elr_to_clear(resource)
    return records


def _result_of(image: MetadataImage, resource: ConfigResource, change: _Change) -> dict[str, str]:
    """All configs of the resource once the change is made."""
    after = {**image.config(*resource), **change.explicit}
    return {name: value for name, value in after.items() if value is not None and name not in change.implicit}


def _check_min_isr(image: MetadataImage, resource: ConfigResource, change: _Change) -> None:
    resource_type, name = resource
    touched = MIN_ISR in change.explicit or MIN_ISR in change.implicit
    if resource_type != CONFIG_BROKER or not image.elr_enabled or not touched:
        return
    if name:
        raise KafkaError(
            ErrorCode.INVALID_CONFIG,
            f"{MIN_ISR} cannot differ between brokers while eligible leader replicas are on",
        )
    if change.explicit.get(MIN_ISR) is None:
        raise KafkaError(
            ErrorCode.INVALID_CONFIG,
            f"the cluster's {MIN_ISR} cannot be removed while eligible leader replicas are on",
        )


def _check_name(resource: ConfigResource) -> None:
    resource_type, name = resource
    if resource_type == CONFIG_TOPIC:
        if not name:
            raise _bad("there is no default topic")
        validate_topic_name(name)
    elif resource_type != CONFIG_BROKER and not name:
        raise _bad("groups and client metrics subscriptions have a name; there is no default one")


def _check_existence(image: MetadataImage, resource: ConfigResource) -> None:
    """Groups and subscriptions need not exist; topics and brokers do."""
    resource_type, name = resource
    if resource_type == CONFIG_TOPIC and name not in image.topics:
        raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"there is no topic {name!r}")
    if resource_type == CONFIG_BROKER and name and int(name) not in image.brokers:
        raise KafkaError(ErrorCode.BROKER_ID_NOT_REGISTERED, f"broker {name} is not registered")


def _elr_to_clear(resource: ConfigResource) -> Iterable[StoredMessage]:
    """Eligible leaders were measured by the old minimum: a topic's are forgotten, or everybody's."""
    if resource[0] == CONFIG_TOPIC:
        return [ClearElrRecord(topic_name=resource[1])]
    return [ClearElrRecord(topic_name="")] if resource == (CONFIG_BROKER, "") else []


def _record(resource: ConfigResource, name: str, value: str | None) -> ConfigRecord:
    return ConfigRecord(resource_type=resource[0], resource_name=resource[1], name=name, value=value)


def _response(resource: ConfigResource, error: KafkaError | None) -> AlterConfigsResourceResponse:
    return AlterConfigsResourceResponse(
        error_code=ErrorCode.NONE if error is None else error.code,
        error_message=None if error is None else error.message,
        resource_type=resource[0],
        resource_name=resource[1],
    )


def _bad(message: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_REQUEST, message)
