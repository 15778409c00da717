import struct

import numpy as np
import pytest
from PIL import Image

from openfrs.media.decoding import png
from openfrs.media.decoding.image import EncodedImage
from tests.support.images import encoded, exif, png_chunk, png_header, quarters

UPRIGHT = quarters()
PLAIN = encoded(UPRIGHT, "PNG")
HEADER_END = 33


def kinds(data: bytes) -> list[bytes]:
    """Return the types of all chunks."""
    found, position = [], len(png.SIGNATURE)
    while position < len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        found.append(kind)
        position += length + 12
    return found


def with_chunks(*chunks: bytes) -> bytes:
    return PLAIN[:HEADER_END] + b"".join(chunks) + PLAIN[HEADER_END:]


def decode(data: bytes) -> np.ndarray:
    return EncodedImage(data, "image").decode()


@pytest.mark.parametrize(
    "kind", [b"zTXt", b"iTXt", b"tEXt", b"iCCP", b"sPLT", b"acTL", b"fdAT", b"tIME", b"abCd", b"hIST"]
)
def test_metadata_is_dropped(kind: bytes) -> None:
    assert png.without_metadata(with_chunks(png_chunk(kind, b"a\0\0abc"))) == PLAIN


def test_the_chunks_of_the_image_are_kept() -> None:
    palette = encoded(Image.fromarray(UPRIGHT).quantize(8), "PNG", transparency=1)
    assert png.without_metadata(palette) == palette
    assert kinds(palette) == [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"]
    assert png.without_metadata(PLAIN + b"tail") == PLAIN


def test_only_the_first_header_is_kept_and_the_first_exif_block_counts() -> None:
    blocks = [png_chunk(b"eXIf", exif(orientation)[6:]) for orientation in (6, 3)]
    data = with_chunks(*blocks, png_header(60_000, 60_000)[8:])
    assert kinds(png.without_metadata(data)) == [b"IHDR", b"IDAT", b"IEND"]
    assert decode(data).shape == (64, 48, 3)


def test_a_large_exif_block_is_ignored() -> None:
    block = exif(6)[6:]
    largest = block + bytes(png.MAX_EXIF_BYTES - 12 - len(block))
    assert decode(with_chunks(png_chunk(b"eXIf", largest))).shape == (64, 48, 3)
    assert decode(with_chunks(png_chunk(b"eXIf", largest + b"\0"))).shape == (48, 64, 3)


def test_the_number_of_chunks_is_limited() -> None:
    comment = png_chunk(b"tEXt", b"")
    others = len(kinds(PLAIN))
    png.read_orientation(with_chunks(*[comment] * (png.MAX_CHUNKS - others)))
    with pytest.raises(ValueError, match="chunks"):
        png.read_orientation(with_chunks(*[comment] * (png.MAX_CHUNKS - others + 1)))
