"""AlterConfigs and IncrementalAlterConfigs, as Apache Kafka 4.3.1 answers."""

import pytest
from metadata.sample_records import cluster, topic_records

from controller.simple_settings import after, settings
from pykbroker.controller.configs import alter_configs, incremental_alter_configs
from pykbroker.controller.decision import Requester
from pykbroker.errors import ErrorCode
from pykbroker.metadata.image import CONFIG_BROKER, CONFIG_CLIENT_METRICS, CONFIG_GROUP, CONFIG_TOPIC
from pykbroker.wire.messages import configs as wire
from pykbroker.wire.messages.stored_metadata import ClearElrRecord, ConfigRecord

SET, DELETE, APPEND, SUBTRACT = range(4)


def one_topic(**overrides):
    records = [config(CONFIG_TOPIC, "t", name, value) for name, value in overrides.items()]
    return cluster(records=[*topic_records("t", 1), *records])


def config(resource_type, resource_name, name, value):
    name = name.replace("_", ".")
    return ConfigRecord(resource_type=resource_type, resource_name=resource_name, name=name, value=value)


def incremental(image, *resources, validate_only=False, requester=None):
    request = wire.IncrementalAlterConfigsRequest(
        resources=[
            wire.IncrementalAlterConfigsRequestAlterConfigsResource(
                resource_type=kind,
                resource_name=name,
                configs=[
                    wire.IncrementalAlterConfigsRequestAlterableConfig(name=key, config_operation=op, value=value)
                    for key, op, value in operations
                ],
            )
            for kind, name, operations in resources
        ],
        validate_only=validate_only,
    )
    return incremental_alter_configs(image, request, settings(), requester or Requester())


def replace(image, *resources):
    request = wire.AlterConfigsRequest(
        resources=[
            wire.AlterConfigsRequestAlterConfigsResource(
                resource_type=kind,
                resource_name=name,
                configs=[wire.AlterConfigsRequestAlterableConfig(name=key, value=value) for key, value in given],
            )
            for kind, name, given in resources
        ],
        validate_only=False,
    )
    return alter_configs(image, request, settings())


def codes(decision):
    return [ErrorCode(each.error_code).name for each in decision.response.responses]


def topic(*operations, name="t"):
    return (CONFIG_TOPIC, name, operations)


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        (topic(("retention.ms", SET, "5000")), "NONE"),
        (topic(), "NONE"),
        (topic(("retention.ms", DELETE, None)), "NONE"),
        (topic(("zzz", DELETE, None)), "NONE"),
        (topic(("cleanup.policy", APPEND, "compact")), "NONE"),
        (topic(("retention.ms", SET, "5000"), name="nope"), "UNKNOWN_TOPIC_OR_PARTITION"),
        (topic(("retention.ms", SET, "x"), name="nope"), "INVALID_CONFIG"),
        (topic(("retention.ms", SET, "5000"), name="a b"), "INVALID_TOPIC_EXCEPTION"),
        (topic(("retention.ms", SET, "5000"), name=""), "INVALID_REQUEST"),
        (topic(("retention.ms", SET, None)), "INVALID_REQUEST"),
        (topic(("retention.ms", SET, "x")), "INVALID_CONFIG"),
        (topic(("zzz", SET, "x")), "INVALID_CONFIG"),
        (topic(("retention.ms", APPEND, "5000")), "INVALID_CONFIG"),
        (topic(("retention.ms", SET, "1"), ("retention.ms", SET, "2")), "INVALID_REQUEST"),
        ((3, "x", []), "INVALID_REQUEST"),
        ((99, "x", [("a", SET, "b")]), "INVALID_REQUEST"),
        ((0, "x", [("a", SET, "b")]), "INVALID_REQUEST"),
        ((CONFIG_BROKER, "1", [("log.cleaner.threads", SET, "2")]), "NONE"),
        ((CONFIG_BROKER, "", [("log.cleaner.threads", SET, "2")]), "NONE"),
        ((CONFIG_BROKER, "2", [("log.cleaner.threads", SET, "2")]), "INVALID_REQUEST"),
        ((CONFIG_BROKER, "-1", [("log.cleaner.threads", SET, "2")]), "INVALID_REQUEST"),
        ((CONFIG_BROKER, "x", [("log.cleaner.threads", SET, "2")]), "INVALID_REQUEST"),
        ((CONFIG_BROKER, "1", [("node.id", SET, "3")]), "INVALID_REQUEST"),
        ((CONFIG_BROKER, "", [("min.insync.replicas", DELETE, None)]), "INVALID_CONFIG"),
        ((CONFIG_BROKER, "1", [("min.insync.replicas", SET, "2")]), "INVALID_CONFIG"),
        ((CONFIG_BROKER, "", [("min.insync.replicas", SET, "2")]), "NONE"),
        ((CONFIG_GROUP, "g", [("consumer.session.timeout.ms", SET, "50000")]), "NONE"),
        ((CONFIG_GROUP, "", [("consumer.session.timeout.ms", SET, "50000")]), "INVALID_REQUEST"),
        ((CONFIG_CLIENT_METRICS, "m", [("interval.ms", SET, "5000")]), "NONE"),
        ((CONFIG_CLIENT_METRICS, "", [("interval.ms", SET, "5000")]), "INVALID_REQUEST"),
    ],
)
def test_incremental_changes(resource, code):
    """Resource by resource, each with Kafka's error for it."""
    assert codes(incremental(one_topic(), resource)) == [code]


def test_an_unknown_operation():
    """Ours: INVALID_REQUEST for topics too (4.3.1: UNKNOWN_SERVER_ERROR there)."""
    assert codes(incremental(one_topic(), topic(("retention.ms", 9, "1")))) == ["INVALID_REQUEST"]


def test_resources_fail_alone():
    """One bad resource does not keep the others from being altered; answers are in the request's order."""
    image = one_topic()
    decision = incremental(image, topic(("zzz", SET, "1")), (CONFIG_GROUP, "g", [("a", SET, "1")]))

    assert codes(decision) == ["INVALID_CONFIG", "NONE"]
    assert [each.resource_name for each in decision.response.responses] == ["t", "g"]
    assert after(image, decision).config(CONFIG_GROUP, "g") == {"a": "1"}


def test_one_bad_config_keeps_its_resource_from_changing():
    """All or nothing within a resource."""
    decision = incremental(one_topic(), topic(("retention.ms", SET, "77"), ("zzz", SET, "1")))

    assert decision.records == []


def test_a_resource_named_twice():
    """INVALID_REQUEST for each."""
    decision = incremental(one_topic(), topic(("retention.ms", SET, "1")), topic(("retention.ms", SET, "2")))

    assert codes(decision) == ["INVALID_REQUEST", "INVALID_REQUEST"]


@pytest.mark.parametrize(
    ("present", "operation", "expected"),
    [
        (None, (APPEND, "compact"), "delete,compact"),  # the default is appended to
        ("compact", (APPEND, "compact"), "compact"),
        ("compact", (APPEND, "delete,compact"), "compact,delete"),
        ("delete,compact", (SUBTRACT, "delete"), "compact"),
        ("compact", (SUBTRACT, "compact"), ""),
        ("compact", (SUBTRACT, "delete"), "compact"),
    ],
)
def test_lists_grow_and_shrink(present, operation, expected):
    """Append adds what is missing, subtract takes out; the empty list is a value too."""
    image = one_topic(cleanup_policy=present) if present else one_topic()
    decision = incremental(image, topic(("cleanup.policy", *operation)))

    assert codes(decision) == ["NONE"]
    assert after(image, decision).topic_config("t")["cleanup.policy"] == expected


def test_an_unchanged_value_is_written_for_brokers_only():
    """Writing it again makes a broker read its key stores again (KAFKA-14136)."""
    image = cluster(
        records=[
            *topic_records("t"),
            config(CONFIG_TOPIC, "t", "retention.ms", "5"),
            config(CONFIG_BROKER, "1", "a", "b"),
        ]
    )

    assert incremental(image, topic(("retention.ms", SET, "5"))).records == []
    assert incremental(image, (CONFIG_BROKER, "1", [("a", SET, "b")])).records == [config(CONFIG_BROKER, "1", "a", "b")]


def test_min_insync_replicas_clears_eligible_leaders():
    """They were chosen by the old minimum: a topic's are cleared, or everybody's (as 4.3.1's log shows)."""
    image = one_topic()
    by_topic = incremental(image, topic(("min.insync.replicas", SET, "2")))
    by_cluster = incremental(image, (CONFIG_BROKER, "", [("min.insync.replicas", SET, "2")]))

    assert by_topic.records == [config(CONFIG_TOPIC, "t", "min.insync.replicas", "2"), ClearElrRecord(topic_name="t")]
    assert by_cluster.records == [config(CONFIG_BROKER, "", "min.insync.replicas", "2"), ClearElrRecord(topic_name="")]


def test_without_eligible_leaders_min_insync_replicas_is_any_config():
    """It may be set per broker, and nothing is cleared."""
    image = cluster(features={"metadata.version": 30})

    assert incremental(image, (CONFIG_BROKER, "1", [("min.insync.replicas", SET, "2")])).records == [
        config(CONFIG_BROKER, "1", "min.insync.replicas", "2")
    ]


def test_validate_only():
    """Answers, writes nothing."""
    decision = incremental(one_topic(), topic(("retention.ms", SET, "5")), validate_only=True)

    assert (codes(decision), decision.records) == (["NONE"], ())


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        (topic(("retention.ms", SET, "5")), "TOPIC_AUTHORIZATION_FAILED"),
        ((CONFIG_GROUP, "g", [("a", SET, "1")]), "GROUP_AUTHORIZATION_FAILED"),
        ((CONFIG_BROKER, "1", [("a", SET, "1")]), "CLUSTER_AUTHORIZATION_FAILED"),
        (topic(("retention.ms", SET, None)), "INVALID_REQUEST"),  # shape is looked at first
    ],
)
def test_rights(resource, code):
    """ALTER_CONFIGS on the topic, the group, or the cluster."""
    requester = Requester(may_alter_configs=lambda resource_type, name: False)

    assert codes(incremental(one_topic(), resource, requester=requester)) == [code]


def test_replacement_removes_what_it_does_not_name():
    """The older AlterConfigs sets everything at once."""
    image = one_topic(retention_ms="5", cleanup_policy="compact")
    decision = replace(image, topic(("retention.ms", "7")))

    assert codes(decision) == ["NONE"]
    assert after(image, decision).topic_config("t") == {"retention.ms": "7"}
    assert after(image, replace(image, topic())).topic_config("t") == {}


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        (topic(("retention.ms", None)), "INVALID_REQUEST"),
        (topic(name="nope"), "UNKNOWN_TOPIC_OR_PARTITION"),
        ((8, "1", [("root", "INFO")]), "INVALID_REQUEST"),
        ((CONFIG_BROKER, "2", []), "INVALID_REQUEST"),
        ((CONFIG_BROKER, "", []), "INVALID_CONFIG"),  # it would drop the cluster's min.insync.replicas
        ((CONFIG_BROKER, "", [("min.insync.replicas", "1")]), "NONE"),
        ((CONFIG_GROUP, "g", []), "NONE"),
    ],
)
def test_replacements(resource, code):
    """Each with Kafka's error for it."""
    image = cluster(records=[*topic_records("t"), config(CONFIG_BROKER, "", "min.insync.replicas", "1")])

    assert codes(replace(image, resource)) == [code]
