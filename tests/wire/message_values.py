"""Makes messages full of edge values from a seed, for tests that must see every field of every message.

The same seed makes the same message. ``limits`` may narrow the values of single fields, for an oracle that takes fewer.
"""

import importlib
import pkgutil
import random

import pykbroker.wire.messages as families
from pykbroker.wire.api import Message
from pykbroker.wire.schema import Struct

TEXTS = ("", "a", "topic-1", "é☃\U0001f600", "x" * 126, "x" * 127, "y" * 128, "z" * 300)
BLOBS = (b"", b"\0", bytes(range(256)), b"r" * 126, b"r" * 127, b"s" * 20_000)
EDGES = {
    "bool": (False, True),
    "int8": (-128, -1, 0, 1, 127),
    "int16": (-(2**15), -1, 0, 1, 2**15 - 1),
    "uint16": (0, 1, 2**15, 2**16 - 1),
    "int32": (-(2**31), -1, 0, 1, 2**31 - 1),
    "uint32": (0, 1, 2**31, 2**32 - 1),
    "int64": (-(2**63), -1, 0, 1, 1_700_000_000_000, 2**63 - 1),
    "float64": (0.0, -1.5, 1e300),
    "uuid": (bytes(16), bytes(range(16)), b"\xff" * 16),
    "string": TEXTS,
    "bytes": BLOBS,
    "records": BLOBS,
}
SHORT = {"string": ("", "ab", "é"), "bytes": (b"", b"\1\2"), "records": (b"", b"\1\2")}


def all_messages():
    """Every message class there is, by name."""
    for module in pkgutil.iter_modules(families.__path__):
        importlib.import_module(f"{families.__name__}.{module.name}")
    found, waiting = {}, [Message]
    while waiting:
        for subclass in waiting.pop().__subclasses__():
            waiting.append(subclass)
            if subclass.versions and subclass.__module__.startswith(families.__name__):
                found[subclass.__name__] = subclass
    return dict(sorted(found.items()))


def any_value(field):
    """No limits."""
    return None


def short_value(field):
    """Limits that keep messages small enough to be cut at every byte."""
    return SHORT.get(field.kind if field.kind != "array" else field.of.kind)


class Maker:
    """Makes messages; the seed decides everything."""

    def __init__(self, seed, limits=any_value):
        self._dice = random.Random(seed)
        self._limits = limits

    def make(self, cls, version):
        """A message whose fields of this version have edge values, nulls, or are left out."""
        values = {}
        for field in cls.__fields__:
            if version in field.versions and self._dice.random() < 0.9:
                values[field.name] = self._value(field, version)
        return cls(**values)

    def _value(self, field, version):
        if version in field.nullable and self._dice.random() < 0.2:
            return None
        if field.kind == "struct":
            return self.make(field.of, version)
        if field.kind == "array":
            return [self._element(field, version) for _ in range(self._dice.choice((0, 1, 1, 2, 3)))]
        return self._dice.choice(self._limits(field) or EDGES[field.kind])

    def _element(self, field, version):
        if field.of.kind == "struct":
            return self.make(field.of.of, version)
        return self._dice.choice(self._limits(field) or EDGES[field.of.kind])


def as_tree(value, version):
    """The fields that the version has, as plain data: for comparing with what other libraries read from the bytes."""
    if isinstance(value, Struct):
        fields = [field for field in value.__fields__ if version in field.versions]
        return {field.name: as_tree(getattr(value, field.name), version) for field in fields}
    if isinstance(value, list | tuple):
        return [as_tree(item, version) for item in value]
    return bytes(value) if isinstance(value, memoryview) else value
