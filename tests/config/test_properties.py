"""Java's properties syntax."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykbroker.config.properties import parse_properties


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a=1", {"a": "1"}),
        ("a = 1 ", {"a": "1 "}),
        ("a:1\nb 2\nc\td", {"a": "1", "b": "2", "c": "d"}),
        ("# no\n  ! no\n\n a=1", {"a": "1"}),
        ("a=1\r\nb=2\rc=3", {"a": "1", "b": "2", "c": "3"}),
        ("a=one,\\\n   two", {"a": "one,two"}),
        ("a=back\\\\\nb=2", {"a": "back\\", "b": "2"}),
        (r"a=tab\tnew\nu\u0041x", {"a": "tab\tnew\nuAx"}),
        (r"a\=b\ c=d", {"a=b c": "d"}),
        ("a==b=c", {"a": "=b=c"}),
        ("a", {"a": ""}),
        ("a=1\na=2", {"a": "2"}),
        ("a=1\\", {"a": "1"}),
        ("a=x\\\n#not a comment", {"a": "x#not a comment"}),
        ("listeners=PLAINTEXT://:9092", {"listeners": "PLAINTEXT://:9092"}),
    ],
)
def test_as_java_reads_it(text, found):
    """Separators, comments, escapes and continued lines."""
    assert parse_properties(text) == found


def test_a_cut_off_escape():
    """Java throws; so do we, as ValueError."""
    with pytest.raises(ValueError, match="cut off"):
        parse_properties(r"a=\u00")


@given(st.text())
def test_any_text_is_read_or_refused(text):
    """There is no other outcome."""
    with contextlib.suppress(ValueError):
        parse_properties(text)
