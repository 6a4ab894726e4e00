"""Java's properties syntax, as ``server.properties`` is written in.

Comments with # or !, keys that end at =, : or blank, backslash escapes and continued lines
(``java.util.Properties.load``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_BLANKS: Final = " \t\f"
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}


def parse_properties(text: str) -> dict[str, str]:
    """Keys and values in the order of the text; a repeated key keeps its last value. ValueError for a bad escape."""
    found = {}
    for line in _logical_lines(text):
        key, value = _split(line)
        found[_unescaped(key)] = _unescaped(value)
    return found


def _logical_lines(text: str) -> Iterator[str]:
    """Lines without comments and blanks, continued ones joined."""
    pending = ""
    for natural in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line = natural.lstrip(_BLANKS)
        if not pending and (not line or line[0] in "#!"):
            continue
        pending += line
        backslashes = len(pending) - len(pending.rstrip("\\"))
        if backslashes % 2:  # an odd one at the end joins the next line
            pending = pending[:-1]
            continue
        yield pending
        pending = ""
    if pending:
        yield pending


def _split(line: str) -> tuple[str, str]:
    """The key and the value, both still escaped."""
    position = 0
    while position < len(line):
        character = line[position]
        if character == "\\":
            position += 2
            continue
        if character in "=:" or character in _BLANKS:
            break
        position += 1
    key, rest = line[:position], line[position:].lstrip(_BLANKS)
    if rest[:1] in ("=", ":"):
        rest = rest[1:].lstrip(_BLANKS)
    return key, rest


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    parts = []
    position = 0
    while position < len(text):
        character = text[position]
        if character != "\\":
            parts.append(character)
            position += 1
            continue
        escaped = text[position + 1 : position + 2]
        if escaped == "u":
            digits = text[position + 2 : position + 6]
            if len(digits) != 4:
                raise ValueError(f"\\u{digits} is cut off")
            parts.append(chr(int(digits, 16)))
            position += 6
        else:
            parts.append(_ESCAPES.get(escaped, escaped))
            position += 2
    return "".join(parts)
