"""The program that decodes a video in a child process with limited resources; :mod:`openfrs.media.decoding.video` starts it.

It reads the video from standard input, a seekable file, and writes records to standard output:

======  ==============================================================================================
record  content
======  ==============================================================================================
``L``   the duration in milliseconds, before decoding starts
``F``   a frame: its time in milliseconds, width, height, the counter-clockwise rotation in degrees
        that makes it upright, then its pixels, RGB
``E``   the end of the video
``X``   the end, because the video is unusable, then the reason in a word
======  ==============================================================================================

The program imports nothing else from OpenFRS, so the process starts fast and stays small. FFmpeg supports formats that open
other files or addresses: only the containers and codecs listed here are enabled, and once the libraries are loaded the process
can open no more files or sockets.
"""

import argparse
import resource
import struct
from typing import Any, BinaryIO, Final

import av
import av.audio.codeccontext
import av.audio.stream
import av.error
import av.logging
import av.subtitles.codeccontext
import av.subtitles.stream
import av.video.codeccontext
import av.video.stream  # PyAV would import these later, when files can no longer be opened

RECORD: Final = struct.Struct("!cIHHh")
"""Kind, milliseconds, width, height, rotation; for ``X`` the second field is the length of the reason."""

CONTAINERS: Final = "mov,matroska,avi,flv,asf"  # mov includes mp4 and 3gp, matroska includes webm
CODECS: Final = ("h261", "h263", "h263p", "flv", "h264", "hevc", "mpeg4", "vc1", "vp8", "vp9", "wmv3")
"""The codecs FRS documents, with the variants of H.263 and with MPEG-4 part 2, which old phones write."""

MAX_CLAIMED_RATIO: Final = 1.25
"""Ratio of the duration in the header to that of the packets above which, plus one second, a video is truncated."""

MAX_DAMAGE: Final = 0.1
"""Maximum share of unreadable packets."""


class UnusableError(Exception):
    """The video is unusable; the message is the reason in a word."""


def main() -> None:
    """Decode the video on standard input."""
    parser = argparse.ArgumentParser()
    for name in ("seconds", "memory", "rate", "side", "pixels", "frames", "longest"):
        parser.add_argument(f"--{name}", type=int, required=True)
    options = parser.parse_args()
    source, sink = open(0, "rb", buffering=0), open(1, "wb", buffering=0)  # noqa: SIM115  # open until the process ends
    av.logging.set_level(None)
    _limit_resources(options.seconds, options.memory)
    try:
        _decode(source, sink, options)
        sink.write(RECORD.pack(b"E", 0, 0, 0, 0))
    except (UnusableError, av.error.FFmpegError, ValueError, OverflowError, MemoryError) as error:
        reason = str(error) if isinstance(error, UnusableError) else "damaged"
        sink.write(RECORD.pack(b"X", len(reason), 0, 0, 0) + reason.encode())


def _limit_resources(seconds: int, memory: int) -> None:
    """Limit this process to the resources that decoding needs."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))  # no files or sockets other than the three open ones


def _decode(source: BinaryIO, sink: BinaryIO, options: argparse.Namespace) -> None:
    start, duration = _span(source, options.frames)
    sink.write(RECORD.pack(b"L", min(duration, 2**32 - 1), 0, 0, 0))
    if duration > options.longest:
        return
    source.seek(0)
    interval, due = 1000 / options.rate, 0.0
    decoded = failed = 0
    with _open(source) as container:
        stream = _stream(container, options.pixels)
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                failed += 1
                continue
            for frame in frames:
                decoded += 1
                time = max(0.0, _milliseconds(frame) - start)
                if time >= due:
                    due = ((time + 1) // interval + 1) * interval - 1  # one millisecond of tolerance: times are rounded
                    _write_frame(sink, frame, round(time), options.side)
    if not decoded or failed > MAX_DAMAGE * (decoded + failed):
        raise UnusableError("damaged")


def _open(source: BinaryIO) -> Any:
    return av.open(
        source,
        options={"format_whitelist": CONTAINERS, "codec_whitelist": ",".join(CODECS), "protocol_whitelist": "none"},
        metadata_errors="ignore",
    )


def _span(source: BinaryIO, max_frames: int) -> tuple[float, int]:
    """Return the time of the first frame and the duration including the last frame, in milliseconds, without decoding."""
    with _open(source) as container:
        if not container.streams.video:
            raise UnusableError("no video")
        stream = container.streams.video[0]
        times: list[float] = []
        for packet in container.demux(stream):
            if packet.size:
                times.append(_milliseconds(packet))
            if len(times) > max_frames:
                raise UnusableError("frames")
        claimed = _claimed_duration(stream)
    if not times:
        raise UnusableError("no video")
    first, last = min(times), max(times)
    duration = (last - first) * len(times) / max(1, len(times) - 1)
    if claimed > MAX_CLAIMED_RATIO * duration + 1000:
        raise UnusableError("truncated")
    return first, round(duration)


def _claimed_duration(stream: Any) -> float:
    """Return the duration in the header, in milliseconds, or 0 if it has none."""
    return float(stream.duration * stream.time_base * 1000) if stream.duration and stream.time_base else 0.0


def _milliseconds(timed: Any) -> float:
    """Return the presentation time of a frame or a packet."""
    ticks = timed.pts if timed.pts is not None else timed.dts
    if ticks is None or not timed.time_base:
        raise UnusableError("times")
    return float(ticks * timed.time_base * 1000)


def _stream(container: Any, pixels: int) -> Any:
    stream = container.streams.video[0]
    context = stream.codec_context
    if context is None or context.name not in CODECS:
        raise UnusableError("codec")
    if not 0 < context.width * context.height <= pixels:
        raise UnusableError("size")
    context.thread_count = 1  # parallelism is across videos, and each thread would hold its own frames
    context.options = {"max_pixels": str(pixels)}
    return stream


def _write_frame(sink: BinaryIO, frame: Any, time: int, side: int) -> None:
    scale = min(1.0, side / max(frame.width, frame.height))
    width, height = (max(2, round(edge * scale)) for edge in (frame.width, frame.height))
    pixels = frame.reformat(width=width, height=height, format="rgb24", interpolation="BICUBIC")
    plane = pixels.planes[0]
    data, row = memoryview(plane), 3 * width
    _write_all(sink, RECORD.pack(b"F", time, width, height, int(frame.rotation)))
    _write_all(sink, b"".join(data[line * plane.line_size :][:row] for line in range(height)))


def _write_all(sink: BinaryIO, data: bytes) -> None:
    remaining = memoryview(data)
    while remaining:
        remaining = remaining[sink.write(remaining) :]


if __name__ == "__main__":
    main()
