"""Describing and altering configurations through a whole broker: sources, operations, refusals, and their effect."""

from __future__ import annotations

import logging

import pytest
import trio
from asking import batch, create, offset_of, produce

from pykbroker.errors import ErrorCode
from pykbroker.wire.messages.configs import (
    AlterConfigsRequest,
    AlterConfigsRequestAlterableConfig,
    AlterConfigsRequestAlterConfigsResource,
    DescribeConfigsRequest,
    DescribeConfigsResource,
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsRequestAlterableConfig,
    IncrementalAlterConfigsRequestAlterConfigsResource,
    ListConfigResourcesRequest,
)

TOPIC, BROKER, LOGGER, CLIENT_METRICS, GROUP = 2, 4, 8, 16, 32
SET, DELETE, APPEND, SUBTRACT = range(4)
DYNAMIC_TOPIC, DYNAMIC_BROKER, DYNAMIC_DEFAULT, STATIC, DEFAULT = 1, 2, 3, 4, 5


async def describe(client, kind: int, name: str, *keys: str, version: int = 4, **more):
    """(error, {name: entry})."""
    resource = DescribeConfigsResource(resource_type=kind, resource_name=name, configuration_keys=keys or None)
    (result,) = (await client.ask(DescribeConfigsRequest(resources=[resource], **more), version)).results
    return ErrorCode(result.error_code), {entry.name: entry for entry in result.configs}


async def alter(client, kind: int, name: str, *changes, validate_only: bool = False) -> ErrorCode:
    """IncrementalAlterConfigs with (operation, config, value)."""
    configs = [
        IncrementalAlterConfigsRequestAlterableConfig(name=key, config_operation=operation, value=value)
        for operation, key, value in changes
    ]
    resource = IncrementalAlterConfigsRequestAlterConfigsResource(
        resource_type=kind, resource_name=name, configs=configs
    )
    request = IncrementalAlterConfigsRequest(resources=[resource], validate_only=validate_only)
    return ErrorCode((await client.ask(request)).responses[0].error_code)


@pytest.mark.parametrize("version", range(5))
async def test_every_version_tells_value_and_source(autojump_clock, client, version):
    """v0 says only whether it is the default; since v1 the source, since v3 the type."""
    await create(client, retention_ms=5000)

    code, entries = await describe(client, TOPIC, "t", "retention.ms", "segment.ms", version=version)

    assert (code, sorted(entries)) == (0, ["retention.ms", "segment.ms"])
    mine, default = entries["retention.ms"], entries["segment.ms"]
    assert (mine.value, default.value) == ("5000", "604800000")
    if version == 0:
        assert (mine.is_default, default.is_default) == (False, True)
    else:
        assert (mine.config_source, default.config_source) == (DYNAMIC_TOPIC, DEFAULT)
    assert mine.config_type == (5 if version >= 3 else 0)


async def test_synonyms_and_documentation_only_when_asked(autojump_clock, client):
    """KIP-226 and KIP-569: where a value would come from next, and what it means."""
    await create(client, retention_ms=5000)

    _, plain = await describe(client, TOPIC, "t", "retention.ms")
    _, full = await describe(client, TOPIC, "t", "retention.ms", include_synonyms=True, include_documentation=True)

    assert (list(plain["retention.ms"].synonyms), plain["retention.ms"].documentation) == ([], None)
    assert [each.source for each in full["retention.ms"].synonyms][:1] == [DYNAMIC_TOPIC]
    assert full["retention.ms"].documentation


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        (TOPIC, "missing", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
        (TOPIC, "a b", ErrorCode.INVALID_TOPIC_EXCEPTION),
        (BROKER, "77", ErrorCode.INVALID_REQUEST),
        (BROKER, "x", ErrorCode.INVALID_REQUEST),
        (LOGGER, "77", ErrorCode.INVALID_REQUEST),
        (GROUP, "", ErrorCode.INVALID_REQUEST),
        (CLIENT_METRICS, "", ErrorCode.INVALID_REQUEST),
        (99, "x", ErrorCode.INVALID_REQUEST),
    ],
)
async def test_what_cannot_be_described(autojump_clock, client, kind, name, expected):
    """Its own error, without configs."""
    assert await describe(client, kind, name) == (expected, {})


@pytest.mark.parametrize(
    ("kind", "name", "config"),
    [
        (BROKER, "1", "log.retention.hours"),
        (GROUP, "g", "consumer.session.timeout.ms"),
        (CLIENT_METRICS, "m", "interval.ms"),
        (LOGGER, "1", None),
    ],
)
async def test_every_kind_of_resource_is_described(autojump_clock, client, kind, name, config):
    """Brokers, groups, client metrics and loggers have their configs."""
    code, entries = await describe(client, kind, name)

    assert code == 0
    assert entries
    assert config is None or config in entries


async def test_set_append_subtract_delete(autojump_clock, client):
    """KIP-339, operation by operation; delete leads back to the default."""
    await create(client)

    async def policy() -> tuple[str, int]:
        entry = (await describe(client, TOPIC, "t", "cleanup.policy"))[1]["cleanup.policy"]
        return entry.value, entry.config_source

    seen = []
    for change in [(SET, "compact"), (APPEND, "delete"), (SUBTRACT, "compact"), (DELETE, None)]:
        operation, value = change
        assert await alter(client, TOPIC, "t", (operation, "cleanup.policy", value)) == 0
        seen.append(await policy())

    assert seen == [
        ("compact", DYNAMIC_TOPIC),
        ("compact,delete", DYNAMIC_TOPIC),
        ("delete", DYNAMIC_TOPIC),
        ("delete", DEFAULT),
    ]


@pytest.mark.parametrize(
    ("kind", "name", "change", "expected"),
    [
        (TOPIC, "t", (SET, "retention.ms", "soon"), ErrorCode.INVALID_CONFIG),
        (TOPIC, "t", (SET, "no.such", "1"), ErrorCode.INVALID_CONFIG),
        (TOPIC, "t", (APPEND, "retention.ms", "1"), ErrorCode.INVALID_CONFIG),
        (TOPIC, "t", (9, "retention.ms", "1"), ErrorCode.INVALID_REQUEST),  # Apache Kafka fails: UNKNOWN_SERVER_ERROR
        (TOPIC, "missing", (SET, "retention.ms", "1"), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
        (BROKER, "1", (SET, "node.id", "7"), ErrorCode.INVALID_REQUEST),
        (LOGGER, "1", (SET, "no.such.logger", "INFO"), ErrorCode.INVALID_CONFIG),
    ],
)
async def test_what_cannot_be_altered_stays_as_it_was(autojump_clock, client, kind, name, change, expected):
    """Each refusal in its own code; nothing changes."""
    await create(client, retention_ms=5000)

    assert await alter(client, kind, name, change) == expected
    assert (await describe(client, TOPIC, "t", "retention.ms"))[1]["retention.ms"].value == "5000"


async def test_validate_only_changes_nothing(autojump_clock, client):
    """NONE, and the value is the old one."""
    await create(client, retention_ms=5000)

    assert await alter(client, TOPIC, "t", (SET, "retention.ms", "1"), validate_only=True) == 0
    assert (await describe(client, TOPIC, "t", "retention.ms"))[1]["retention.ms"].value == "5000"


@pytest.mark.parametrize("version", range(3))
async def test_the_old_way_replaces_everything(autojump_clock, client, version):
    """AlterConfigs: what is not named goes back to its default."""
    await create(client, retention_ms=5000, segment_ms=6000)
    resource = AlterConfigsRequestAlterConfigsResource(
        resource_type=TOPIC,
        resource_name="t",
        configs=[AlterConfigsRequestAlterableConfig(name="segment.ms", value="7000")],
    )

    answer = await client.ask(AlterConfigsRequest(resources=[resource], validate_only=False), version)

    entries = (await describe(client, TOPIC, "t", "retention.ms", "segment.ms"))[1]
    assert answer.responses[0].error_code == 0
    assert entries["segment.ms"].value == "7000"
    assert entries["retention.ms"].config_source == DEFAULT


# -- effect ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("broker_configs", [{"log.retention.check.interval.ms": "1000"}])
async def test_a_shorter_retention_deletes_at_the_next_check(autojump_clock, client):
    """retention.ms set on a topic with old records: they go, without a restart."""
    await create(client, retention_ms=-1)
    await produce(client, batch(b"old"))
    await trio.sleep(5)
    assert (await offset_of(client, -2)).offset == 0

    await alter(client, TOPIC, "t", (SET, "retention.ms", "1000"))
    await trio.sleep(5)

    assert (await offset_of(client, -2)).offset == 1


async def test_brokers_defaults_reach_topics_that_set_nothing(autojump_clock, client):
    """message.max.bytes for all brokers, then for this one, then no longer: the topic follows at once."""
    await create(client)
    large = batch(b"x" * 5000)
    codes = []
    for name, change in [
        ("", (SET, "message.max.bytes", "1000")),
        ("1", (SET, "message.max.bytes", "9000")),
        ("1", (DELETE, "message.max.bytes", None)),
        ("", (DELETE, "message.max.bytes", None)),
    ]:
        assert await alter(client, BROKER, name, change) == 0
        codes.append((await produce(client, large)).error_code)

    too_large = ErrorCode.MESSAGE_TOO_LARGE
    assert codes == [too_large, 0, too_large, 0]


async def test_a_loggers_level_can_be_set_and_tried(autojump_clock, client):
    """BROKER_LOGGER: validate_only leaves it, SET changes it at once, DELETE gives it back."""
    logger = logging.getLogger("pykbroker.requests")
    before = logger.level
    try:
        assert await alter(client, LOGGER, "1", (SET, "pykbroker.requests", "ERROR"), validate_only=True) == 0
        assert logger.level == before
        assert await alter(client, LOGGER, "1", (SET, "pykbroker.requests", "ERROR")) == 0
        assert logger.level == logging.ERROR
    finally:
        logger.setLevel(before)


# -- listing -----------------------------------------------------------------------------------------------------------


async def test_resources_are_listed_by_type(autojump_clock, client):
    """KIP-1142: topics and brokers exist, groups and client metrics are those with configs; v0 lists the last only."""
    await create(client)
    await alter(client, GROUP, "g", (SET, "consumer.session.timeout.ms", "50000"))
    await alter(client, CLIENT_METRICS, "m", (SET, "interval.ms", "60000"))

    async def listed(version: int, *kinds: int) -> set[tuple[int, str]]:
        answer = await client.ask(ListConfigResourcesRequest(resource_types=kinds), version)
        assert answer.error_code == 0
        return {(each.resource_type, each.resource_name) for each in answer.config_resources}

    assert await listed(0) == {(CLIENT_METRICS, "m")}
    assert await listed(1, GROUP, TOPIC) >= {(GROUP, "g"), (TOPIC, "t")}
    assert await listed(1) >= {(GROUP, "g"), (TOPIC, "t"), (CLIENT_METRICS, "m"), (BROKER, "1"), (LOGGER, "1")}


async def test_an_unknown_type_cannot_be_listed(autojump_clock, client):
    """UNSUPPORTED_VERSION, as Apache Kafka answers."""
    answer = await client.ask(ListConfigResourcesRequest(resource_types=[77]))

    assert answer.error_code == ErrorCode.UNSUPPORTED_VERSION
