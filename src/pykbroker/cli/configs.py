"""``pykbroker configs``: show, set, unset; and explain, which needs no broker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from pykbroker.cli.options import bootstrap_option, connect, key_value, print_table

if TYPE_CHECKING:
    from pykbroker.cli.client import Cluster
    from pykbroker.wire.messages.configs import DescribeConfigsResourceResult

RESOURCES = {"topic": 2, "broker": 4, "logger": 8, "client-metrics": 16, "group": 32}
"""The numbers of ``ConfigResource.Type``."""

SET, DELETE = 0, 1

resource_argument = click.argument("kind", type=click.Choice(list(RESOURCES)))


@click.group()
def configs() -> None:
    """Show, explain and change configurations."""


@configs.command()
@bootstrap_option
@resource_argument
@click.argument("name", default="")
@click.option("--all", "show_all", is_flag=True, help="Defaults too.")
@click.option("--synonyms", is_flag=True, help="Everything that could give a value, the strongest first.")
def show(bootstrap: str, kind: str, name: str, show_all: bool, synonyms: bool) -> None:
    """Show what was set for a topic, broker, group, ...; with --all, what holds.

    A broker is named by its node id; without a NAME it is all brokers' common configuration.
    """
    from pykbroker.config.describe import ConfigSource

    with connect(bootstrap) as cluster:
        entries = entries_of(cluster, RESOURCES[kind], name)
    for entry in sorted(entries, key=lambda each: each.name):
        source = ConfigSource(entry.config_source)
        if not show_all and source is ConfigSource.DEFAULT_CONFIG:
            continue
        value = "(hidden)" if entry.is_sensitive else entry.value
        fixed = "  read-only" if entry.read_only else ""
        click.echo(f"{entry.name}={'' if value is None else value}  ({_words(source)}){fixed}")
        for synonym in entry.synonyms if synonyms else ():
            click.echo(f"    {synonym.name}={synonym.value}  ({_words(ConfigSource(synonym.source))})")


def _words(source: object) -> str:
    return str(getattr(source, "name", source)).removesuffix("_CONFIG").replace("_", " ").lower()


@configs.command("set")
@bootstrap_option
@resource_argument
@click.argument("name")
@click.argument("values", nargs=-1, required=True, metavar="KEY=VALUE...")
def set_configs(bootstrap: str, kind: str, name: str, values: tuple[str, ...]) -> None:
    """Set configurations. The NAME "" with brokers means all of them."""
    _alter(bootstrap, kind, name, [(key, SET, value) for key, value in map(key_value, values)])


@configs.command()
@bootstrap_option
@resource_argument
@click.argument("name")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
def unset(bootstrap: str, kind: str, name: str, keys: tuple[str, ...]) -> None:
    """Let configurations have their default again."""
    _alter(bootstrap, kind, name, [(key, DELETE, None) for key in keys])


@configs.command()
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
def explain(keys: tuple[str, ...]) -> None:
    """Say what configurations mean, what they may be, and what they are by default. Parts of names are fine."""
    from pykbroker.config.descriptions import documentation
    from pykbroker.config.tables import CONFIGS_BY_RESOURCE

    names = {number: kind for kind, number in RESOURCES.items()}
    found = False
    for resource, table in CONFIGS_BY_RESOURCE.items():
        for definition in table.values():
            if not any(key in definition.name for key in keys):
                continue
            found = True
            rule = f", {definition.rule.text}" if definition.rule is not None else ""
            default = definition.default_text
            shown = (
                "no default" if default is None else f"default {default!r}" if default == "" else f"default {default}"
            )
            click.echo(f"{definition.name}  ({names[resource]}, {definition.type.name.lower()}{rule}; {shown})")
            click.echo(f"    {documentation(resource)[definition.name]}")
    if not found:
        from pykbroker.config.source import nearest_name

        nearest = nearest_name(keys[0])
        raise click.ClickException(f"no configuration is called {keys[0]}" + (f"; {nearest} is" if nearest else ""))


@configs.command("list")
@bootstrap_option
def list_resources(bootstrap: str) -> None:
    """List what has configurations of its own."""
    from pykbroker.cli.client import check
    from pykbroker.wire.messages.configs import ListConfigResourcesRequest

    names = {number: kind for kind, number in RESOURCES.items()}
    with connect(bootstrap) as cluster:
        answer = cluster.call(ListConfigResourcesRequest())
    check(answer.error_code)
    rows = [(names.get(each.resource_type, each.resource_type), each.resource_name) for each in answer.config_resources]
    print_table(("kind", "name"), sorted(rows, key=str))


def entries_of(cluster: Cluster, resource_type: int, name: str) -> Sequence[DescribeConfigsResourceResult]:
    """Every configuration of a resource. Raises BrokerError."""
    from pykbroker.cli.client import check
    from pykbroker.wire.messages.configs import DescribeConfigsRequest, DescribeConfigsResource

    resource = DescribeConfigsResource(resource_type=resource_type, resource_name=name, configuration_keys=None)
    request = DescribeConfigsRequest(resources=[resource], include_synonyms=True)
    is_one_broker_s = resource_type in (RESOURCES["broker"], RESOURCES["logger"]) and name.isdigit()
    answer = cluster.call_node(int(name), request) if is_one_broker_s else cluster.call(request)
    (result,) = answer.results
    check(result.error_code, result.error_message, name)
    return result.configs


def _alter(bootstrap: str, kind: str, name: str, changes: list[tuple[str, int, str | None]]) -> None:
    from pykbroker.cli.client import check
    from pykbroker.wire.messages.configs import (
        IncrementalAlterConfigsRequest,
        IncrementalAlterConfigsRequestAlterableConfig,
        IncrementalAlterConfigsRequestAlterConfigsResource,
    )

    resource = IncrementalAlterConfigsRequestAlterConfigsResource(
        resource_type=RESOURCES[kind],
        resource_name=name,
        configs=[
            IncrementalAlterConfigsRequestAlterableConfig(name=key, config_operation=operation, value=value)
            for key, operation, value in changes
        ],
    )
    request = IncrementalAlterConfigsRequest(resources=[resource], validate_only=False)
    with connect(bootstrap) as cluster:
        is_one_broker_s = kind in ("broker", "logger") and name.isdigit()
        answer = cluster.call_node(int(name), request) if is_one_broker_s else cluster.call(request)
    (response,) = answer.responses
    check(response.error_code, response.error_message)
    for key, operation, value in changes:
        click.echo(f"{key}={value}" if operation == SET else f"{key} unset")
