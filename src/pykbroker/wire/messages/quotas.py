"""Client quotas (KIP-546): DescribeClientQuotas (48), AlterClientQuotas (49)."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import Struct, array, boolean, float64, int8, int16, int32, string


class EntityData(Struct):
    entity_type: str = string()
    entity_name: str | None = string(default=None, nullable="0+")


class ValueData(Struct):
    key: str = string()
    value: float = float64()


class DescribeClientQuotasResponseEntryData(Struct):
    entity: Sequence[EntityData] = array(EntityData)
    values: Sequence[ValueData] = array(ValueData)


class DescribeClientQuotasResponse(Response, versions="0-1", flexible="1+"):
    """Entities with their quotas; null entities if the request failed."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    error_message: str | None = string(default=None, nullable="0+")
    entries: Sequence[DescribeClientQuotasResponseEntryData] | None = array(
        DescribeClientQuotasResponseEntryData, default=(), nullable="0+"
    )


class ComponentData(Struct):
    entity_type: str = string()
    match_type: int = int8()
    match: str | None = string(default=None, nullable="0+")


class DescribeClientQuotasRequest(Request[DescribeClientQuotasResponse], api_key=48, versions="0-1", flexible="1+"):
    """Asks for quotas of entities that match."""

    components: Sequence[ComponentData] = array(ComponentData)
    strict: bool = boolean()


class AlterClientQuotasResponseEntryData(Struct):
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")
    entity: Sequence[EntityData] = array(EntityData)


class AlterClientQuotasResponse(Response, versions="0-1", flexible="1+"):
    """Per entity an error."""

    throttle_time_ms: int = int32(default=0)
    entries: Sequence[AlterClientQuotasResponseEntryData] = array(AlterClientQuotasResponseEntryData, default=())


class OpData(Struct):
    key: str = string()
    value: float = float64()
    remove: bool = boolean()


class AlterClientQuotasRequestEntryData(Struct):
    entity: Sequence[EntityData] = array(EntityData)
    ops: Sequence[OpData] = array(OpData)


class AlterClientQuotasRequest(Request[AlterClientQuotasResponse], api_key=49, versions="0-1", flexible="1+"):
    """Sets or removes quotas; a null name is the default entity."""

    entries: Sequence[AlterClientQuotasRequestEntryData] = array(AlterClientQuotasRequestEntryData)
    validate_only: bool = boolean()
