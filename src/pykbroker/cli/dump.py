"""``pykbroker dump``: what stands in a file of a log directory, by the kind its name says. ``log.dump`` reads it."""

from __future__ import annotations

from pathlib import Path

import click


class FileSource:
    """A file's content, as ``log.dump`` reads it: opened for reading only, since it may be somebody else's."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self.size = self._file.seek(0, 2)

    def read(self, position: int, size: int) -> bytes:
        self._file.seek(position)
        return self._file.read(size)

    def close(self) -> None:
        self._file.close()


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="FILE...")
@click.option("--records", is_flag=True, help="Every record, not only batches.")
@click.option("--raw", is_flag=True, help="Keys and values as they are, also in the broker's own topics.")
@click.option("--json", "is_json", is_flag=True, help="JSON lines.")
@click.option("--verify", is_flag=True, help="Only say what is wrong. Exit status 1 if anything is.")
def dump(files: tuple[Path, ...], records: bool, raw: bool, is_json: bool, verify: bool) -> None:
    """Show segments, indexes, snapshots and checkpoints. A directory stands for the files in it.

    Records of __consumer_offsets, __transaction_state and __cluster_metadata are shown as what they mean.
    """
    damaged = False
    for path in _all_files(files):
        if not (verify or is_json):
            click.echo(f"== {path}")
        source = FileSource(path)
        try:
            damaged |= _dump_file(path, source, records, raw, is_json, verify)
        finally:
            source.close()
    if damaged:
        raise SystemExit(1)


def _dump_file(path: Path, source: FileSource, records: bool, raw: bool, is_json: bool, verify: bool) -> bool:
    """Print a file; whether anything in it is wrong."""
    from pykbroker.cli.stored_records import decoder_for
    from pykbroker.log.dump import as_json, as_text, dump_file

    damaged = False
    decode = None if raw else decoder_for(path, as_json=is_json)
    for row in dump_file(path.name, source, with_records=records, decode=decode):
        is_problem = row["kind"] == "problem"
        damaged |= is_problem
        if verify and not is_problem:
            continue
        if is_json:
            click.echo(as_json({"file": str(path), **row}))
        elif is_problem:
            where = f"{path}: " if verify else "!! "
            click.echo(f"{where}position {row['position']}: {row['what']}", err=verify)
        else:
            click.echo(as_text(row))
    return damaged


def _all_files(paths: tuple[Path, ...]) -> list[Path]:
    """The files meant; in a directory, those of a kind that is known."""
    from pykbroker.log.dump import is_known

    found: list[Path] = []
    for path in paths:
        below = path.iterdir() if path.is_dir() else ()
        found += sorted(each for each in below if each.is_file() and is_known(each.name)) if path.is_dir() else [path]
    return found
