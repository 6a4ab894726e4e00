"""Options and tables that commands share."""

import click
import pytest

from pykbroker.cli.client import ClientError, parse_address
from pykbroker.cli.options import key_value, print_table


def test_tables_are_aligned(capsys):
    """Text to the left, numbers to the right, a dash where nothing is."""
    print_table(("name", "n"), [("a", 1), ("long", 22), ("b", None)])

    assert capsys.readouterr().out == "name   n\na      1\nlong  22\nb      -\n"


def test_a_table_without_rows(capsys):
    """Still says what there would be."""
    print_table(("name", "n"), [])

    assert capsys.readouterr().out == "name  n\n"


def test_key_value():
    """Only the first equals sign counts."""
    assert key_value("a = b=c") == ("a", "b=c")
    with pytest.raises(click.BadParameter):
        key_value("=b")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:9093", ("localhost", 9093)),
        ("host", ("host", 9092)),
        (":9093", ("localhost", 9093)),
        ("[::1]:9093", ("::1", 9093)),
        ("[::1]", ("::1", 9092)),
    ],
)
def test_addresses(text, address):
    """The port may be left out; IPv6 stands in brackets."""
    assert parse_address(text) == address


def test_an_address_that_is_none():
    """Says which."""
    with pytest.raises(ClientError, match="HOST:PORT"):
        parse_address("localhost:port")
