"""Python source in the making: lines, names, and the objects those names stand for.

What codecs are compiled from (``decoder.py``, ``encoder.py``). The text is registered with linecache, so that
a traceback or a debugger shows the generated line.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any

from pykbroker.wire.schema import Field, Struct, StructType

INDENT = "    "

_LITERALS = (int, float, str, bytes, bool, type(None))


class Source:
    """Lines of one function, and the global names it may use."""

    __slots__ = ("_count", "_lines", "_names", "scope")

    def __init__(self, **scope: Any) -> None:
        self.scope: dict[str, Any] = scope
        self._lines: list[str] = []
        self._names: dict[int, str] = {}
        self._count = 0

    def emit(self, depth: int, text: str) -> None:
        """Add a line."""
        self._lines.append(INDENT * depth + text)

    def name(self, hint: str) -> str:
        """A name that is not used yet."""
        self._count += 1
        return f"{hint}{self._count}"

    def bind(self, hint: str, value: Any) -> str:
        """A global name for an object; the same object keeps its name."""
        name = self._names.get(id(value))
        if name is None:
            name = self._names[id(value)] = self.name(hint)
            self.scope[name] = value  # kept alive here, so that its id stays its own
        return name

    def value(self, value: Any) -> str:
        """An expression for a default: a literal where there is one."""
        if isinstance(value, _LITERALS) or value == ():
            return repr(value)
        return self.bind("default", value)

    def later(self, hint: str, make: Callable[[], Callable[..., Any]]) -> str:
        """A global name for a function that is only made when it is first called."""
        name, scope = self.name(hint), self.scope

        def first_call(*arguments: Any) -> Any:
            scope[name] = made = make()
            return made(*arguments)

        scope[name] = first_call
        return name

    def compile(self, function: str, title: str) -> Callable[..., Any]:
        """Run the text and give the function it defines."""
        text = "\n".join(self._lines) + "\n"
        filename = f"<pykbroker {title}>"
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        exec(compile(text, filename, "exec"), self.scope)
        made: Callable[..., Any] = self.scope[function]
        return made


def plain_fields(cls: StructType | type[Struct], version: int) -> list[Field]:
    """The fields that stand in the body in this version, in order."""
    return [f for f in cls.__fields__ if version in f.versions and version not in f.tagged]


def tagged_fields(cls: StructType | type[Struct], version: int) -> list[Field]:
    """The fields that may follow the body in this version, by ascending tag."""
    tagged = [f for f in cls.__fields__ if version in f.versions and version in f.tagged]
    return sorted(tagged, key=lambda field: field.tag)
