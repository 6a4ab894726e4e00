"""``pykbroker decode``: what stands in a request or response, value by value with offsets; or in a whole capture."""

from __future__ import annotations

import sys
from pathlib import Path

import click

MAX_BYTES = 100 * 1024 * 1024
SIZE_BYTES = 4
DEFAULT_PORTS = (9092,)


@click.command()
@click.argument("hex_text", nargs=-1, metavar="[HEX]...")
@click.option("--file", "file", type=click.Path(exists=True, dir_okay=False), help="Raw bytes instead of hex.")
@click.option(
    "--response", metavar="KEY:VERSION", help="The bytes answer this API key in this version, e.g. 3:12 or Metadata:12."
)
@click.option("--line", is_flag=True, help="One line instead of a tree.")
@click.option(
    "--pcap", type=click.Path(exists=True, dir_okay=False), help="A capture of tcpdump or Wireshark (pcap, pcapng)."
)
@click.option("--port", "ports", multiple=True, type=int, help="With --pcap: the broker's port; repeatable.  [9092]")
def decode(
    hex_text: tuple[str, ...],
    file: str | None,
    response: str | None,
    line: bool,
    pcap: str | None,
    ports: tuple[int, ...],
) -> None:
    """Show a frame given as HEX (blanks and colons are fine), on standard input, or in --file.

    A size prefix is recognised. Without --response the bytes are a request. With --pcap, everything that was said on
    the connections to a broker: TCP streams are put together, answers are paired with requests. Secrets are not shown.
    """
    if pcap is not None:
        from pykbroker.cli.capture import print_capture

        print_capture(Path(pcap), frozenset(ports or DEFAULT_PORTS), as_line=line)
        return
    from pykbroker.wire.describe import explain_frame

    frame = _without_size(Path(file).read_bytes() if file else _from_hex(" ".join(hex_text) or sys.stdin.read()))
    if response is None:
        explanation = explain_frame(frame, "request")
    else:
        api_key, version = _question(response)
        explanation = explain_frame(frame, "response", api_key, version)
    click.echo(explanation.line() if line else explanation.tree())


def _from_hex(text: str) -> bytes:
    digits = "".join(text.replace(":", " ").replace("\\x", " ").replace("0x", " ").split())
    try:
        return bytes.fromhex(digits)
    except ValueError as error:
        raise click.ClickException(f"this is not hexadecimal: {error}") from None


def _without_size(data: bytes) -> bytes:
    """The frame itself; its size in front, if it is that, is dropped."""
    if len(data) >= SIZE_BYTES and int.from_bytes(data[:SIZE_BYTES], "big") == len(data) - SIZE_BYTES:
        return data[SIZE_BYTES:]
    return data


def _question(text: str) -> tuple[int, int]:
    from pykbroker.wire.messages import APIS

    name, _, version = text.partition(":")
    keys = {api.name.lower(): api.key for api in APIS.values()}
    key = int(name) if name.isdigit() else keys.get(name.lower())
    if key is None or not version.isdigit():
        raise click.BadParameter(f"{text!r} is not KEY:VERSION", param_hint="--response")
    return key, int(version)
