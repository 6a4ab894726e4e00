"""Expressions mean what they mean to RE2, and cannot stall the coordinator."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pykbroker.coordinator.topic_regex import MAX_STATES, TopicRegex
from pykbroker.errors import ErrorCode, KafkaError

NAMES = ["orders", "orders-1", "Orders.eu", "a", "ab_c", "x-y.z", "999"]


@pytest.mark.parametrize(
    ("pattern", "matching"),
    [
        ("orders.*", ["orders", "orders-1"]),
        ("orders", ["orders"]),
        ("^orders$", ["orders"]),
        (r"\Aorders\z", ["orders"]),
        ("(?i)ORDERS", ["orders"]),
        ("(?i:o)rders", ["orders"]),
        ("(?i)x|(?-i)A|a", ["a"]),
        ("a|b|ab_c", ["a", "ab_c"]),
        (r"\w+-\d", ["orders-1"]),
        (r"[\w.]+", ["orders", "Orders.eu", "a", "ab_c", "999"]),
        (r"\W|[^a-z]+", ["999"]),
        ("(or)?ders", ["orders"]),
        ("(?:a|b)+_c", ["ab_c"]),
        ("(?P<n>o)rders", ["orders"]),
        ("(?<n>o)rders", ["orders"]),
        (r"x.y\.z", ["x-y.z"]),
        (r"\Qx-y.z\E", ["x-y.z"]),
        (r"\Qx-y.z", ["x-y.z"]),
        (r"\bab_c\b", ["ab_c"]),
        (r"o\Brders", ["orders"]),
        ("[[:digit:]]{3}", ["999"]),
        ("[[:^digit:]]", ["a"]),
        ("9{2,}", ["999"]),
        ("9{1,3}?", ["999"]),
        ("9{4}", []),
        ("a{,2}", []),
        ("[]a]", ["a"]),
        ("[a-]b_c", ["ab_c"]),
        (r"[\-x]-y.z", ["x-y.z"]),
        (r"\pL+", ["orders", "a"]),
        (r"\p{Lu}.*", ["Orders.eu"]),
        (r"\P{L}+", ["999"]),
        (r"\p{^L}+", ["999"]),
        (r"\p{Latin}+", ["orders", "a"]),
        (r"\x61", ["a"]),
        (r"\x{61}", ["a"]),
        (r"\t?a", ["a"]),
        (r"\s*a", ["a"]),
        (r"[\w-z]+", ["orders", "orders-1", "a", "ab_c", "999"]),
        ("(?i)[^A]b_c", []),
        (r"\p{Greek}*a", ["a"]),
        ("a(?U){1}", ["a"]),
        ("", []),
    ],
)
def test_what_an_expression_matches(pattern, matching):
    """As a whole, never in part."""
    regex = TopicRegex(pattern)

    assert [name for name in NAMES if regex.matches(name)] == matching


@pytest.mark.parametrize(
    "pattern",
    [
        *["(", "a)", "*a", "a**", "[a", "[z-a]", "(?=a)", "(?<!a)", "(?P<>a)", "(?P<a", r"\1", r"\k", "\\"],
        *[r"\pX", r"\p{", r"\x{zz}", r"\xz", "a{1001}", "a{3,2}", "[[:nothing:]]", "(" * 300 + ")" * 300, "(?z)"],
        *["((a{100}){100}){100}", "+", "{2}", "a{2}{3}"],
    ],
)
def test_what_is_refused(pattern):
    """With Kafka's code, and a reason."""
    with pytest.raises(KafkaError) as refused:
        TopicRegex(pattern)

    assert refused.value.code == ErrorCode.INVALID_REGULAR_EXPRESSION
    assert "not a valid regular expression: " in refused.value.message


def test_nothing_backtracks():
    """An expression that takes other engines longer than the universe has been there."""
    assert not TopicRegex("(a*)*(a*)*b").matches("a" * 249)
    assert MAX_STATES >= 2_000


atoms = st.sampled_from(["a", "b", "1", ".", r"\.", "[ab]", "[^a]", r"\w", r"\d", "_", "-", "^", "$", r"\b", r"\B"])
expressions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{1,2}", "{2}", "{0,}"])).map(lambda x: f"(?:{x[0]}){x[1]}"),
    ),
    max_leaves=8,
)


@given(expressions, st.lists(st.text("ab1._-", min_size=1, max_size=5), min_size=1, max_size=8))
@settings(max_examples=300, derandomize=True, deadline=None)
def test_it_agrees_with_another_engine(pattern, names):
    """Python's own, on what both understand."""
    ours, theirs = TopicRegex(pattern), re.compile(pattern)

    assert [ours.matches(name) for name in names] == [bool(theirs.fullmatch(name)) for name in names]
