"""Messages that stand alone: requests, responses, and what is stored; and their codecs, one per version.

    class HeartbeatRequest(Request[HeartbeatResponse], api_key=12, versions="0-4", flexible="4+"): ...

``versions`` are those that can be read and written here: Apache Kafka 4.3's, and the older ones that clients
still send. What a broker advertises is another matter (``apis/``). ``unstable`` are versions that Apache
Kafka keeps behind ``unstable.api.versions.enable``.

A codec compiles its decoder and its encoder each when it is first used, and keeps them for the life of the
process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Generic, Self, TypeVar

from pykbroker.wire.decoder import compile_decoder
from pykbroker.wire.encoder import compile_encoder
from pykbroker.wire.schema import NEVER, Buffer, Struct, Versions, WireError

ResponseT = TypeVar("ResponseT", bound="Response")


class Codec:
    """One message in one version. ``decode`` and ``encode`` replace themselves by the compiled functions."""

    __slots__ = ("_cls", "_flexible", "_version", "decode", "encode")

    decode: Callable[[Buffer, int], tuple[Any, int]]
    encode: Callable[[Any, list[Any]], None]

    def __init__(self, cls: type[Message], version: int) -> None:
        self._cls = cls
        self._version = version
        self._flexible = version in cls.flexible
        self.decode = self._first_decode
        self.encode = self._first_encode

    def _first_decode(self, buffer: Buffer, position: int) -> tuple[Any, int]:
        self.decode = compile_decoder(self._cls, self._version, self._flexible)
        return self.decode(buffer, position)

    def _first_encode(self, message: Any, parts: list[Any]) -> None:
        self.encode = compile_encoder(self._cls, self._version, self._flexible)
        self.encode(message, parts)


class Message(Struct):
    """A struct that stands alone and so has versions of its own, given as class keywords."""

    versions: ClassVar[Versions] = NEVER
    flexible: ClassVar[Versions] = NEVER
    unstable: ClassVar[Versions] = NEVER
    api_key: ClassVar[int] = -1
    _codecs: ClassVar[dict[int, Codec]] = {}

    @classmethod
    def _declare(
        cls,
        namespace: dict[str, Any],
        *,
        versions: str,
        flexible: str = "none",
        unstable: str = "none",
        api_key: int = -1,
    ) -> None:
        cls.versions = Versions.parse(versions)
        cls.flexible = Versions.parse(flexible)
        cls.unstable = Versions.parse(unstable)
        cls.api_key = api_key
        cls._codecs = {}

    @classmethod
    def codec(cls, version: int) -> Codec:
        """The codec of one version. Raises WireError if there is no such version."""
        try:
            return cls._codecs[version]
        except KeyError:
            if version not in cls.versions:
                raise WireError(f"{cls.__name__} has no version {version} ({cls.versions} are known)") from None
            made = cls._codecs[version] = Codec(cls, version)
            return made

    @classmethod
    def decode(cls, buffer: Buffer, version: int, position: int = 0) -> Self:
        """Read a message; what follows it is ignored, as Apache Kafka ignores it. Raises WireError."""
        codec = cls._codecs.get(version) or cls.codec(version)
        message: Self = codec.decode(buffer, position)[0]
        return message

    @classmethod
    def decode_from(cls, buffer: Buffer, version: int, position: int) -> tuple[Self, int]:
        """Read a message and say where it ends. Raises WireError."""
        return cls.codec(version).decode(buffer, position)

    def encode(self, version: int) -> bytes:
        """The message as bytes; its records must be bytes-like."""
        parts: list[Any] = []
        codec = self._codecs.get(version) or self.codec(version)
        codec.encode(self, parts)
        return b"".join(parts)

    def encode_into(self, version: int, parts: list[Any]) -> None:
        """Append the message to parts: bytes, and the record objects themselves."""
        self.codec(version).encode(self, parts)


class Response(Message):
    """What a broker answers. ``api_key`` is that of its request.

    All its fields have defaults, since an answer to a request that failed has little but its error.
    """


class Request(Message, Generic[ResponseT]):
    """What a broker is asked. ``response_type`` is the type named in the brackets."""

    response_type: ClassVar[type[Response]]

    @classmethod
    def _declare(cls, namespace: dict[str, Any], **keywords: Any) -> None:
        super()._declare(namespace, **keywords)
        cls.response_type = namespace["__orig_bases__"][0].__args__[0]  # what stands in Request[...]
        cls.response_type.api_key = cls.api_key


class StoredMessage(Message):
    """What is written to a log or a file.

    ``api_key`` is the type number of coordinator records (one for key and value) and of metadata records.
    """
