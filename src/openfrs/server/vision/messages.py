"""Messages between a server process and a vision process: pickles, each after its length.

A vision process decodes what strangers send. The server process therefore creates nothing from its messages but results: numbers,
text, arrays, and dataclasses, enumerations and errors of OpenFRS.
"""

import io
import pickle
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from enum import Enum
from typing import Any, Final

from pydantic import BaseModel

from openfrs.core import errors
from openfrs.core.errors import ServiceError
from openfrs.core.telemetry.stages import StageTime
from openfrs.vision.identity import ModelIdentity

HEADER: Final = struct.Struct("!Q")
"""The length of the pickle that follows, in bytes."""

_NUMPY_NAMES: Final = frozenset({"_frombuffer", "_reconstruct", "dtype", "ndarray", "scalar"})
_BUILTINS: Final = frozenset({"bytearray", "frozenset", "set"})


@dataclass(frozen=True, slots=True)
class Start:
    """Start a job and run its first piece."""

    task_id: int
    job: Callable[..., Any]
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Resume:
    """Run the next piece of a paused job."""

    task_id: int


@dataclass(frozen=True, slots=True)
class Drop:
    """End a paused job; there is no reply."""

    task_id: int


@dataclass(frozen=True, slots=True)
class Ready:
    """The models are loaded."""

    models: ModelIdentity
    loading_seconds: Mapping[str, float]
    """By model."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """The models cannot be loaded; the message is for the operator."""

    message: str


@dataclass(frozen=True, slots=True)
class Paused:
    """A piece of a job has ended, and more of it is left."""

    task_id: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A job has ended with a result, an error for the client, or the traceback of another error."""

    task_id: int
    result: Any = None
    error: ServiceError | None = None
    traceback: str = ""
    out_of_memory: bool = False
    stages: Sequence[StageTime] = ()
    loading_seconds: Mapping[str, float] | None = None
    """By model, if models were loaded."""


def encode(message: object) -> tuple[bytes, bytes]:
    """Return the header and the pickle of a message."""
    content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return HEADER.pack(len(content)), content


class Decoder:
    """Splits what a vision process writes into messages."""

    def __init__(self) -> None:
        self._received = bytearray()

    def messages(self, data: bytes) -> Iterator[Any]:
        """Yield the messages that ``data`` completes.

        Raises:
            pickle.UnpicklingError: a message is not one of a vision process.
        """
        self._received += data
        while len(self._received) >= HEADER.size:
            (length,) = HEADER.unpack_from(self._received)
            end = HEADER.size + length
            if len(self._received) < end:
                return
            content = bytes(memoryview(self._received)[HEADER.size : end])
            del self._received[:end]
            yield _ResultUnpickler(io.BytesIO(content)).load()


class _ResultUnpickler(pickle.Unpickler):
    """Creates plain values, arrays, and dataclasses, enumerations and errors of OpenFRS."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """Return a class or function that a message names, if it is harmless."""
        if module_name.partition(".")[0] == "numpy" and global_name in _NUMPY_NAMES:
            return super().find_class(module_name, global_name)
        if module_name == "builtins" and global_name in _BUILTINS:
            return super().find_class(module_name, global_name)
        if module_name.partition(".")[0] == "pathlib" and global_name == "PosixPath":
            return super().find_class(module_name, global_name)
        if module_name.startswith("openfrs."):
            found = super().find_class(module_name, global_name)
            is_value = isinstance(found, type) and (is_dataclass(found) or issubclass(found, Enum | BaseModel))
            if is_value or found is errors.restored:
                return found
        raise pickle.UnpicklingError(f"a vision process sent {module_name}.{global_name}")
