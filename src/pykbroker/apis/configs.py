"""Configurations: describing, altering, listing those that have any (API keys 32, 33, 44, 74).

Topic, broker, group and client-metrics resources live in the metadata log, and the controller decides about them.
Broker-logger resources are this process's own loggers (``config.loggers``): a level lasts as long as the process
does.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pykbroker.apis.context import RequestContext
from pykbroker.apis.handles import Api, handles
from pykbroker.config.describe import (
    ConfigEntry,
    describe_all_brokers,
    describe_broker,
    describe_client_metrics,
    describe_group,
    describe_topic,
)
from pykbroker.config.loggers import LevelChange, check_levels, describe_loggers, set_levels
from pykbroker.controller.configs import alter_configs as decide_alter
from pykbroker.controller.configs import incremental_alter_configs as decide_incremental
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.image import (
    CONFIG_BROKER,
    CONFIG_BROKER_LOGGER,
    CONFIG_CLIENT_METRICS,
    CONFIG_GROUP,
    CONFIG_TOPIC,
)
from pykbroker.names import validate_topic_name
from pykbroker.wire.messages.configs import (
    AlterConfigsRequest,
    AlterConfigsResourceResponse,
    AlterConfigsResponse,
    ConfigResource,
    DescribeConfigsRequest,
    DescribeConfigsResource,
    DescribeConfigsResourceResult,
    DescribeConfigsResponse,
    DescribeConfigsResult,
    DescribeConfigsSynonym,
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsRequestAlterConfigsResource,
    IncrementalAlterConfigsResponse,
    ListConfigResourcesRequest,
    ListConfigResourcesResponse,
)

LISTABLE = (CONFIG_GROUP, CONFIG_CLIENT_METRICS, CONFIG_BROKER_LOGGER, CONFIG_BROKER, CONFIG_TOPIC)
"""Resource types of ListConfigResources, in Kafka's order."""


# -- describe ----------------------------------------------------------------------------------------------------------


def _describe_failed(request: DescribeConfigsRequest, error: KafkaError) -> DescribeConfigsResponse:
    return DescribeConfigsResponse(results=[_undescribed(resource, error) for resource in request.resources])


def _undescribed(resource: DescribeConfigsResource, error: KafkaError) -> DescribeConfigsResult:
    return DescribeConfigsResult(
        configs=(),
        error_code=error.code,
        error_message=error.message,
        resource_type=resource.resource_type,
        resource_name=resource.resource_name,
    )


@handles(DescribeConfigsRequest, error_response=_describe_failed)
async def describe_configs(context: RequestContext, request: DescribeConfigsRequest) -> DescribeConfigsResponse:
    """What configs resources have, and where the values come from.

    v1  sources and synonyms (KIP-226)      v3  types and documentation (KIP-569)      v4  flexible
    """
    results = []
    for resource in request.resources:
        try:
            entries = _entries(context, resource)
        except KafkaError as error:
            results.append(_undescribed(resource, error))
            continue
        results.append(
            DescribeConfigsResult(
                error_code=0,
                resource_type=resource.resource_type,
                resource_name=resource.resource_name,
                error_message="",
                configs=[
                    _shown(resource.resource_type, entry, request.include_synonyms, request.include_documentation)
                    for entry in entries
                ],
            )
        )
    return DescribeConfigsResponse(results=results)


def _entries(context: RequestContext, resource: DescribeConfigsResource) -> Sequence[ConfigEntry]:
    services = context.services
    image, config = services.metadata.image, services.config
    kind, name = resource.resource_type, resource.resource_name
    keys: Collection[str] | None = resource.configuration_keys or None
    if kind == CONFIG_TOPIC:
        validate_topic_name(name)
        if name not in image.topics:
            raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
        return describe_topic(config, image.topic_config(name), keys)
    if kind == CONFIG_BROKER and not name:
        return describe_all_brokers(config, keys)
    if kind in (CONFIG_BROKER, CONFIG_BROKER_LOGGER):
        _check_broker_name(context, name)
        return describe_broker(config, keys) if kind == CONFIG_BROKER else describe_loggers(keys)
    if not name:
        raise KafkaError(ErrorCode.INVALID_REQUEST, "the resource needs a name")
    if kind == CONFIG_GROUP:
        return describe_group(config, image.config(kind, name), keys)
    if kind == CONFIG_CLIENT_METRICS:
        return describe_client_metrics(image.config(kind, name), keys)
    raise KafkaError(ErrorCode.INVALID_REQUEST, f"resources of type {kind} have no configs")


def _check_broker_name(context: RequestContext, name: str) -> None:
    if name != str(context.services.node_id):
        raise KafkaError(
            ErrorCode.INVALID_REQUEST, f"this is broker {context.services.node_id}; it cannot speak for {name!r}"
        )


def _shown(
    kind: int, entry: ConfigEntry, with_synonyms: bool, with_documentation: bool
) -> DescribeConfigsResourceResult:
    synonyms = entry.synonyms if with_synonyms else ()
    return DescribeConfigsResourceResult(
        name=entry.name,
        value=entry.value,
        read_only=entry.read_only,
        is_default=entry.is_default,
        config_source=entry.source,
        is_sensitive=entry.is_sensitive,
        synonyms=[DescribeConfigsSynonym(name=each.name, value=each.value, source=each.source) for each in synonyms],
        config_type=entry.type,
        documentation=_documentation(kind, entry.name) if with_documentation else None,
    )


def _documentation(kind: int, name: str) -> str | None:
    from pykbroker.config.descriptions import documentation_of  # words for people: most brokers never need them

    return documentation_of(kind, name)


# -- alter -------------------------------------------------------------------------------------------------------------


def _alter_failed(request: AlterConfigsRequest, error: KafkaError) -> AlterConfigsResponse:
    return AlterConfigsResponse(
        responses=[_refused(resource.resource_type, resource.resource_name, error) for resource in request.resources]
    )


def _refused(kind: int, name: str, error: KafkaError) -> AlterConfigsResourceResponse:
    return AlterConfigsResourceResponse(
        error_code=error.code, error_message=error.message, resource_type=kind, resource_name=name
    )


@handles(AlterConfigsRequest, error_response=_alter_failed)
async def alter_configs(context: RequestContext, request: AlterConfigsRequest) -> AlterConfigsResponse:
    """Replace all configs of resources; what is not named goes back to its default."""
    response = context.services.controller.decide(decide_alter, request)
    return AlterConfigsResponse(responses=response.responses)


def _incremental_failed(request: IncrementalAlterConfigsRequest, error: KafkaError) -> IncrementalAlterConfigsResponse:
    return IncrementalAlterConfigsResponse(
        responses=[_refused(resource.resource_type, resource.resource_name, error) for resource in request.resources]
    )


@handles(IncrementalAlterConfigsRequest, error_response=_incremental_failed)
async def incremental_alter_configs(
    context: RequestContext, request: IncrementalAlterConfigsRequest
) -> IncrementalAlterConfigsResponse:
    """Set, delete, append to, subtract from single configs (KIP-339)."""
    loggers = [each for each in request.resources if each.resource_type == CONFIG_BROKER_LOGGER]
    others = [each for each in request.resources if each.resource_type != CONFIG_BROKER_LOGGER]
    answers = [_alter_loggers(context, each, request.validate_only) for each in loggers]
    if others:
        decided = context.services.controller.decide(
            decide_incremental, IncrementalAlterConfigsRequest(resources=others, validate_only=request.validate_only)
        )
        answers = [*answers, *decided.responses]
    return IncrementalAlterConfigsResponse(responses=answers)


def _alter_loggers(
    context: RequestContext, resource: IncrementalAlterConfigsRequestAlterConfigsResource, validate_only: bool
) -> AlterConfigsResourceResponse:
    try:
        _check_broker_name(context, resource.resource_name)
        changes = [LevelChange(each.name, each.config_operation, each.value) for each in resource.configs]
        (check_levels if validate_only else set_levels)(changes)
    except KafkaError as error:
        return _refused(resource.resource_type, resource.resource_name, error)
    return AlterConfigsResourceResponse(
        error_code=0, resource_type=resource.resource_type, resource_name=resource.resource_name, error_message=None
    )


# -- list --------------------------------------------------------------------------------------------------------------


@handles(ListConfigResourcesRequest)
async def list_config_resources(
    context: RequestContext, request: ListConfigResourcesRequest
) -> ListConfigResourcesResponse:
    """Resources that have, or can have, configs (KIP-714, KIP-1142)."""
    if context.version in ListConfigResourcesRequest.CLIENT_METRICS_ONLY:
        kinds: Sequence[int] = (CONFIG_CLIENT_METRICS,)
    else:
        unknown = set(request.resource_types) - set(LISTABLE)
        if unknown:
            raise KafkaError(ErrorCode.UNSUPPORTED_VERSION, f"no resources of type {sorted(unknown)}")
        kinds = request.resource_types or LISTABLE
    image = context.services.metadata.image
    named = {kind: [name for of_kind, name in image.configs if of_kind == kind] for kind in kinds}
    brokers = [str(node_id) for node_id in image.brokers]
    exist = {CONFIG_TOPIC: list(image.topics), CONFIG_BROKER: brokers, CONFIG_BROKER_LOGGER: brokers}
    return ListConfigResourcesResponse(
        config_resources=[
            ConfigResource(resource_name=name, resource_type=kind)
            for kind in kinds
            for name in exist.get(kind, named[kind])
        ]
    )


FAMILY: tuple[Api, ...] = (describe_configs, alter_configs, incremental_alter_configs, list_config_resources)
