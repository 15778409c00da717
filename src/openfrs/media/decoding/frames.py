"""The program that decodes a video: run as a process of its own, under limits, by :mod:`openfrs.media.video`.

It reads the video from standard input, a file that can be sought, and writes records to standard output:

======  ==============================================================================================
record  content
======  ==============================================================================================
``L``   the length in milliseconds, before anything is decoded
``F``   a frame: its time in milliseconds, width, height, by how many degrees it must be turned
        counter-clockwise to be upright, then its pixels, RGB
``E``   the end
``X``   the end, because the video cannot be used; then a word that says why
======  ==============================================================================================

Nothing of OpenFRS is imported beyond the two empty packages above it, so that the process is there soon and small. FFmpeg
knows many formats that open other files or addresses: only the containers and codecs named here are ever tried, and once
the libraries are loaded the process may open nothing any more.
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
import av.video.stream  # all that would be imported on the way, when it is too late

RECORD: Final = struct.Struct("!cIHHh")
"""Kind, milliseconds, width, height, turn; of an ``X`` the second is the length of the word."""

CONTAINERS: Final = "mov,matroska,avi,flv,asf"  # mov stands for mp4 and 3gp too, matroska for webm
CODECS: Final = ("h261", "h263", "h263p", "flv", "h264", "hevc", "mpeg4", "vc1", "vp8", "vp9", "wmv3")
"""What FRS documents, with the dialects of H.263 and with MPEG-4 part 2, which old telephones write."""

STRETCH: Final = 1.25
"""A header may promise so many times what is there, and a second more; beyond that the video was cut off."""

DAMAGE: Final = 0.1
"""The share of the packets that may be unreadable."""


class UnusableError(Exception):
    """The video cannot be used; says why in a word."""


def main() -> None:
    """Decode standard input."""
    parser = argparse.ArgumentParser()
    for name in ("seconds", "memory", "rate", "side", "pixels", "frames", "longest"):
        parser.add_argument(f"--{name}", type=int, required=True)
    options = parser.parse_args()
    source, sink = open(0, "rb", buffering=0), open(1, "wb", buffering=0)  # noqa: SIM115  # until the process ends
    av.logging.set_level(None)
    _confine(options.seconds, options.memory)
    try:
        _decode(source, sink, options)
        sink.write(RECORD.pack(b"E", 0, 0, 0, 0))
    except (UnusableError, av.error.FFmpegError, ValueError, OverflowError, MemoryError) as error:
        word = str(error) if isinstance(error, UnusableError) else "damaged"
        sink.write(RECORD.pack(b"X", len(word), 0, 0, 0) + word.encode())


def _confine(seconds: int, memory: int) -> None:
    """Take from this process what decoding does not need."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))  # no file, no socket beyond the three that are open


def _decode(source: BinaryIO, sink: BinaryIO, options: argparse.Namespace) -> None:
    start, length = _span(source, options.frames)
    sink.write(RECORD.pack(b"L", min(length, 2**32 - 1), 0, 0, 0))
    if length > options.longest:
        return
    source.seek(0)
    step, due = 1000 / options.rate, 0.0
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
                at = max(0.0, _milliseconds(frame) - start)
                if at >= due:
                    due = ((at + 1) // step + 1) * step - 1  # a millisecond of grace: times are rounded
                    _write(sink, frame, round(at), options.side)
    if not decoded or failed > DAMAGE * (decoded + failed):
        raise UnusableError("damaged")


def _open(source: BinaryIO) -> Any:
    return av.open(
        source,
        options={"format_whitelist": CONTAINERS, "codec_whitelist": ",".join(CODECS), "protocol_whitelist": "none"},
        metadata_errors="ignore",
    )


def _span(source: BinaryIO, most: int) -> tuple[float, int]:
    """When the first frame is shown, and the length with the last frame's own time, in milliseconds; decodes nothing."""
    with _open(source) as container:
        if not container.streams.video:
            raise UnusableError("no video")
        stream = container.streams.video[0]
        times: list[float] = []
        for packet in container.demux(stream):
            if packet.size:
                times.append(_milliseconds(packet))
            if len(times) > most:
                raise UnusableError("frames")
        promised = _promised(stream)
    if not times:
        raise UnusableError("no video")
    first, last = min(times), max(times)
    length = (last - first) * len(times) / max(1, len(times) - 1)
    if promised > STRETCH * length + 1000:
        raise UnusableError("truncated")
    return first, round(length)


def _promised(stream: Any) -> float:
    """The length that the header gives, in milliseconds; 0 where it gives none."""
    return float(stream.duration * stream.time_base * 1000) if stream.duration and stream.time_base else 0.0


def _milliseconds(timed: Any) -> float:
    """When a frame or a packet is shown."""
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
    context.thread_count = 1  # parallelism is across videos, and each thread would hold frames of its own
    context.options = {"max_pixels": str(pixels)}
    return stream


def _write(sink: BinaryIO, frame: Any, at: int, side: int) -> None:
    scale = min(1.0, side / max(frame.width, frame.height))
    width, height = (max(2, round(length * scale)) for length in (frame.width, frame.height))
    pixels = frame.reformat(width=width, height=height, format="rgb24", interpolation="BICUBIC")
    plane = pixels.planes[0]
    rows, row = memoryview(plane), 3 * width
    _write_all(sink, RECORD.pack(b"F", at, width, height, int(frame.rotation)))
    _write_all(sink, b"".join(rows[place * plane.line_size :][:row] for place in range(height)))


def _write_all(sink: BinaryIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[sink.write(rest) :]


if __name__ == "__main__":
    main()
