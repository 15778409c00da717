import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from openfrs.core import limits
from openfrs.core.errors import ServiceError
from openfrs.media.decoding.image import EncodedImage
from tests.support import images
from tests.support.decoding_process import decode_in_subprocess
from tests.support.fuzzing import fuzz
from tests.support.images import Pixels, claiming, encoded, interlaced_png, jpeg, png_chunk, quarters

UPRIGHT = quarters()
GRAY = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None], 48, axis=0)


def decode(data: bytes, parameter: str = "image") -> Pixels:
    return EncodedImage(data, parameter).decode()


def error_of(data: bytes) -> str:
    """Return the key of the error that rejects the image."""
    with pytest.raises(ServiceError) as caught:
        decode(data)
    return caught.value.entry.key


def same(image: Pixels, expected: Pixels, tolerance: int = 0) -> bool:
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    return image.shape == expected.shape and bool((cv2.absdiff(image, expected) <= tolerance).all())


def test_jpeg_is_rgb() -> None:
    assert same(decode(jpeg(UPRIGHT)), UPRIGHT, 4)


@pytest.mark.parametrize("kind", ["PNG", "BMP"])
def test_lossless_formats_are_exact(kind: str) -> None:
    assert same(decode(encoded(UPRIGHT, kind)), UPRIGHT)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_of_a_jpeg_is_decoded_upright(orientation: int, order: str) -> None:
    stored = np.asarray(images.stored_for(orientation, UPRIGHT))
    assert same(decode(jpeg(stored, exif=images.exif(orientation, order))), UPRIGHT, 4)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_of_a_png_is_decoded_upright(orientation: int) -> None:
    stored = images.stored_for(orientation, UPRIGHT)
    assert same(decode(encoded(stored, "PNG", exif=images.exif(orientation))), UPRIGHT)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("number", ["B", "H", "I", "b", "h", "i"])
def test_an_orientation_of_another_number_type_is_applied(number: str, order: str, kind: str) -> None:
    block = images.exif(6, order, number)
    stored = images.stored_for(6, UPRIGHT)
    assert same(
        decode(jpeg(np.asarray(stored), exif=block) if kind == "JPEG" else encoded(stored, "PNG", exif=block)),
        UPRIGHT,
        4,
    )


@pytest.mark.parametrize("block", [images.exif(9), images.exif(0), images.exif(6)[:20], b"Exif\0\0", b"Exif\0\0junk"])
def test_a_damaged_exif_block_is_ignored(block: bytes) -> None:
    assert same(decode(jpeg(UPRIGHT, exif=block)), UPRIGHT, 4)


def test_sixteen_bit_png() -> None:
    data = cv2.imencode(".png", UPRIGHT[:, :, ::-1].astype(np.uint16) * 257)[1].tobytes()
    assert same(decode(data), UPRIGHT)


def test_sixteen_bit_gray_png() -> None:
    data = cv2.imencode(".png", GRAY.astype(np.uint16) * 257)[1].tobytes()
    assert same(decode(data), np.dstack([GRAY] * 3))


def test_palette_png() -> None:
    data = encoded(Image.fromarray(UPRIGHT).quantize(8), "PNG")
    assert same(decode(data), UPRIGHT)


def test_palette_bmp() -> None:
    data = encoded(Image.fromarray(UPRIGHT).quantize(8), "BMP")
    assert same(decode(data), UPRIGHT)


@pytest.mark.parametrize("alpha", [255, 128, 0])
def test_alpha_is_dropped(alpha: int) -> None:
    data = encoded(np.dstack([UPRIGHT, np.full(UPRIGHT.shape[:2], alpha, np.uint8)]), "PNG")
    assert same(decode(data), UPRIGHT)


@pytest.mark.parametrize("kind", ["PNG", "BMP"])
def test_gray(kind: str) -> None:
    assert same(decode(encoded(GRAY, kind)), np.dstack([GRAY] * 3))


def test_gray_png_with_alpha() -> None:
    data = encoded(Image.fromarray(GRAY).convert("LA"), "PNG")
    assert same(decode(data), np.dstack([GRAY] * 3))


def test_gray_jpeg() -> None:
    assert same(decode(encoded(GRAY, "JPEG", quality=95)), np.dstack([GRAY] * 3), 4)


@pytest.mark.parametrize("kind", ["PNG", "BMP"])
def test_one_bit(kind: str) -> None:
    data = encoded(Image.fromarray(GRAY).point(lambda value: 255 * (value > 100), mode="1"), kind)
    assert same(decode(data), np.dstack([np.where(GRAY > 100, 255, 0).astype(np.uint8)] * 3))


def test_interlaced_png() -> None:
    assert same(decode(interlaced_png(UPRIGHT)), UPRIGHT)


def test_cmyk_jpeg() -> None:
    data = encoded(Image.fromarray(UPRIGHT).convert("CMYK"), "JPEG", quality=95)
    assert same(decode(data), UPRIGHT, 6)


def test_progressive_jpeg() -> None:
    assert same(decode(jpeg(UPRIGHT, progressive=True)), UPRIGHT, 4)


def test_an_animated_png_is_decoded_to_its_first_frame() -> None:
    others = [Image.fromarray(UPRIGHT[::-1].copy())]
    data = encoded(UPRIGHT, "PNG", save_all=True, append_images=others)
    assert same(decode(data), UPRIGHT)


def test_a_jpeg_with_several_images_is_decoded_to_the_first() -> None:
    data = encoded(UPRIGHT, "MPO", quality=95, save_all=True, append_images=[Image.fromarray(UPRIGHT[::-1].copy())])
    assert np.abs(decode(data).astype(int) - UPRIGHT).mean() < 4


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP"])
def test_one_pixel(kind: str) -> None:
    assert same(decode(encoded(np.full((1, 1, 3), 200, np.uint8), kind)), np.full((1, 1, 3), 200, np.uint8), 2)


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"plain text", b"<html></html>", b"BM", b"BMW is a car maker of renown", b"x" * 5000]
)
def test_other_data_is_not_an_image(data: bytes) -> None:
    assert error_of(data) == "FRS.0015"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP"])
@pytest.mark.parametrize("share", [0.05, 0.25, 0.5, 0.75, 0.95])
def test_a_truncated_image_is_rejected(kind: str, share: float) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = encoded(noise, kind)
    assert error_of(data[: int(len(data) * share)]) == "FRS.0015"


def test_a_truncated_jpeg_with_an_end_marker_is_rejected() -> None:
    data = jpeg(np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    assert error_of(data[: len(data) // 2] + b"\xff\xd9") == "FRS.0015"


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"optimize": True}, {"restart_marker_blocks": 1}], ids=str
)
def test_a_jpeg_without_end_marker_is_accepted_with_every_pixel(options: dict[str, Any]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = jpeg(noise, **options)
    assert same(decode(data[:-2]), decode(data))
    assert same(decode(data[:-1]), decode(data))
    for missing in (8, 20, 100, 300):
        assert error_of(data[:-missing]) == "FRS.0015"


def test_a_large_jpeg_without_end_marker_is_decoded_at_a_reduced_scale() -> None:
    data = jpeg(quarters(1600, 1200))
    pixels, scale = EncodedImage(data[:-2], "image").decode_reduced(400)
    assert (pixels.shape, scale) == ((300, 400, 3), 0.25)


def test_a_truncated_cmyk_jpeg_is_rejected() -> None:
    data = encoded(Image.fromarray(UPRIGHT).convert("CMYK"), "JPEG")
    assert error_of(data[: len(data) * 2 // 3]) == "FRS.0015"


def test_bytes_after_the_image_are_ignored() -> None:
    assert same(decode(jpeg(UPRIGHT) + b"tail" * 100), UPRIGHT, 4)
    assert same(decode(encoded(UPRIGHT, "PNG") + b"tail" * 100), UPRIGHT)


def test_extraneous_bytes_between_segments_are_ignored() -> None:
    data = jpeg(UPRIGHT)
    table = data.index(b"\xff\xdb")
    assert same(decode(data[:table] + bytes(3) + data[table:]), UPRIGHT, 4)
    assert same(decode(data[:-2] + bytes(20) + data[-2:]), UPRIGHT, 4)


def test_a_truncated_jpeg_with_extraneous_bytes_is_rejected() -> None:
    data = jpeg(UPRIGHT)
    table = data.index(b"\xff\xdb")
    assert error_of((data[:table] + bytes(3) + data[table:])[:-100]) == "FRS.0015"


def test_an_unknown_jfif_revision_is_accepted() -> None:
    data = jpeg(UPRIGHT).replace(b"JFIF\0\1", b"JFIF\0\t", 1)
    assert same(decode(data), UPRIGHT, 4)


def test_a_jpeg_with_extraneous_bytes_is_decoded_upright() -> None:
    data = jpeg(np.asarray(images.stored_for(6, UPRIGHT)), exif=images.exif(6))
    assert same(decode(data[:-2] + bytes(20) + data[-2:]), UPRIGHT, 4)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "JPEG2000", "ICO", "PDF", "EPS"])
def test_images_of_other_formats_are_rejected_as_such(kind: str) -> None:
    assert error_of(encoded(UPRIGHT, kind)) == "FRS.0016"


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\x1cftypheic\0\0\0\0mif1heic",
        b"\0\0\0\x1cftypavif\0\0\0\0mif1avif",
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<?xml version='1.0'?><svg/>",
        b"SIMPLE  =                    T",
        b"8BPS\0\1",
        b"\0\0\0\x0cJXL \r\n\x87\n",
        b"MM\0*\0\0\0\x08",
        b"II+\0\x08\0\0\0",
    ],
)
def test_other_formats_are_detected_by_their_signature(data: bytes) -> None:
    assert error_of(data) == "FRS.0016"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_large_jpeg_is_decoded_at_a_reduced_scale(orientation: int) -> None:
    stored = np.asarray(images.stored_for(orientation, quarters(1600, 1200)))
    pixels, scale = EncodedImage(jpeg(stored, exif=images.exif(orientation)), "image").decode_reduced(400)
    assert same(pixels, quarters(400, 300), 12)
    assert scale == 0.25


@pytest.mark.parametrize(("kind", "side"), [("JPEG", 64), ("JPEG", 40), ("JPEG", 900), ("PNG", 8), ("BMP", 8)])
def test_small_images_and_other_formats_are_decoded_at_full_scale(kind: str, side: int) -> None:
    pixels, scale = EncodedImage(encoded(UPRIGHT, kind), "image").decode_reduced(side)
    assert pixels.shape == UPRIGHT.shape
    assert scale == 1


def test_a_truncated_jpeg_is_rejected_at_a_reduced_scale() -> None:
    data = jpeg(quarters(1600, 1200))
    with pytest.raises(ServiceError) as caught:
        EncodedImage(data[: len(data) // 2], "image").decode_reduced(400)
    assert caught.value.entry.key == "FRS.0015"


@pytest.mark.parametrize("size", [(4097, 1), (1, 4097)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP"])
def test_a_side_of_4097_is_too_large(kind: str, size: tuple[int, int]) -> None:
    assert error_of(encoded(np.zeros((size[1], size[0], 3), np.uint8), kind)) == "FRS.0013"


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_4096_by_4096_is_allowed(kind: str) -> None:
    data = encoded(Image.new("L", (4096, 4096), 90), kind, **({"compress_level": 1} if kind == "PNG" else {}))
    assert decode(data).shape == (4096, 4096, 3)


def test_the_height_of_a_top_down_bmp_is_checked() -> None:
    assert error_of(claiming("BMP", 100, -65535)) == "FRS.0013"
    assert error_of(claiming("BMP", 100, -(2**31))) == "FRS.0013"


def test_an_image_without_rows_is_rejected() -> None:
    assert {error_of(claiming(kind, 100, 0)) for kind in ("PNG", "BMP", "JPEG")} == {"FRS.0015"}


def test_a_file_of_eight_megabytes_is_allowed_and_one_byte_more_is_not() -> None:
    data = jpeg(UPRIGHT)
    data += bytes(limits.MAX_IMAGE_BYTES - len(data))
    assert same(decode(data), UPRIGHT, 4)
    assert error_of(data + b"\0") == "FRS.0017"


def test_the_error_names_the_parameter() -> None:
    with pytest.raises(ServiceError, match="image2_base64"):
        decode(b"text", "image2_base64")


def test_decompression_bombs_use_no_memory(tmp_path: Path) -> None:
    """Neither large claimed sizes nor compressed text chunks use memory."""
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "a" * 100_000_000, zip=True)
    bombs = {
        "small.png": encoded(UPRIGHT, "PNG"),  # the memory of the libraries themselves
        "small.jpg": jpeg(UPRIGHT),
        "claim.png": claiming("PNG", 65535, 65535),
        "claim.bmp": claiming("BMP", 65535, 65535),
        "chunk.png": images.png_header(64, 48) + b"\x20\0\0\0IDAT" + bytes(99),
        "claim.jpg": claiming("JPEG", 65535, 65535),
        "text.png": encoded(UPRIGHT, "PNG", pnginfo=text),
        "profile.png": images.png_header(64, 48)
        + png_chunk(b"iCCP", b"a\0\0" + encoded(Image.new("L", (10_000, 10_000)), "PNG")[41:])
        + encoded(UPRIGHT, "PNG")[33:],
    }
    for name, data in bombs.items():
        (tmp_path / name).write_bytes(data)
    outcomes = {outcome.file.name: outcome for outcome in decode_in_subprocess(tmp_path / name for name in bombs)}
    assert {outcomes[name].result for name in bombs if name.startswith("claim")} == {"FRS.0013"}
    assert outcomes["text.png"].result == "uint8 3 3"
    assert max(outcome.megabytes for outcome in outcomes.values()) < 40


def _png_with(*chunks: bytes) -> bytes:
    data = encoded(UPRIGHT, "PNG")
    return data[:33] + b"".join(chunks) + data[33:]


def _jpeg_with(marker: int, start: bytes, *, gap: int = 0) -> bytes:
    """Return a JPEG with as many segments of the largest size as fit into a file."""
    data = jpeg(UPRIGHT)
    segment = bytes([0xFF, marker, 0xFF, 0xFF]) + start.ljust(65_533, b"a")
    return data[:2] + segment * ((limits.MAX_IMAGE_BYTES - 2000) // len(segment)) + bytes(gap) + data[2:]


def _bmp_with(gap: int) -> bytes:
    """Return a BMP with bytes between its header and its pixels."""
    data = bytearray(encoded(UPRIGHT, "BMP"))
    (start,) = struct.unpack_from("<I", data, 10)
    struct.pack_into("<I", data, 10, start + gap)
    return bytes(data[:start] + bytes(gap) + data[start:])


MEGABYTES = b"a" * 7_000_000
METADATA: dict[str, Callable[[], bytes]] = {
    "compressed texts.png": lambda: _png_with(*[png_chunk(b"zTXt", b"a\0\0" + zlib.compress(MEGABYTES))] * 300),
    "international texts.png": lambda: _png_with(
        *[png_chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(MEGABYTES))] * 300
    ),
    "profile.png": lambda: _png_with(png_chunk(b"iCCP", b"a\0\0" + zlib.compress(MEGABYTES * 60))),
    "text.png": lambda: _png_with(png_chunk(b"tEXt", b"a\0" + b"a" * 8_000_000)),
    "exif.png": lambda: _png_with(png_chunk(b"eXIf", b"II*\0" + b"a" * 8_000_000)),
    "unknown.png": lambda: _png_with(png_chunk(b"abCd", b"a" * 8_000_000)),
    "palettes.png": lambda: _png_with(*[png_chunk(b"sPLT", b"a\0\x08" + b"abcdef" * 10_000)] * 130),
    "animation.png": lambda: _png_with(
        png_chunk(b"acTL", struct.pack(">II", 100_000, 0)), png_chunk(b"fcTL", struct.pack(">5I2HBB", *[0] * 9))
    ),
    "comments.jpg": lambda: _jpeg_with(0xFE, b""),
    "exif.jpg": lambda: _jpeg_with(0xE1, b"Exif\0\0"),
    "profile.jpg": lambda: _jpeg_with(0xE2, b"ICC_PROFILE\0\1\x7f"),
    "exif and gap.jpg": lambda: _jpeg_with(0xE1, b"Exif\0\0", gap=3),
    "gap.bmp": lambda: _bmp_with(8_000_000),
    "tail.bmp": lambda: encoded(UPRIGHT, "BMP") + bytes(8_000_000),
}


def test_metadata_at_its_limits_uses_no_memory(tmp_path: Path) -> None:
    """Every file is decoded in memory that depends on its pixels, not on what its metadata expands to."""
    for name, data in METADATA.items():
        (tmp_path / name).write_bytes(data())
    (tmp_path / "plain.png").write_bytes(encoded(UPRIGHT, "PNG"))
    for outcome in decode_in_subprocess(tmp_path / name for name in ("plain.png", *METADATA)):
        assert (outcome.result, outcome.megabytes < 40) == ("uint8 3 3", True), outcome


SEEDS = {
    "JPEG": jpeg(quarters(16, 12), exif=images.exif(6)),
    "PNG": encoded(quarters(16, 12), "PNG", exif=images.exif(6)),
    "BMP": encoded(quarters(16, 12), "BMP"),
}
RESULTS = {"decoded", "FRS.0013", "FRS.0015", "FRS.0016"}


def result_of(data: bytes) -> str:
    try:
        image = decode(data)
    except ServiceError as error:
        return error.entry.key
    return "decoded" if image.dtype == np.uint8 and image.shape[2:] == (3,) else "wrong"


@fuzz(400)
@given(
    kind=st.sampled_from(sorted(SEEDS)),
    damage=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6),
    kept=st.floats(0.1, 1),
)
def test_damaged_images_are_decoded_or_rejected(kind: str, damage: list[tuple[float, int]], kept: float) -> None:
    data = bytearray(SEEDS[kind])
    for place, value in damage:
        data[round(place * (len(data) - 1))] = value
    assert result_of(bytes(data[: round(kept * len(data))])) in RESULTS


@fuzz()
@given(
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"BM" + bytes(12) + b"\x28\0\0\0"]),
    st.binary(max_size=200),
)
def test_any_bytes_are_decoded_or_rejected_with_a_catalogue_error(start: bytes, data: bytes) -> None:
    assert result_of(start + data) in RESULTS
