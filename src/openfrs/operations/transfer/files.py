"""Image files to import: only regular files of the source, within a size, are read; each refusal has a reason."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from openfrs.core import limits
from openfrs.faces.imports.items import SourceError, check_name

MAX_FILE_BYTES: Final = 64 * limits.MEGABYTE
"""Maximum size of a file. A photo of 48 megapixels has 10 to 25 MB."""

SUFFIXES: Final = frozenset([".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp"])
"""Suffixes of images that are imported."""

FOREIGN_SUFFIXES: Final[Mapping[str, str]] = {
    ".heic": "HEIC",
    ".heif": "HEIC",
    ".webp": "WebP",
    ".avif": "AVIF",
    ".gif": "GIF",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
"""Suffixes of images in formats that are not supported, with the format's name."""

_FILE_TYPES: Final = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def read_image_file(path: Path, tree: Path | None) -> bytes:
    """Read an image file; a link must stay in ``tree``, if it is set.

    Type and size are checked before the file is opened and before bytes are read: a FIFO or device would block.

    Raises:
        SourceError: The file is not a regular file, leaves the tree, is too large, or has an unsupported format.
        OSError: The file cannot be read.
    """
    check_name(str(path))
    if tree is not None and not Path(os.path.realpath(path, strict=True)).is_relative_to(tree.resolve()):
        raise SourceError("the link leaves the folder of the source")
    _check_type(path.stat().st_mode)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:  # noqa: PTH123  # a path could be another file by now
        status = os.fstat(file.fileno())
        _check_type(status.st_mode)
        if status.st_size > MAX_FILE_BYTES:
            raise SourceError(
                f"the file has {status.st_size} bytes; at most {MAX_FILE_BYTES // limits.MEGABYTE} MiB are read"
            )
        data = file.read(MAX_FILE_BYTES)
    check_format(path.name, data)
    return data


def _check_type(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise SourceError(f"not a file but {_FILE_TYPES.get(stat.S_IFMT(mode), 'something else')}")


def check_format(name: str, data: bytes) -> None:
    """Validate that an image is not in a known format that is not supported; others are rejected when they are decoded.

    Raises:
        SourceError: The format is not supported.
    """
    foreign = FOREIGN_SUFFIXES.get(PurePosixPath(name).suffix.lower())
    if data[8:12] == b"WEBP":
        foreign = "WebP"
    elif data[4:8] == b"ftyp":  # phones also name such files .jpg
        foreign = "AVIF" if data[8:12] in {b"avif", b"avis"} else "HEIC or a video"
    if foreign is not None:
        raise SourceError(f"the format is {foreign}, which is not supported; convert the image to JPEG or PNG")
