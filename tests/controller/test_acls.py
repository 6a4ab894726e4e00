"""Access control entries: made, matched, removed."""

import pytest
from metadata.sample_records import cluster

from controller.simple_settings import after, settings
from pykbroker.controller.acls import create_acls, delete_acls, describe_acls
from pykbroker.errors import ErrorCode
from pykbroker.metadata.image import AclEntry
from pykbroker.wire.messages import acls as wire

ANY = 1
TOPIC, GROUP, CLUSTER = 2, 3, 4
MATCH, LITERAL, PREFIXED = 2, 3, 4
READ, WRITE = 3, 4
DENY, ALLOW = 2, 3

ENTRIES = [
    AclEntry(TOPIC, "orders", LITERAL, "User:a", "*", READ, ALLOW),
    AclEntry(TOPIC, "orders", LITERAL, "User:b", "*", WRITE, DENY),
    AclEntry(TOPIC, "ord", PREFIXED, "User:a", "*", READ, ALLOW),
    AclEntry(TOPIC, "*", LITERAL, "User:a", "10.0.0.1", READ, ALLOW),
    AclEntry(GROUP, "orders", LITERAL, "User:a", "*", READ, ALLOW),
]


def creation(entry):
    fields = entry._asdict()
    return wire.AclCreation(resource_pattern_type=fields.pop("pattern_type"), **fields)


def create(*entries, image=None):
    request = wire.CreateAclsRequest(creations=[creation(entry) for entry in entries])
    return create_acls(image or cluster(), request, settings())


def filtered(cls, kind=ANY, name=None, pattern=ANY, principal=None, host=None, operation=ANY, permission=ANY):
    return cls(
        resource_type_filter=kind, resource_name_filter=name, pattern_type_filter=pattern, principal_filter=principal,
        host_filter=host, operation=operation, permission_type=permission,
    )  # fmt: skip


def all_entries():
    return after(cluster(), create(*ENTRIES))


def found(**wanted):
    """The entries that DescribeAcls finds."""
    response = describe_acls(all_entries(), filtered(wire.DescribeAclsRequest, **wanted))
    assert response.error_code == ErrorCode.NONE
    return [
        AclEntry(each.resource_type, each.resource_name, each.pattern_type, acl.principal, acl.host, acl.operation,
                 acl.permission_type)
        for each in response.resources
        for acl in each.acls
    ]  # fmt: skip


def test_entries_are_made_once():
    """Making one that is there, or twice in a request, succeeds and writes nothing more."""
    first = create(ENTRIES[0], ENTRIES[0])
    image = after(cluster(), first)
    again = create(ENTRIES[0], ENTRIES[1], image=image)

    assert list(image.acls.values()) == ENTRIES[:1]
    assert len(again.records) == 1
    assert [result.error_code for result in again.response.results] == [ErrorCode.NONE, ErrorCode.NONE]


@pytest.mark.parametrize(
    "change",
    [
        {"resource_type": 0}, {"resource_type": ANY}, {"resource_type": 99}, {"resource_name": ""},
        {"pattern_type": ANY}, {"pattern_type": MATCH}, {"operation": ANY}, {"operation": 0},
        {"permission_type": ANY}, {"permission_type": 0}, {"resource_type": CLUSTER, "resource_name": "other"},
    ],
)  # fmt: skip
def test_nonsense_is_refused(change):
    """INVALID_REQUEST for codes that only filters have, unknown ones, and a cluster by another name."""
    decision = create(ENTRIES[0]._replace(**change), ENTRIES[1])

    assert [ErrorCode(each.error_code).name for each in decision.response.results] == ["INVALID_REQUEST", "NONE"]
    assert len(decision.records) == 1


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, {0, 1, 2, 3, 4}),
        ({"kind": TOPIC}, {0, 1, 2, 3}),
        ({"name": "orders"}, {0, 1, 4}),
        ({"name": "orders", "pattern": LITERAL}, {0, 1, 4}),
        ({"name": "orders", "pattern": MATCH, "kind": TOPIC}, {0, 1, 2, 3}),
        ({"name": "orders", "pattern": PREFIXED}, set()),
        ({"name": "ord", "pattern": PREFIXED}, {2}),
        ({"name": "or", "pattern": MATCH}, {3}),
        ({"name": "*", "pattern": LITERAL}, {3}),
        ({"principal": "User:b"}, {1}),
        ({"host": "10.0.0.1"}, {3}),
        ({"operation": WRITE}, {1}),
        ({"permission": DENY}, {1}),
        ({"pattern": MATCH}, {0, 1, 2, 3, 4}),
    ],
)
def test_filters(wanted, expected):
    """ResourcePatternFilter's rules: MATCH finds whatever applies to a resource of that name."""
    assert set(found(**wanted)) == {ENTRIES[number] for number in expected}


def test_entries_are_described_by_resource():
    """Two entries of one resource are one group."""
    response = describe_acls(all_entries(), filtered(wire.DescribeAclsRequest, kind=TOPIC, name="orders"))

    assert [len(resource.acls) for resource in response.resources] == [2]


def test_deleting():
    """Each filter is answered with what it matched, and an entry that two filters match is removed once."""
    image = all_entries()
    request = wire.DeleteAclsRequest(
        filters=[
            filtered(wire.DeleteAclsFilter, principal="User:b"),
            filtered(wire.DeleteAclsFilter, kind=TOPIC, name="orders"),
            filtered(wire.DeleteAclsFilter, operation=0),
        ]
    )
    decision = delete_acls(image, request, settings())
    results = decision.response.filter_results

    assert [len(result.matching_acls) for result in results] == [1, 2, 0]
    assert [result.error_code for result in results] == [0, 0, ErrorCode.INVALID_REQUEST]
    assert set(after(image, decision).acls.values()) == {ENTRIES[2], ENTRIES[3], ENTRIES[4]}


def test_an_unknown_filter():
    """INVALID_REQUEST with nothing found."""
    response = describe_acls(all_entries(), filtered(wire.DescribeAclsRequest, kind=0))

    assert (response.error_code, response.resources) == (ErrorCode.INVALID_REQUEST, ())
