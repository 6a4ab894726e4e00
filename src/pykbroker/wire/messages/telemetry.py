"""Metrics that clients push (KIP-714): GetTelemetrySubscriptions (71), PushTelemetry (72)."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import ZERO_UUID, array, boolean, data, int8, int16, int32, string, uuid


class GetTelemetrySubscriptionsResponse(Response, versions="0", flexible="0+"):
    """What to push, how often and how."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    client_instance_id: bytes = uuid(default=ZERO_UUID)
    subscription_id: int = int32(default=0)
    accepted_compression_types: Sequence[int] = array(int8(), default=())
    push_interval_ms: int = int32(default=0)
    telemetry_max_bytes: int = int32(default=0)
    delta_temporality: bool = boolean(default=False)
    requested_metrics: Sequence[str] = array(string(), default=())


class GetTelemetrySubscriptionsRequest(
    Request[GetTelemetrySubscriptionsResponse], api_key=71, versions="0", flexible="0+"
):
    """A client asks which metrics to push, and is given an id if it has none."""

    client_instance_id: bytes = uuid()


class PushTelemetryResponse(Response, versions="0", flexible="0+"):
    """Whether they were taken."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)


class PushTelemetryRequest(Request[PushTelemetryResponse], api_key=72, versions="0", flexible="0+"):
    """Metrics of a client, as OTLP in bytes, possibly compressed."""

    client_instance_id: bytes = uuid()
    subscription_id: int = int32()
    terminating: bool = boolean()
    compression_type: int = int8()
    metrics: bytes = data()
