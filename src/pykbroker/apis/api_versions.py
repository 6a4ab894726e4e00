"""ApiVersions (API key 18): which APIs and versions this broker serves, and the cluster's features.

Does: answer exactly what is implemented and enabled; a version nobody knows is answered in version 0 with
UNSUPPORTED_VERSION and the range of this very API (KIP-511), from which a client learns what to ask next.

v1  throttle_time_ms    v3  flexible, client software name and version, features (KIP-584)
v4  features of level 0 (KIP-1022)
"""

from __future__ import annotations

import re

from pykbroker.apis.context import RequestContext
from pykbroker.apis.handles import Api, handles
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.features import features_are_told, latest_metadata_version, supported_features
from pykbroker.wire.messages.api_versions import (
    ApiVersion,
    ApiVersionsRequest,
    ApiVersionsResponse,
    FinalizedFeatureKey,
    SupportedFeatureKey,
)
from pykbroker.wire.schema import Versions

_SOFTWARE_WORD = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?")
"""What a client may call itself (``ApiVersionsRequest.isValid``)."""


def unsupported_version(versions: Versions) -> ApiVersionsResponse:
    """The answer to an ApiVersions request in a version that is not among ``versions``; to be sent in version 0."""
    row = ApiVersion(api_key=ApiVersionsRequest.api_key, min_version=versions.low, max_version=versions.high)
    return ApiVersionsResponse(error_code=ErrorCode.UNSUPPORTED_VERSION, api_keys=[row])


def _failed(request: ApiVersionsRequest, error: KafkaError) -> ApiVersionsResponse:
    return ApiVersionsResponse(error_code=error.code)


@handles(ApiVersionsRequest, error_response=_failed)
async def api_versions(context: RequestContext, request: ApiVersionsRequest) -> ApiVersionsResponse:
    """Answer the table of APIs; remember who the client says it is."""
    if context.version in ApiVersionsRequest.NAMES_SOFTWARE:
        names = (request.client_software_name, request.client_software_version)
        if not all(map(_SOFTWARE_WORD.fullmatch, names)):
            raise KafkaError(ErrorCode.INVALID_REQUEST, "the client software's name or version is malformed")
        context.client.software_name, context.client.software_version = names
    services = context.services
    image = services.metadata.image
    release = services.config.as_version
    tells, level = features_are_told(release), latest_metadata_version(release)
    tells_zero = context.version in ApiVersionsRequest.FEATURES_FROM_ZERO
    return ApiVersionsResponse(
        api_keys=[
            ApiVersion(api_key=key, min_version=versions.low, max_version=versions.high)
            for key, versions in services.apis.versions.items()
        ],
        supported_features=[
            SupportedFeatureKey(name=name, min_version=low, max_version=high)
            for name, (low, high) in supported_features(level).items()
            if tells and (low > 0 or tells_zero)
        ],
        finalized_features_epoch=image.offset if tells else -1,
        finalized_features=[
            FinalizedFeatureKey(name=name, max_version_level=level, min_version_level=level)
            for name, level in image.features.items()
            if tells and level > 0
        ],
    )


FAMILY: tuple[Api, ...] = (api_versions,)
