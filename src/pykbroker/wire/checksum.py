"""CRC-32C, the checksum of record batches, loaded without its package's start-up cost.

The ``crc32c`` package is a C extension wrapped in an ``__init__`` that reads its own version through
``importlib.metadata``: 28 ms of a broker's 250 ms start.  Here only the extension itself is loaded (0.3 ms).
Where the package is laid out differently, the ordinary import is used: the result is the same function.
"""

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, PathFinder
from importlib.util import module_from_spec, spec_from_file_location
from os.path import isfile, join
from typing import Protocol


class Crc(Protocol):
    """The extension's function; `value` is the checksum of what came before."""

    def __call__(self, data: bytes | bytearray | memoryview, value: int = 0, /) -> int: ...


def _load_extension() -> Crc | None:
    """The C function straight from the extension's file, or None when it is not where we expect it."""
    package = PathFinder.find_spec("crc32c")
    for directory in (package.submodule_search_locations or ()) if package else ():
        for suffix in EXTENSION_SUFFIXES:
            path = join(directory, "_crc32c" + suffix)
            if not isfile(path):
                continue
            spec = spec_from_file_location("_crc32c", path, loader=ExtensionFileLoader("_crc32c", path))
            if spec is None or spec.loader is None:
                continue
            module = module_from_spec(spec)
            spec.loader.exec_module(module)
            function: Crc | None = getattr(module, "crc32c", None)
            return function
    return None


def _load() -> Crc:
    try:
        function = _load_extension()
    except ImportError:
        function = None
    if function is None:
        from crc32c import crc32c as packaged

        function = packaged
    return function


crc32c: Crc = _load()
