"""Decoding videos under limits, in a process that can be killed.

What a video decoder does with bytes of strangers nobody can promise, so it does it elsewhere: a process of its own
(:mod:`openfrs.media.frames`), with bounds on its processor time and memory, that may open nothing and knows nothing of the
service. Whatever becomes of it, the service has an error to answer with.
"""

import fcntl
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt

from openfrs.core import limits
from openfrs.core.errors import ServiceError

from . import frames
from .frames import RECORD

_PIPE_BYTES: Final = 1 << 20
_F_SETPIPE_SZ: Final = 1031


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A frame of a video: when it is shown, in milliseconds from the start, and its pixels as a person sees them.

    ``pixels`` has shape (height, width, 3), RGB, upright, scaled down to at most 1280 pixels a side.
    """

    time: int
    pixels: npt.NDArray[np.uint8]


class UnreadableVideoError(ServiceError):
    """A video that cannot be used; ``reason`` says why in a word, for tests and logs."""

    def __init__(self, reason: str) -> None:
        super().__init__("FRS.0701")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """What a video and its decoding may take."""

    shortest: int = limits.VIDEO_MILLISECONDS[0]
    longest: int = limits.VIDEO_MILLISECONDS[1]
    """Milliseconds."""

    seconds: int = limits.VIDEO_DECODING_SECONDS
    """Of processor time; the wall clock has twice as many, not counting the time in which nobody asks for a frame."""

    memory: int = limits.VIDEO_DECODING_BYTES
    """Bytes of address space, of which the libraries take a third."""


@contextmanager
def open_video(data: bytes, rate: int, bounds: VideoLimits | None = None) -> Iterator["Video"]:
    """A video being decoded, at most ``rate`` frames a second of it. What is not read of it is never decoded.

    Raises:
        UnreadableVideoError: ``FRS.0701``, also while frames are read.
        ServiceError: ``FRS.0706`` it is too short or too long.
    """
    bounds = bounds or VideoLimits()
    with _in_memory(data) as source:
        process = subprocess.Popen(
            _command(rate, bounds),
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},  # keys may be in the service's own
            bufsize=0,
        )
        try:
            yield Video(process, bounds)
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


class Video:
    """Frames on their way from the process that decodes them."""

    def __init__(self, process: "subprocess.Popen[bytes]", bounds: VideoLimits) -> None:
        """Wait for the video's length.

        Raises:
            ServiceError: ``FRS.0701`` or ``FRS.0706``
        """
        assert process.stdout is not None
        self._process = process
        self._pipe = process.stdout.fileno()
        self._patience = 2.0 * bounds.seconds
        _widen(self._pipe)
        kind, length, *_ = self._record()
        assert kind == b"L"
        self.length: int = length
        """Milliseconds."""
        if not bounds.shortest <= length <= bounds.longest:
            least, most = bounds.shortest / 1000, bounds.longest / 1000
            raise ServiceError("FRS.0706", f"{length / 1000:.2f} s is outside {least:g} to {most:g} s")

    def __iter__(self) -> Iterator[Frame]:
        """The frames, in the order in which they are decoded, each once."""
        while True:
            kind, at, width, height, turn = self._record()
            if kind == b"E":
                return
            pixels = self._read(width * height * 3).reshape(height, width, 3)
            yield Frame(at, np.ascontiguousarray(np.rot90(pixels, round(turn / 90))))

    def _record(self) -> tuple[Any, ...]:
        record = RECORD.unpack(self._read(RECORD.size).tobytes())
        if record[0] == b"X":
            raise UnreadableVideoError(self._read(record[1]).tobytes().decode())
        return record

    def _read(self, count: int) -> npt.NDArray[np.uint8]:
        """The next ``count`` bytes.

        Raises:
            UnreadableVideoError: they do not come.
        """
        data = np.empty(count, np.uint8)
        rest = memoryview(data.data)
        while rest:
            asked = time.monotonic()
            ready = select.select([self._pipe], [], [], max(0.0, self._patience))[0]
            self._patience -= time.monotonic() - asked
            read = os.readv(self._pipe, [rest]) if ready else 0
            if not read:
                raise UnreadableVideoError("time" if not ready else self._end())
            rest = rest[read:]
        return data

    def _end(self) -> str:
        """Why the process ended before its time."""
        return "time" if self._process.wait() in {-signal.SIGXCPU, -signal.SIGKILL} else "crash"


def _command(rate: int, bounds: VideoLimits) -> list[str]:
    given = {
        "rate": rate,
        "seconds": bounds.seconds,
        "memory": bounds.memory,
        "longest": bounds.longest,
        "side": limits.VIDEO_FRAME_SIDE,
        "pixels": limits.VIDEO_FRAME_PIXELS,
        "frames": limits.VIDEO_FRAMES,
    }
    program = [sys.executable, "-I", str(Path(frames.__file__))]
    return program + [f"--{name}={value}" for name, value in given.items()]


@contextmanager
def _in_memory(data: bytes) -> Iterator[IO[bytes]]:
    """A file that holds ``data``; on Linux it is in memory alone."""
    if hasattr(os, "memfd_create"):
        file: IO[bytes] = os.fdopen(os.memfd_create("video"), "w+b", buffering=0)
    else:
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # closed below
    with file:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]
        file.seek(0)
        yield file


def _widen(pipe: int) -> None:
    """Let the pipe hold a frame or so, where the kernel can."""
    with suppress(OSError):
        fcntl.fcntl(pipe, _F_SETPIPE_SZ, _PIPE_BYTES)
