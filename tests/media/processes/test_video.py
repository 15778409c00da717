"""Video decoding in a child process: limits, formats and errors."""

import socket
from itertools import pairwise
from pathlib import Path

import pytest

from openfrs.core.errors import ServiceError
from openfrs.media.decoding.video import Frame, UnreadableVideoError, VideoLimits, open_video
from tests.support.videos import audio_only, encode, gray_frames


def read(data: bytes, rate: int = 10, bounds: VideoLimits | None = None) -> list[Frame]:
    with open_video(data, rate, bounds) as video:
        return list(video)


def reason(data: bytes, bounds: VideoLimits | None = None) -> str:
    with pytest.raises(UnreadableVideoError) as caught:
        read(data, bounds=bounds)
    assert caught.value.entry.code == "FRS.0701"
    return caught.value.reason


@pytest.mark.parametrize(
    ("container", "codec", "size"),
    [
        ("mp4", "libx264", (64, 64)),
        ("mov", "libx264", (64, 64)),
        ("mp4", "libx265", (64, 64)),
        ("webm", "libvpx", (64, 64)),
        ("webm", "libvpx-vp9", (64, 64)),
        ("avi", "h261", (288, 352)),
        ("3gp", "h263", (144, 176)),
        ("flv", "flv", (64, 64)),
        ("flv", "libx264", (64, 64)),
        ("asf", "mpeg4", (64, 64)),
    ],
)
def test_containers_and_codecs(container: str, codec: str, size: tuple[int, int]) -> None:
    frames = read(encode(gray_frames(1.5, 30, size), 30, container=container, codec=codec))
    assert [round(frame.time, -2) for frame in frames] == [100 * place for place in range(15)]
    shades = [frame.pixels.mean() for frame in frames]
    assert shades == sorted(shades)
    assert all(frame.pixels.shape == (*size, 3) for frame in frames)


@pytest.mark.parametrize(("fps", "rate", "count"), [(30, 10, 20), (30, 15, 30), (5, 10, 10), (240, 10, 20)])
def test_the_frame_rate_is_limited(fps: int, rate: int, count: int) -> None:
    frames = read(encode(gray_frames(2, fps), fps), rate)
    assert len(frames) == count
    assert all(second.time - first.time >= 900 / rate for first, second in pairwise(frames))


@pytest.mark.parametrize(("seconds", "allowed"), [(0.5, False), (1, True), (15, True), (16, False)])
def test_the_duration_is_limited(seconds: float, allowed: bool) -> None:
    data = encode(gray_frames(seconds))
    if allowed:
        with open_video(data, 10) as video:
            assert video.length == seconds * 1000
    else:
        with pytest.raises(ServiceError) as caught:
            read(data)
        assert caught.value.entry.code == "FRS.0706"
        assert f"{seconds:.2f} s" in caught.value.message


def test_large_frames_are_scaled_down() -> None:
    frames = read(encode(gray_frames(1, 5, (1080, 1920)), 5, preset="ultrafast"))
    assert {frame.pixels.shape for frame in frames} == {(720, 1280, 3)}


def test_frames_are_decoded_as_they_are_read() -> None:
    with open_video(encode(gray_frames(4, 30, (480, 640)), 30, preset="ultrafast"), 10) as video:
        assert next(iter(video)).time == 0
        process = video._process
    assert process.poll() is not None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 500,
        b"words " * 99,
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"GIF89a" + b"\1" * 90,
    ],
)
def test_other_data_is_not_a_video(data: bytes) -> None:
    assert reason(data) == "damaged"


def test_other_codecs_and_containers_are_rejected() -> None:
    assert reason(encode(gray_frames(2), container="avi", codec="ffv1")) == "codec"
    assert reason(encode(gray_frames(2), container="mpegts", codec="mpeg2video")) == "damaged"


def test_a_file_with_only_audio_is_rejected() -> None:
    assert reason(audio_only(3)) == "no video"


def test_a_truncated_video_is_rejected() -> None:
    whole = encode(gray_frames(4, 30, (480, 640)), 30, movflags="faststart", preset="ultrafast", g="10")
    assert reason(whole[: len(whole) // 2]) in {"truncated", "damaged", "no video"}
    assert reason(whole[:200]) == "damaged"


def test_the_number_of_frames_is_limited() -> None:
    assert reason(encode(gray_frames(4, 1000, (16, 16)), 1000, preset="ultrafast")) == "frames"


def test_the_frame_size_is_limited() -> None:
    assert reason(encode(gray_frames(1, 2, (2176, 4096)), 2, codec="mpeg4")) == "size"


def test_processor_time_is_limited() -> None:
    data = encode(gray_frames(14, 30, (480, 640)), 30, preset="ultrafast")
    assert reason(data, VideoLimits(seconds=0)) == "time"


def test_memory_is_limited() -> None:
    data = encode(gray_frames(2, 10, (720, 1280)), preset="ultrafast")
    assert reason(data, VideoLimits(memory=100 * 1024**2)) in {"crash", "damaged"}
    assert read(data)


def test_a_reference_to_another_file_is_not_followed(tmp_path: Path) -> None:
    """No connection is made to an address in a playlist."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        host, port = listening.getsockname()
        assert (
            reason(f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://{host}:{port}/a.ts\n".encode()) == "damaged"
        )
        with pytest.raises(TimeoutError):
            listening.accept()


def descriptors() -> set[str]:
    return {each.name for each in Path("/proc/self/fd").iterdir()}


def test_the_decoder_has_no_secrets_and_leaves_no_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENFRS_MASTER_KEY", "secret")
    before = descriptors()
    with open_video(encode(gray_frames(2)), 10) as video:
        environment = Path(f"/proc/{video._process.pid}/environ").read_bytes()
        maps = Path(f"/proc/{video._process.pid}/maps").read_text()
        assert b"secret" not in environment
        assert "openvino" not in maps
    assert descriptors() == before


def test_a_crashed_decoder_is_an_unreadable_video() -> None:
    with open_video(encode(gray_frames(4, 30, (240, 320)), 30, preset="ultrafast"), 30) as video:
        video._process.kill()
        with pytest.raises(UnreadableVideoError):
            list(video)


def test_rotation_metadata_is_applied(shared_data: Path) -> None:
    clip = shared_data / "video/td_real/samples/0001e96803--621ea6b1e2c5d221d5131267/live_video.MOV"
    with open_video(clip.read_bytes(), 5) as video:
        frame = next(iter(video))
    assert frame.pixels.shape == (480, 360, 3)
    assert frame.pixels[:120].mean() < frame.pixels[240:].mean()  # a dark wall above the person


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("anim.gif", "damaged"),
        ("audio_only.mp4", "no video"),
        ("empty.mp4", "damaged"),
        ("jpg_named.mp4", "damaged"),
        ("mjpeg.avi", "codec"),
        ("text.mp4", "damaged"),
        ("trunc05.mp4", "no video"),
        ("trunc50.mp4", "truncated"),
    ],
)
def test_broken_files(shared_data: Path, name: str, expected: str) -> None:
    assert reason((shared_data / "hard/derived/video" / name).read_bytes()) == expected


def test_files_with_few_frames(shared_data: Path) -> None:
    folder = shared_data / "hard/derived/video"
    assert {frame.pixels.max() for frame in read((folder / "black_3s.mp4").read_bytes(), 5)} <= {0, 1}
    with pytest.raises(ServiceError) as caught:
        read((folder / "one_frame.mp4").read_bytes())
    assert caught.value.entry.code == "FRS.0706"
