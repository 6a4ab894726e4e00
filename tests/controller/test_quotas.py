"""Client quotas, as Apache Kafka 4.3.1 answers."""

import pytest
from metadata.sample_records import cluster

from controller.simple_settings import after, settings
from pykbroker.controller.quotas import alter_client_quotas, describe_client_quotas
from pykbroker.errors import ErrorCode
from pykbroker.wire.messages import quotas as wire

USER, CLIENT, IP = "user", "client-id", "ip"
RATE = "producer_byte_rate"


def alter(image, *entries, validate_only=False):
    request = wire.AlterClientQuotasRequest(
        entries=[
            wire.AlterClientQuotasRequestEntryData(
                entity=[wire.EntityData(entity_type=kind, entity_name=name) for kind, name in entity],
                ops=[wire.OpData(key=key, value=value or 0.0, remove=value is None) for key, value in ops],
            )
            for entity, ops in entries
        ],
        validate_only=validate_only,
    )
    return alter_client_quotas(image, request, settings())


def codes(decision):
    return [ErrorCode(entry.error_code).name for entry in decision.response.entries]


def with_quotas():
    image = cluster()
    return after(
        image,
        alter(
            image,
            ([(USER, "alice")], [(RATE, 100.0)]),
            ([(USER, None)], [("request_percentage", 20.5)]),
            ([(CLIENT, "c"), (USER, "alice")], [(RATE, 1e6)]),
            ([(CLIENT, "c")], [("controller_mutation_rate", 3.5)]),
            ([(IP, None)], [("connection_creation_rate", 10.0)]),
        ),
    )


def test_quotas_are_kept_by_entity():
    """What is set can be found, whatever order the entity's parts came in."""
    assert with_quotas().client_quotas == {
        ((USER, "alice"),): {RATE: 100.0},
        ((USER, None),): {"request_percentage": 20.5},
        ((CLIENT, "c"), (USER, "alice")): {RATE: 1e6},
        ((CLIENT, "c"),): {"controller_mutation_rate": 3.5},
        ((IP, None),): {"connection_creation_rate": 10.0},
    }


@pytest.mark.parametrize(
    ("entity", "key", "value", "code"),
    [
        ([(USER, "a")], RATE, 1.0, "NONE"),
        ([(USER, "a")], "consumer_byte_rate", 200.5, "INVALID_REQUEST"),
        ([(USER, "a")], RATE, 1.5, "INVALID_REQUEST"),
        ([(USER, "a")], RATE, 1e30, "INVALID_REQUEST"),
        ([(USER, "a")], RATE, 0.0, "INVALID_REQUEST"),
        ([(USER, "a")], RATE, -1.0, "INVALID_REQUEST"),
        ([(USER, "a")], RATE, float("nan"), "INVALID_REQUEST"),
        ([(USER, "a")], "request_percentage", float("inf"), "INVALID_REQUEST"),
        ([(USER, "a")], "nope", 1.0, "INVALID_REQUEST"),
        ([(USER, "a")], "connection_creation_rate", 1.0, "INVALID_REQUEST"),
        ([(USER, "")], RATE, 1.0, "INVALID_REQUEST"),
        ([("zzz", "a")], RATE, 1.0, "INVALID_REQUEST"),
        ([], RATE, 1.0, "INVALID_REQUEST"),
        ([(USER, "a"), (USER, "b")], RATE, 1.0, "NONE"),  # the last name counts
        ([(IP, "1.2.3.4")], "connection_creation_rate", 10.0, "NONE"),
        ([(IP, "::1")], "connection_creation_rate", 10.0, "NONE"),
        ([(IP, "host.example")], "connection_creation_rate", 10.0, "NONE"),
        ([(IP, None)], "connection_creation_rate", 10.5, "INVALID_REQUEST"),
        ([(IP, "1.2.3.4")], RATE, 10.0, "INVALID_REQUEST"),
        ([(IP, "nohost_x!!")], "connection_creation_rate", 10.0, "INVALID_REQUEST"),
        ([(IP, "1.2.3.4"), (USER, "u")], "connection_creation_rate", 10.0, "INVALID_REQUEST"),
    ],
)
def test_which_quotas_may_be_set(entity, key, value, code):
    """INVALID_REQUEST for every kind of nonsense."""
    assert codes(alter(cluster(), (entity, [(key, value)]))) == [code]


def test_entries_stand_alone():
    """A refused entry does not keep the others out."""
    decision = alter(cluster(), ([(USER, "a")], [("nope", 1.0)]), ([(USER, "b")], [(RATE, 2.0)]))

    assert codes(decision) == ["INVALID_REQUEST", "NONE"]
    assert len(decision.records) == 1


def test_what_appears_twice_is_refused():
    """An entity in two entries, or a quota twice in one."""
    twice = alter(cluster(), ([(USER, "b")], [(RATE, 1.0)]), ([(USER, "b")], [(RATE, 2.0)]))

    assert codes(twice) == ["INVALID_REQUEST", "INVALID_REQUEST"]
    assert codes(alter(cluster(), ([(USER, "b")], [(RATE, 1.0), (RATE, 2.0)]))) == ["INVALID_REQUEST"]


def test_removing():
    """Removing what is there writes a record; what is not there, and nothing at all, succeed without one."""
    image = with_quotas()
    decision = alter(image, ([(USER, "alice")], [(RATE, None)]), ([(USER, "x")], [("nope", None)]), ([(USER, "y")], []))

    assert codes(decision) == ["NONE", "NONE", "NONE"]
    assert len(decision.records) == 1
    assert ((USER, "alice"),) not in after(image, decision).client_quotas


def test_validate_only():
    """Answers, writes nothing."""
    decision = alter(cluster(), ([(USER, "zed")], [(RATE, 1.0)]), validate_only=True)

    assert (codes(decision), decision.records) == (["NONE"], ())


def describe(*components, strict=False):
    request = wire.DescribeClientQuotasRequest(
        components=[wire.ComponentData(entity_type=k, match_type=m, match=v) for k, m, v in components], strict=strict
    )
    return describe_client_quotas(with_quotas(), request)


@pytest.mark.parametrize(
    ("components", "strict", "count"),
    [
        ([], False, 5),
        ([], True, 0),
        ([(USER, 0, "alice")], False, 2),
        ([(USER, 0, "alice")], True, 1),
        ([(USER, 1, None)], False, 1),
        ([(USER, 2, None)], False, 3),
        ([(USER, 2, None)], True, 2),
        ([(USER, 2, None), (CLIENT, 2, None)], True, 1),
        ([(IP, 2, None)], False, 1),
        ([(CLIENT, 2, None)], False, 2),
    ],
)
def test_filters(components, strict, count):
    """Exact, default and any; strict ones allow no further parts."""
    assert len(describe(*components, strict=strict).entries) == count


@pytest.mark.parametrize(
    ("components", "code"),
    [
        ([("zzz", 2, None)], "UNSUPPORTED_VERSION"),
        ([("", 2, None)], "INVALID_REQUEST"),
        ([(USER, 0, None)], "INVALID_REQUEST"),
        ([(USER, 1, "x")], "INVALID_REQUEST"),
        ([(USER, 5, "x")], "INVALID_REQUEST"),
        ([(USER, 2, None), (USER, 2, None)], "INVALID_REQUEST"),
        ([(IP, 2, None), (USER, 2, None)], "INVALID_REQUEST"),
    ],
)
def test_bad_filters(components, code):
    """Refused as a whole, with null entries."""
    response = describe(*components)

    assert (ErrorCode(response.error_code).name, response.entries) == (code, None)
