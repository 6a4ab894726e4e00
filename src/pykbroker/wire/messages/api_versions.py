"""Which versions a broker speaks (API key 18), and the features of the cluster.

The first thing most clients ask, so its answer has an old header in every version (``wire/header.py``).
"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import Struct, Versions, array, boolean, int16, int32, int64, string


class ApiVersion(Struct):
    api_key: int = int16()
    min_version: int = int16()
    max_version: int = int16()


class SupportedFeatureKey(Struct):
    name: str = string()
    min_version: int = int16()
    max_version: int = int16()


class FinalizedFeatureKey(Struct):
    name: str = string()
    max_version_level: int = int16()
    min_version_level: int = int16()


class ApiVersionsResponse(Response, versions="0-4", flexible="3+"):
    """The advertised versions, and from v3 the supported and the finalized features (KIP-584).

    Under v4 a supported feature that begins at level 0 is left out.
    """

    error_code: int = int16(default=0)
    api_keys: Sequence[ApiVersion] = array(ApiVersion, default=())
    throttle_time_ms: int = int32(default=0, versions="1+")
    supported_features: Sequence[SupportedFeatureKey] = array(SupportedFeatureKey, default=(), versions="3+", tag=0)
    finalized_features_epoch: int = int64(default=-1, versions="3+", tag=1)
    finalized_features: Sequence[FinalizedFeatureKey] = array(FinalizedFeatureKey, default=(), versions="3+", tag=2)
    zk_migration_ready: bool = boolean(default=False, versions="3+", tag=3)


class ApiVersionsRequest(Request[ApiVersionsResponse], api_key=18, versions="0-4", flexible="3+"):
    """Asks for the APIs and versions of a broker. A version the broker lacks is answered in version 0 (KIP-511).

    v3  flexible; the client's name and version
    v4  features may start at level 0 in the answer (KAFKA-17011)
    """

    NAMES_SOFTWARE = Versions.parse("3+")
    """Name and version of the client are given, and must be well-formed (KIP-511)."""
    FEATURES_FROM_ZERO = Versions.parse("4+")
    """Features that begin at level 0 may be listed (KAFKA-17011)."""

    client_software_name: str = string(default="", versions="3+")
    client_software_version: str = string(default="", versions="3+")
