"""Configuration of topics, brokers, groups and client metrics (API keys 32, 33, 44, 74)."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import Struct, Versions, array, boolean, int8, int16, int32, string


class DescribeConfigsSynonym(Struct):
    name: str = string()
    value: str | None = string(default=None, nullable="0+")
    source: int = int8()


class DescribeConfigsResourceResult(Struct):
    name: str = string()
    value: str | None = string(default=None, nullable="0+")
    read_only: bool = boolean()
    is_default: bool = boolean(default=False, versions="0")
    config_source: int = int8(default=-1, versions="1+")
    is_sensitive: bool = boolean()
    synonyms: Sequence[DescribeConfigsSynonym] = array(DescribeConfigsSynonym, default=(), versions="1+")
    config_type: int = int8(default=0, versions="3+")
    documentation: str | None = string(default=None, versions="3+", nullable="3+")


class DescribeConfigsResult(Struct):
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")
    resource_type: int = int8()
    resource_name: str = string()
    configs: Sequence[DescribeConfigsResourceResult] = array(DescribeConfigsResourceResult)


class DescribeConfigsResponse(Response, versions="0-4", flexible="4+"):
    """Values and where they come from.

    v0 says only whether a value is the default; since v1 ``config_source`` tells the level that set it.
    """

    throttle_time_ms: int = int32(default=0)
    results: Sequence[DescribeConfigsResult] = array(DescribeConfigsResult, default=())


class DescribeConfigsResource(Struct):
    resource_type: int = int8()
    resource_name: str = string()
    configuration_keys: Sequence[str] | None = array(string(), nullable="0+")


class DescribeConfigsRequest(Request[DescribeConfigsResponse], api_key=32, versions="0-4", flexible="4+"):
    """Asks for the configuration of resources; null keys mean all.

    v1  synonyms (KIP-226)    v3  documentation (KIP-569)    v4  flexible
    """

    TELLS_SOURCE = Versions.parse("1+")
    """The answer tells where a value comes from; before, only whether it is the default (KIP-226)."""

    resources: Sequence[DescribeConfigsResource] = array(DescribeConfigsResource)
    include_synonyms: bool = boolean(default=False, versions="1+")
    include_documentation: bool = boolean(default=False, versions="3+")


class AlterConfigsResourceResponse(Struct):
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")
    resource_type: int = int8()
    resource_name: str = string()


class AlterConfigsResponse(Response, versions="0-2", flexible="2+"):
    """Per resource an error."""

    throttle_time_ms: int = int32(default=0)
    responses: Sequence[AlterConfigsResourceResponse] = array(AlterConfigsResourceResponse, default=())


class AlterConfigsRequestAlterableConfig(Struct):
    name: str = string()
    value: str | None = string(default=None, nullable="0+")


class AlterConfigsRequestAlterConfigsResource(Struct):
    resource_type: int = int8()
    resource_name: str = string()
    configs: Sequence[AlterConfigsRequestAlterableConfig] = array(AlterConfigsRequestAlterableConfig)


class AlterConfigsRequest(Request[AlterConfigsResponse], api_key=33, versions="0-2", flexible="2+"):
    """Replaces the dynamic configuration of resources as a whole. Deprecated since KIP-339."""

    resources: Sequence[AlterConfigsRequestAlterConfigsResource] = array(AlterConfigsRequestAlterConfigsResource)
    validate_only: bool = boolean()


class IncrementalAlterConfigsResponse(Response, versions="0-1", flexible="1+"):
    """Per resource an error."""

    throttle_time_ms: int = int32(default=0)
    responses: Sequence[AlterConfigsResourceResponse] = array(AlterConfigsResourceResponse, default=())


class IncrementalAlterConfigsRequestAlterableConfig(Struct):
    name: str = string()
    config_operation: int = int8()
    value: str | None = string(default=None, nullable="0+")


class IncrementalAlterConfigsRequestAlterConfigsResource(Struct):
    resource_type: int = int8()
    resource_name: str = string()
    configs: Sequence[IncrementalAlterConfigsRequestAlterableConfig] = array(
        IncrementalAlterConfigsRequestAlterableConfig
    )


class IncrementalAlterConfigsRequest(
    Request[IncrementalAlterConfigsResponse], api_key=44, versions="0-1", flexible="1+"
):
    """Changes single entries (KIP-339): set 0, delete 1, append 2, subtract 3."""

    resources: Sequence[IncrementalAlterConfigsRequestAlterConfigsResource] = array(
        IncrementalAlterConfigsRequestAlterConfigsResource
    )
    validate_only: bool = boolean()


class ConfigResource(Struct):
    resource_name: str = string()
    resource_type: int = int8(default=16, versions="1+")


class ListConfigResourcesResponse(Response, versions="0-1", flexible="0+"):
    """Names and types."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    config_resources: Sequence[ConfigResource] = array(ConfigResource, default=())


class ListConfigResourcesRequest(Request[ListConfigResourcesResponse], api_key=74, versions="0-1", flexible="0+"):
    """Asks for the names of resources that have a configuration (KIP-714, KIP-1142).

    v0  of client metrics only    v1  of given types
    """

    CLIENT_METRICS_ONLY = Versions.parse("0")
    """Only client metrics resources, whatever else there is."""

    resource_types: Sequence[int] = array(int8(), default=(), versions="1+")
