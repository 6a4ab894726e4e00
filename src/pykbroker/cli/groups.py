"""``pykbroker groups``: list, describe, lag."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pykbroker.cli.options import bootstrap_option, connect, print_table

if TYPE_CHECKING:
    from pykbroker.cli.grouping import Progress


@click.group()
def groups() -> None:
    """List and describe consumer groups, and how far behind they are."""


@groups.command("list")
@bootstrap_option
def list_groups(bootstrap: str) -> None:
    """List groups with their type and state."""
    from pykbroker.cli.grouping import listed

    with connect(bootstrap) as cluster:
        found = sorted(listed(cluster), key=lambda group: group.group_id)
    print_table(
        ("group", "type", "protocol", "state"),
        [(each.group_id, each.group_type or "classic", each.protocol_type or None, each.group_state) for each in found],
    )


@groups.command()
@bootstrap_option
@click.argument("names", nargs=-1, required=True, metavar="GROUP...")
def describe(bootstrap: str, names: tuple[str, ...]) -> None:
    """Show members, what they are assigned, and the lag of every partition."""
    from pykbroker.cli.grouping import described, progress

    with connect(bootstrap) as cluster:
        for name in names:
            group = described(cluster, name)
            click.echo(f"{name}  {group.kind}  {group.state}" + (f"  {group.assignor}" if group.assignor else ""))
            if group.members:
                print_table(
                    ("member", "client", "host", "assignment"),
                    [(each.member_id, each.client_id, each.host, each.assignment) for each in group.members],
                )
            _print_lag(progress(cluster, name))


@groups.command()
@bootstrap_option
@click.argument("names", nargs=-1, metavar="[GROUP]...")
@click.option("--total", is_flag=True, help="One number: the lag of all of them together.")
def lag(bootstrap: str, names: tuple[str, ...], total: bool) -> None:
    """Show how far behind groups are: log end offset minus committed offset. Of all groups if none is named."""
    from pykbroker.cli.grouping import listed, progress

    with connect(bootstrap) as cluster:
        wanted = names or sorted(group.group_id for group in listed(cluster))
        rows = [each for name in wanted for each in progress(cluster, name)]
    if total:
        click.echo(sum(each.lag or 0 for each in rows))
    else:
        _print_lag(rows)


@groups.command()
@bootstrap_option
@click.argument("names", nargs=-1, required=True, metavar="GROUP...")
def delete(bootstrap: str, names: tuple[str, ...]) -> None:
    """Delete groups that have no members, with their offsets."""
    from pykbroker.cli.client import check
    from pykbroker.wire.messages.groups import DeleteGroupsRequest

    with connect(bootstrap) as cluster:
        for name in names:
            (result,) = cluster.call_coordinator(name, DeleteGroupsRequest(groups_names=[name])).results
            check(result.error_code, about=name)
            click.echo(f"deleted {name}")


def _print_lag(rows: list[Progress]) -> None:
    if not rows:
        click.echo("no committed offsets")
        return
    print_table(
        ("group", "topic", "partition", "committed", "log end", "lag", "metadata"),
        [
            (each.group_id, each.topic, each.partition, each.committed, each.log_end, each.lag, each.metadata or None)
            for each in rows
        ],
    )
