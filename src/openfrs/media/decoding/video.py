"""Video decoding in a child process with limited resources.

Video decoders are a common target of malicious files. The decoder therefore runs in a separate process
(:mod:`openfrs.media.decoding.frames`) with limits on processor time and memory, without the service's environment, files or
sockets. If the process crashes or is killed, the service reports an error.
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
    """A frame of a video and its time in milliseconds from the start.

    ``pixels`` has shape (height, width, 3), RGB, upright, scaled down to at most 1280 pixels per side.
    """

    time: int
    pixels: npt.NDArray[np.uint8]


class UnreadableVideoError(ServiceError):
    """The video is unusable; ``reason`` is a word for tests and logs."""

    def __init__(self, reason: str) -> None:
        super().__init__("FRS.0701")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """Limits of the duration of a video and of the resources for decoding it."""

    shortest: int = limits.VIDEO_DURATION_MILLISECONDS[0]
    longest: int = limits.VIDEO_DURATION_MILLISECONDS[1]
    """Milliseconds."""

    seconds: int = limits.MAX_VIDEO_DECODING_SECONDS
    """Processor time in seconds. The limit of the elapsed time is twice as long, without the time between reads of frames."""

    memory: int = limits.MAX_VIDEO_DECODING_BYTES
    """Bytes of address space, of which the libraries use a third."""


@contextmanager
def open_video(data: bytes, rate: int, bounds: VideoLimits | None = None) -> Iterator["Video"]:
    """Decode at most ``rate`` frames per second of a video, as they are read.

    Raises:
        UnreadableVideoError: ``FRS.0701`` the video is unusable; also raised while frames are read.
        ServiceError: ``FRS.0706`` the video is too short or too long.
    """
    bounds = bounds or VideoLimits()
    with _memory_file(data) as source:
        process = subprocess.Popen(
            _command(rate, bounds),
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},  # the service's environment may contain keys
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
    """The frames of a video that a child process decodes."""

    def __init__(self, process: "subprocess.Popen[bytes]", bounds: VideoLimits) -> None:
        """Wait for the duration of the video.

        Raises:
            ServiceError: ``FRS.0701`` or ``FRS.0706`` as :func:`open_video`.
        """
        assert process.stdout is not None
        self._process = process
        self._pipe = process.stdout.fileno()
        self._seconds_left = 2.0 * bounds.seconds
        _enlarge_pipe(self._pipe)
        kind, length, *_ = self._read_record()
        assert kind == b"L"
        self.length: int = length
        """Milliseconds."""
        if not bounds.shortest <= length <= bounds.longest:
            shortest, longest = bounds.shortest / 1000, bounds.longest / 1000
            raise ServiceError("FRS.0706", f"{length / 1000:.2f} s is outside {shortest:g} to {longest:g} s")

    def __iter__(self) -> Iterator[Frame]:
        """Yield each frame once, in the order of decoding."""
        while True:
            kind, milliseconds, width, height, rotation = self._read_record()
            if kind == b"E":
                return
            pixels = self._read(width * height * 3).reshape(height, width, 3)
            yield Frame(milliseconds, np.ascontiguousarray(np.rot90(pixels, round(rotation / 90))))

    def _read_record(self) -> tuple[Any, ...]:
        record = RECORD.unpack(self._read(RECORD.size).tobytes())
        if record[0] == b"X":
            raise UnreadableVideoError(self._read(record[1]).tobytes().decode())
        return record

    def _read(self, count: int) -> npt.NDArray[np.uint8]:
        """Return the next ``count`` bytes.

        Raises:
            UnreadableVideoError: the process ended or the time limit was exceeded.
        """
        data = np.empty(count, np.uint8)
        remaining = memoryview(data.data)
        while remaining:
            started = time.monotonic()
            ready = select.select([self._pipe], [], [], max(0.0, self._seconds_left))[0]
            self._seconds_left -= time.monotonic() - started
            read = os.readv(self._pipe, [remaining]) if ready else 0
            if not read:
                raise UnreadableVideoError("time" if not ready else self._exit_reason())
            remaining = remaining[read:]
        return data

    def _exit_reason(self) -> str:
        """Return the reason of a premature exit of the process."""
        return "time" if self._process.wait() in {-signal.SIGXCPU, -signal.SIGKILL} else "crash"


def _command(rate: int, bounds: VideoLimits) -> list[str]:
    options = {
        "rate": rate,
        "seconds": bounds.seconds,
        "memory": bounds.memory,
        "longest": bounds.longest,
        "side": limits.SCALED_VIDEO_SIDE,
        "pixels": limits.MAX_VIDEO_FRAME_PIXELS,
        "frames": limits.MAX_VIDEO_FRAMES,
    }
    program = [sys.executable, "-I", str(Path(frames.__file__))]
    return program + [f"--{name}={value}" for name, value in options.items()]


@contextmanager
def _memory_file(data: bytes) -> Iterator[IO[bytes]]:
    """Open a temporary file with ``data``, on Linux in memory only."""
    if hasattr(os, "memfd_create"):
        file: IO[bytes] = os.fdopen(os.memfd_create("video"), "w+b", buffering=0)
    else:
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # closed below
    with file:
        remaining = memoryview(data)
        while remaining:
            remaining = remaining[file.write(remaining) :]
        file.seek(0)
        yield file


def _enlarge_pipe(pipe: int) -> None:
    """Let the pipe hold about one frame, if the kernel supports it."""
    with suppress(OSError):
        fcntl.fcntl(pipe, _F_SETPIPE_SZ, _PIPE_BYTES)
