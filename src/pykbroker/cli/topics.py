"""``pykbroker topics``: list, create, describe, delete."""

from __future__ import annotations

import click

from pykbroker.cli.options import bootstrap_option, connect, key_value, print_table


@click.group()
def topics() -> None:
    """List, create, describe and delete topics."""


@topics.command("list")
@bootstrap_option
@click.option("--internal", is_flag=True, help="The broker's own topics too.")
@click.option("--names", is_flag=True, help="Names only, one per line.")
def list_topics(bootstrap: str, internal: bool, names: bool) -> None:
    """List topics with their partitions and replicas."""
    with connect(bootstrap) as cluster:
        found = [topic for topic in cluster.metadata(None).topics if internal or not topic.is_internal]
    found.sort(key=lambda topic: topic.name or "")
    if names:
        for topic in found:
            click.echo(topic.name)
        return
    rows = [
        (topic.name, len(topic.partitions), max((len(each.replica_nodes) for each in topic.partitions), default=0))
        for topic in found
    ]
    print_table(("topic", "partitions", "replicas"), rows)


@topics.command()
@bootstrap_option
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("-p", "--partitions", type=click.IntRange(1), help="How many.  [default: the broker's]")
@click.option("-r", "--replicas", type=click.IntRange(1), help="How many.  [default: the broker's]")
@click.option("-o", "--option", "options", multiple=True, metavar="KEY=VALUE", help="A topic config. Repeatable.")
@click.option("--if-not-exists", is_flag=True, help="Be content with topics that exist.")
def create(
    bootstrap: str,
    names: tuple[str, ...],
    partitions: int | None,
    replicas: int | None,
    options: tuple[str, ...],
    if_not_exists: bool,
) -> None:
    """Create topics. A name may carry its own number of partitions: orders:3."""
    from pykbroker.cli.client import check
    from pykbroker.errors import ErrorCode
    from pykbroker.wire.messages.topics import CreatableTopic, CreatableTopicConfig, CreateTopicsRequest

    configs = [CreatableTopicConfig(name=key, value=value) for key, value in map(key_value, options)]
    wanted = [
        CreatableTopic(
            name=name,
            num_partitions=count or partitions or -1,
            replication_factor=replicas or -1,
            assignments=[],
            configs=configs,
        )
        for name, count in map(_name_and_count, names)
    ]
    with connect(bootstrap) as cluster:
        answer = cluster.call_controller(CreateTopicsRequest(topics=wanted))
    for topic in answer.topics:
        if topic.error_code == ErrorCode.TOPIC_ALREADY_EXISTS and if_not_exists:
            click.echo(f"{topic.name} exists")
            continue
        check(topic.error_code, topic.error_message, topic.name)
        count = f" with {topic.num_partitions} partitions" if topic.num_partitions > 0 else ""
        click.echo(f"created {topic.name}{count}")


def _name_and_count(text: str) -> tuple[str, int | None]:
    name, colon, count = text.partition(":")
    if colon and not (count.isdigit() and int(count)):
        raise click.BadParameter(f"{text!r} is not NAME or NAME:PARTITIONS")
    return name, int(count) if colon else None


@topics.command()
@bootstrap_option
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def delete(bootstrap: str, names: tuple[str, ...]) -> None:
    """Delete topics with everything in them."""
    from pykbroker.cli.client import check
    from pykbroker.wire.messages.topics import DeleteTopicsRequest, DeleteTopicState
    from pykbroker.wire.schema import ZERO_UUID

    states = [DeleteTopicState(name=name, topic_id=ZERO_UUID) for name in names]
    request = DeleteTopicsRequest(topics=states, topic_names=names, timeout_ms=30_000)
    with connect(bootstrap) as cluster:
        answer = cluster.call_controller(request)
    for topic in answer.responses:
        check(topic.error_code, topic.error_message, topic.name or "")
        click.echo(f"deleted {topic.name}")


@topics.command()
@bootstrap_option
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def describe(bootstrap: str, names: tuple[str, ...]) -> None:
    """Show partitions with leaders, replicas and offsets, and the configs that were set."""
    from pykbroker.cli.configs import entries_of
    from pykbroker.cli.offsets import EARLIEST, LATEST, offsets_at
    from pykbroker.config.describe import ConfigSource
    from pykbroker.config.tables import TOPIC_RESOURCE
    from pykbroker.names import uuid_to_text

    with connect(bootstrap) as cluster:
        for name in names:
            topic = cluster.topic(name)
            partitions = sorted(topic.partitions, key=lambda each: each.partition_index)
            first, last = (offsets_at(cluster, topic, when) for when in (EARLIEST, LATEST))
            entries = entries_of(cluster, TOPIC_RESOURCE, name)
            own = [entry for entry in entries if entry.config_source == ConfigSource.DYNAMIC_TOPIC_CONFIG]
            click.echo(f"{name}  id {uuid_to_text(topic.topic_id)}" + ("  internal" if topic.is_internal else ""))
            for entry in own:
                click.echo(f"  {entry.name}={entry.value}")
            print_table(
                ("partition", "leader", "replicas", "in sync", "first offset", "next offset"),
                [
                    (
                        each.partition_index,
                        each.leader_id,
                        ",".join(map(str, each.replica_nodes)),
                        ",".join(map(str, each.isr_nodes)),
                        first[each.partition_index],
                        last[each.partition_index],
                    )
                    for each in partitions
                ],
            )
