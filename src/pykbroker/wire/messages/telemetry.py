"""Metrics that clients push (KIP-714): GetTelemetrySubscriptions (71), PushTelemetry (72)."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import array, boolean, data, int8, int16, int32, string, uuid


class GetTelemetrySubscriptionsResponse(Response, versions="0", flexible="0+"):
    """What to push, how often and how."""

    throttle_time_ms: int = int32()
    error_code: int = int16()
    client_instance_id: bytes = uuid()
    subscription_id: int = int32()
    accepted_compression_types: Sequence[int] = array(int8())
    push_interval_ms: int = int32()
    telemetry_max_bytes: int = int32()
    delta_temporality: bool = boolean()
    requested_metrics: Sequence[str] = array(string())


class GetTelemetrySubscriptionsRequest(
    Request[GetTelemetrySubscriptionsResponse], api_key=71, versions="0", flexible="0+"
):
    """A client asks which metrics to push, and is given an id if it has none."""

    client_instance_id: bytes = uuid()


class PushTelemetryResponse(Response, versions="0", flexible="0+"):
    """Whether they were taken."""

    throttle_time_ms: int = int32()
    error_code: int = int16()


class PushTelemetryRequest(Request[PushTelemetryResponse], api_key=72, versions="0", flexible="0+"):
    """Metrics of a client, as OTLP in bytes, possibly compressed."""

    client_instance_id: bytes = uuid()
    subscription_id: int = int32()
    terminating: bool = boolean()
    compression_type: int = int8()
    metrics: bytes = data()
