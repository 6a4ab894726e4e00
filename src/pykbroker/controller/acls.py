"""Access control lists: CreateAcls (API key 30), DeleteAcls (31), DescribeAcls (29).

Lives here: which entries make sense, which of them a filter matches, and the records that add and remove them.
Invariant: no entry is in the image twice.
Never: authorizes anybody, or asks whether there is an authorizer at all.

Kafka: ``AclControlManager``, ``AclApis``, ``ResourcePatternFilter``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from pykbroker.controller.decision import Decision, check_size
from pykbroker.controller.settings import Settings
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.image import AclEntry, MetadataImage
from pykbroker.names import new_uuid
from pykbroker.wire.api import StoredMessage
from pykbroker.wire.messages.acls import (
    AclCreation,
    AclCreationResult,
    AclDescription,
    CreateAclsRequest,
    CreateAclsResponse,
    DeleteAclsFilterResult,
    DeleteAclsMatchingAcl,
    DeleteAclsRequest,
    DeleteAclsResponse,
    DescribeAclsRequest,
    DescribeAclsResource,
    DescribeAclsResponse,
)
from pykbroker.wire.messages.stored_metadata_security import AccessControlEntryRecord, RemoveAccessControlEntryRecord

ANY = 1  # of every kind of code below: a filter that does not care
CLUSTER = 4
CLUSTER_NAME = "kafka-cluster"
MATCH = 2
LITERAL = 3
PREFIXED = 4
WILDCARD = "*"

# The codes an entry may have: ResourceType, PatternType, AclOperation, AclPermissionType.
RESOURCE_TYPES = range(2, 8)
PATTERN_TYPES = (LITERAL, PREFIXED)
OPERATIONS = range(2, 16)
PERMISSION_TYPES = (2, 3)


class _Filter(NamedTuple):
    """Which entries are meant; None and ANY mean all."""

    resource_type: int
    resource_name: str | None
    pattern_type: int
    principal: str | None
    host: str | None
    operation: int
    permission_type: int


class _FilterMessage(Protocol):
    """A filter as DescribeAcls and DeleteAcls write it."""

    resource_type_filter: int
    resource_name_filter: str | None
    pattern_type_filter: int
    principal_filter: str | None
    host_filter: str | None
    operation: int
    permission_type: int


def create_acls(image: MetadataImage, request: CreateAclsRequest, settings: Settings) -> Decision[CreateAclsResponse]:
    """Add entries; one that is there already is a success that writes nothing."""
    present = set(image.acls.values())
    records: list[StoredMessage] = []
    results = []
    for creation in request.creations:
        try:
            entry = _checked(creation)
        except KafkaError as error:
            results.append(AclCreationResult(error_code=error.code, error_message=error.message))
            continue
        if entry not in present:
            present.add(entry)
            records.append(AccessControlEntryRecord(id=new_uuid(settings.random), **entry._asdict()))
        results.append(AclCreationResult(error_code=ErrorCode.NONE))
    check_size(records)
    return Decision(records, CreateAclsResponse(results=results))


def _checked(creation: AclCreation) -> AclEntry:
    if creation.resource_type == CLUSTER and creation.resource_name != CLUSTER_NAME:
        raise _bad(f"the only cluster resource is called {CLUSTER_NAME}")
    if not creation.resource_name:
        raise _bad("a resource has a name")
    for what, code, known in (
        ("resource type", creation.resource_type, RESOURCE_TYPES),
        ("pattern type", creation.resource_pattern_type, PATTERN_TYPES),
        ("operation", creation.operation, OPERATIONS),
        ("permission type", creation.permission_type, PERMISSION_TYPES),
    ):
        if code not in known:
            raise _bad(f"an entry cannot have the {what} {code}")
    return AclEntry(
        creation.resource_type,
        creation.resource_name,
        creation.resource_pattern_type,
        creation.principal,
        creation.host,
        creation.operation,
        creation.permission_type,
    )


def delete_acls(image: MetadataImage, request: DeleteAclsRequest, settings: Settings) -> Decision[DeleteAclsResponse]:
    """Remove every entry that one of the filters matches; each filter is answered with what it matched."""
    doomed: dict[bytes, StoredMessage] = {}
    results = []
    for each in request.filters:
        try:
            wanted = _filter(each)
        except KafkaError as error:
            results.append(DeleteAclsFilterResult(error_code=error.code, error_message=error.message, matching_acls=()))
            continue
        matched = {acl_id: entry for acl_id, entry in image.acls.items() if _matches(wanted, entry)}
        doomed |= {acl_id: RemoveAccessControlEntryRecord(id=acl_id) for acl_id in matched}
        found = [DeleteAclsMatchingAcl(error_code=ErrorCode.NONE, **entry._asdict()) for entry in matched.values()]
        results.append(DeleteAclsFilterResult(error_code=ErrorCode.NONE, matching_acls=found))
    records = list(doomed.values())
    check_size(records)
    return Decision(records, DeleteAclsResponse(filter_results=results))


def describe_acls(image: MetadataImage, request: DescribeAclsRequest) -> DescribeAclsResponse:
    """The entries that match, grouped by resource."""
    try:
        wanted = _filter(request)
    except KafkaError as error:
        return DescribeAclsResponse(error_code=error.code, error_message=error.message, resources=())
    by_resource: dict[tuple[int, str, int], list[AclDescription]] = {}
    for entry in image.acls.values():
        if _matches(wanted, entry):
            resource = (entry.resource_type, entry.resource_name, entry.pattern_type)
            by_resource.setdefault(resource, []).append(
                AclDescription(
                    principal=entry.principal,
                    host=entry.host,
                    operation=entry.operation,
                    permission_type=entry.permission_type,
                )
            )
    resources = [
        DescribeAclsResource(resource_type=kind, resource_name=name, pattern_type=pattern, acls=acls)
        for (kind, name, pattern), acls in by_resource.items()
    ]
    return DescribeAclsResponse(error_code=ErrorCode.NONE, resources=resources)


def _filter(message: _FilterMessage) -> _Filter:
    wanted = _Filter(
        message.resource_type_filter,
        message.resource_name_filter,
        message.pattern_type_filter,
        message.principal_filter,
        message.host_filter,
        message.operation,
        message.permission_type,
    )
    _check_codes(
        ("resource type", wanted.resource_type, RESOURCE_TYPES),
        ("pattern type", wanted.pattern_type, (MATCH, *PATTERN_TYPES)),
        ("operation", wanted.operation, OPERATIONS),
        ("permission type", wanted.permission_type, PERMISSION_TYPES),
    )
    return wanted


def _check_codes(*codes: tuple[str, int, Iterable[int]]) -> None:
    for what, code, known in codes:
        if code != ANY and code not in known:
            raise _bad(f"a filter cannot have the {what} {code}")


def _matches(wanted: _Filter, entry: AclEntry) -> bool:
    return (
        wanted.resource_type in (ANY, entry.resource_type)
        and _matches_pattern(wanted, entry)
        and wanted.principal in (None, entry.principal)
        and wanted.host in (None, entry.host)
        and wanted.operation in (ANY, entry.operation)
        and wanted.permission_type in (ANY, entry.permission_type)
    )


def _matches_pattern(wanted: _Filter, entry: AclEntry) -> bool:
    """LITERAL and PREFIXED mean entries of that kind by that name; MATCH all that apply to a resource of that name."""
    if wanted.pattern_type not in (ANY, MATCH, entry.pattern_type):
        return False
    name = wanted.resource_name
    if name is None or name == entry.resource_name:
        return True
    if wanted.pattern_type != MATCH:
        return False
    if entry.pattern_type == PREFIXED:
        return name.startswith(entry.resource_name)
    return entry.resource_name == WILDCARD


def _bad(message: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_REQUEST, message)
