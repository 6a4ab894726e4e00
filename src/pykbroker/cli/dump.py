"""``pykbroker dump``: what stands in a file of a log directory, by the kind its name says."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="FILE...")
@click.option("--records", is_flag=True, help="Every record, not only batches.")
@click.option("--raw", is_flag=True, help="Keys and values as they are, also in the broker's own topics.")
@click.option("--verify", is_flag=True, help="Only say what is wrong. Exit status 1 if anything is.")
def dump(files: tuple[Path, ...], records: bool, raw: bool, verify: bool) -> None:
    """Show segments, indexes, snapshots and checkpoints. A directory stands for everything in it.

    Records of __consumer_offsets, __transaction_state and __cluster_metadata are shown as what they mean.
    """
    from pykbroker.cli.dumping import lines_of

    damaged = False
    for path in _all_files(files):
        if not verify:
            click.echo(f"== {path}")
        for line in lines_of(path, show_records=records, raw=raw):
            if line.is_damage:
                damaged = True
                click.echo(f"{path}: {line.text}" if verify else f"!! {line.text}", err=verify)
            elif not verify:
                click.echo(line.text)
    if damaged:
        raise SystemExit(1)


def _all_files(paths: tuple[Path, ...]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        found += sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
    return found
