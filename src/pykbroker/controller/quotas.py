"""Client quotas: AlterClientQuotas (API key 49) and DescribeClientQuotas (48).

Lives here: which entities there are, which quotas each may have, and which of them a filter matches (KIP-546).
Invariant: all entries of a request stand or fall alone.
Never: enforces a quota.

Kafka: ``ClientQuotaControlManager``, ``ClientQuotasImage.describe``. As 4.3.1 answers: of a type that appears twice
in an entity the last one counts; whole-numbered quotas refuse fractions; an entry with no operations succeeds.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

from pykbroker.controller.decision import Decision, check_size
from pykbroker.controller.settings import Settings
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.image import MetadataImage, QuotaEntity
from pykbroker.wire.api import StoredMessage
from pykbroker.wire.messages.quotas import (
    AlterClientQuotasRequest,
    AlterClientQuotasResponse,
    AlterClientQuotasResponseEntryData,
    ComponentData,
    DescribeClientQuotasRequest,
    DescribeClientQuotasResponse,
    DescribeClientQuotasResponseEntryData,
    EntityData,
    OpData,
    ValueData,
)
from pykbroker.wire.messages.stored_metadata_security import ClientQuotaRecord
from pykbroker.wire.messages.stored_metadata_security import EntityData as StoredEntityData

USER = "user"
CLIENT_ID = "client-id"
IP = "ip"
ENTITY_TYPES = frozenset({USER, CLIENT_ID, IP})

# Quota -> whether it is a whole number.
CLIENT_QUOTAS: Mapping[str, bool] = {
    "producer_byte_rate": True,
    "consumer_byte_rate": True,
    "request_percentage": False,
    "controller_mutation_rate": False,
}
IP_QUOTAS: Mapping[str, bool] = {"connection_creation_rate": True}
LARGEST = {"connection_creation_rate": 2**31 - 1}  # the others are longs

# ClientQuotaFilterComponent match types.
MATCH_EXACT = 0
MATCH_DEFAULT = 1
MATCH_ANY = 2


def alter_client_quotas(
    image: MetadataImage, request: AlterClientQuotasRequest, settings: Settings
) -> Decision[AlterClientQuotasResponse]:
    """Set and remove quotas, entity by entity."""
    entities = [_entity(entry.entity) for entry in request.entries]
    times_named = Counter(entities)
    records: list[StoredMessage] = []
    responses = []
    for entity, entry in zip(entities, request.entries, strict=True):
        error: KafkaError | None = None
        try:
            if times_named[entity] > 1 or len({op.key for op in entry.ops}) < len(entry.ops):
                raise _bad("an entity, and each of its quotas, may appear only once in a request")
            records += _alter(image, entity, entry.ops)
        except KafkaError as refusal:
            error = refusal
        responses.append(
            AlterClientQuotasResponseEntryData(
                error_code=ErrorCode.NONE if error is None else error.code,
                error_message=None if error is None else error.message,
                entity=[EntityData(entity_type=kind, entity_name=name) for kind, name in entity],
            )
        )
    check_size(records)
    return Decision(() if request.validate_only else records, AlterClientQuotasResponse(entries=responses))


def _entity(parts: Iterable[EntityData]) -> QuotaEntity:
    named = {part.entity_type: part.entity_name for part in parts}
    return tuple(sorted(named.items(), key=lambda item: item[0]))


def _alter(image: MetadataImage, entity: QuotaEntity, ops: Iterable[OpData]) -> list[StoredMessage]:
    allowed = _quotas_of(entity)
    present = image.client_quotas.get(entity, {})
    parts = [StoredEntityData(entity_type=kind, entity_name=name) for kind, name in entity]
    records: list[StoredMessage] = []
    for op in ops:
        if op.remove:
            if op.key in present:
                records.append(ClientQuotaRecord(entity=parts, key=op.key, value=0.0, remove=True))
            continue
        if op.key not in allowed:
            raise _bad(f"{op.key} is no quota of such an entity")
        _check_value(op.key, op.value, whole=allowed[op.key])
        if present.get(op.key) != op.value:
            records.append(ClientQuotaRecord(entity=parts, key=op.key, value=op.value, remove=False))
    return records


def _quotas_of(entity: QuotaEntity) -> Mapping[str, bool]:
    """The quotas an entity may have; raises INVALID_REQUEST for what is no entity."""
    if not entity:
        raise _bad("an entity needs at least one part")
    names = dict(entity)
    for kind, name in entity:
        if kind not in ENTITY_TYPES:
            raise _bad(f"{kind!r} is no type of entity; there are {', '.join(sorted(ENTITY_TYPES))}")
        if name == "":
            raise _bad(f"a {kind} cannot have the empty name; null means the default")
    if IP not in names:
        return CLIENT_QUOTAS
    if len(names) > 1:
        raise _bad("an ip entity stands alone")
    address = names[IP]
    if address is not None and not _is_address_or_host(address):
        raise _bad(f"{address!r} is neither an address nor a host name")
    return IP_QUOTAS


def _is_address_or_host(text: str) -> bool:
    """An IP address, or what could be a host name; unlike Apache Kafka we do not ask the resolver whether it is one."""
    import ipaddress  # only ever needed here: not worth the 3 ms at every start

    try:
        ipaddress.ip_address(text)
    except ValueError:
        labels = text.rstrip(".").split(".")
        return all(label and label.isascii() and label.replace("-", "").isalnum() for label in labels)
    return True


def _check_value(key: str, value: float, *, whole: bool) -> None:
    if not value > 0 or math.isinf(value):  # not a number is not above 0 either
        raise _bad(f"{key} must be greater than 0")
    if not whole:
        return
    if value > LARGEST.get(key, 2**63 - 1):
        raise _bad(f"{key} is too large")
    if abs(value - round(value)) > 1e-6:
        raise _bad(f"{key} must be a whole number")


# -- describing ----------------------------------------------------------------------------------------------------


def describe_client_quotas(image: MetadataImage, request: DescribeClientQuotasRequest) -> DescribeClientQuotasResponse:
    """The quotas of entities that match every component; strict ones match entities with no other part."""
    try:
        _check_filter(request.components)
    except KafkaError as error:
        return DescribeClientQuotasResponse(error_code=error.code, error_message=error.message, entries=None)
    found = [
        DescribeClientQuotasResponseEntryData(
            entity=[EntityData(entity_type=kind, entity_name=name) for kind, name in entity],
            values=[ValueData(key=key, value=value) for key, value in quotas.items()],
        )
        for entity, quotas in image.client_quotas.items()
        if _matches(dict(entity), request)
    ]
    return DescribeClientQuotasResponse(error_code=ErrorCode.NONE, entries=found)


def _check_filter(components: Iterable[ComponentData]) -> None:
    seen: set[str] = set()
    for component in components:
        kind = component.entity_type
        if not kind:
            raise _bad("a component of the filter has no entity type")
        if kind in seen:
            raise _bad(f"the filter names the entity type {kind} more than once")
        if kind not in ENTITY_TYPES:
            raise KafkaError(ErrorCode.UNSUPPORTED_VERSION, f"there is no entity type {kind!r}")
        seen.add(kind)
        if component.match_type not in (MATCH_EXACT, MATCH_DEFAULT, MATCH_ANY):
            raise _bad(f"there is no match type {component.match_type}")
        if (component.match is None) == (component.match_type == MATCH_EXACT):
            raise _bad("an exact match needs a name, and only it has one")
    if IP in seen and len(seen) > 1:
        raise _bad("a filter by ip stands alone")


def _matches(entity: Mapping[str, str | None], request: DescribeClientQuotasRequest) -> bool:
    if request.strict and len(entity) != len(request.components):
        return False
    return all(_matches_component(entity, component) for component in request.components)


def _matches_component(entity: Mapping[str, str | None], component: ComponentData) -> bool:
    if component.entity_type not in entity:
        return False
    return component.match_type == MATCH_ANY or entity[component.entity_type] == component.match


def _bad(message: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_REQUEST, message)
