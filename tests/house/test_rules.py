"""The house's own rules, as tests: lengths of files and functions, a plan at the top, no sleeping tests."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 70


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_a_source_file_is_short_and_opens_with_its_plan(path):
    """No file over 500 lines, no function over 70, and every file that has code says at its top what lives in it."""
    text = path.read_text()
    tree = ast.parse(text)

    assert text.count("\n") <= MAX_FILE_LINES
    assert not tree.body or ast.get_docstring(tree), "no docstring at the top"
    long = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION_LINES
    ]
    assert long == []


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_nothing_is_left_for_later(path):
    """No source file holds a note to do something some day, or a function that only says that it is missing."""
    found = re.findall(r"\b(?:TODO|FIXME|XXX|NotImplementedError)\b", path.read_text())

    assert found == []


@pytest.mark.parametrize("path", TESTS, ids=relative)
def test_every_test_says_what_it_checks_and_none_sleeps(path):
    """Each test function has a docstring, and no test calls time.sleep."""
    tree = ast.parse(path.read_text())
    silent = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]

    assert silent == []
    assert "time.sleep(" not in path.read_text() or path.name == Path(__file__).name


def test_every_family_of_messages_with_requests_has_handlers_or_is_listed_as_missing():
    """A family of requests is either served or named here as not served yet: nobody has to guess."""
    not_served = {
        "brokers", "quorum", "quotas", "sasl", "scram", "share_groups", "streams_groups",
        "telemetry", "tokens", "transactions",
    }  # fmt: skip
    families = {
        path.stem
        for path in (ROOT / "src/pykbroker/wire/messages").glob("*.py")
        if "(Request[" in path.read_text() or "Request[" in path.read_text()
    }
    handlers = {path.stem for path in (ROOT / "src/pykbroker/apis").glob("*.py")}

    unexplained = {family for family in families - handlers if not any(family.startswith(name) for name in not_served)}
    assert unexplained == set()
