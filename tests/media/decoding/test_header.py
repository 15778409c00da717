import numpy as np
import pytest

from openfrs.media.decoding.header import _SEARCH_STEP, MAX_GAP_BYTES, MAX_SCANS, Header, is_foreign, read_header
from openfrs.media.decoding.image import EncodedImage
from tests.support.images import encoded, exif, jpeg, quarters

PROGRESSIVE = jpeg(quarters(), progressive=True)
LAST_SCAN = PROGRESSIVE[PROGRESSIVE.rindex(b"\xff\xda") : -2]


def with_scans(count: int) -> bytes:
    """Return a progressive JPEG of ``count`` scans."""
    more = count - PROGRESSIVE.count(b"\xff\xda")
    return PROGRESSIVE[:-2] + LAST_SCAN * more + PROGRESSIVE[-2:]


def with_segment(data: bytes, marker: int, body: bytes) -> bytes:
    segment = bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body
    return data[:2] + segment + data[2:]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP"])
def test_format_and_size_are_read(kind: str) -> None:
    header = read_header(encoded(quarters(30, 20), kind))
    assert header is not None
    assert (header.format, header.width, header.height, header.orientation) == (kind, 30, 20, 1)


def test_the_old_bmp_header_is_read() -> None:
    data = b"BM" + bytes(12) + (12).to_bytes(4, "little") + (300).to_bytes(2, "little") + (200).to_bytes(2, "little")
    assert read_header(data) == Header("BMP", 300, 200)


def test_the_exif_block_of_a_jpeg_is_read() -> None:
    header = read_header(jpeg(quarters(), exif=exif(8)))
    assert header is not None
    assert header.orientation == 8


def test_an_exif_block_after_others_is_read() -> None:
    data = with_segment(jpeg(quarters(), exif=exif(3)), 0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>")
    header = read_header(data)
    assert header is not None
    assert header.orientation == 3


def test_the_first_of_several_exif_blocks_counts() -> None:
    for first, second in ((6, 3), (1, 8)):
        data = with_segment(jpeg(quarters(), exif=exif(second)), 0xE1, exif(first))
        assert read_header(data) == Header("JPEG", 64, 48, first)
    without_orientation = b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"
    assert read_header(with_segment(jpeg(quarters(), exif=exif(8)), 0xE1, without_orientation)) == Header(
        "JPEG", 64, 48
    )


def test_the_last_scan_of_a_jpeg_may_have_no_end_marker() -> None:
    for data in (jpeg(quarters()), PROGRESSIVE):
        assert read_header(data[:-2]) == read_header(data[:-1]) == Header("JPEG", 64, 48, has_end=False)
        assert read_header(data) == Header("JPEG", 64, 48)


def test_a_progressive_jpeg_without_end_marker_has_every_scan() -> None:
    starts = [start for start in range(len(PROGRESSIVE)) if PROGRESSIVE.startswith(b"\xff\xda", start)]
    assert len(starts) > 2
    for start in starts:
        with pytest.raises(ValueError):
            read_header(PROGRESSIVE[:start])
    with pytest.raises(ValueError, match="truncated"):
        read_header(PROGRESSIVE[: starts[-1]].rstrip(b"\xff"))


def test_markers_of_an_embedded_thumbnail_are_ignored() -> None:
    thumbnail = jpeg(quarters(16, 12), exif=exif(6))
    header = read_header(with_segment(jpeg(quarters()), 0xE5, thumbnail))
    assert header is not None
    assert (header.width, header.orientation) == (64, 1)


@pytest.mark.parametrize("marker", [b"\xff\xdb", b"\xff\xc0", b"\xff\xda", b"\xff\xd9"])
def test_fill_bytes_before_a_marker_are_skipped(marker: bytes) -> None:
    data = jpeg(quarters())
    place = data.rindex(marker)
    assert read_header(data[:place] + b"\xff" * 3 + data[place:]) == read_header(data)


def test_other_bytes_have_no_header() -> None:
    assert read_header(b"") is None
    assert read_header(b"text") is None
    assert read_header(b"\xff\xd8") is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP"])
def test_a_truncated_header_is_damaged_or_none(kind: str) -> None:
    data = encoded(np.zeros((8, 8, 3), np.uint8), kind)
    end = {"JPEG": data.index(b"\xff\xda") + 14 if kind == "JPEG" else 0, "PNG": len(data), "BMP": 26}[kind]
    for length in range(8, end):
        with pytest.raises(ValueError):
            read_header(data[:length])


@pytest.mark.parametrize("kind", [b"IDAT", b"IEND", b"tEXt", b"fdAT"])
@pytest.mark.parametrize("excess", [1, 2**31, 2**32 - 1000])
def test_a_png_chunk_ends_within_the_file(kind: bytes, excess: int) -> None:
    """A decoder might allocate the claimed length."""
    data = encoded(quarters(), "PNG")
    place = data.index(b"IDAT") - 4
    rest = len(data) - place - 12
    with pytest.raises(ValueError):
        read_header(data[:place] + (rest + excess).to_bytes(4, "big") + kind + data[place + 8 :])


@pytest.mark.parametrize(
    "order", [b"\xff\xd8\xff\xd9", b"\xff\xd8\xff\xdb\0\0\xff\xd9", b"\xff\xd8\xff\xfe\0\2\xff\xd9"]
)
def test_a_jpeg_without_an_image_is_damaged(order: bytes) -> None:
    with pytest.raises(ValueError):
        read_header(order)


def test_a_jpeg_of_only_tables_is_damaged() -> None:
    data = jpeg(quarters())
    tables = data[: data.index(b"\xff\xc0")] + b"\xff\xd9"
    with pytest.raises(ValueError):
        read_header(tables)


def test_the_number_of_scans_is_limited() -> None:
    """Each costs a pass over all pixels: a small file with many scans would occupy a worker for minutes."""
    assert read_header(with_scans(MAX_SCANS)) == Header("JPEG", 64, 48)
    with pytest.raises(ValueError, match="scans"):
        read_header(with_scans(MAX_SCANS + 1))


@pytest.mark.parametrize("first", [True, False])
def test_a_jpeg_has_one_size(first: bool) -> None:
    """A decoder might allocate memory for the second size."""
    data = jpeg(quarters())
    frame = data.index(b"\xff\xc0")
    huge = data[frame : frame + 5] + bytes([255, 220] * 2) + data[frame + 9 : frame + 19]
    place = frame if first else data.index(b"\xff\xda")
    with pytest.raises(ValueError):
        read_header(data[:place] + huge + data[place:])


def test_the_number_of_segments_is_limited() -> None:
    comments = b"\xff\xfe\0\2" * 2000
    data = jpeg(quarters())
    with pytest.raises(ValueError, match="segments"):
        read_header(data[:2] + comments + data[2:])


def test_the_bytes_between_segments_are_limited() -> None:
    """They are searched for the next marker on the event loop: the size decides in which queue an image waits."""
    data = jpeg(quarters())
    places = [data.index(b"\xff\xdb"), data.index(b"\xff\xc0")]
    for first, second in [(MAX_GAP_BYTES, 0), (0, MAX_GAP_BYTES), (MAX_GAP_BYTES // 2, MAX_GAP_BYTES // 2)]:
        for excess in (0, 1):
            gaps = bytes(first), b"\xff" * (second + excess)
            sent = data[: places[0]] + gaps[0] + data[places[0] : places[1]] + gaps[1] + data[places[1] :]
            assert EncodedImage(sent, "image").claimed_pixels == (0 if excess else 64 * 48)


@pytest.mark.parametrize("offset", range(-2, 3))
def test_markers_are_found_after_pixels_of_any_length(offset: int) -> None:
    data = jpeg(quarters())[:-2] + bytes(2_000_000)
    scan = data.index(b"\xff\xda")
    start = scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big")
    end = start + 4 * _SEARCH_STEP + offset
    header = read_header(data[:end] + b"\xff\xd9")
    assert header is not None
    assert header.width == 64


def test_scans_after_the_image_are_not_counted() -> None:
    assert read_header(PROGRESSIVE + LAST_SCAN * 200) == Header("JPEG", 64, 48)


def test_restart_markers_are_not_segments() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    data = jpeg(noise, restart_marker_blocks=1)
    assert data.count(b"\xff\xd0") > 100
    assert read_header(data) == Header("JPEG", 400, 400)


def test_signatures_count_only_at_their_offset() -> None:
    assert is_foreign(b"RIFF\0\0\0\0WEBP")
    assert not is_foreign(b"WEBP")
    assert not is_foreign(b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP"])
def test_claimed_pixels_are_read_from_a_truncated_image(kind: str) -> None:
    data = encoded(quarters(300, 200), kind)
    assert EncodedImage(data, "image").claimed_pixels == 60_000
    assert EncodedImage(data[: len(data) // 2], "image").claimed_pixels == 60_000


@pytest.mark.parametrize(
    "data", [b"", b"text", b"\xff\xd8\xff", b"\xff\xd8\xff\xc0\0", b"\x89PNG\r\n\x1a\n", b"BM", PROGRESSIVE[:-2][:20]]
)
def test_without_a_size_there_are_no_claimed_pixels(data: bytes) -> None:
    assert EncodedImage(data, "image").claimed_pixels == 0
